//! Redis servers for tests: on free ports, in directories of their own, gone afterwards.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::scratch_process::{free_port, signal};

/// How long a test waits for a server before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A server of a test's own.
///
/// Every method panics when the server does not do what it is told: a test cannot go on then.
#[derive(Debug)]
pub struct ScratchRedis {
    child: Child,
    port: u16,
    directory: PathBuf,
    arguments: Vec<String>,
}

#[expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
impl ScratchRedis {
    /// One server that keeps nothing on the disk.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more arguments, as `--maxmemory 1mb`; `--sentinel` comes first.
    #[must_use]
    pub fn start_with(arguments: &[&str]) -> Self {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("scratch-redis-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let port = free_port();
        let mut server = Self {
            child: spawn(port, &directory, &arguments),
            port,
            directory,
            arguments,
        };
        server.await_answer();
        server
    }

    /// Three servers that are one cluster.
    #[must_use]
    pub fn start_cluster() -> Vec<Self> {
        let bus_ports = [free_port(), free_port(), free_port()];
        let nodes = bus_ports.map(Self::start_node);
        for (node, slots) in nodes.iter().zip(["0 5460", "5461 10922", "10923 16383"]) {
            node.ask(&format!("CLUSTER ADDSLOTSRANGE {slots}"));
            let (first, bus_port) = (nodes[0].port, bus_ports[0]);
            node.ask(&format!("CLUSTER MEET 127.0.0.1 {first} {bus_port}"));
        }
        for node in &nodes {
            until("the cluster stands", || {
                let told = node.ask("CLUSTER INFO");
                told.contains("cluster_state:ok") && told.contains("cluster_known_nodes:3")
            });
        }
        nodes.into()
    }

    /// A server that a cluster can take in.
    fn start_node(bus_port: u16) -> Self {
        Self::start_with(&[
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "2000",
            "--cluster-port",
            &bus_port.to_string(),
        ])
    }

    /// One more server of this one's cluster, which has all that this one has.
    #[must_use]
    pub fn start_replica_in_cluster(&self) -> Self {
        let told = self.ask("CLUSTER NODES");
        let own = told
            .lines()
            .find(|line| line.contains("myself"))
            .unwrap_or_default();
        let id = own.split(' ').next().unwrap_or_default();
        let bus_port = own.split(['@', ' ', ',']).nth(2).unwrap_or_default();
        let node = Self::start_node(free_port());
        node.ask(&format!("CLUSTER MEET 127.0.0.1 {} {bus_port}", self.port));
        until("the cluster takes it in", || {
            node.ask(&format!("CLUSTER REPLICATE {id}")) == "+OK\r\n"
        });
        until("it has what the other has", || {
            node.ask("INFO replication")
                .contains("master_link_status:up")
        });
        node
    }

    /// A sentinel that watches over that server, under the name `ava`, and puts another in its place within seconds.
    #[must_use]
    pub fn start_sentinel(watched: &Self) -> Self {
        let sentinel = Self::start_with(&["--sentinel"]);
        for command in [
            format!("SENTINEL MONITOR ava 127.0.0.1 {} 1", watched.port),
            "SENTINEL SET ava down-after-milliseconds 1000".to_owned(),
            "SENTINEL SET ava failover-timeout 3000".to_owned(),
        ] {
            assert_eq!(sentinel.ask(&command), "+OK\r\n", "{command}");
        }
        sentinel
    }

    /// Its port on this machine.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Forgets everything.
    pub fn flush(&self) {
        assert_eq!(self.ask("FLUSHALL"), "+OK\r\n");
    }

    /// Answers nobody for so long.
    pub fn pause(&self, time: Duration) {
        let millis = time.as_millis();
        assert_eq!(self.ask(&format!("CLIENT PAUSE {millis} ALL")), "+OK\r\n");
    }

    /// What SIGKILL does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The same server again, on the same port.
    pub fn start_again(&mut self) {
        self.kill();
        self.child = spawn(self.port, &self.directory, &self.arguments);
        self.await_answer();
    }

    /// Sends a signal, as `STOP`.
    pub fn signal(&self, name: &str) {
        signal(name, self.child.id());
    }

    /// Sends a command, as one would type it; answers with what it says, as it comes over the wire.
    ///
    /// It is said again when the connection ends, as a sentinel ends all connections to a server that changes its part.
    pub fn ask(&self, command: &str) -> String {
        for _ in 0..3 {
            match self.try_ask(command) {
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                asked => return asked.unwrap(),
            }
        }
        self.try_ask(command).unwrap()
    }

    fn try_ask(&self, command: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let mut answer = Vec::new();
        let mut part = [0; 64 * 1024];
        while !is_whole(&answer) {
            let read = stream.read(&mut part)?;
            if read == 0 {
                break;
            }
            answer.extend_from_slice(&part[..read]);
        }
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn await_answer(&mut self) {
        until("redis-server answers", || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("redis-server ended with {status}");
            }
            self.try_ask("PING")
                .is_ok_and(|answer| answer == "+PONG\r\n")
        });
    }
}

impl Drop for ScratchRedis {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

#[expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
fn spawn(port: u16, directory: &Path, arguments: &[String]) -> Child {
    let port = port.to_string();
    let mut command = Command::new("redis-server");
    // A sentinel's first argument is its file, which it rewrites.
    if arguments.first().is_some_and(|word| word == "--sentinel") {
        fs::write(directory.join("sentinel.conf"), "").unwrap();
        command.arg("sentinel.conf");
    } else {
        command.args(["--save", "", "--appendonly", "no"]);
        // Who follows another need not wait for more who do.
        command.args(["--repl-diskless-sync-delay", "0"]);
    }
    command
        .args(["--port", &port, "--bind", "127.0.0.1"])
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("redis-server cannot be started ({error}); `make tools` installs it")
        })
}

/// Whether an answer has come to its end: a line, or a text of a known length.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(2).position(|pair| pair == b"\r\n") else {
        return false;
    };
    match answer.strip_prefix(b"$") {
        Some(_) => {
            let length = std::str::from_utf8(&answer[1..end])
                .ok()
                .and_then(|text| text.parse::<usize>().ok());
            length.is_none_or(|length| answer.len() >= end + 2 + length + 2)
        }
        // Lists are read as far as they came at once: tests only look into them.
        None => true,
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(
            Instant::now() < deadline,
            "{what}: not so after {PATIENCE:?}"
        );
        thread::sleep(Duration::from_millis(20));
    }
}
