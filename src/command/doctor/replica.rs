//! The replica that reads go to, when there is one: whether it is a replica of this database, and how far behind.

use ::projections::replica::{self, Fitness};
use infrastructure::{
    database::{self, DatabaseOptions, DatabaseRole},
    settings::Settings,
};
use sqlx::PgPool;

use super::finding::Report;

const CHECK: &str = "replica";
/// Read models reach the replica this much later, in milliseconds, without anybody noticing.
const UNNOTICED_MS: i32 = 20;

/// `primary` is the database that it follows.
pub async fn examine(settings: &Settings, primary: &PgPool, report: &mut Report) {
    let Some(url) = &settings.read_database_url else {
        return;
    };
    let options = DatabaseOptions::named("ava doctor").acting_as(DatabaseRole::Steward);
    let pool = match database::open_replica(url.reveal(), &options) {
        Ok(pool) => pool,
        Err(error) => {
            let advice = "write it like DATABASE_URL, with the replica's host";
            return report.fail(CHECK, error.to_string(), advice);
        }
    };
    match replica::examine(primary, &pool).await {
        Fitness::Fit(lag) => {
            let found = format!("it answers, {} ms behind the primary", lag.as_millis());
            report.ok(CHECK, found);
            delay(primary, report).await;
        }
        found @ Fitness::Behind(_) => report.warn(
            CHECK,
            format!("{found}; the primary answers its reads"),
            "look at pg_stat_replication on the primary, and at what the replica has to do besides",
        ),
        found @ (Fitness::Unknown | Fitness::Unfit(_) | Fitness::PrimaryAway) => report.warn(
            CHECK,
            format!("{found}; the primary answers its reads"),
            "start it, or correct READ_DATABASE_URL: docs/OPERATIONS.md, Reads on a replica",
        ),
    }
    pool.close().await;
}

/// Read models are committed without a wait, and sent to the replica when the primary next writes its WAL.
async fn delay(primary: &PgPool, report: &mut Report) {
    let asked = sqlx::query_scalar::<_, i32>(
        "SELECT setting::integer FROM pg_settings WHERE name = 'wal_writer_delay'",
    )
    .fetch_one(primary);
    let Ok(delay_ms) = asked.await else {
        return;
    };
    if delay_ms > UNNOTICED_MS {
        report.warn(
            CHECK,
            format!("the primary's wal_writer_delay is {delay_ms} ms: by so much read models may come later to the replica"),
            "ALTER SYSTEM SET wal_writer_delay = '10ms'; SELECT pg_reload_conf()",
        );
    }
}
