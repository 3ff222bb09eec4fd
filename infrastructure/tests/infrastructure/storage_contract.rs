//! What every storage must do: one suite for the local disk and for servers that speak S3, Azure's API and Google's; and what
//! only a store does.

use std::{
    error::Error,
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use application::ports::{ObjectStorage, StorageError};
use bytes::Bytes;
use infrastructure::storage::{LocalStorage, RemoteStorage, StorageCredentials, StorageUrl};
use uuid::Uuid;

use crate::{azure_server::AzureServer, google_server::GoogleServer, s3_server::S3Server};

const KEY: &str = "pictures/ab/abcdef.jpg";

async fn put(storage: &dyn ObjectStorage, key: &str, text: &'static str) {
    let bytes = Bytes::from_static(text.as_bytes());
    storage.put(key, bytes).await.unwrap();
}

/// Runs a check on every storage, each of them empty.
async fn on_each(check: impl AsyncFn(Arc<dyn ObjectStorage>)) {
    let directory = std::env::temp_dir().join(format!("storage-{}", Uuid::now_v7()));
    check(Arc::new(LocalStorage::open(&directory).unwrap())).await;
    fs::remove_dir_all(directory).unwrap();
    let server = S3Server::start();
    check(Arc::new(server.storage("s3://pictures/ava/trial"))).await;
    check(Arc::new(server.storage("s3://pictures"))).await;
    let server = GoogleServer::start();
    check(Arc::new(server.storage("gs://pictures/ava/trial"))).await;
    check(Arc::new(server.storage("gs://pictures"))).await;
    if let Some(server) = AzureServer::start().await {
        check(Arc::new(server.storage("az://pictures/ava/trial"))).await;
        check(Arc::new(server.storage("az://pictures"))).await;
    }
}

#[tokio::test]
async fn what_is_put_can_be_got_whole_and_in_parts_that_know_the_whole_size() {
    on_each(async |storage| {
        put(&*storage, KEY, "abcdefghij").await;
        let whole = storage.get(KEY, None).await.unwrap();
        assert_eq!((whole.bytes, whole.size), (Bytes::from("abcdefghij"), 10));
        for (range, bytes) in [
            (0..3, "abc"),
            (7..10, "hij"),
            (7..99, "hij"),
            (10..12, ""),
            (99..120, ""),
            (4..4, ""),
        ] {
            let part = storage.get(KEY, Some(range.clone())).await.unwrap();
            assert_eq!(part.bytes, bytes, "{range:?}");
            assert_eq!(part.size, 10, "{range:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn putting_and_deleting_twice_is_harmless() {
    on_each(async |storage| {
        put(&*storage, KEY, "first").await;
        put(&*storage, KEY, "second").await;
        assert_eq!(storage.get(KEY, None).await.unwrap().bytes, "second");
        storage.delete(KEY).await.unwrap();
        storage.delete(KEY).await.unwrap();
        storage.delete("never/there").await.unwrap();
        storage.delete("../outside").await.unwrap();
        let gone = storage.get(KEY, None).await.unwrap_err();
        assert!(matches!(gone, StorageError::NotFound(_)), "{gone:?}");
    })
    .await;
}

#[tokio::test]
async fn what_a_dead_process_wrote_half_goes_with_the_object_and_nothing_beside_it() {
    let directory = std::env::temp_dir().join(format!("storage-{}", Uuid::now_v7()));
    let storage = LocalStorage::open(&directory).unwrap();
    let beside = "pictures/ab/abcdefghij.jpg";
    put(&storage, KEY, "whole").await;
    put(&storage, beside, "another").await;
    for half in [
        format!("{KEY}#1"),
        format!("{KEY}#12"),
        format!("{beside}#1"),
    ] {
        fs::write(directory.join(half), "half").unwrap();
    }

    for _ in ["whole", "gone already"] {
        storage.delete(KEY).await.unwrap();
    }

    let left = fs::read_dir(directory.join("pictures/ab")).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["abcdefghij.jpg", "abcdefghij.jpg#1"]);
    fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn a_missing_object_is_named() {
    on_each(async |storage| {
        put(&*storage, KEY, "abcdefghij").await;
        for key in ["pictures/ab/other.jpg", "pictures", "../outside", ""] {
            for range in [None, Some(0..5)] {
                let error = storage.get(key, range).await.unwrap_err();
                assert!(
                    matches!(&error, StorageError::NotFound(missing) if missing == key),
                    "{error:?}"
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_large_object_comes_back_as_it_was() {
    on_each(async |storage| {
        let bytes: Bytes = (0..12_000_000_u32)
            .map(|number| number.to_le_bytes()[1])
            .collect();
        storage.put(KEY, bytes.clone()).await.unwrap();
        let object = storage.get(KEY, None).await.unwrap();
        assert!(object.bytes == bytes);
    })
    .await;
}

#[tokio::test]
async fn a_check_leaves_nothing_behind_and_is_no_trouble_at_the_same_time() {
    on_each(async |storage| {
        let (one, other) = tokio::join!(storage.check(), storage.check());
        one.unwrap();
        other.unwrap();
        let probe = format!("probes/{}", std::process::id());
        let gone = storage.get(&probe, None).await.unwrap_err();
        assert!(matches!(gone, StorageError::NotFound(_)), "{gone:?}");
    })
    .await;
}

#[tokio::test]
async fn a_signed_address_is_good_for_anybody_for_its_time() {
    let server = S3Server::start();
    good_for_its_time(&server.storage("s3://pictures/ava")).await;
    // These check what was signed, too.
    let server = GoogleServer::start();
    let address = good_for_its_time(&server.storage("gs://pictures/ava")).await;
    for forged in [
        address.replace("abcdef.jpg", "other.jpg"),
        address.replace("Expires=600", "Expires=6000"),
        address.replace("Signature=", "Signature=00"),
        address.split('?').next().unwrap().to_owned(),
    ] {
        assert_ne!(forged, address);
        assert_eq!(status(&forged).await, 403, "{forged}");
    }
    if let Some(server) = AzureServer::start().await {
        let address = good_for_its_time(&server.storage("az://pictures/ava")).await;
        for forged in [
            address.replace("abcdef.jpg", "other.jpg"),
            address.replace("sp=r", "sp=rw"),
            address.replace("&sig=", "&sig=A"),
            address.split('?').next().unwrap().to_owned(),
        ] {
            assert_ne!(forged, address);
            assert_eq!(status(&forged).await, 403, "{forged}");
        }
    }
}

async fn status(address: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(address).send().await.unwrap().status().as_u16()
}

/// An address that was good.
async fn good_for_its_time(storage: &RemoteStorage) -> String {
    put(storage, KEY, "abcdefghij").await;
    let lifetime = Duration::from_secs(600);
    let address = storage.address(KEY, lifetime).await.unwrap().unwrap();
    assert!(
        address.starts_with(storage.origin().unwrap().as_str()),
        "{address}"
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();

    let answer = client
        .get(&address)
        .header("range", "bytes=2-4")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 206);
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    assert_eq!(answer.text().await.unwrap(), "cde");

    let brief = Duration::from_secs(1);
    let over = storage.address(KEY, brief).await.unwrap().unwrap();
    let begun = Instant::now();
    while status(&over).await != 403 {
        assert!(begun.elapsed() < Duration::from_secs(60), "{over}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    address
}

#[tokio::test]
async fn nobody_is_sent_to_a_store_unless_that_is_wanted() {
    let server = S3Server::start();
    let credentials = StorageCredentials {
        signs_addresses: false,
        ..server.credentials()
    };
    let storage = RemoteStorage::new("s3://pictures".parse().unwrap(), &credentials).unwrap();
    let lifetime = Duration::from_secs(60);
    assert_eq!(storage.address(KEY, lifetime).await.unwrap(), None);
    assert!(storage.origin().is_none());
}

fn words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[tokio::test]
async fn a_store_that_is_away_or_refuses_is_named_and_no_secret_is() {
    let mut server = S3Server::start();
    let forged = StorageCredentials {
        access_key_id: Some("stranger".to_owned()),
        secret_access_key: Some("hunter2".to_owned()),
        ..server.credentials()
    };
    let refused = RemoteStorage::new("s3://pictures/ava".parse().unwrap(), &forged).unwrap();
    let missing = server.storage("s3://other");
    let refused = refused.check().await.unwrap_err();
    let missing = missing.check().await.unwrap_err();
    let away = server.storage("s3://pictures/ava");
    server.kill();
    let away = away.get(KEY, None).await.unwrap_err();
    for (error, name) in [
        (refused, "s3://pictures/ava"),
        (missing, "s3://other"),
        (away, "s3://pictures/ava"),
    ] {
        assert!(matches!(error, StorageError::Unavailable(_)), "{error:?}");
        let said = words(&error);
        assert!(said.contains(name) && said.contains("cannot be"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_url_names_a_store_a_bucket_and_a_prefix() {
    for good in [
        "s3://pictures",
        "s3://pictures/ava",
        "gs://pictures/a/b",
        "az://pictures",
    ] {
        let url: StorageUrl = good.parse().unwrap();
        assert_eq!(url.to_string(), good);
    }
    assert_eq!(
        "s3://pictures/ava/"
            .parse::<StorageUrl>()
            .unwrap()
            .to_string(),
        "s3://pictures/ava"
    );
    for (bad, why) in [
        ("pictures", "no address"),
        ("ftp://pictures", "must begin with"),
        ("s3://", "no bucket"),
        ("s3://pictures?region=x", "nothing else"),
        ("s3://key:secret@pictures", "nothing else"),
        ("s3://pictures:9000/ava", "nothing else"),
    ] {
        let error = bad.parse::<StorageUrl>().unwrap_err();
        assert!(error.contains(why), "{bad}: {error}");
    }
}

#[tokio::test]
async fn azure_signs_addresses_of_its_container_with_the_accounts_key() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let credentials = StorageCredentials {
        access_key_id: Some("avastore".to_owned()),
        secret_access_key: Some("aHVudGVyMg==".to_owned()),
        signs_addresses: true,
        ..StorageCredentials::default()
    };
    let storage = RemoteStorage::new("az://pictures/ava".parse().unwrap(), &credentials).unwrap();
    let address = storage
        .address(KEY, Duration::from_secs(60))
        .await
        .unwrap()
        .unwrap();
    let origin = "https://avastore.blob.core.windows.net/";
    assert_eq!(storage.origin().unwrap().as_str(), origin);
    assert!(
        address.starts_with(&format!("{origin}pictures/ava/{KEY}?")),
        "{address}"
    );
    assert!(
        address.contains("sig=") && !address.contains("aHVudGVyMg"),
        "{address}"
    );
}

#[test]
fn what_cannot_be_used_says_which_storage_it_is() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let without_key = StorageCredentials {
        access_key_id: Some("avastore".to_owned()),
        secret_access_key: Some("not base64!".to_owned()),
        ..StorageCredentials::default()
    };
    let error = RemoteStorage::new("az://pictures".parse().unwrap(), &without_key);
    let error = error.err().unwrap().to_string();
    assert!(error.contains("az://pictures"), "{error}");
    let no_file = StorageCredentials {
        credentials_file: Some("/nowhere/account.json".into()),
        ..StorageCredentials::default()
    };
    let error = RemoteStorage::new("gs://pictures".parse().unwrap(), &no_file);
    let error = error.err().unwrap().to_string();
    assert!(error.contains("gs://pictures"), "{error}");
}
