//! Ctrl-C and SIGTERM.

use std::process;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// A token that the first Ctrl-C or SIGTERM cancels. The second ends the process on the spot: a private PostgreSQL
/// is stopped by its watchdog then.
pub fn on_signals() -> Result<CancellationToken, Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::other)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::other)?;
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("Stopping");
        stopping.cancel();
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        eprintln!("ava: stopped at once, since asked twice");
        process::exit(1);
    });
    Ok(stop)
}
