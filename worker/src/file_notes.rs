//! Notes of files that are stored and that perhaps no photo will show: written before the first byte is sent.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use domain::{photo_request::Image, values::PhotoId};
use sqlx::{PgPool, postgres::PgRow};

/// The files of a picture, which a process stores for a photo.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileNote {
    /// Whose files they are meant to be.
    pub photo_id: PhotoId,
    /// Where the full picture lies.
    pub image_key: String,
    /// Where the thumbnail lies.
    pub thumbnail_key: String,
    /// The process that stores them.
    pub node: String,
}

impl FileNote {
    /// The picture that `node` is about to store for a photo.
    pub fn new(photo_id: PhotoId, image: &Image, node: &str) -> Self {
        Self {
            photo_id,
            image_key: image.key.clone(),
            thumbnail_key: image.thumbnail_key.clone(),
            node: node.to_owned(),
        }
    }

    /// Where its files lie.
    pub fn keys(&self) -> [&str; 2] {
        [&self.image_key, &self.thumbnail_key]
    }
}

/// How often, and how long, files are looked for whose writer never said what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    /// The first look comes that long after the note; each further one after a pause twice as long.
    pub first: Duration,
    /// So many looks after the photo was over, no writer is believed to be still about to send.
    pub enough: u32,
}

/// The notes: in the database, or, of a simulation, in memory. Both pass one contract suite. Time is the store's own.
#[async_trait]
pub trait FileNotes: fmt::Debug + Send + Sync {
    /// Writes a note down; it is kept once this returns, and due after that time.
    async fn note_down(&self, note: &FileNote, due_after: Duration) -> sqlx::Result<()>;

    /// Its writer knows what became of the files, and will not send them again. A note that was written more than once
    /// stays: of the other times nobody knows.
    async fn settle(&self, note: &FileNote) -> sqlx::Result<()>;

    /// Up to `most` notes that are due, those that wait longest first; each is due again after that time.
    async fn take_due(&self, most: u32, due_again: Duration) -> sqlx::Result<Vec<FileNote>>;

    /// The notes of a photo.
    async fn of_photo(&self, photo_id: PhotoId) -> sqlx::Result<Vec<FileNote>>;

    /// The notes that name one of these files, each with how often it was written.
    async fn naming(&self, keys: [&str; 2]) -> sqlx::Result<Vec<(FileNote, u32)>>;

    /// The photo was over, and nothing is left of the files: they are due later than the last time, or, after enough
    /// looks, never again.
    async fn found_clear(&self, note: &FileNote, looks: Looks) -> sqlx::Result<()>;
}

/// Notes in the table `file_notes`.
#[derive(Debug, Clone)]
pub struct PostgresFileNotes {
    pool: PgPool,
}

impl PostgresFileNotes {
    /// In that database.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

/// A process that comes to the same files again has the same note, so that there are not more and more of them while the
/// store is away.
const WRITE: &str = "
    INSERT INTO file_notes AS note (photo_id, image_key, thumbnail_key, node, look_at)
    VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
        ON CONFLICT (photo_id, image_key, thumbnail_key, node) DO UPDATE
       SET writes = note.writes + 1, clear = 0, look_at = excluded.look_at";

const SETTLE: &str = "
    DELETE FROM file_notes
     WHERE photo_id = $1 AND image_key = $2 AND thumbnail_key = $3 AND node = $4 AND writes = 1";

/// Of two that look one takes a note, and the other the next.
const TAKE_DUE: &str = "
    WITH due AS MATERIALIZED (SELECT photo_id, image_key, thumbnail_key, node FROM file_notes WHERE look_at <= now()
                               ORDER BY look_at LIMIT $1 FOR UPDATE SKIP LOCKED)
    UPDATE file_notes note SET look_at = now() + make_interval(secs => $2) FROM due
     WHERE (note.photo_id, note.image_key, note.thumbnail_key, note.node)
         = (due.photo_id, due.image_key, due.thumbnail_key, due.node)
    RETURNING note.photo_id, note.image_key, note.thumbnail_key, note.node";

const OF_PHOTO: &str =
    "SELECT photo_id, image_key, thumbnail_key, node FROM file_notes WHERE photo_id = $1";

const NAMING: &str = "
    SELECT photo_id, image_key, thumbnail_key, node, writes FROM file_notes
     WHERE image_key = ANY($1) OR thumbnail_key = ANY($1)";

/// The pause doubles with each look.
const FOUND_CLEAR: &str = "
    UPDATE file_notes
       SET clear = clear + 1, look_at = now() + make_interval(secs => $5 * 2 ^ (clear + 1))
     WHERE photo_id = $1 AND image_key = $2 AND thumbnail_key = $3 AND node = $4
    RETURNING clear";

const FORGET: &str = "
    DELETE FROM file_notes
     WHERE photo_id = $1 AND image_key = $2 AND thumbnail_key = $3 AND node = $4 AND clear >= $5";

#[async_trait]
impl FileNotes for PostgresFileNotes {
    async fn note_down(&self, note: &FileNote, due_after: Duration) -> sqlx::Result<()> {
        on(WRITE, note)
            .bind(due_after.as_secs_f64())
            .execute(&self.pool)
            .await
            .map(drop)
    }

