//! A log of any size within minutes: set-based statements that leave exactly what `append_events` would have left.
//!
//! Positions go on from `log_head`, sequences are those of each stream, times never run backwards, and the head is
//! moved in the same transaction. The bytes are those of real events with other ids in them.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, PgPool, Row};

use crate::story::{Story, placeholder};

/// How many events one statement writes.
const AT_ONCE: u64 = 500_000;
/// From so many on, the unique indexes are made anew afterwards, which takes a fraction of the time.
const MANY: u64 = 100_000;

/// The story, and ids for those in it.
const PREPARATION: &str = "
-- Shaped as UUIDv7, and like those in the order of time; `chance` is some hash.
CREATE FUNCTION pg_temp.timely_id(at bigint, chance text) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT (lpad(to_hex(1767225600000 + at), 12, '0') || '7' || overlay(left(chance, 19) PLACING 'a' FROM 4 FOR 1))::uuid $$;
CREATE TEMPORARY TABLE story (
    nth bigint, aggregate_type text, photo bigint, of_photo boolean, sequence bigint, event_type text,
    event_version text, payload text, metadata text)";

/// $1 the first person, $2 the last, $3 steps a person, $4 photos a person, $5 to $10 the placeholders.
///
/// Each `OFFSET 0` keeps PostgreSQL from working an id out again wherever it is mentioned.
const TELL: &str = "
WITH told AS (
    UPDATE log_head
       SET position = position + ($2 - $1 + 1) * $3,
           recorded_at = greatest(recorded_at, clock_timestamp()) + ($2 - $1 + 1) * $3 * interval '1 microsecond'
     RETURNING position - ($2 - $1 + 1) * $3 AS head,
               recorded_at - ($2 - $1 + 1) * $3 * interval '1 microsecond' AS began
)
INSERT INTO events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                    metadata, recorded_at)
SELECT e.position, pg_temp.timely_id(e.position, md5('event ' || e.position)), e.aggregate_type,
       CASE WHEN e.of_photo THEN e.photo_id ELSE e.owner END, e.sequence, e.event_type, e.event_version,
       CASE WHEN e.of_photo THEN replace(replace(replace(replace(replace(e.payload,
                $5, e.owner), $6, e.avatar), $7, e.photo_id), $8, e.reference), $10, e.hash || e.hash)
            ELSE replace(replace(replace(e.payload, $5, e.owner), $6, e.avatar), $7, e.photo_id) END::json,
       replace(replace(e.metadata, $5, e.owner), $9,
               pg_temp.timely_id(e.position, md5('request ' || e.position))::text)::json,
       e.recorded_at
  FROM (SELECT told.head + (p.n - $1) * $3 + s.nth AS position,
               told.began + ((p.n - $1) * $3 + s.nth) * interval '1 microsecond' AS recorded_at,
               p.owner, p.avatar, p.reference, s.*,
               CASE s.photo WHEN 0 THEN p.reference
                    ELSE coalesce(pg_temp.timely_id(p.n * $4 + s.photo, md5('photo ' || p.n * $4 + s.photo))::text, '')
               END AS photo_id,
               md5('picture ' || p.n * $4 + s.photo) AS hash
          FROM told
         CROSS JOIN LATERAL (
               SELECT n, md5('owner ' || n)::uuid::text AS owner,
                      pg_temp.timely_id(n, md5('avatar ' || n))::text AS avatar,
                      pg_temp.timely_id(n * $4, md5('photo ' || n * $4))::text AS reference
                 FROM generate_series($1::bigint, $2::bigint) AS n OFFSET 0) p
         CROSS JOIN LATERAL (SELECT * FROM story WHERE p.n IS NOT NULL ORDER BY nth) s
        OFFSET 0) e";

