//! `sharp`, asked over a pipe to do the same work in turn with us.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use crate::Round;

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/benches/marking_with_sharp.mjs"
);

/// A running `marking_with_sharp.mjs`; it ends when its input does.
pub struct Sharp {
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// What runs: the versions of sharp and of what it brings.
    pub versions: Value,
}

impl Sharp {
    /// Starts it with the `sharp` that npm installed into `installed`. It first writes lossy WebPs beside the PNGs.
    pub fn start(installed: &Path, pictures: &Path) -> Self {
        let mut process = Command::new("node")
            .arg(SCRIPT)
            .arg(pictures)
            .env("SHARP_DIR", installed)
            // One thread that works, next to the one that asks; both on the core that this process is pinned to.
            .env("UV_THREADPOOL_SIZE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node must be installed");
        let orders = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().unwrap());
        let mut sharp = Self {
            process,
            orders,
            answers,
            versions: Value::Null,
        };
        sharp.versions = sharp.answer();
        sharp
    }

    /// Marks one file so many times.
    pub fn round(&mut self, file: &Path, pictures: u32) -> Round {
        let order = json!({ "file": file, "pictures": pictures });
        let orders = self.orders.as_mut().unwrap();
        writeln!(orders, "{order}").unwrap();
        let answer = self.answer();
        let seconds = |name: &str| answer[name].as_f64().unwrap() / 1e3;
        Round {
            wall: f64::from(pictures) / seconds("wall_ms"),
            cpu: f64::from(pictures) / seconds("cpu_ms"),
            bytes: answer["bytes"].as_u64().unwrap(),
        }
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the peer failed; see above")
    }
}

impl Drop for Sharp {
    fn drop(&mut self) {
        self.orders = None;
        self.process.wait().ok();
    }
}
