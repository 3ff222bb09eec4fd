//! Processes for tests: each with its output in a file, and gone afterwards.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long a test waits for a process before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// An address on this machine that nobody listens on, as `127.0.0.1:40123`; whoever takes it does so at once.
#[must_use]
pub fn free_address() -> String {
    format!("{}:{}", Ipv4Addr::LOCALHOST, free_port())
}

#[expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Sends a signal, as `STOP`, to a process.
///
/// # Panics
/// When there is no such process.
#[expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
pub fn signal(name: &str, process: u32) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// A process that runs until it is killed, or until the test ends.
///
/// Every method panics when the process does not do what it is told: a test cannot go on then.
#[derive(Debug)]
pub struct ScratchProcess {
    name: String,
    child: Child,
    output: PathBuf,
}

#[expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
impl ScratchProcess {
    /// Starts it; what it writes is added to `NAME.log` in that directory.
    #[must_use]
    pub fn start(name: &str, mut command: Command, directory: &Path) -> Self {
        let output = directory.join(format!("{name}.log"));
        // Appended to, since nginx opens it a second time, as /dev/stdout.
        let log = File::options()
            .create(true)
            .append(true)
            .open(&output)
            .unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        let child = child.unwrap_or_else(|error| {
            panic!("{name} does not start ({error}); `make tools` installs it")
        });
        Self {
            name: name.to_owned(),
            child,
            output,
        }
    }

    /// What it is called here.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it has written.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).unwrap()).into_owned()
    }

    /// Waits until it has written something.
    pub fn says(&mut self, words: &str) {
        self.until(&format!("says {words:?}"), |process| {
            process.log().contains(words)
        });
    }

    /// Waits until it takes connections.
    pub fn listens(&mut self, address: &str) {
        self.until(&format!("listens on {address}"), |_| {
            TcpStream::connect(address).is_ok()
        });
    }

    fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            let (name, ended) = (self.name.clone(), self.ended());
            assert!(ended.is_none(), "{name} ended: {}", self.log());
            assert!(
                Instant::now() < deadline,
                "{name} {what}: not so after {PATIENCE:?}: {}",
                self.log()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// How it ended, once it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// What the kernel calls it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, as `STOP`.
    pub fn signal(&self, name: &str) {
        signal(name, self.id());
    }

    /// Sends a signal, and waits for its end.
    pub fn end(&mut self, signal: &str) -> ExitStatus {
        self.signal(signal);
        self.child.wait().unwrap()
    }
}

impl Drop for ScratchProcess {
    fn drop(&mut self) {
        // A test that went well may have ended it already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