/// Tells the story for the people `first`, `first + 1` … until the log has at least `events` more; answers for how
/// many people that was.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn fill(url: &str, story: &Story, first: u64, events: u64) -> anyhow::Result<u64> {
    let mut db = PgConnection::connect(url).await?;
    // What is filled in is no subject of any measurement.
    let settings = "SET synchronous_commit = off; SET maintenance_work_mem = '512MB'";
    sqlx::raw_sql(settings).execute(&mut db).await?;
    sqlx::raw_sql(PREPARATION).execute(&mut db).await?;
    remember(&mut db, story).await?;
    let indexes = if events >= MANY {
        set_aside(&mut db).await?
    } else {
        Vec::new()
    };
    let steps = story.steps.len() as u64;
    let people = events.div_ceil(steps);
    let step = (AT_ONCE / steps).max(1);
    for from in (first..first + people).step_by(usize::try_from(step)?) {
        let to = (from + step).min(first + people) - 1;
        tell(&mut db, story, from, to).await?;
    }
    for index in indexes {
        sqlx::raw_sql(&index).execute(&mut db).await?;
    }
    must_be_a_log(&mut db).await?;
    db.close().await?;
    Ok(people)
}

/// # Errors
/// When what was filled in is not what appends leave: positions without gaps up to the head, in the order of time.
async fn must_be_a_log(db: &mut PgConnection) -> anyhow::Result<()> {
    let row = sqlx::query(
        "SELECT count(*), max(position), (SELECT position FROM log_head), max(recorded_at),
                (SELECT recorded_at FROM log_head), (SELECT recorded_at FROM events ORDER BY position DESC LIMIT 1)
           FROM events",
    )
    .fetch_one(db)
    .await?;
    let (count, last, head): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    anyhow::ensure!(
        count == last && last == head,
        "{count} events up to {last} under a head at {head}"
    );
    let times: [DateTime<Utc>; 3] = [row.try_get(3)?, row.try_get(4)?, row.try_get(5)?];
    anyhow::ensure!(
        times.iter().all(|time| *time == times[0]),
        "the times are not in order: {times:?}"
    );
    Ok(())
}

async fn remember(db: &mut PgConnection, story: &Story) -> sqlx::Result<()> {
    for (nth, step) in (1_i64..).zip(&story.steps) {
        sqlx::query("INSERT INTO story VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
            .bind(nth)
            .bind(step.aggregate_type)
            .bind(step.photo.map(i64::from))
            .bind(step.of_photo)
            .bind(step.sequence.cast_signed())
            .bind(&step.event_type)
            .bind(&step.event_version)
            .bind(&step.payload)
            .bind(&step.metadata)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

async fn tell(db: &mut PgConnection, story: &Story, first: u64, last: u64) -> sqlx::Result<()> {
    sqlx::query(TELL)
        .bind(first.cast_signed())
        .bind(last.cast_signed())
        .bind(i64::try_from(story.steps.len()).unwrap_or(i64::MAX))
        .bind(i64::from(story.photos))
        .bind(placeholder::OWNER.to_string())
        .bind(placeholder::AVATAR.to_string())
        .bind(placeholder::PHOTO.to_string())
        .bind(placeholder::REFERENCE.to_string())
        .bind(placeholder::REQUEST.to_string())
        .bind(placeholder::SHA256)
        .execute(db)
        .await?;
    Ok(())
}

/// Takes the unique constraints of `events` away; answers the statements that bring them back.
async fn set_aside(db: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    let constraints = sqlx::query(
        "SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
          WHERE conrelid = 'events'::regclass AND contype = 'u' ORDER BY conname",
    )
    .fetch_all(&mut *db)
    .await?;
    let mut statements = Vec::new();
    for constraint in constraints {
        let (name, definition): (String, String) = (constraint.try_get(0)?, constraint.try_get(1)?);
        let drop = format!("ALTER TABLE events DROP CONSTRAINT {name}");
        sqlx::raw_sql(&drop).execute(&mut *db).await?;
        statements.push(format!(
            "ALTER TABLE events ADD CONSTRAINT {name} {definition}"
        ));
    }
    Ok(statements)
}

/// The id of person `n`, as [`fill`] makes it.
///
/// # Errors
/// When the database is away.
pub async fn owner_ids(pool: &PgPool, people: &[u64]) -> sqlx::Result<Vec<uuid::Uuid>> {
    let people: Vec<i64> = people.iter().map(|n| n.cast_signed()).collect();
    sqlx::query_scalar("SELECT md5('owner ' || n)::uuid FROM unnest($1::bigint[]) AS n")
        .bind(people)
        .fetch_all(pool)
        .await
}
