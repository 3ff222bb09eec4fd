//! Requests over HTTP, as many as a server takes: by `wrk` where it is installed, or by a client of our own.

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use tokio::process::Command;

use crate::{
    rounds::{Round, hammer},
    running::client,
};

/// How many connections ask at the same time.
pub const CONNECTIONS: usize = 32;

/// Who asks.
pub enum Load {
    /// `wrk`, there.
    Wrk(PathBuf),
    /// Tasks of this process, which takes more of the machine away from the server.
    Own,
}

/// What a round of requests measured.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Load {
    /// `wrk`, if it is there.
    pub fn best() -> Self {
        let searched = std::env::var_os("PATH").unwrap_or_default();
        let mut places = std::env::split_paths(&searched).map(|directory| directory.join("wrk"));
        places
            .find(|place| place.is_file())
            .map_or(Self::Own, Self::Wrk)
    }

    /// What it is, for the document.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Wrk(_) => "`wrk` (one thread)",
            Self::Own => "tasks of the benchmark itself, since `wrk` is not installed",
        }
    }

    /// GETs an address again and again with an access token.
    ///
    /// # Errors
    /// When an answer is not 200.
    pub async fn get(&self, url: &str, token: &str, length: Duration) -> anyhow::Result<Rate> {
        let authorization = format!("Bearer {token}");
        match self {
            Self::Wrk(program) => wrk(program, url, &authorization, length).await,
            Self::Own => own(url, authorization, length).await,
        }
    }
}

async fn wrk(
    program: &PathBuf,
    url: &str,
    authorization: &str,
    length: Duration,
) -> anyhow::Result<Rate> {
    // It counts in whole seconds.
    let seconds = length.as_secs().max(1);
    let output = Command::new(program)
        .args(["--threads=1", "--latency"])
        .arg(format!("--connections={CONNECTIONS}"))
        .arg(format!("--duration={seconds}s"))
        .arg(format!("--header=Authorization: {authorization}"))
        .arg(url)
        .output()
        .await?;
    let told = String::from_utf8_lossy(&output.stdout);
    anyhow::ensure!(
        output.status.success() && !told.contains("Non-2xx") && !told.contains("Socket errors"),
        "wrk: {told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let after = |word: &str| {
        let mut lines = told.lines().map(str::trim);
        lines
            .find_map(|line| line.strip_prefix(word))
            .map(str::trim)
    };
    Ok(Rate {
        per_second: after("Requests/sec:").context("no rate")?.parse()?,
        p50_ms: milliseconds(after("50%").context("no median")?)?,
        p99_ms: milliseconds(after("99%").context("no percentile")?)?,
    })
}

/// As `wrk` writes times: `812.00us`, `1.23ms`, `1.02s`.
fn milliseconds(text: &str) -> anyhow::Result<f64> {
    for (unit, in_milliseconds) in [("us", 0.001), ("ms", 1.0), ("s", 1000.0)] {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<f64>()? * in_milliseconds);
        }
    }
    anyhow::bail!("{text} is no time")
}

async fn own(url: &str, authorization: String, length: Duration) -> anyhow::Result<Rate> {
    let (client, url) = (client()?, url.to_owned());
    let round: Round = hammer(CONNECTIONS, length, move || {
        let asked = client.get(&url).header("Authorization", &authorization);
        async move {
            let answer = asked.send().await?.error_for_status()?;
            answer.bytes().await?;
            Ok(())
        }
    })
    .await?;
    Ok(Rate {
        per_second: round.per_second,
        p50_ms: round.percentile(50),
        p99_ms: round.percentile(99),
    })
}
