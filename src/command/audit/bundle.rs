//! `ava audit bundle`: the log as files.

use std::{fs, path::Path};

use domain::stewardship;
use serde_json::json;
use transparency::bundle::{Maker, NotWritten};

use super::Job;
use crate::{command::progress::Bar, failure::Failure, steward::By};

/// What makes it.
const PROGRAM: &str = concat!("ava ", env!("CARGO_PKG_VERSION"));

/// Writes everything that the newest checkpoint covers.
pub async fn write(
    job: &Job<'_>,
    directory: &Path,
    parquet: bool,
    by: By,
) -> Result<String, Failure> {
    if fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::conflict(format!(
            "{} holds something already; name a directory that is empty or not there",
            directory.display()
        )));
    }
    let newest = job.newest().await?;
    let size = newest.size;
    job.record(by, stewardship::Command::ExportBundle { size })
        .await?;
    let maker = Maker {
        tree: &job.tree,
        keys: &job.secrets.audit,
        program: PROGRAM,
        parquet,
    };
    let mut bar = Bar::new("bundling", "");
    let written = maker
        .write(&newest, directory, |done, all| bar.show(done, all))
        .await;
    bar.end();
    written.map_err(|error| match error {
        NotWritten::Found(_) => Failure::other(format!(
            "there is no bundle, since the log does not fit, first at {error}; `ava audit verify` says more"
        )),
        NotWritten::Unwritable { .. } => Failure::other(error),
        NotWritten::Proof(error) => super::no_proof(error),
    })?;
    let directory = directory.display();
    Ok(if job.json {
        format!(
            "{}\n",
            json!({ "size": size, "directory": directory.to_string(), "parquet": parquet })
        )
    } else {
        format!("{directory} holds {size} events, and what is needed to check them.\n")
    })
}
