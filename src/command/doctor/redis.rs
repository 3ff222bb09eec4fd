//! Redis, when it is configured: whether it lets us in.

use std::time::Duration;

use infrastructure::{redis::Redis, settings::RedisSettings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
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
    let Some(url) = parsed else {
        let advice = "write it as redis://:password@host:6379/0";
        report.fail(CHECK, "REDIS_URL is no address", advice);
        return;
    };
    let place = format!(
        "{}:{}",
        url.host_str().unwrap_or_default(),
        url.port().unwrap_or(6379)
    );
    if url.scheme() != "redis" {
        return through_the_client(configured, &place, report).await;
    }
    match timeout(PATIENCE, ask(&url, &place)).await {
        Ok(Ok(answer)) if answer.ends_with("+PONG\r\n") => {
            report.ok(CHECK, format!("{place} answers"));
        }
        Ok(Ok(answer)) => {
            let words = answer
                .trim_start_matches('-')
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            report.fail(
                CHECK,
                format!("{place} refuses us: {words}"),
                "correct the user or password in REDIS_URL",
            );
        }
        Ok(Err(error)) => {
            let found = format!("{place} cannot be reached: {error}");
            report.away(CHECK, found, "start it, or correct REDIS_URL");
        }
        Err(_) => {
            let found = format!("{place} does not answer within {} s", PATIENCE.as_secs());
            report.away(CHECK, found, "start it, or correct REDIS_URL");
        }
    }
}

/// With TLS, Sentinel or Cluster: as every process of ours connects.
async fn through_the_client(configured: Option<&RedisSettings>, place: &str, report: &mut Report) {
    let Some(configured) = configured else {
        return;
    };
    let redis = match Redis::start(&configured.url, &configured.prefix) {
        Ok(redis) => redis,
        Err(error) => {
            let found = format!("{place} cannot be asked: {error}");
            return report.fail(CHECK, found, "correct REDIS_URL");
        }
    };
    let mut answers = redis.health();
    let answered = timeout(PATIENCE, answers.wait_for(|answers| *answers)).await;
    if let Ok(Ok(_)) = answered {
        return report.ok(CHECK, format!("{place} answers"));
    }
    let found = format!("{place} does not answer within {} s", PATIENCE.as_secs());
    report.away(CHECK, found, "start it, or correct REDIS_URL");
}

/// AUTH, when there is a password, and PING, in Redis's own protocol (RESP): what is answered, to the end or to the first
/// refusal.
async fn ask(url: &Url, place: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(place).await?;
    let mut questions = Vec::new();
    if let Some(password) = url.password() {
        let words = ["AUTH", url.username(), password];
        questions.push(
            words
                .into_iter()
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>(),
        );
    }
    questions.push(vec!["PING"]);
    let mut answered = String::new();
    for question in questions {
        let mut command = format!("*{}\r\n", question.len());
        for word in question {
            command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        connection.write_all(command.as_bytes()).await?;
        answered.clear();
        let mut part = [0; 512];
        while !answered.ends_with("\r\n") {
            let length = connection.read(&mut part).await?;
            if length == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            answered.push_str(&String::from_utf8_lossy(&part[..length]));
        }
        if answered.starts_with('-') {
            break;
        }
    }
    Ok(answered)
}
