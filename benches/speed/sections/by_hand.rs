//! The same read model by hand: what anybody would write who needs no engine, and `COPY` of what it makes.

use std::time::Instant;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::avatar::{Avatar, Event};
use futures::TryStreamExt;
use sqlx::{Connection, PgConnection, PgPool, Row};
use uuid::Uuid;

const PAGE: i64 = 1000;

/// How much `COPY` is given at once, in bytes.
const CHUNK: usize = 1 << 20;

const TABLES: &str = "
CREATE TABLE avatars_by_hand (LIKE avatars INCLUDING ALL);
CREATE TABLE avatars_copied (LIKE avatars INCLUDING ALL)";

const WRITE: &str = "
INSERT INTO avatars_by_hand (owner, avatar_id, name, age, gender, nationality, appearance, personality, reference,
                             history, sequence, position, created_at, updated_at)
SELECT owner, avatar_id, name, age, gender, nationality, appearance, personality,
       '{\"status\":\"none\",\"photo_id\":null,\"failure\":null}', '[]', sequence, position, created_at, created_at
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::bigint[], $10::bigint[], $11::timestamptz[])
    AS t (owner, avatar_id, name, age, gender, nationality, appearance, personality, sequence, position, created_at)";

/// Makes the tables.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn prepare(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::raw_sql(TABLES).execute(pool).await?;
    Ok(())
}

/// # Errors
/// When the table that was written by hand is not the one that the engine wrote: then their rates say nothing.
pub async fn must_agree(pool: &PgPool) -> anyhow::Result<()> {
    for table in ["avatars_by_hand", "avatars_copied"] {
        let differing: i64 = sqlx::query_scalar(&format!(
            "SELECT count(*) FROM avatars a FULL JOIN {table} b ON a.owner = b.owner
              WHERE (a.*)::text IS DISTINCT FROM (b.*)::text"
        ))
        .fetch_one(pool)
        .await?;
        anyhow::ensure!(
            differing == 0,
            "{differing} rows of {table} are not those of avatars"
        );
    }
    Ok(())
}

/// A page of rows as the arrays that one statement takes.
#[derive(Default)]
struct Columns {
    owner: Vec<Uuid>,
    avatar_id: Vec<Uuid>,
    name: Vec<String>,
    age: Vec<i16>,
    gender: Vec<String>,
    nationality: Vec<String>,
    appearance: Vec<String>,
    personality: Vec<String>,
    sequence: Vec<i64>,
    position: Vec<i64>,
    created_at: Vec<DateTime<Utc>>,
}

/// Reads all events and writes their rows; answers how many a second.
///
/// # Errors
/// When not every event made a row.
pub async fn project(url: &str, events: u64) -> anyhow::Result<f64> {
    let mut db = PgConnection::connect(url).await?;
    for statement in [
        "SET synchronous_commit = off",
        "TRUNCATE avatars_by_hand",
        "CHECKPOINT",
    ] {
        sqlx::raw_sql(statement).execute(&mut db).await?;
    }
    let begun = Instant::now();
    let (mut position, mut written) = (0, 0);
    loop {
        let page = read(&mut db, position).await?;
        let Some(&last) = page.position.last() else {
            break;
        };
        position = last;
        written += page.owner.len() as u64;
        write(&mut db, &page).await?;
    }
    let took = begun.elapsed();
    anyhow::ensure!(
        written == events,
        "{written} rows by hand of {events} events"
    );
    db.close().await?;
    Ok(events as f64 / took.as_secs_f64())
}

async fn read(db: &mut PgConnection, after: i64) -> anyhow::Result<Columns> {
    let rows = sqlx::query(
        "SELECT position, sequence, recorded_at, aggregate_type, payload::text
           FROM events WHERE position > $1 ORDER BY position LIMIT $2",
    )
    .bind(after)
    .bind(PAGE)
    .fetch_all(db)
    .await?;
    let mut columns = Columns::default();
    for row in rows {
        anyhow::ensure!(
            row.try_get::<&str, _>(3)? == Avatar::TYPE,
            "another aggregate"
        );
        let Event::AvatarCreated {
            avatar_id,
            owner,
            profile,
        } = serde_json::from_str(row.try_get(4)?)?
        else {
            anyhow::bail!("another event");
        };
        columns.owner.push(owner.0);
        columns.avatar_id.push(avatar_id.0);
        columns.name.push(profile.name.to_string());
        columns.age.push(i16::from(profile.age.years()));
        columns.gender.push(profile.gender.to_string());
        columns.nationality.push(profile.nationality.to_string());
        columns.appearance.push(profile.appearance.to_string());
        columns.personality.push(profile.personality.to_string());
        columns.sequence.push(row.try_get(1)?);
        columns.position.push(row.try_get(0)?);
        columns.created_at.push(row.try_get(2)?);
    }
    Ok(columns)
}

async fn write(db: &mut PgConnection, page: &Columns) -> sqlx::Result<()> {
    sqlx::query(WRITE)
        .bind(&page.owner)
        .bind(&page.avatar_id)
        .bind(&page.name)
        .bind(&page.age)
        .bind(&page.gender)
        .bind(&page.nationality)
        .bind(&page.appearance)
        .bind(&page.personality)
        .bind(&page.sequence)
        .bind(&page.position)
        .bind(&page.created_at)
        .execute(db)
        .await?;
    Ok(())
}

/// The finished rows as the text that `COPY` takes.
pub struct Copied(Vec<u8>);

impl Copied {
    /// Those that the engine has written.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn from(pool: &PgPool) -> anyhow::Result<Self> {
        let mut db = pool.acquire().await?;
        let mut stream = db.copy_out_raw("COPY avatars TO STDOUT").await?;
        let mut text = Vec::new();
        while let Some(chunk) = stream.try_next().await? {
            text.extend_from_slice(&chunk);
        }
        Ok(Self(text))
    }

    /// Copies them into an empty table; answers how many a second.
    ///
    /// # Errors
    /// When not all of them arrived.
    pub async fn copy(&self, url: &str, rows: u64) -> anyhow::Result<f64> {
        let mut db = PgConnection::connect(url).await?;
        sqlx::raw_sql("TRUNCATE avatars_copied")
            .execute(&mut db)
            .await?;
        sqlx::raw_sql("CHECKPOINT").execute(&mut db).await?;
        let begun = Instant::now();
        let mut copy = db.copy_in_raw("COPY avatars_copied FROM STDIN").await?;
        for chunk in self.0.chunks(CHUNK) {
            copy.send(chunk).await?;
        }
        let arrived = copy.finish().await?;
        let took = begun.elapsed();
        anyhow::ensure!(arrived == rows, "{arrived} rows of {rows} were copied");
        db.close().await?;
        Ok(rows as f64 / took.as_secs_f64())
    }
}
