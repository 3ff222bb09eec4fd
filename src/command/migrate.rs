//! `ava migrate`: database migrations.

use infrastructure::settings::Settings;
use serde_json::json;

use crate::{database::Database, failure::Failure};

pub const HELP: &str = "\
Examples:
  DATABASE_URL=postgres://ava:…@db/ava ava migrate    before a new version's api, worker and projector start
  ava migrate                                         the private database in DATA_DIR

Running it twice changes nothing, and several may run at once. `ava up` migrates by itself.";

pub async fn run(settings: Settings, json: bool) -> Result<(), Failure> {
    let database = Database::running_or_started(&settings).await?;
    let applied = database.migrate().await;
    database.stop().await;
    let applied = applied?;
    if json {
        return super::print(&format!("{}\n", json!({ "applied": applied })));
    }
    super::print(&match applied {
        0 => "The database is up to date.\n".to_owned(),
        1 => "Applied 1 migration.\n".to_owned(),
        many => format!("Applied {many} migrations.\n"),
    })
}
