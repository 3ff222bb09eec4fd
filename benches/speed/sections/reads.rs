//! Reads over HTTP: `ava api` beside a bare handler.

use std::collections::BTreeSet;

use anyhow::Context;
use application::ports::TokenIssuer;
use chrono::Utc;
use infrastructure::{
    event_log::PostgresEventLog,
    identity::{DevelopmentIssuer, SharedSecret},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Child as Process,
};

use super::{
    catch_up::catch_up,
    load::{CONNECTIONS, Load, Rate},
};
use crate::{
    Effort,
    children::Child,
    report::{Goal, Measured, Row, Table},
    rounds::{interleaved, median, thousands},
    running::{Ava, client, data_dir},
    scratch::Scratch,
    story::Story,
};

const EMAIL: &str = "ada@example.com";
/// How many scenes the user has; the reference picture comes on top.
const SCENES: u32 = 19;
const PATHS: [&str; 2] = ["/avatars/me", "/photos"];

const HOW: &str = "A user with a companion and twenty pictures. Ours: `ava api` as it is delivered, with a signed token, so \
with all that a request goes through; nothing else of ours runs meanwhile. Bare: an actix handler without any of that, \
with one `SELECT` of the same rows through a pool that is opened in the same way with as many connections, and as many \
workers, in its own process.";

/// Measures.
pub async fn measure(effort: Effort) -> anyhow::Result<Measured> {
    let scratch = Scratch::create().await?;
    let owner = DevelopmentIssuer::user(EMAIL);
    let log = PostgresEventLog::start(
        scratch.pool.clone(),
        infrastructure::scratch_database::master_keys(),
    );
    Story::of_a_subscriber(SCENES)?
        .happen_to(owner, &log)
        .await?;
    let names: Vec<&'static str> = projections::all().iter().map(|one| one.name()).collect();
    catch_up(scratch.url(), &names).await?;
    scratch.settle().await?;

    let secret = uuid::Uuid::now_v7().to_string();
    let issuer = DevelopmentIssuer::new(SharedSecret::new(&*secret)?);
    let token = issuer
        .issue(EMAIL, &BTreeSet::new(), Utc::now())?
        .access_token;
    let directory = data_dir()?;
    let ava = Ava {
        role: "api",
        data_dir: directory.path(),
        database: Some(scratch.url()),
        secret: Some(&secret),
    };
    let ava = ava.start_and_wait().await?;
    let (bare, _serving) = bare(scratch.url(), owner.0).await?;
    let load = Load::best();
    let mut measured = Measured::new(
        "Reads over HTTP",
        format!("{HOW} {CONNECTIONS} connections, by {}.", load.name()),
    );
    let head = [
        "request",
        "server",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "bytes",
    ];
    measured.tables.push(Table::new("Every subject", &head));
    for path in PATHS {
        let addresses = [format!("{}{path}", ava.api), format!("{bare}{path}")];
        compare(&mut measured, path, &addresses, (&load, &token), effort).await?;
    }
    ava.stop().await?;
    Ok(measured)
}

/// Measures one request of both servers, in turns.
async fn compare(
    measured: &mut Measured,
    path: &str,
    addresses: &[String; 2],
    (load, token): (&Load, &str),
    effort: Effort,
) -> anyhow::Result<()> {
    // Connections and plans are warm when it counts.
    for address in addresses {
        load.get(address, token, effort.round(1)).await?;
    }
    let rounds = interleaved(effort.rounds(), 2, async |subject| {
        load.get(&addresses[subject], token, effort.round(6)).await
    })
    .await?;
    let middle: Vec<Rate> = rounds.iter().map(|rounds| middle(rounds)).collect();
    for ((rate, address), name) in middle.iter().zip(addresses).zip(["Ava", "bare"]) {
        let line = line(path, name, rate, size(address, token).await?);
        measured.tables[0].lines.push(line);
    }
    if let [ours, bare] = &middle[..] {
        let what = format!("`GET {path}`, requests per second, to a bare handler");
        let goal = Goal::AtLeast(0.85);
        measured
            .rows
            .push(Row::ratio(what, told(ours), told(bare), goal));
    }
    Ok(())
}

/// A bare server; it is killed when the second answer is dropped.
async fn bare(url: &str, owner: uuid::Uuid) -> anyhow::Result<(String, Process)> {
    let arguments = [
        "child-serves-bare-reads".to_owned(),
        url.to_owned(),
        owner.to_string(),
    ];
    let mut serving = Child::start(&arguments)?;
    let stdout = serving.stdout.take().context("no output")?;
    let mut lines = BufReader::new(stdout).lines();
    let address = lines
        .next_line()
        .await?
        .context("the bare server does not start")?;
    Ok((address, serving))
}

fn middle(rounds: &[Rate]) -> Rate {
    let of = |figure: fn(&Rate) -> f64| median(rounds.iter().map(figure).collect());
    Rate {
        per_second: of(|rate| rate.per_second),
        p50_ms: of(|rate| rate.p50_ms),
        p99_ms: of(|rate| rate.p99_ms),
    }
}

fn told(rate: &Rate) -> (String, f64) {
    let text = format!(
        "{}/s (p50 {:.2} ms, p99 {:.2} ms)",
        thousands(rate.per_second),
        rate.p50_ms,
        rate.p99_ms
    );
    (text, rate.per_second)
}

fn line(path: &str, name: &str, rate: &Rate, bytes: usize) -> Vec<String> {
    vec![
        format!("`GET {path}`"),
        name.to_owned(),
        thousands(rate.per_second),
        format!("{:.2}", rate.p50_ms),
        format!("{:.2}", rate.p99_ms),
        bytes.to_string(),
    ]
}

async fn size(address: &str, token: &str) -> anyhow::Result<usize> {
    let answer = client()?.get(address).bearer_auth(token).send().await?;
    Ok(answer.error_for_status()?.bytes().await?.len())
}
