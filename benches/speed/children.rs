//! Processes that a section starts for itself: this program again, with another task.

use std::{path::PathBuf, process::Stdio};

use clap::Subcommand;
use tokio::process::{Child as Process, Command};

use crate::sections::{bare_reads::BareReads, processes::Appending};

/// The task of such a process.
#[derive(Subcommand)]
pub enum Child {
    /// Appends to a log for a while, and prints what that gave.
    #[command(hide = true)]
    ChildAppends(Appending),
    /// Serves bare reads until it is killed.
    #[command(hide = true)]
    ChildServesBareReads(BareReads),
}

impl Child {
    /// Does it.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn work(self) -> anyhow::Result<()> {
        match self {
            Self::ChildAppends(appending) => appending.work().await,
            Self::ChildServesBareReads(serving) => serving.work().await,
        }
    }

    /// Starts this program with such a task; it is killed when the answer is dropped.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(arguments: &[String]) -> anyhow::Result<Process> {
        let program: PathBuf = std::env::current_exe()?;
        Ok(Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?)
    }
}
