//! This machine: the storage of pictures, and room on the disk.

use std::path::Path;

use application::ports::ObjectStorage;
use bytes::Bytes;
use infrastructure::{
    settings::{Settings, StorageSettings},
    storage::{LocalStorage, RemoteStorage},
};
use uuid::Uuid;

use super::finding::Report;

/// With less room than this, in bytes, a day of pictures may fill the disk.
const LITTLE_ROOM: u64 = 5 << 30;
/// With less room than this, in bytes, PostgreSQL and the storage are about to stop.
const NO_ROOM: u64 = 512 << 20;

pub async fn examine(settings: &Settings, report: &mut Report) {
    let objects = settings.data_dir.join("objects");
    if !settings.data_dir.exists() {
        let advice = "it is made at the first start; if this is not the first one, DATA_DIR names the wrong place";
        let found = format!("there is no {} yet", settings.data_dir.display());
        report.warn("storage", found, advice);
        return;
    }
    match &settings.storage {
        Some(configured) => object_store(configured, report).await,
        None => directory(&objects, report).await,
    }
    room(&settings.data_dir, report);
}

async fn directory(objects: &Path, report: &mut Report) {
    let probed = match LocalStorage::open(objects) {
        Ok(storage) => probe(&storage).await,
        Err(error) => Err(told(&error)),
    };
    match probed {
        Ok(()) => report.ok(
            "storage",
            format!("{} can be written and read", objects.display()),
        ),
        Err(error) => report.fail(
            "storage",
            error,
            "give the directory to the user who runs this process, or set DATA_DIR to another one",
        ),
    }
}

async fn object_store(configured: &StorageSettings, report: &mut Report) {
    let probed = match RemoteStorage::new(configured.url.clone(), &configured.credentials) {
        Ok(storage) => probe(&storage).await,
        Err(error) => Err(told(&error)),
    };
    match probed {
        Ok(()) => report.ok(
            "storage",
            format!("{} can be written and read", configured.url),
        ),
        Err(error) => report.fail(
            "storage",
            error,
            "make the bucket, allow us to read, write and delete in it, or correct STORAGE_URL and what belongs to it",
        ),
    }
}

/// Writes something, reads it again, and removes it.
async fn probe(storage: &dyn ObjectStorage) -> Result<(), String> {
    let key = format!("probes/{}", Uuid::now_v7().simple());
    let written = Bytes::from_static(b"written by ava doctor");
    let put = storage.put(&key, written.clone()).await;
    put.map_err(|error| told(&error))?;
    let read = storage.get(&key, None).await;
    let removed = storage.delete(&key).await;
    let read = read.map_err(|error| told(&error))?;
    removed.map_err(|error| told(&error))?;
    if read.bytes == written {
        Ok(())
    } else {
        Err("what was written was not what was read".to_owned())
    }
}

/// An error with its causes, each once: some repeat theirs.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

fn room(directory: &Path, report: &mut Report) {
    let place = directory.display();
    let statistics = match rustix::fs::statvfs(directory) {
        Ok(statistics) => statistics,
        Err(error) => {
            report.warn(
                "disk",
                format!("the room at {place} is not known: {error}"),
                "look with `df`",
            );
            return;
        }
    };
    let free = statistics.f_bavail.saturating_mul(statistics.f_frsize);
    let found = format!("{} MiB are free at {place}", free >> 20);
    let advice = "make room or enlarge the disk: pictures are kept for as long as their people are";
    if free < NO_ROOM {
        report.fail("disk", found, advice);
    } else if free < LITTLE_ROOM {
        report.warn("disk", found, advice);
    } else {
        report.ok("disk", found);
    }
}
