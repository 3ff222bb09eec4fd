//! A copy of the log, to be changed by somebody who has all rights.

use futures::TryStreamExt as _;
use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolCopyExt as _, PgPoolOptions},
};

use crate::system::{System, told};

/// What the log and its tree consist of.
const TABLES: [&str; 5] = [
    "events",
    "log_head",
    "log_tree",
    "log_tiles",
    "log_checkpoints",
];
/// The database with the copy.
const NAME: &str = "tampered";
/// What an event consists of, each part as text.
const PARTS: [&str; 8] = [
    "payload",
    "metadata",
    "event_type",
    "event_version",
    "aggregate_type",
    "aggregate_id",
    "event_id",
    "recorded_at",
];

/// A change, and what must be said of it.
#[derive(Debug)]
pub struct Change {
    /// In words.
    pub what: String,
    /// What must be said begins so.
    named: String,
    /// From here on events may be others.
    from: i64,
}

impl Change {
    /// Whether somebody found it, and said where it is.
    pub fn is_named_by(&self, found: &str) -> bool {
        found.contains(&self.named)
    }
}

/// The copy.
pub struct CopiedLog {
    pub url: String,
    pub pool: PgPool,
    size: i64,
}

impl CopiedLog {
    /// Copies the log as it is now; nobody may write meanwhile.
    ///
    /// # Errors
    /// When the database refuses something.
    pub async fn make(system: &System) -> anyhow::Result<Self> {
        let url = system.postgres.url(NAME);
        sqlx::raw_sql(&format!("CREATE DATABASE {NAME}"))
            .execute(&system.pool)
            .await?;
        let mut migrate = system.command(&["migrate"]);
        migrate.env("DATABASE_URL", &url);
        let migrated = tokio::task::block_in_place(|| migrate.output())?;
        anyhow::ensure!(migrated.status.success(), "{}", told(&migrated));
        // Whoever has all rights goes past triggers as well.
        let options: PgConnectOptions = url.parse()?;
        let options = options.options([
            ("session_replication_role", "replica"),
            ("synchronous_commit", "off"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .connect_with(options)
            .await?;
        for table in TABLES {
            copy(&system.pool, &pool, table).await?;
        }
        sqlx::raw_sql("CREATE TABLE kept AS TABLE events; CREATE INDEX ON kept (position)")
            .execute(&pool)
            .await?;
        sqlx::raw_sql("CREATE TABLE kept_checkpoints AS TABLE log_checkpoints")
            .execute(&pool)
            .await?;
        let size = sqlx::query_scalar("SELECT position FROM log_head")
            .fetch_one(&pool)
            .await?;
        Ok(Self { url, pool, size })
    }

    /// The newest one.
    ///
    /// # Errors
    /// When there is none.
    pub async fn newest_checkpoint(&self) -> sqlx::Result<String> {
        sqlx::query_scalar("SELECT note FROM log_checkpoints ORDER BY size DESC LIMIT 1")
            .fetch_one(&self.pool)
            .await
    }

    /// Changes something, as the dice say.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn change(&self, dice: &mut StdRng) -> anyhow::Result<Change> {
        match dice.random_range(0..10) {
            0..5 => self.flip(dice).await,
            5 | 6 => self.delete(dice).await,
            7 => self.swap(dice).await,
            8 => self.truncate(dice).await,
            _ => self.add(dice).await,
        }
    }

    /// One byte of one event is another one.
    async fn flip(&self, dice: &mut StdRng) -> anyhow::Result<Change> {
        loop {
            let position = dice.random_range(1..=self.size);
            let part = *PARTS.choose(dice).unwrap_or(&PARTS[0]);
            let was = format!("SELECT {part}::text FROM events WHERE position = $1");
            let was: String = sqlx::query_scalar(&was)
                .bind(position)
                .fetch_one(&self.pool)
                .await?;
            let Some(is) = flipped(&was, dice) else {
                continue;
            };
            let flip = format!(
                "UPDATE events SET {part} = $1::{} WHERE position = $2 AND {part}::text <> $1",
                type_of(part)
            );
            let flip = sqlx::query(&flip).bind(&is).bind(position);
            // Not every byte may be any other one there, as the `t` of `true`: then another one is drawn.
            match flip.execute(&self.pool).await {
                Ok(done) if done.rows_affected() == 1 => {}
                Ok(_) | Err(sqlx::Error::Database(_)) => continue,
                Err(error) => return Err(error.into()),
            }
            return Ok(Change {
                what: format!("one byte of {part} at position {position}"),
                named: format!("position {position}: is not what was hashed"),
                from: position,
            });
        }
    }

    async fn delete(&self, dice: &mut StdRng) -> anyhow::Result<Change> {
        let position = dice.random_range(1..=self.size);
        self.execute(&format!("DELETE FROM events WHERE position = {position}"))
            .await?;
        Ok(Change {
            what: format!("position {position} deleted"),
            named: format!("position {position}: is missing"),
            from: position,
        })
    }

    async fn swap(&self, dice: &mut StdRng) -> anyhow::Result<Change> {
        let first = dice.random_range(1..self.size);
        let second = dice.random_range(first + 1..=self.size);
        self.execute(&format!(
            "UPDATE events SET position = -1 WHERE position = {first};
             UPDATE events SET position = {first} WHERE position = {second};
             UPDATE events SET position = {second} WHERE position = -1"
        ))
        .await?;
        Ok(Change {
            what: format!("positions {first} and {second} swapped"),
            named: format!("position {first}: is not what was hashed"),
            from: first,
        })
    }

    /// The end is gone, and perhaps whatever says that there was more.
    async fn truncate(&self, dice: &mut StdRng) -> anyhow::Result<Change> {
        let last = dice.random_range(0..self.size);
        let ways = [
            ("", ""),
            (
                ", and the log's end moved",
                "UPDATE log_head SET position = $",
            ),
            (
                ", and the ends of log and tree moved",
                "UPDATE log_head SET position = $; UPDATE log_tree SET size = $",
            ),
            (
                ", and the ends of log and tree moved, and all later checkpoints deleted",
                "UPDATE log_head SET position = $; UPDATE log_tree SET size = $;
                 DELETE FROM log_checkpoints WHERE size > $",
            ),
        ];
        let (besides, more) = *ways.choose(dice).unwrap_or(&ways[0]);
        let truncate = format!("DELETE FROM events WHERE position > $; {more}");
        self.execute(&truncate.replace('$', &last.to_string()))
            .await?;
        Ok(Change {
            what: format!("all after position {last} deleted{besides}"),
            named: format!("position {}: is missing", last + 1),
            from: last + 1,
        })
    }

    /// An event that nobody appended stands behind the end.
    async fn add(&self, dice: &mut StdRng) -> anyhow::Result<Change> {
        let (like, added) = (dice.random_range(1..=self.size), self.size + 1);
        self.execute(&format!(
            "INSERT INTO events SELECT {added}, gen_random_uuid(), aggregate_type, aggregate_id || '-', sequence,
                                       event_type, event_version, payload, metadata, recorded_at
               FROM kept WHERE position = {like}"
        ))
        .await?;
        Ok(Change {
            what: format!("an event like that at position {like} added behind the end"),
            named: format!("position {added}: stands behind the end of the log"),
            from: added,
        })
    }

    /// Takes a change back.
    ///
    /// # Errors
    /// When the database refuses it.
    pub async fn undo(&self, change: &Change) -> anyhow::Result<()> {
        let Change { from, .. } = change;
        self.execute(&format!(
            "DELETE FROM events WHERE position >= {from};
             INSERT INTO events SELECT * FROM kept WHERE position >= {from};
             UPDATE log_head SET position = {size} WHERE position <> {size};
             UPDATE log_tree SET size = {size} WHERE size <> {size};
             INSERT INTO log_checkpoints SELECT * FROM kept_checkpoints ON CONFLICT DO NOTHING",
            size = self.size
        ))
        .await
    }

    async fn execute(&self, statements: &str) -> anyhow::Result<()> {
        // Several without parameters are one transaction.
        sqlx::raw_sql(statements).execute(&self.pool).await?;
        Ok(())
    }

    /// Lets go of the database.
    pub async fn close(self) {
        self.pool.close().await;
    }
}

/// The same text with one byte changed that may be changed: a digit is another digit, a letter another letter.
fn flipped(text: &str, dice: &mut StdRng) -> Option<String> {
    let places: Vec<usize> = (0..text.len())
        .filter(|at| text.as_bytes()[*at].is_ascii_alphanumeric())
        .collect();
    let at = *places.choose(dice)?;
    let letters: &[u8] = match text.as_bytes()[at] {
        b'0'..=b'9' => b"123456789",
        b'a'..=b'f' => b"abcdef",
        b'A'..=b'Z' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        _ => b"ghijklmnopqrstuvwxyz",
    };
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = *letters.choose(dice)?;
    String::from_utf8(bytes).ok().filter(|is| is != text)
}

fn type_of(part: &str) -> &'static str {
    match part {
        "payload" | "metadata" => "json",
        "event_id" => "uuid",
        "recorded_at" => "timestamptz",
        _ => "text",
    }
}

/// Copies a table's rows in place of those that are there.
async fn copy(from: &PgPool, to: &PgPool, table: &str) -> anyhow::Result<()> {
    sqlx::raw_sql(&format!("DELETE FROM {table}"))
        .execute(to)
        .await?;
    let mut rows = from
        .copy_out_raw(&format!("COPY {table} TO STDOUT"))
        .await?;
    let mut taken = to.copy_in_raw(&format!("COPY {table} FROM STDIN")).await?;
    while let Some(bytes) = rows.try_next().await? {
        taken.send(bytes).await?;
    }
    taken.finish().await?;
    Ok(())
}
