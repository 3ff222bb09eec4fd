//! `ava photos`: everybody's photos by how they stand, and another try for those that failed.

use std::fmt::Write;

use ::projections::photos::{self, PhotoRow, PhotoStatus};
use application::context::{CommandError, Receipt};
use clap::Subcommand;
use domain::{photo_request::Rejection, stewardship, values::PhotoId};
use infrastructure::{database::DatabaseRole, settings::Settings};
use serde_json::json;

use crate::{
    database::{Database, must_be_migrated},
    failure::Failure,
    steward::{By, Steward},
};

pub const HELP: &str = "\
Examples:
  ava photos list                        the newest that failed, whose they are, and why
  ava photos list --status generating    those that are being made
  ava photos retry 0193e7f9-44e0-…       let a failed one be tried again, once its cause is mended
  ava photos cancel 0193e7f9-44e0-…      stop one that is being made

Words and pictures are not shown. Whatever is done is recorded; say with --by USER_ID who does it.";

/// What can be asked of photos.
#[derive(Debug, Subcommand)]
pub enum PhotosCommand {
    /// List photos, newest first.
    List {
        /// Those that stand so: requested, generating, delivered, failed, refused or canceled.
        #[arg(long, default_value = "failed", value_parser = status)]
        status: PhotoStatus,
        /// How many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        #[command(flatten)]
        by: By,
    },
    /// Let a failed photo be tried again. Nothing is taken out of its person's quota.
    Retry {
        /// Its id, as in the list.
        photo_id: PhotoId,
        #[command(flatten)]
        by: By,
    },
    /// Cancel a photo that is being made.
    Cancel {
        /// Its id, as in the list.
        photo_id: PhotoId,
        #[command(flatten)]
        by: By,
    },
}

fn status(text: &str) -> Result<PhotoStatus, String> {
    let mut all = PhotoStatus::ALL.into_iter();
    all.find(|status| status.as_str() == text).ok_or_else(|| {
        let words = PhotoStatus::ALL.map(PhotoStatus::as_str);
        format!("it is one of {}", words.join(", "))
    })
}

pub async fn run(command: PhotosCommand, settings: Settings, json: bool) -> Result<(), Failure> {
    let database = Database::running_or_started(&settings).await?;
    let answer = ask(command, &database, json).await;
    database.stop().await;
    super::print(&answer?)
}

async fn ask(command: PhotosCommand, database: &Database, json: bool) -> Result<String, Failure> {
    let pool = database
        .connect("ava photos", DatabaseRole::Steward)
        .await?;
    must_be_migrated(&pool).await?;
    let log = database.log(&pool)?;
    let answer = match command {
        PhotosCommand::List { status, limit, by } => {
            let listed = photos::of_everybody(&pool, status, None, limit).await;
            let listed = listed.map_err(Failure::try_again)?;
            let view = stewardship::Command::ViewPhotos {
                status: Some(status.as_str().to_owned()),
            };
            Steward::new(&log, by).record(view).await?;
            if json {
                as_json(&listed)
            } else {
                as_table(&listed)
            }
        }
        PhotosCommand::Retry { photo_id, by } => {
            let steward = Steward::new(&log, by);
            let done = steward
                .stewardships
                .retry_photo(steward.context(), photo_id);
            told("retried", photo_id, done.await, json)?
        }
        PhotosCommand::Cancel { photo_id, by } => {
            let steward = Steward::new(&log, by);
            let done = steward
                .stewardships
                .cancel_photo(steward.context(), photo_id);
            told("canceled", photo_id, done.await, json)?
        }
    };
    pool.close().await;
    Ok(answer)
}

fn told(
    done: &str,
    photo_id: PhotoId,
    outcome: Result<Receipt, CommandError<Rejection>>,
    json: bool,
) -> Result<String, Failure> {
    match outcome {
        Ok(receipt) if json => {
            let told = json!({ done: photo_id, "log_position": receipt.position });
            Ok(format!("{told}\n"))
        }
        Ok(receipt) => Ok(format!(
            "Photo {photo_id} is {done}; event {} says so.\n",
            receipt.position
        )),
        Err(CommandError::Rejected(Rejection::NotFound)) => Err(Failure::not_found(format!(
            "there is no photo {photo_id}; `ava photos list` names some"
        ))),
        Err(CommandError::Rejected(rejection)) => Err(Failure::conflict(format!(
            "photo {photo_id} was not {done}: {rejection}"
        ))),
        Err(error) => Err(Failure::try_again(error)),
    }
}

fn as_json(rows: &[PhotoRow]) -> String {
    let items: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "id": row.photo_id,
                "owner": row.owner,
                "purpose": row.purpose.as_str(),
                "status": row.status.as_str(),
                "attempts": row.attempts,
                "failure": row.failure,
                "rules": row.rules,
                "requested_at": row.requested_at,
                "delivered_at": row.delivered_at,
            })
        })
        .collect();
    format!("{}\n", json!({ "items": items }))
}

fn as_table(rows: &[PhotoRow]) -> String {
    if rows.is_empty() {
        return "No photo stands so.\n".to_owned();
    }
    let mut table = format!(
        "{:36}  {:36}  {:9}  {:10}  {:20}  ATTEMPTS\n",
        "ID", "OWNER", "PURPOSE", "STATUS", "REQUESTED"
    );
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "{}  {}  {:9}  {:10}  {:20}  {}",
            row.photo_id,
            row.owner,
            row.purpose.as_str(),
            row.status.as_str(),
            row.requested_at.format("%Y-%m-%dT%H:%M:%SZ"),
            row.attempts,
        );
        if let Some(failure) = &row.failure {
            let _ = writeln!(
                table,
                "{:36}  {}: {}",
                "",
                failure.class.as_str(),
                failure.reason
            );
        }
    }
    table
}
