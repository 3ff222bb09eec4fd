//! The account that PostgreSQL runs under: ours, or when we are root an ordinary one, since PostgreSQL refuses root.

use std::{
    fs, io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::{Command, Stdio},
};

use super::EmbeddedPostgresError;

/// Accounts that root steps down to, the best first. PostgreSQL wants one that the machine knows by name.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// Who runs a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    /// Whoever runs this program.
    Ourselves,
    /// Another one; only root may ask for it.
    Other { name: String, uid: u32, gid: u32 },
}

impl Account {
    /// Chooses the account for a new cluster.
    pub(crate) fn for_new_cluster() -> Result<Self, EmbeddedPostgresError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        CANDIDATES
            .iter()
            .find_map(|name| look_up(name))
            .ok_or(EmbeddedPostgresError::NoAccount)
    }

    /// The account that owns an existing cluster; PostgreSQL runs as nobody else.
    pub(crate) fn owning(data: &Path) -> Result<Self, EmbeddedPostgresError> {
        let metadata = fs::metadata(data).map_err(|source| EmbeddedPostgresError::Directory {
            directory: data.to_owned(),
            source,
        })?;
        let ours = rustix::process::geteuid();
        if metadata.uid() == ours.as_raw() && !ours.is_root() {
            return Ok(Self::Ourselves);
        }
        if ours.is_root() && metadata.uid() != 0 {
            return Ok(Self::Other {
                name: format!("user {}", metadata.uid()),
                uid: metadata.uid(),
                gid: metadata.gid(),
            });
        }
        Err(EmbeddedPostgresError::ForeignDirectory {
            directory: data.to_owned(),
            owner: metadata.uid(),
        })
    }

    /// A command that runs under this account, in `directory`, with a clean environment and in a process group of
    /// its own, so that Ctrl-C in a terminal reaches us alone and we stop things in order.
    pub(crate) fn command(&self, program: &Path, directory: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env(
                "PATH",
                std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()),
            )
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir(directory)
            .process_group(0)
            .stdin(Stdio::null());
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Makes the account the owner of a path.
    pub(crate) fn give(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::Ourselves => Ok(()),
            Self::Other { uid, gid, .. } => chown(path, Some(*uid), Some(*gid)),
        }
    }

    /// Whether the account may enter a directory: every directory above must let it through.
    pub(crate) fn can_enter(&self, directory: &Path) -> bool {
        match self {
            Self::Ourselves => true,
            Self::Other { .. } => {
                self.succeeds(Path::new("/bin/sh"), &["-c", "test -x ."], directory)
            }
        }
    }

    /// Whether the account can run a program.
    pub(crate) fn can_run(&self, program: &Path) -> bool {
        self.succeeds(program, &["--version"], Path::new("/"))
    }

    fn succeeds(&self, program: &Path, arguments: &[&str], directory: &Path) -> bool {
        self.command(program, directory)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// As people know it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Ourselves => "this user",
            Self::Other { name, .. } => name,
        }
    }
}

fn look_up(name: &str) -> Option<Account> {
    Some(Account::Other {
        name: name.to_owned(),
        uid: id("-u", name)?,
        gid: id("-g", name)?,
    })
}

fn id(which: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).output().ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