    async fn settle(&self, note: &FileNote) -> sqlx::Result<()> {
        on(SETTLE, note).execute(&self.pool).await.map(drop)
    }

    async fn take_due(&self, most: u32, due_again: Duration) -> sqlx::Result<Vec<FileNote>> {
        let taken = sqlx::query(TAKE_DUE)
            .bind(i64::from(most))
            .bind(due_again.as_secs_f64())
            .fetch_all(&self.pool)
            .await?;
        taken.iter().map(note_in).collect()
    }

    async fn of_photo(&self, photo_id: PhotoId) -> sqlx::Result<Vec<FileNote>> {
        let notes = sqlx::query(OF_PHOTO).bind(photo_id.0);
        let notes = notes.fetch_all(&self.pool).await?;
        notes.iter().map(note_in).collect()
    }

    async fn naming(&self, keys: [&str; 2]) -> sqlx::Result<Vec<(FileNote, u32)>> {
        let notes = sqlx::query(NAMING).bind(&keys[..]);
        let notes = notes.fetch_all(&self.pool).await?;
        let written = |row| {
            let writes: i32 = sqlx::Row::try_get(row, "writes")?;
            Ok((note_in(row)?, writes.unsigned_abs()))
        };
        notes.iter().map(written).collect()
    }

    async fn found_clear(&self, note: &FileNote, looks: Looks) -> sqlx::Result<()> {
        let clear: Option<i32> = sqlx::query_scalar(FOUND_CLEAR)
            .bind(note.photo_id.0)
            .bind(&note.image_key)
            .bind(&note.thumbnail_key)
            .bind(&note.node)
            .bind(looks.first.as_secs_f64())
            .fetch_optional(&self.pool)
            .await?;
        if clear.is_some_and(|clear| clear.unsigned_abs() >= looks.enough) {
            // Unless it was written again meanwhile.
            let enough = i32::try_from(looks.enough).unwrap_or(i32::MAX);
            on(FORGET, note).bind(enough).execute(&self.pool).await?;
        }
        Ok(())
    }
}

/// A statement about one note.
fn on<'a>(
    statement: &'a str,
    note: &'a FileNote,
) -> sqlx::query::Query<'a, sqlx::Postgres, sqlx::postgres::PgArguments> {
    sqlx::query(statement)
        .bind(note.photo_id.0)
        .bind(&note.image_key)
        .bind(&note.thumbnail_key)
        .bind(&note.node)
}

fn note_in(row: &PgRow) -> sqlx::Result<FileNote> {
    Ok(FileNote {
        photo_id: PhotoId(sqlx::Row::try_get(row, "photo_id")?),
        image_key: sqlx::Row::try_get(row, "image_key")?,
        thumbnail_key: sqlx::Row::try_get(row, "thumbnail_key")?,
        node: sqlx::Row::try_get(row, "node")?,
    })
}
