//! Photo work: the pictures that still have to be made, for the worker to find.
//!
//! A hint, not a promise: the row may lag behind the photo request. Whoever takes a picture on
//! holds a lease of its own and asks the aggregate, which refuses what is no longer wanted.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    photo_request::{Event, Purpose},
    policy::recorded::Decision,
    recorded::{AnyEvent, Recorded},
    values::{PhotoId, Position, UserId},
};
use sqlx::{FromRow, PgConnection, PgPool, Row, postgres::PgRow};

use crate::{
    columns::{aggregate_id, bigint, column, number, word},
    engine::Projector,
    folding::{fold, fold_into, touched},
};

/// A picture that still has to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotoWorkRow {
    /// The picture.
    pub photo_id: PhotoId,
    /// Who asked for it.
    pub owner: UserId,
    /// What it is for.
    pub purpose: Purpose,
    /// How many attempts were started.
    pub attempts: u32,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Not before then.
    pub available_at: DateTime<Utc>,
    /// The position of the last event that changed the row.
    pub position: Position,
}

impl<'r> FromRow<'r, PgRow> for PhotoWorkRow {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            photo_id: PhotoId(row.try_get("photo_id")?),
            owner: UserId(row.try_get("owner")?),
            purpose: word(row, "purpose")?,
            attempts: number::<i32, _>(row, "attempts")?,
            requested_at: row.try_get("requested_at")?,
            available_at: row.try_get("available_at")?,
            position: Position(number::<i64, _>(row, "position")?),
        })
    }
}

/// What can be worked on at that time, longest available first, at most `limit` of it.
///
/// # Errors
/// When the database is away.
pub async fn due(pool: &PgPool, at: DateTime<Utc>, limit: u32) -> sqlx::Result<Vec<PhotoWorkRow>> {
    sqlx::query_as(
        "SELECT * FROM photo_work WHERE available_at <= $1 ORDER BY available_at, photo_id LIMIT $2",
    )
    .bind(at)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
}

/// How much work there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkCounts {
    /// Photos that still have to be made.
    pub all: u64,
    /// Those of them that are not put off.
    pub due: u64,
}

/// How much work there is at that time.
///
/// # Errors
/// When the database is away.
pub async fn counts(pool: &PgPool, at: DateTime<Utc>) -> sqlx::Result<WorkCounts> {
    let row = sqlx::query(
        "SELECT count(*) AS known, count(*) FILTER (WHERE available_at <= $1) AS due FROM photo_work",
    )
    .bind(at)
    .fetch_one(pool)
    .await?;
    Ok(WorkCounts {
        all: number::<i64, _>(&row, "known")?,
        due: number::<i64, _>(&row, "due")?,
    })
}

/// Writes `photo_work`.
pub struct PhotoWorkProjector;

#[async_trait]
impl Projector for PhotoWorkProjector {
    fn name(&self) -> &'static str {
        "photo_work"
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["photo_work"]
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        let known = load(db, &touched(page, concerned, begins)?).await?;
        let (rows, removed) = fold(page, known, concerned, apply)?.rest();
        store(db, &rows).await?;
        remove(db, &removed).await
    }
}

/// The same to rows in memory.
pub(crate) fn follow(
    rows: &mut BTreeMap<PhotoId, PhotoWorkRow>,
    page: &[Recorded<AnyEvent>],
) -> sqlx::Result<()> {
    fold_into(rows, page, concerned, begins, apply, |row| row.photo_id)
}

/// The photo that an event is about.
fn concerned(recorded: &Recorded<AnyEvent>) -> sqlx::Result<Option<PhotoId>> {
    match &recorded.event {
        AnyEvent::PhotoRequest(_) => aggregate_id(&recorded.aggregate_id).map(Some),
        AnyEvent::Avatar(_)
        | AnyEvent::Conduct(_)
        | AnyEvent::Conversation(_)
        | AnyEvent::Report(_)
        | AnyEvent::Person(_)
        | AnyEvent::Stewardship(_)
        | AnyEvent::Subscription(_) => Ok(None),
    }
}

