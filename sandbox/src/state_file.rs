//! The sandbox's memory across restarts: one JSON file, replaced atomically after changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::server::SandboxError;
use crate::world::{State, World};

/// Changes that come closer together than this share one write, and so do those that come while one goes on or for as long after
/// it as it took: at most half of the time is spent on writing.
const PAUSE_BETWEEN_WRITES: Duration = Duration::from_millis(20);

/// Reads the state that an earlier run left, or an empty one when there is no file yet.
pub(crate) fn load(path: &Path) -> Result<State, SandboxError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(State::default()),
        Err(error) => return Err(SandboxError::StateFile(path.to_owned(), error)),
    };
    serde_json::from_slice(&text).map_err(|error| {
        SandboxError::StateFile(path.to_owned(), std::io::Error::other(error.to_string()))
    })
}

/// Writes the state beside the file and moves it into place, so that a crash leaves the old or the new one.
pub(crate) fn save(path: &Path, text: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

/// Follows the changes of the world into the file until the world stops.
pub(crate) async fn keep(world: Arc<World>, path: PathBuf) {
    loop {
        let version = world.changed_after_last_write().await;
        let begun = Instant::now();
        write(&world, &path, version).await;
        tokio::time::sleep(PAUSE_BETWEEN_WRITES.max(begun.elapsed())).await;
    }
}

/// Writes the present state and tells those who wait for it.
pub(crate) async fn write(world: &World, path: &Path, version: u64) {
    let text = world.read(serde_json::to_vec);
    let target = path.to_owned();
    let outcome = match text {
        Ok(text) => tokio::task::spawn_blocking(move || save(&target, &text)).await,
        Err(error) => Ok(Err(std::io::Error::other(error.to_string()))),
    };
    if let Ok(Err(error)) = outcome {
        tracing::warn!(path = %path.display(), "The sandbox could not keep its state: {error}");
    }
    world.written(version);
}
