//! The directory of everything that is kept on this machine, held by one `ava up` at a time.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::{Path, PathBuf},
    process,
};

use uuid::Uuid;

use crate::failure::Failure;

/// A data directory that belongs to this process until it ends, however it ends.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Makes the directory when there is none, and takes it.
    pub fn take(path: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(path).map_err(|error| unusable(path, &error))?;
        let path = path
            .canonicalize()
            .map_err(|error| unusable(path, &error))?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join("lock"))
            .map_err(|error| unusable(&path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(&path, &mut lock)),
            Err(TryLockError::Error(error)) => return Err(unusable(&path, &error)),
        }
        lock.set_len(0)
            .and_then(|()| writeln!(lock, "{}", process::id()))
            .map_err(|error| unusable(&path, &error))?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A name for whoever holds this directory. It stays the same across restarts, so that what a killed process
    /// held is taken up again at once.
    pub fn node(&self) -> Result<String, Failure> {
        let file = self.path.join("node");
        if let Ok(text) = fs::read_to_string(&file)
            && !text.trim().is_empty()
        {
            return Ok(text.trim().to_owned());
        }
        let node = format!("up-{}", Uuid::now_v7().simple());
        fs::write(&file, &node).map_err(|error| unusable(&self.path, &error))?;
        Ok(node)
    }
}

fn taken(path: &Path, lock: &mut File) -> Failure {
    let mut holder = String::new();
    // Who it is only makes the message better.
    let _ = lock.read_to_string(&mut holder);
    let holder = match holder.trim() {
        "" => String::new(),
        pid => format!(" (process {pid})"),
    };
    Failure::conflict(format!(
        "another `ava up`{holder} works in {}; stop that one, or start this one with another DATA_DIR, HTTP_ADDR and \
         SANDBOX_ADDR",
        path.display()
    ))
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::other(format!(
        "the data directory {} cannot be used ({error}); give it to this user, or set DATA_DIR to another one",
        path.display()
    ))
}
