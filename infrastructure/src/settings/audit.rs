//! The transparency tree: who signs it, how often, and where that is published.

use std::{path::PathBuf, time::Duration};

use url::Url;

use super::{Environment, Secret, keys::secret_key, reader::Reader};

/// The longest time between two checkpoints that can be configured, in seconds: a day.
const LONGEST: u32 = 24 * 60 * 60;

/// What lets auditors check the log.
#[derive(Debug, Clone)]
pub struct AuditSettings {
    /// `AUDIT_SIGNING_KEY`: a text that [`parse_key`](super::parse_key) understands;
    /// none for one that is derived from the generated secrets.
    pub signing_key: Option<Secret>,
    /// `AUDIT_OLDER_KEYS`: verifier keys whose signatures still count. Whether they are some, whoever reads them sees.
    pub older_keys: Vec<String>,
    /// `AUDIT_ORIGIN`: the log's name.
    pub origin: String,
    /// `AUDIT_CHECKPOINT_SECONDS`: how old a checkpoint is at least when the next one is signed.
    pub checkpoint_every: Duration,
    /// `AUDIT_PUBLISH_DIR`: where the newest checkpoint is kept beside the database.
    pub publish_dir: Option<PathBuf>,
}

pub(super) fn read(reader: &mut Reader<'_>, environment: Environment) -> AuditSettings {
    AuditSettings {
        signing_key: secret_key(reader, "AUDIT_SIGNING_KEY"),
        older_keys: reader.list("AUDIT_OLDER_KEYS"),
        origin: origin(reader, environment),
        checkpoint_every: checkpoint_every(reader),
        publish_dir: reader.text("AUDIT_PUBLISH_DIR").map(PathBuf::from),
    }
}

/// As C2SP wants it: an address without a scheme. In development it does not depend on where the API is.
fn origin(reader: &mut Reader<'_>, environment: Environment) -> String {
    let Some(origin) = reader.text("AUDIT_ORIGIN") else {
        let public = reader
            .text("PUBLIC_URL")
            .filter(|_| environment == Environment::Production)
            .and_then(|url| Url::parse(&url).ok());
        let host = public.as_ref().and_then(Url::host_str);
        return format!("{}/log", host.unwrap_or("ava.localhost"));
    };
    if origin.contains('+') || origin.contains(char::is_whitespace) {
        reader.problem(
            "AUDIT_ORIGIN",
            "must have neither a blank nor a + in it; write something like ava.example.com/log",
        );
    }
    origin
}

fn checkpoint_every(reader: &mut Reader<'_>) -> Duration {
    let seconds: u32 = reader.value("AUDIT_CHECKPOINT_SECONDS", "10").unwrap_or(10);
    if !(1..=LONGEST).contains(&seconds) {
        reader.problem(
            "AUDIT_CHECKPOINT_SECONDS",
            format_args!("must be a whole number from 1 to {LONGEST}"),
        );
    }
    Duration::from_secs(seconds.into())
}
