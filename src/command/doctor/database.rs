//! The database: reachable, new enough, migrated, durable, archived, and of the same time as this process.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use infrastructure::{
    database::{DatabaseRole, MIGRATIONS},
    settings::{Environment, Settings},
};
use sqlx::PgPool;

use super::finding::Report;
use crate::database::Database;

/// PostgreSQL's number of the oldest version that we work on.
const LEAST_VERSION: i32 = 150_000;
/// A clock that differs by more, in milliseconds, makes times hard to compare.
const NOTABLE_SKEW_MS: i64 = 1_000;
/// A clock that differs by more, in milliseconds, refuses tokens that have just been issued (30 s of leeway).
const HARMFUL_SKEW_MS: i64 = 30_000;

/// Looks at it, and hands out connections when everything else can be looked at.
pub async fn examine(settings: &Settings, report: &mut Report) -> Option<PgPool> {
    let connected = match Database::already_running(settings) {
        Ok(database) => database.connect("ava doctor", DatabaseRole::Steward).await,
        Err(failure) => Err(failure),
    };
    let pool = match connected {
        Ok(pool) => pool,
        Err(failure) => {
            let advice = "start it, or correct DATABASE_URL; nothing works without";
            if failure.may_pass() {
                report.away("database", failure.to_string(), advice);
            } else {
                report.fail("database", failure.to_string(), advice);
            }
            return None;
        }
    };
    match look(settings, &pool, report).await {
        Ok(true) => Some(pool),
        Ok(false) => None,
        Err(error) => {
            let found = format!("it went away while it was looked at: {error}");
            report.away("database", found, "look at its own log");
            None
        }
    }
}

/// Whether there are tables to look at.
async fn look(settings: &Settings, pool: &PgPool, report: &mut Report) -> sqlx::Result<bool> {
    let (number, version): (i32, String) = sqlx::query_as(
        "SELECT current_setting('server_version_num')::integer, current_setting('server_version')",
    )
    .fetch_one(pool)
    .await?;
    if number < LEAST_VERSION {
        let found = format!("it is PostgreSQL {version}");
        report.fail("database", found, "upgrade it: Ava needs 15 or newer");
    } else {
        report.ok("database", format!("PostgreSQL {version} answers"));
    }
    durability(settings, pool, report).await?;
    archive(settings, pool, report).await?;
    connections(pool, report).await?;
    clock(pool, report).await?;
    migrations(pool, report).await
}

async fn durability(settings: &Settings, pool: &PgPool, report: &mut Report) -> sqlx::Result<()> {
    let off: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM pg_settings
         WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name",
    )
    .fetch_all(pool)
    .await?;
    if off.is_empty() {
        report.ok("durability", "what was acknowledged survives a power cut");
        return Ok(());
    }
    let found = format!(
        "off: {}; a power cut may lose or damage what was acknowledged",
        off.join(", ")
    );
    let advice = off
        .iter()
        .map(|name| format!("ALTER SYSTEM SET {name} = on"));
    let advice = format!(
        "{}; SELECT pg_reload_conf()",
        advice.collect::<Vec<_>>().join("; ")
    );
    if settings.environment == Environment::Production {
        report.fail("durability", found, advice);
    } else {
        report.warn("durability", found, advice);
    }
    Ok(())
}

/// Whether what is written can be restored as it stood at any moment.
async fn archive(settings: &Settings, pool: &PgPool, report: &mut Report) -> sqlx::Result<()> {
    let (mode, failing, failed): (String, bool, Option<String>) = sqlx::query_as(
        "SELECT current_setting('archive_mode'),
                coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false), last_failed_wal
         FROM pg_stat_archiver",
    )
    .fetch_one(pool)
    .await?;
    if failing {
        let found = format!("archiving of WAL fails, at {}", failed.unwrap_or_default());
        let advice =
            "PostgreSQL's log says why archive_command failed; until it works, WAL fills the disk";
        report.fail("archive", found, advice);
    } else if mode != "off" {
        report.ok("archive", "WAL is archived");
    } else if settings.environment == Environment::Production {
        let found = "WAL is not archived: what came after the last dump is lost with the disk";
        report.warn(
            "archive",
            found,
            "set archive_mode and archive_command: docs/OPERATIONS.md, Backups",
        );
    }
    Ok(())
}

