//! How fast the transparency tree grows, and how long its evidence takes.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use infrastructure::database::{self, DatabaseOptions};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use transparency::{
    Grower, Growing, KeyRing, SigningKey, Tree, Verification,
    bundle::{Maker, verify_directory},
};

use crate::{
    Effort,
    filling::fill,
    report::{Goal, Measured, Row, Table, Unit},
    rounds::{median, thousands},
    scratch::Scratch,
    story::Story,
};

/// How many scenes each person asked for.
const SCENES: u32 = 5;
/// How often a tree that grows is looked at.
const GLANCE: Duration = Duration::from_millis(5);

const HOW: &str = "The log holds as many events as said, those of many people's whole stories. Growing: the task of \
`ava projector` on empty tables, from its start until all events are in the tree and a checkpoint over them is signed and \
published; it reads the rows, hashes them, and stores the tiles. Verifying: `ava audit verify`, every event against the tree, \
the tree against the checkpoint. Bundling: `ava audit bundle`, lines and columns; its check: `ava audit verify --bundle`, the \
files alone. Questions: what the routes below `/audit` ask the database, of events all over the log.";

/// Measures.
pub async fn measure(effort: Effort) -> anyhow::Result<Measured> {
    let scratch = Scratch::create().await?;
    let events = effort.or_quick(1_000_000, 20_000);
    fill(scratch.url(), &Story::of_a_subscriber(SCENES)?, 0, events).await?;
    scratch.settle().await?;
    let pool = database::connect(scratch.url(), &DatabaseOptions::named("audit")).await?;
    let tree = Tree::new(pool.clone());
    let keys = Arc::new(KeyRing::new(
        SigningKey::new("bench/log", &[7; 32])?,
        Vec::new(),
    ));
    let directory = tempfile::tempdir()?;
    let count = tree.status().await?.head;
    let mut growing = Vec::new();
    for _ in 0..effort.rounds() {
        growing.push(rate(count, grow(&pool, &keys, directory.path()).await?));
    }
    let (mut verifying, mut bundling, mut checking) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..effort.rounds() {
        verifying.push(rate(count, verify(&tree, &keys).await?));
        let files = directory.path().join(format!("bundle-{round}"));
        bundling.push(rate(count, bundle(&tree, &keys, &files).await?));
        let begun = Instant::now();
        let verified = verify_directory(&files, &keys.verifiers(), |_, _| {})?;
        checking.push(rate(verified.size, begun.elapsed()));
        std::fs::remove_dir_all(files)?;
    }
    let proof = proofs(&tree, count).await?;

    let told = thousands(count as f64);
    let mut measured = Measured::new("Proofs for auditors", format!("{HOW} Here: {told} events."));
    let grown = median(growing);
    measured.rows.push(Row::amount(
        format!("Transparency tree over {told} events, leaves hashed and stored"),
        format!("{} leaves/s", thousands(grown)),
        (grown / 1e3, Unit::ThousandsASecond),
        Goal::AtLeast(100.0),
    ));
    let mut table = Table::new("Evidence", &["what", "events/s"]);
    for (what, rates) in [
        ("`ava audit verify`, in the database", verifying),
        ("`ava audit bundle`", bundling),
        ("`ava audit verify --bundle`, the files alone", checking),
    ] {
        table
            .lines
            .push(vec![what.to_owned(), thousands(median(rates))]);
    }
    table.lines.push(vec![
        "one inclusion proof, p50".to_owned(),
        format!("{proof:.2} ms"),
    ]);
    measured.tables.push(table);
    let questions = super::audit_questions::measure(scratch.url(), count).await?;
    measured.tables.push(questions);
    Ok(measured)
}

fn rate(events: u64, took: Duration) -> f64 {
    events as f64 / took.as_secs_f64()
}

/// Lets the tree grow from nothing.
async fn grow(pool: &PgPool, keys: &Arc<KeyRing>, directory: &Path) -> anyhow::Result<Duration> {
    // What was hashed or signed is never removed, except here.
    for statement in [
        "ALTER TABLE log_tiles DISABLE TRIGGER USER",
        "ALTER TABLE log_checkpoints DISABLE TRIGGER USER",
        "TRUNCATE log_tiles, log_checkpoints",
        "UPDATE log_tree SET size = 0, holder = NULL",
        "ALTER TABLE log_tiles ENABLE TRIGGER USER",
        "ALTER TABLE log_checkpoints ENABLE TRIGGER USER",
        "CHECKPOINT",
    ] {
        sqlx::raw_sql(statement).execute(pool).await?;
    }
    let tree = Tree::new(pool.clone());
    let growing = Growing {
        holder: "bench".to_owned(),
        every: Duration::ZERO,
        published_to: directory.join("checkpoints"),
    };
    let stop = CancellationToken::new();
    let begun = Instant::now();
    let running = tokio::spawn(Grower::new(pool.clone(), keys.clone(), growing).run(stop.clone()));
    let took = loop {
        let status = tree.status().await?;
        anyhow::ensure!(status.error.is_none(), "the tree does not grow: {status:?}");
        if status
            .checkpoint
            .is_some_and(|(size, _)| size == status.head)
        {
            break begun.elapsed();
        }
        tokio::time::sleep(GLANCE).await;
    };
    stop.cancel();
    running.await?;
    Ok(took)
}

async fn verify(tree: &Tree, keys: &KeyRing) -> anyhow::Result<Duration> {
    let verification = Verification {
        tree,
        keys: &keys.verifiers(),
        evidence: &[],
    };
    let begun = Instant::now();
    verification.run(|_, _| {}).await?;
    Ok(begun.elapsed())
}

async fn bundle(tree: &Tree, keys: &KeyRing, directory: &Path) -> anyhow::Result<Duration> {
    let newest = tree.newest_checkpoint().await?;
    let newest = newest.ok_or_else(|| anyhow::anyhow!("no checkpoint was signed"))?;
    let maker = Maker {
        tree,
        keys,
        program: "ava bench",
        parquet: true,
    };
    let begun = Instant::now();
    maker.write(&newest, directory, |_, _| {}).await?;
    Ok(begun.elapsed())
}

/// How many milliseconds a proof takes, of events all over the log.
async fn proofs(tree: &Tree, count: u64) -> anyhow::Result<f64> {
    let mut took = Vec::new();
    for nth in 0..200 {
        let position = 1 + nth * (count - 1) / 200;
        let begun = Instant::now();
        tree.inclusion(position, count).await?;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(took))
}
