//! The local object storage beyond the contract: it survives a restart, keeps to its directory, and says what is wrong with it.

use std::{fs, path::PathBuf};

use application::ports::{ObjectStorage, StorageError};
use bytes::Bytes;
use infrastructure::storage::LocalStorage;
use uuid::Uuid;

const KEY: &str = "pictures/ab/abcdef.jpg";

/// A directory of its own that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("storage-{}", Uuid::now_v7())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn storage_with_letters(scratch: &Scratch) -> LocalStorage {
    let storage = LocalStorage::open(&scratch.0).unwrap();
    storage
        .put(KEY, Bytes::from_static(b"abcdefghij"))
        .await
        .unwrap();
    storage
}

fn words(error: &StorageError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    format!("{error}: {}", source.unwrap_or_default())
}

#[tokio::test]
async fn what_is_put_can_be_got_also_after_a_restart() {
    let scratch = Scratch::new();
    drop(storage_with_letters(&scratch).await);

    let storage = LocalStorage::open(&scratch.0).unwrap();
    let object = storage.get(KEY, None).await.unwrap();

    assert_eq!(object.bytes, "abcdefghij");
    assert_eq!(object.size, 10);
}

#[tokio::test]
async fn no_key_leads_out_of_the_directory() {
    let scratch = Scratch::new();
    let storage = LocalStorage::open(scratch.0.join("inner")).unwrap();
    let refused = storage
        .put("../outside.jpg", Bytes::from_static(b"x"))
        .await
        .unwrap_err();
    assert!(matches!(refused, StorageError::Unavailable(_)));
    assert!(!scratch.0.join("outside.jpg").exists());
}

#[tokio::test]
async fn a_check_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let storage = LocalStorage::open(&scratch.0).unwrap();
    let (one, other) = tokio::join!(storage.check(), storage.check());
    one.unwrap();
    other.unwrap();
    let left = fs::read_dir(scratch.0.join("probes")).unwrap().count();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_says_so() {
    let scratch = Scratch::new();
    let storage = LocalStorage::open(&scratch.0).unwrap();
    fs::remove_dir_all(&scratch.0).unwrap();
    fs::write(&scratch.0, "a file where the directory was").unwrap();

    let on_check = storage.check().await.unwrap_err();
    let on_put = storage
        .put(KEY, Bytes::from_static(b"x"))
        .await
        .unwrap_err();
    let on_open = LocalStorage::open(scratch.0.join("below")).unwrap_err();

    let name = scratch.0.display().to_string();
    for said in [words(&on_check), words(&on_put), on_open.to_string()] {
        assert!(said.contains(&name) && said.contains("cannot be"), "{said}");
    }
    fs::remove_file(&scratch.0).unwrap();
}
