//! What a running server says of itself in `postmaster.pid`.
//!
//! Format: src/include/utils/pidfile.h of PostgreSQL.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The lines of `postmaster.pid` that matter to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PidFile {
    pub(crate) pid: u32,
    /// None while the server is only starting.
    pub(crate) port: Option<u16>,
    /// Whether it takes connections.
    pub(crate) ready: bool,
}

impl PidFile {
    /// Where it is in a cluster's directory.
    pub(crate) fn path(data: &Path) -> PathBuf {
        data.join("postmaster.pid")
    }

    /// Reads it; none when there is none, or when it is half written.
    pub(crate) fn read(data: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(Self::path(data)).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Self {
            pid: lines.first()?.parse().ok()?,
            port: lines.get(3).and_then(|port| port.parse().ok()),
            ready: lines.get(7) == Some(&"ready"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_takes_connections_says_ready() {
        let text = "4711\n/data\n1790000000\n54321\n\n127.0.0.1\n 1234 0\nready   \n";
        assert_eq!(
            PidFile::parse(text),
            Some(PidFile {
                pid: 4711,
                port: Some(54321),
                ready: true
            })
        );
    }

    #[test]
    fn a_server_that_is_starting_is_not_ready() {
        let text = "4711\n/data\n1790000000\n54321\n\n127.0.0.1\n 1234 0\nstarting\n";
        assert_eq!(PidFile::parse(text).map(|file| file.ready), Some(false));
        assert_eq!(
            PidFile::parse("4711\n"),
            Some(PidFile {
                pid: 4711,
                port: None,
                ready: false
            })
        );
        assert_eq!(PidFile::parse(""), None);
    }
}
