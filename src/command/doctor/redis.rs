//! Redis, when it is configured: whether it lets us in and takes what we write.

use std::time::Duration;

use infrastructure::{
    redis::{NoAnswer, ask_once},
    settings::RedisSettings,
};
use url::Url;

use super::finding::Report;

const CHECK: &str = "redis";
const PATIENCE: Duration = Duration::from_secs(3);

pub async fn examine(configured: Option<&RedisSettings>, url: Option<String>, report: &mut Report) {
    let Some(url) = url.filter(|url| !url.trim().is_empty()) else {
        return;
    };
    let parsed = Url::parse(url.trim())
        .ok()
        .filter(|url| url.host_str().is_some());
    let (Some(url), Some(configured)) = (parsed, configured) else {
        let advice = "write it as redis://:password@host:6379/0";
        report.fail(CHECK, "REDIS_URL is no address", advice);
        return;
    };
    let place = format!(
        "{}:{}",
        url.host_str().unwrap_or_default(),
        url.port().unwrap_or(6379)
    );
    match ask_once(&configured.url, &configured.prefix, PATIENCE).await {
        Ok(()) => report.ok(CHECK, format!("{place} answers")),
        Err(NoAnswer::Refused(words)) => report.fail(
            CHECK,
            format!("{place} refuses us: {words}"),
            "correct the user or password in REDIS_URL",
        ),
        Err(NoAnswer::ReadOnly) => report.fail(
            CHECK,
            format!("{place} is a replica and takes nothing that we write"),
            "name the primary in REDIS_URL, or the Sentinels or the cluster that know which one it is",
        ),
        Err(NoAnswer::Away(words)) => {
            let found = format!("{place} cannot be reached: {words}");
            report.away(CHECK, found, "start it, or correct REDIS_URL");
        }
        Err(NoAnswer::Late) => {
            let found = format!("{place} does not answer within {} s", PATIENCE.as_secs());
            report.away(CHECK, found, "start it, or correct REDIS_URL");
        }
    }
}
