//! How fast a read model catches up with a long log.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use application::ports::EventLog;
use domain::values::Position;
use infrastructure::{
    database::{self, DatabaseOptions},
    event_log::PostgresEventLog,
};
use projections::engine::{Engine, Follower, Projector};
use sqlx::{Connection, PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use super::{
    by_hand::{self, Copied},
    stock::Stock,
};
use crate::{
    Effort,
    filling::fill,
    report::{Goal, Measured, Row, Table},
    rounds::{interleaved, median, thousands},
    scratch::Scratch,
    story::Story,
};

/// The longest that a catch-up may take.
const PATIENCE: Duration = Duration::from_secs(1800);

/// The best peer that the goals were set against, and what it gave on the machine where that was found out.
const BEST_PEER_TO_STOCK: f64 = 2251.0 / 819.0;

const HOW: &str = "The log holds as many events `AvatarCreated` as said, each of another user, so that each makes one row. \
Ava: the engine with the projector `avatars` on empty tables, from its start until its checkpoint is at the log's head. \
By hand: one connection reads the same rows by key-set pages of 1,000, decodes the JSON, and writes the same rows into an \
identical table with one `INSERT … SELECT FROM unnest` a page, each in a transaction with `synchronous_commit = off` like \
the engine's; at the end all rows of both tables are compared. COPY: the finished rows, held in memory, into an identical \
table in one transaction. Stock: `QueryReplay` of `cqrs-es` with `GenericQuery` into a view of `postgres-es`, over a \
sample, since it is slow; its rate does not depend on the number.";

/// Measures.
pub async fn measure(effort: Effort) -> anyhow::Result<Measured> {
    let scratch = Scratch::create().await?;
    let events = effort.or_quick(1_000_000, 5_000);
    let sample = effort.or_quick(5_000, 300);
    fill(scratch.url(), &Story::of_a_creation()?, 0, events).await?;
    scratch.settle().await?;
    let stock = Stock::on(&scratch.pool).await?;
    by_hand::prepare(&scratch.pool).await?;
    let rates = interleaved(effort.rounds(), 4, async |subject| match subject {
        0 => rebuild(scratch.url(), &["avatars"]).await,
        1 => by_hand::project(scratch.url(), events).await,
        2 => {
            Copied::from(&scratch.pool)
                .await?
                .copy(scratch.url(), events)
                .await
        }
        _ => stock.replay(sample).await,
    })
    .await?;
    by_hand::must_agree(&scratch.pool).await?;
    let middle: Vec<f64> = rates.into_iter().map(median).collect();
    let all = rebuild(scratch.url(), &names()).await?;

    let [ava, hand, copy, stock] = middle[..] else {
        anyhow::bail!("a subject is missing");
    };
    let events = thousands(events as f64);
    let how = format!("{HOW} Here: {events} events, {sample} for stock.");
    let mut measured = Measured::new("Catching up", how);
    let rate = |rate: f64| (format!("{} events/s", thousands(rate)), rate);
    let best = format!("the best peer (taken as {BEST_PEER_TO_STOCK:.2} times the stock replay)");
    for (peer, theirs, goal) in [
        ("the same by hand", hand, Goal::AtLeast(0.5)),
        ("`COPY` of its rows", copy, Goal::None),
        ("stock `cqrs-es` replay", stock, Goal::AtLeast(70.0)),
        (&best, stock * BEST_PEER_TO_STOCK, Goal::AtLeast(25.0)),
    ] {
        let what = format!("Catch-up of one projector over {events} events, to {peer}");
        measured
            .rows
            .push(Row::ratio(what, rate(ava), rate(theirs), goal));
    }
    let mut table = Table::new("Every subject", &["subject", "events/s"]);
    for (name, rate) in [
        ("Ava, `avatars`", ava),
        ("by hand", hand),
        ("COPY", copy),
        ("stock replay", stock),
        ("Ava, all projectors at once, until the last is there", all),
    ] {
        table.lines.push(vec![name.to_owned(), thousands(rate)]);
    }
    measured.tables.push(table);
    Ok(measured)
}

/// Every projector's name.
fn names() -> Vec<&'static str> {
    projections::all()
        .iter()
        .map(|projector| projector.name())
        .collect()
}

/// Empties what these projectors have written and lets them follow the log from its beginning; answers how many events
/// a second went by until the last of them was at the head.
///
/// # Errors
/// When they do not get there.
async fn rebuild(url: &str, names: &[&'static str]) -> anyhow::Result<f64> {
    // Without a service's limit on how long a statement may take.
    let mut db = PgConnection::connect(url).await?;
    let all = projections::all();
    for projector in all.iter().filter(|one| names.contains(&one.name())) {
        for table in projector.tables() {
            sqlx::raw_sql(&format!("TRUNCATE {table}"))
                .execute(&mut db)
                .await?;
        }
        sqlx::query("DELETE FROM followers WHERE name = $1")
            .bind(projector.name())
            .execute(&mut db)
            .await?;
    }
    sqlx::raw_sql("CHECKPOINT").execute(&mut db).await?;
    db.close().await?;
    let (events, took) = catch_up(url, names).await?;
    Ok(events as f64 / took.as_secs_f64())
}

/// Lets projectors follow the log until they are at its head; answers how many events there were for each of them, and
/// how long that took.
///
/// # Errors
/// When they do not get there.
pub async fn catch_up(url: &str, names: &[&'static str]) -> anyhow::Result<(u64, Duration)> {
    let followers: Vec<Arc<dyn Projector>> = projections::all()
        .into_iter()
        .filter(|projector| names.contains(&projector.name()))
        .collect();
    anyhow::ensure!(
        followers.len() == names.len(),
        "there are no such projectors: {names:?}"
    );
    let work = database::connect(url, &DatabaseOptions::named("catching up")).await?;
    let following = database::open(url, &DatabaseOptions::named("catching up, followers"))?;
    let log = Arc::new(PostgresEventLog::start(
        work.clone(),
        infrastructure::scratch_database::master_keys(),
    ));
    let head = log.head().await?;
    let start = behind(&work, names).await?;

    let engine = Engine::new(following.clone(), log, "bench".to_owned());
    let checkpoints = engine.checkpoints();
    let stop = CancellationToken::new();
    let begun = Instant::now();
    let stopped = stop.clone();
    let running = tokio::spawn(async move {
        let followers = followers.into_iter().map(Follower::Projector).collect();
        engine.run(followers, stopped).await;
    });
    let reached = checkpoints.await_position(names, head, PATIENCE).await;
    let took = begun.elapsed();
    stop.cancel();
    running.await?;
    reached?;
    following.close().await;
    work.close().await;
    Ok((head.0 - start.0, took))
}

/// The checkpoint of the projector that is furthest behind.
async fn behind(pool: &PgPool, names: &[&'static str]) -> sqlx::Result<Position> {
    let names: Vec<&str> = names.to_vec();
    let known: i64 = sqlx::query_scalar(
        "SELECT coalesce(min(coalesce(f.position, 0)), 0)
           FROM unnest($1::text[]) AS n LEFT JOIN followers f ON f.name = n",
    )
    .bind(names)
    .fetch_one(pool)
    .await?;
    Ok(Position(known.cast_unsigned()))
}
