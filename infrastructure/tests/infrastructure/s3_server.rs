//! A server that speaks S3 and is not ours: `s3rver` from npm, which `make tools` installs. It checks accounts and when
//! addresses end; signatures of version 4 it reads, and does not check.

use std::{fs, path::PathBuf, process::Command};

use infrastructure::{
    scratch_process::{ScratchProcess, free_address},
    storage::{RemoteStorage, StorageCredentials},
};
use uuid::Uuid;

/// The only account that it knows.
const ACCOUNT: &str = "S3RVER";

/// One with an empty bucket, `pictures`. Gone with the test.
pub struct S3Server {
    process: ScratchProcess,
    address: String,
    directory: PathBuf,
}

impl S3Server {
    pub fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let program = target.join("../tools/s3rver/node_modules/.bin/s3rver");
        assert!(
            program.exists(),
            "{} is not there; `make tools` installs it",
            program.display()
        );
        let directory = target.join(format!("s3-{}", Uuid::now_v7()));
        fs::create_dir_all(&directory).unwrap();
        let address = free_address();
        let port = address.rsplit(':').next().unwrap();
        let mut command = Command::new(program);
        command
            .args(["--address", "127.0.0.1", "--port", port])
            .args(["--configure-bucket", "pictures", "--silent", "--directory"])
            .arg(&directory);
        let mut process = ScratchProcess::start("s3rver", command, &directory);
        process.listens(&address);
        Self {
            process,
            address,
            directory,
        }
    }

    /// How it is reached.
    pub fn credentials(&self) -> StorageCredentials {
        StorageCredentials {
            endpoint: Some(format!("http://{}", self.address).parse().unwrap()),
            access_key_id: Some(ACCOUNT.to_owned()),
            secret_access_key: Some(ACCOUNT.to_owned()),
            signs_addresses: true,
            allow_http: true,
            ..StorageCredentials::default()
        }
    }

    /// A storage in it.
    pub fn storage(&self, url: &str) -> RemoteStorage {
        RemoteStorage::new(url.parse().unwrap(), &self.credentials()).unwrap()
    }

    /// What SIGKILL does.
    pub fn kill(&mut self) {
        self.process.end("KILL");
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}
