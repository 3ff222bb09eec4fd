//! A server that speaks Azure's Blob Storage and is not ours: `azurite` from npm, which `make tools` installs. It checks
//! signatures of requests and of addresses.

use std::{fs, path::PathBuf, process::Command};

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::Utc;
use hmac::{Hmac, Mac};
use infrastructure::{
    scratch_process::{ScratchProcess, free_address},
    storage::{RemoteStorage, StorageCredentials},
};
use sha2::Sha256;
use uuid::Uuid;

/// The only account that it knows, and its key.
const ACCOUNT: &str = "avastore";
const KEY: &[u8] = b"the key of the account that the tests made up";

/// The version of the API by which the container is made.
const VERSION: &str = "2021-08-06";

/// One with an empty container, `pictures`. Gone with the test.
pub struct AzureServer {
    _process: ScratchProcess,
    address: String,
    directory: PathBuf,
}

impl AzureServer {
    /// None where it is not installed, which is said aloud.
    pub async fn start() -> Option<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let program = target.join("../tools/azurite/node_modules/.bin/azurite-blob");
        if !program.exists() {
            eprintln!(
                "SKIPPED: {} is not there, so that Azure's storage was NOT tested. `make tools` installs it.",
                program.display()
            );
            return None;
        }
        let directory = target.join(format!("azure-{}", Uuid::now_v7()));
        fs::create_dir_all(&directory).unwrap();
        let address = free_address();
        let port = address.rsplit(':').next().unwrap();
        let account = format!("{ACCOUNT}:{}", BASE64_STANDARD.encode(KEY));
        let mut command = Command::new(program);
        command
            .args(["--blobHost", "127.0.0.1", "--blobPort", port])
            .args(["--silent", "--disableTelemetry", "--location"])
            .arg(&directory)
            .env("AZURITE_ACCOUNTS", account);
        let mut process = ScratchProcess::start("azurite", command, &directory);
        process.listens(&address);
        let server = Self {
            _process: process,
            address,
            directory,
        };
        server.make_container().await;
        Some(server)
    }

    /// As whoever sets a deployment up does: what we need is no right to make containers.
    async fn make_container(&self) {
        let date = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let signed = format!(
            "PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{VERSION}\n/{ACCOUNT}/{ACCOUNT}/pictures\nrestype:container"
        );
        let mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
        let signature = mac.chain_update(signed).finalize().into_bytes();
        let signature = BASE64_STANDARD.encode(signature);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let made = client
            .put(format!("{}/pictures?restype=container", self.endpoint()))
            .header("x-ms-date", date)
            .header("x-ms-version", VERSION)
            .header("content-length", 0)
            .header("authorization", format!("SharedKey {ACCOUNT}:{signature}"))
            .send()
            .await
            .unwrap();
        assert_eq!(made.status(), 201, "{:?}", made.text().await);
    }

    fn endpoint(&self) -> String {
        format!("http://{}/{ACCOUNT}", self.address)
    }

    /// How it is reached.
    pub fn credentials(&self) -> StorageCredentials {
        StorageCredentials {
            endpoint: Some(self.endpoint().parse().unwrap()),
            access_key_id: Some(ACCOUNT.to_owned()),
            secret_access_key: Some(BASE64_STANDARD.encode(KEY)),
            signs_addresses: true,
            allow_http: true,
            ..StorageCredentials::default()
        }
    }

    /// A storage in it.
    pub fn storage(&self, url: &str) -> RemoteStorage {
        RemoteStorage::new(url.parse().unwrap(), &self.credentials()).unwrap()
    }
}

impl Drop for AzureServer {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}