/// A row is as old as its stream.
const fn begins(recorded: &Recorded<AnyEvent>) -> bool {
    recorded.sequence == 1
}

fn apply(row: Option<PhotoWorkRow>, recorded: &Recorded<AnyEvent>) -> Option<PhotoWorkRow> {
    let AnyEvent::PhotoRequest(event) = &recorded.event else {
        return row;
    };
    let position = recorded.position;
    match event {
        Event::PhotoRequested {
            photo_id,
            owner,
            purpose,
            policy,
            ..
        } => match policy.decision {
            Decision::Allow => Some(PhotoWorkRow {
                photo_id: *photo_id,
                owner: *owner,
                purpose: *purpose,
                attempts: 0,
                requested_at: recorded.recorded_at,
                available_at: recorded.recorded_at,
                position,
            }),
            Decision::Refuse => None,
        },
        Event::PhotoReopened {
            owner,
            purpose,
            attempts,
        } => Some(PhotoWorkRow {
            photo_id: row_id(recorded)?,
            owner: *owner,
            purpose: *purpose,
            attempts: *attempts,
            requested_at: recorded.recorded_at,
            available_at: recorded.recorded_at,
            position,
        }),
        Event::GenerationStarted { attempt, .. } => Some(PhotoWorkRow {
            attempts: *attempt,
            position,
            ..row?
        }),
        Event::AttemptFailed {
            retry_at: Some(retry_at),
            ..
        } => Some(PhotoWorkRow {
            available_at: *retry_at,
            position,
            ..row?
        }),
        // Without another attempt, the end of the request follows.
        Event::AttemptFailed { retry_at: None, .. } | Event::PredictionAccepted { .. } => row,
        Event::PhotoRefused { .. }
        | Event::PhotoDelivered { .. }
        | Event::PhotoFailed { .. }
        | Event::PhotoCanceled
        | Event::PhotoDeleted => None,
    }
}

/// [`concerned`] has read it before.
fn row_id(recorded: &Recorded<AnyEvent>) -> Option<PhotoId> {
    concerned(recorded).ok().flatten()
}

async fn load(
    db: &mut PgConnection,
    ids: &[PhotoId],
) -> sqlx::Result<BTreeMap<PhotoId, PhotoWorkRow>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<PhotoWorkRow> =
        sqlx::query_as("SELECT * FROM photo_work WHERE photo_id = ANY($1)")
            .bind(column(ids, |id| id.0))
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|row| (row.photo_id, row)).collect())
}

async fn store(db: &mut PgConnection, rows: &[PhotoWorkRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO photo_work (photo_id, owner, purpose, attempts, requested_at, available_at, position)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::timestamptz[],
                              $6::timestamptz[], $7::bigint[])
         ON CONFLICT (photo_id) DO UPDATE SET
             owner = excluded.owner, purpose = excluded.purpose, attempts = excluded.attempts,
             requested_at = excluded.requested_at, available_at = excluded.available_at,
             position = excluded.position",
    )
    .bind(column(rows, |row| row.photo_id.0))
    .bind(column(rows, |row| row.owner.0))
    .bind(column(rows, |row| row.purpose.as_str()))
    .bind(column(rows, |row| row.attempts.cast_signed()))
    .bind(column(rows, |row| row.requested_at))
    .bind(column(rows, |row| row.available_at))
    .bind(column(rows, |row| bigint(row.position.0)))
    .execute(db)
    .await?;
    Ok(())
}

async fn remove(db: &mut PgConnection, ids: &[PhotoId]) -> sqlx::Result<()> {
    if !ids.is_empty() {
        sqlx::query("DELETE FROM photo_work WHERE photo_id = ANY($1)")
            .bind(column(ids, |id| id.0))
            .execute(db)
            .await?;
    }
    Ok(())
}
