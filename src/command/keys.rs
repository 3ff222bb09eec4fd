//! `ava keys`: what people's data keys are wrapped with.

use clap::Subcommand;
use domain::stewardship;
use infrastructure::{
    database::DatabaseRole,
    sealing::{KeyRotation, RotationError},
    settings::Settings,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::progress::Bar;
use crate::{
    database::{Database, must_be_migrated},
    failure::Failure,
    steward::{By, Steward},
    stop,
    wiring::keys::master_keys,
};

pub const HELP: &str = "\
Examples:
  AVA_MASTER_KEY=NEW,OLD ava keys rotate     wraps everybody's data key with NEW; afterwards OLD can go

First give every process both keys, the new one in front, and restart them; then rotate; then take the old one away.
Events are not touched. It may be interrupted and run again.";

/// What can be done with them.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Wrap every data key again with the newest master key.
    Rotate {
        #[command(flatten)]
        by: By,
    },
}

pub async fn run(command: KeysCommand, settings: Settings, json: bool) -> Result<(), Failure> {
    // Before the server is started, so that its end is in order, too.
    let stop = stop::on_signals()?;
    let database = Database::running_or_started(&settings).await?;
    let KeysCommand::Rotate { by } = command;
    let answer = rotate(by, &settings, &database, json, stop).await;
    database.stop().await;
    super::print(&answer?)
}

async fn rotate(
    by: By,
    settings: &Settings,
    database: &Database,
    json: bool,
    stop: CancellationToken,
) -> Result<String, Failure> {
    let pool = database.connect("ava keys", DatabaseRole::Steward).await?;
    must_be_migrated(&pool).await?;
    let masters = master_keys(settings)?;
    let master_key_id = masters.newest_id().to_owned();
    let deed = stewardship::Command::RotateKeys {
        master_key_id: master_key_id.clone(),
    };
    Steward::new(&database.log(&pool)?, by).record(deed).await?;
    let mut rotation = KeyRotation::new(pool.clone(), masters);
    let all = rotation.left().await.map_err(Failure::try_again)?;
    let mut bar = Bar::new("rotating", "").counting("keys");
    let mut rotated = 0;
    let done = loop {
        if stop.is_cancelled() {
            break Err(Failure::try_again(
                "interrupted; `ava keys rotate` goes on from there",
            ));
        }
        match rotation.step().await {
            Ok(Some(more)) => rotated += more,
            Ok(None) => break Ok(()),
            Err(error) => break Err(told(error)),
        }
        bar.show(rotated, all.max(rotated));
    };
    bar.end();
    done?;
    let left = rotation.left().await.map_err(Failure::try_again)?;
    pool.close().await;
    if left > 0 {
        return Err(Failure::try_again(format!(
            "{left} keys were made meanwhile by a process that has no newest master key {master_key_id}; give it that \
             one, and run this again"
        )));
    }
    Ok(if json {
        format!(
            "{}\n",
            json!({ "rotated": rotated, "master_key_id": master_key_id })
        )
    } else {
        format!(
            "Wrapped {rotated} data keys again; all of them are wrapped with the master key {master_key_id}.\n"
        )
    })
}

fn told(error: RotationError) -> Failure {
    match error {
        RotationError::Key(error) => Failure::usage(error),
        RotationError::Unavailable(error) => Failure::try_again(error),
    }
}