async fn connections(pool: &PgPool, report: &mut Report) -> sqlx::Result<()> {
    let (used, most): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
                current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint",
    )
    .fetch_one(pool)
    .await?;
    let found = format!("{used} of {most} connections are in use");
    if used * 5 >= most * 4 {
        let advice = "raise max_connections, or run fewer processes: each may take 80";
        report.warn("connections", found, advice);
    } else {
        report.ok("connections", found);
    }
    Ok(())
}

async fn clock(pool: &PgPool, report: &mut Report) -> sqlx::Result<()> {
    // Over a connection that is there already, so that only the question takes time.
    let mut connection = pool.acquire().await?;
    let asked = Utc::now();
    let theirs: DateTime<Utc> = sqlx::query_scalar("SELECT clock_timestamp()")
        .fetch_one(&mut *connection)
        .await?;
    skew(asked, theirs, Utc::now(), report);
    Ok(())
}

/// The clocks differ at least by what the time that the question took cannot explain.
fn skew(asked: DateTime<Utc>, theirs: DateTime<Utc>, answered: DateTime<Utc>, report: &mut Report) {
    let apart = if theirs < asked {
        asked - theirs
    } else if theirs > answered {
        theirs - answered
    } else {
        TimeDelta::zero()
    };
    let ms = apart.num_milliseconds();
    let found = format!("this clock and the database's differ by {ms} ms");
    let advice = "let both machines take their time from NTP (`timedatectl` shows it)";
    if ms >= HARMFUL_SKEW_MS {
        report.fail("clock", found, advice);
    } else if ms >= NOTABLE_SKEW_MS {
        report.warn("clock", found, advice);
    } else {
        report.ok("clock", found);
    }
}

async fn migrations(pool: &PgPool, report: &mut Report) -> sqlx::Result<bool> {
    let known: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(pool)
        .await?;
    let applied: Vec<(i64, Vec<u8>)> = if known {
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success")
            .fetch_all(pool)
            .await?
    } else {
        Vec::new()
    };
    let applied: BTreeMap<i64, Vec<u8>> = applied.into_iter().collect();
    let mut pending = 0;
    let mut changed = Vec::new();
    for migration in MIGRATIONS.iter() {
        match applied.get(&migration.version) {
            None => pending += 1,
            Some(checksum) if **checksum == *migration.checksum => {}
            Some(_) => changed.push(migration.version.to_string()),
        }
    }
    let newer = applied
        .keys()
        .filter(|version| MIGRATIONS.iter().all(|one| one.version != **version));
    let newer = newer.count();
    if !changed.is_empty() {
        let found = format!(
            "the database was migrated with other files: {}",
            changed.join(", ")
        );
        report.fail(
            "migrations",
            found,
            "this program is not of the same history; run the one that migrated it",
        );
    } else if pending > 0 {
        report.fail(
            "migrations",
            format!("{pending} are missing"),
            "run `ava migrate`",
        );
    } else if newer > 0 {
        let found = format!("the database has {newer} that this program does not know");
        report.warn(
            "migrations",
            found,
            "a newer version has migrated it: upgrade this one",
        );
    } else {
        report.ok("migrations", format!("all {} are applied", applied.len()));
    }
    Ok(pending == 0 && changed.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Level, *};

    #[test]
    fn only_what_the_round_trip_cannot_explain_is_a_difference_of_clocks() {
        let asked = Utc::now();
        for (theirs_ms, level) in [
            (0, Level::Ok),
            (400, Level::Ok),
            (1_400, Level::Ok),
            (1_600, Level::Warn),
            (-1_200, Level::Warn),
            (31_000, Level::Fail),
            (-40_000, Level::Fail),
        ] {
            let mut report = Report::default();
            let answered = asked + TimeDelta::milliseconds(500);
            skew(
                asked,
                asked + TimeDelta::milliseconds(theirs_ms),
                answered,
                &mut report,
            );
            assert_eq!(report.names(level), ["clock"], "{theirs_ms}");
        }
    }
}
