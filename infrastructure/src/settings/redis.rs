//! Redis.

use super::reader::Reader;
use crate::redis::RedisUrl;

/// Where Redis is, and what is ours in there.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// `REDIS_URL`.
    pub url: RedisUrl,
    /// `REDIS_PREFIX`: what every key and channel begins with.
    pub prefix: String,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<RedisSettings> {
    let prefix = prefix(reader);
    // Its text may hold a password: what is wrong with it is told without it.
    let text = reader.text("REDIS_URL")?;
    match RedisUrl::parse(&text) {
        Ok(url) => Some(RedisSettings { url, prefix }),
        Err(error) => {
            reader.problem("REDIS_URL", format_args!("is no address of Redis: {error}"));
            None
        }
    }
}

fn prefix(reader: &mut Reader<'_>) -> String {
    let prefix = reader
        .text("REDIS_PREFIX")
        .unwrap_or_else(|| "ava".to_owned());
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if prefix.len() > 64 || !prefix.chars().all(plain) {
        reader.problem(
            "REDIS_PREFIX",
            "must be at most 64 letters, digits and -_.: like ava-staging",
        );
    }
    prefix
}
