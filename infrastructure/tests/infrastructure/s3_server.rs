//! A server that speaks S3 and is not ours: `s3rver` from npm, which `make tools` installs. It checks accounts and when
//! addresses end; signatures of version 4 it reads, and does not check.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use infrastructure::storage::{RemoteStorage, StorageCredentials};
use uuid::Uuid;

/// How long a test waits for it before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The only account that it knows.
const ACCOUNT: &str = "S3RVER";

/// One with an empty bucket, `pictures`. Gone with the test.
pub struct S3Server {
    child: Child,
    port: u16,
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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let child = Command::new(program)
            .args(["--address", "127.0.0.1", "--port", &port.to_string()])
            .args(["--configure-bucket", "pictures", "--silent", "--directory"])
            .arg(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            child,
            port,
            directory,
        };
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "s3rver does not answer");
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// How it is reached.
    pub fn credentials(&self) -> StorageCredentials {
        StorageCredentials {
            endpoint: Some(format!("http://127.0.0.1:{}", self.port).parse().unwrap()),
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
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
