//! `ava projector`: the read models.

use infrastructure::{database::DatabaseRole, settings::Settings};

use super::role::Role;
use crate::{
    crew::Crew,
    database::Roles,
    failure::Failure,
    listener::{join_metrics, take_metrics},
    stop,
};

pub const HELP: &str = "\
Examples:
  DATABASE_URL=postgres://ava:…@db/ava ava projector

One process works on each read model; when it dies, another takes over within seconds.";

pub async fn run(settings: Settings) -> Result<(), Failure> {
    let stop = stop::on_signals()?;
    let metrics = take_metrics(&settings)?;
    let role = Role::start(
        &settings,
        "projector",
        Roles::only(DatabaseRole::Projector),
        None,
    )
    .await?;
    let mut crew = Crew::new(stop.clone());
    // A supervisor sees there whether this very process lives and reaches the database.
    let app = role.wiring.api(false)?;
    join_metrics(metrics, &mut crew, app, stop.clone());
    crew.add_steady(
        "projectors",
        role.wiring.follow(role.wiring.projectors(), stop.clone()),
    );
    crew.add_steady("other processes", role.wiring.exchange_hints(stop.clone()));
    crew.add_steady("transparency tree", role.wiring.grow_tree(stop.clone()));
    crew.add_steady("self-check", role.wiring.check_read_models(stop));
    tracing::info!("The projectors follow the log");
    let done = crew.work().await;
    role.end().await;
    done
}
