//! What follows the event log, and what vouches for it.

use std::fs;

use ::projections::engine::{Checkpoints, FollowerState, ProjectorStatus};
use chrono::Utc;
use domain::values::Position;
use infrastructure::settings::Settings;
use sqlx::PgPool;
use transparency::{Checkpoint, NotACheckpoint, Tree};

use super::finding::Report;
use crate::wiring::{Secrets, audit::publish_dir};

/// Read models that are this far behind, in seconds, are worth a look.
const FAR_BEHIND_S: f64 = 30.0;
/// Events that no checkpoint covers after so many seconds more than one takes are worth a look.
const LATE_S: i64 = 60;

pub async fn examine(settings: &Settings, pool: &PgPool, report: &mut Report) {
    if let Err(error) = followers(pool, report).await {
        let found = format!("cannot be looked at: {error}");
        report.away("read models", found, "look at the database's log");
    }
    if let Err(error) = tree(settings, pool, report).await {
        let found = format!("cannot be looked at: {error}");
        report.away("checkpoints", found, "look at the database's log");
    }
}

type Unseen = Box<dyn std::error::Error + Send + Sync>;

async fn followers(pool: &PgPool, report: &mut Report) -> Result<(), Unseen> {
    let head = Position(Tree::new(pool.clone()).status().await?.head);
    let followers = Checkpoints::new(pool.clone()).list(head).await?;
    let mut well = true;
    for projector in ::projections::all() {
        let name = projector.name();
        if followers.iter().all(|follower| follower.name != name) {
            well = false;
            let found = format!("{name} was never begun");
            report.warn(
                "read models",
                found,
                "start `ava projector`, which makes them",
            );
        }
    }
    for follower in &followers {
        well &= follows(follower, report);
    }
    if well {
        let found = format!(
            "all {} followers of the log are at its end, or near: event {head}",
            followers.len()
        );
        report.ok("read models", found);
    }
    Ok(())
}

/// Whether nothing has to be said about it.
fn follows(follower: &ProjectorStatus, report: &mut Report) -> bool {
    let name = &follower.name;
    let error = follower.error.as_deref().unwrap_or("no reason given");
    if follower.state == FollowerState::Failed {
        let place = follower
            .failed_position
            .map(|position| format!(" at event {position}"));
        let found = format!("{name} is parked{}: {error}", place.unwrap_or_default());
        let advice = format!("mend the cause, then `ava projections resume {name}`");
        report.fail("read models", found, advice);
        return false;
    }
    if follower
        .check
        .as_ref()
        .is_some_and(|check| check.rows_different > 0)
    {
        let found = format!("{name} is not what the log says");
        report.fail(
            "read models",
            found,
            format!("`ava projections rebuild {name}` mends it"),
        );
        return false;
    }
    if follower.lag_seconds >= FAR_BEHIND_S {
        let (events, seconds) = (follower.lag_events, follower.lag_seconds);
        let found = format!("{name} is {events} events and {seconds:.0} s behind");
        let advice = "look whether `ava projector` and `ava worker` run, and at their logs";
        report.warn("read models", found, advice);
        return false;
    }
    true
}

async fn tree(settings: &Settings, pool: &PgPool, report: &mut Report) -> Result<(), Unseen> {
    const CHECK: &str = "checkpoints";
    let tree = Tree::new(pool.clone());
    let status = tree.status().await?;
    if let Some(error) = &status.error {
        let found = format!("the tree over the log does not grow: {error}");
        report.fail(
            CHECK,
            found,
            "`ava audit verify` names what does not fit; docs/OPERATIONS.md, The tree stands still",
        );
        return Ok(());
    }
    let age = status
        .checkpoint
        .map(|(_, signed_at)| (Utc::now() - signed_at).num_seconds());
    let covered = status.checkpoint.map_or(0, |(size, _)| size);
    let patience = i64::try_from(settings.audit.checkpoint_every.as_secs())
        .unwrap_or(i64::MAX)
        .saturating_add(LATE_S);
    if covered < status.head && age.is_none_or(|age| age > patience) {
        let missing = status.head - covered;
        let found = match age {
            Some(age) => format!("the newest is {age} s old and lacks {missing} events"),
            None => "none has ever been signed".to_owned(),
        };
        report.warn(
            CHECK,
            found,
            "look whether `ava projector` runs, which signs them, and at its log",
        );
    } else {
        report.ok(CHECK, match age {
            Some(age) if covered > 0 => format!("the newest is over all {covered} events but those of the last moments, and {age} s old"),
            Some(_) | None => "nothing has happened yet that one could be over".to_owned(),
        });
    }
    published(settings, &tree, status.size, report).await
}

/// What was published must be the beginning of this log. A database that was restored to an earlier moment lacks something.
async fn published(
    settings: &Settings,
    tree: &Tree,
    size: u64,
    report: &mut Report,
) -> Result<(), Unseen> {
    const CHECK: &str = "published";
    let file = publish_dir(settings).join("checkpoint");
    let place = file.display();
    let note = match fs::read_to_string(&file) {
        Ok(note) => note,
        Err(error) if size == 0 && error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            let found = format!("{place} cannot be read: {error}");
            let advice = "the projector writes it; AUDIT_PUBLISH_DIR must name the same place here and there";
            report.warn(CHECK, found, advice);
            return Ok(());
        }
    };
    let keys = Secrets::of(settings)
        .map_err(|failure| failure.to_string())?
        .audit
        .verifiers();
    let checkpoint = match Checkpoint::open(&note, &keys) {
        Ok(checkpoint) => checkpoint,
        Err(
            error @ (NotACheckpoint::Note(_)
            | NotACheckpoint::Malformed(_)
            | NotACheckpoint::AnotherLog(_)),
        ) => {
            let found = format!("{place} {error}");
            report.fail(
                CHECK,
                found,
                "it is of another log or key: see AUDIT_ORIGIN and AUDIT_OLDER_KEYS",
            );
            return Ok(());
        }
    };
    if checkpoint.size > size {
        let found = format!(
            "{place} is over {} events, and the tree has {size}",
            checkpoint.size
        );
        let advice = "the database has lost events: stop everything; docs/OPERATIONS.md, A database that was restored";
        report.fail(CHECK, found, advice);
    } else if tree.root(checkpoint.size).await? != checkpoint.root {
        let found = format!("{place} has another root over {} events", checkpoint.size);
        report.fail(
            CHECK,
            found,
            "somebody has changed the log: `ava audit verify` names the first event",
        );
    } else {
        report.ok(
            CHECK,
            format!(
                "{place} is the beginning of this log: {} events",
                checkpoint.size
            ),
        );
    }
    Ok(())
}
