//! Photo requests, and the avatars' wishes for reference pictures → `photos`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    avatar,
    photo_request::{Event, Purpose},
    recorded::{AnyEvent, Recorded},
    values::{PhotoId, UserId},
};
use sqlx::PgConnection;

use super::{FailureRow, PhotoRow, PhotoStatus};
use crate::{
    columns::{aggregate_id, bigint, column, json_column, optional_json_column, storable},
    copying::{Row, Rows},
    engine::Projector,
    folding::{fold, fold_into, touched},
};

/// Writes `photos`.
pub struct PhotosProjector;

#[async_trait]
impl Projector for PhotosProjector {
    fn name(&self) -> &'static str {
        "photos"
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["photos"]
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        let known = load(db, &touched(page, concerned, begins)?).await?;
        let mut folded = fold(page, known, concerned, apply)?;
        copy(db, &folded.take_copied()).await?;
        let (rows, removed) = folded.rest();
        store(db, &rows).await?;
        remove(db, &removed).await
    }
}

/// What the table held after those events and no others, by their keys.
pub(crate) fn past(events: &[Recorded<AnyEvent>]) -> sqlx::Result<Vec<PhotoRow>> {
    let (rows, _) = fold(events, BTreeMap::new(), concerned, apply)?.rest();
    Ok(rows)
}

/// The same to rows in memory.
pub(crate) fn follow(
    rows: &mut BTreeMap<PhotoId, PhotoRow>,
    page: &[Recorded<AnyEvent>],
) -> sqlx::Result<()> {
    fold_into(rows, page, concerned, begins, apply, |row| row.photo_id)
}

/// The photo that an event is about.
fn concerned(recorded: &Recorded<AnyEvent>) -> sqlx::Result<Option<PhotoId>> {
    match &recorded.event {
        AnyEvent::PhotoRequest(_) => aggregate_id(&recorded.aggregate_id).map(Some),
        AnyEvent::Avatar(avatar::Event::ReferenceImageRequested { photo_id }) => {
            Ok(Some(*photo_id))
        }
        // What comes of the wish, the photo request tells itself.
        AnyEvent::Avatar(
            avatar::Event::AvatarCreated { .. }
            | avatar::Event::ProfileChanged { .. }
            | avatar::Event::ReferenceImageReady { .. }
            | avatar::Event::ReferenceImageFailed { .. }
            | avatar::Event::ReferenceImageApproved { .. },
        )
        | AnyEvent::Conduct(_)
        | AnyEvent::Conversation(_)
        | AnyEvent::Report(_)
        | AnyEvent::Person(_)
        | AnyEvent::Stewardship(_)
        | AnyEvent::Subscription(_) => Ok(None),
    }
}

/// A scene's row begins with its request; a reference picture's may be there since the avatar's wish.
fn begins(recorded: &Recorded<AnyEvent>) -> bool {
    matches!(
        &recorded.event,
        AnyEvent::PhotoRequest(Event::PhotoRequested {
            purpose: Purpose::Scene,
            ..
        })
    )
}

fn apply(row: Option<PhotoRow>, recorded: &Recorded<AnyEvent>) -> Option<PhotoRow> {
    match &recorded.event {
        AnyEvent::PhotoRequest(Event::PhotoRequested {
            photo_id,
            owner,
            purpose,
            scene,
            ..
        }) => {
            // A reference picture was wished for before: then it was asked for at that time.
            let row = row
                .filter(|_| *purpose == Purpose::Reference)
                .unwrap_or_else(|| wished(*photo_id, *owner, *purpose, recorded));
            Some(PhotoRow {
                scene: scene.as_ref().map(ToString::to_string),
                sequence: recorded.sequence,
                position: recorded.position,
                ..row
            })
        }
        AnyEvent::PhotoRequest(event) => {
            let row = PhotoRow {
                sequence: recorded.sequence,
                position: recorded.position,
                ..row?
            };
            progressed(row, event, recorded)
        }
        AnyEvent::Avatar(avatar::Event::ReferenceImageRequested { photo_id }) => {
            let owner = recorded.metadata.owner;
            row.or_else(|| Some(wished(*photo_id, owner, Purpose::Reference, recorded)))
        }
        AnyEvent::Avatar(
            avatar::Event::AvatarCreated { .. }
            | avatar::Event::ProfileChanged { .. }
            | avatar::Event::ReferenceImageReady { .. }
            | avatar::Event::ReferenceImageFailed { .. }
            | avatar::Event::ReferenceImageApproved { .. },
        )
        | AnyEvent::Conduct(_)
        | AnyEvent::Conversation(_)
        | AnyEvent::Report(_)
        | AnyEvent::Person(_)
        | AnyEvent::Stewardship(_)
        | AnyEvent::Subscription(_) => row,
    }
}

fn progressed(row: PhotoRow, event: &Event, recorded: &Recorded<AnyEvent>) -> Option<PhotoRow> {
    match event {
        Event::GenerationStarted { attempt, .. } => Some(PhotoRow {
            status: PhotoStatus::Generating,
            attempts: *attempt,
            ..row
        }),
        Event::PhotoDelivered { image, .. } => Some(PhotoRow {
            status: PhotoStatus::Delivered,
            image: Some(image.clone()),
            delivered_at: Some(recorded.recorded_at),
            ..row
        }),
        Event::PhotoFailed { class, reason } => Some(PhotoRow {
            status: PhotoStatus::Failed,
            failure: Some(FailureRow {
                class: *class,
                reason: storable(reason),
            }),
            ..row
        }),
        Event::PhotoRefused { rules } => Some(PhotoRow {
            status: PhotoStatus::Refused,
            rules: rules.iter().map(|rule| storable(rule)).collect(),
            ..row
        }),
        Event::PhotoCanceled => Some(PhotoRow {
            status: PhotoStatus::Canceled,
            ..row
        }),
        Event::PhotoReopened { .. } => Some(PhotoRow {
            status: PhotoStatus::Requested,
            failure: None,
            ..row
        }),
        Event::PhotoDeleted => None,
        // The next attempt or the end of the request will show.
        Event::PhotoRequested { .. }
        | Event::PredictionAccepted { .. }
        | Event::AttemptFailed { .. } => Some(row),
    }
}

fn wished(
    photo_id: PhotoId,
    owner: UserId,
    purpose: Purpose,
    recorded: &Recorded<AnyEvent>,
) -> PhotoRow {
    PhotoRow {
        photo_id,
        owner,
        purpose,
        scene: None,
        status: PhotoStatus::Requested,
        attempts: 0,
        image: None,
        failure: None,
        rules: Vec::new(),
        sequence: 0,
        position: recorded.position,
        requested_at: recorded.recorded_at,
        delivered_at: None,
    }
}

async fn load(db: &mut PgConnection, ids: &[PhotoId]) -> sqlx::Result<BTreeMap<PhotoId, PhotoRow>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<PhotoRow> = sqlx::query_as("SELECT * FROM photos WHERE photo_id = ANY($1)")
        .bind(column(ids, |id| id.0))
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.photo_id, row)).collect())
}

/// Writes many rows of which none is there yet.
async fn copy(db: &mut PgConnection, rows: &[PhotoRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = Rows::of(rows, |row, columns| {
        columns.uuid(row.photo_id.0);
        columns.uuid(row.owner.0);
        columns.text(row.purpose.as_str());
        columns.optional(row.scene.as_deref(), Row::text);
        columns.text(row.status.as_str());
        columns.integer(row.attempts.cast_signed());
        columns.optional(row.image.as_ref(), Row::json);
        columns.optional(row.failure.as_ref(), Row::json);
        columns.texts(&row.rules);
        columns.bigint(bigint(row.sequence));
        columns.bigint(bigint(row.position.0));
        columns.time(row.requested_at);
        columns.optional(row.delivered_at, Row::time);
    })?;
    rows.copy_into(
        db,
        "photos (photo_id, owner, purpose, scene, status, attempts, image, failure, rules, sequence, position,
                 requested_at, delivered_at)",
    )
    .await
}

async fn store(db: &mut PgConnection, rows: &[PhotoRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO photos (photo_id, owner, purpose, scene, status, attempts, image, failure, rules, sequence,
                             position, requested_at, delivered_at)
         SELECT photo_id, owner, purpose, scene, status, attempts, image::json, failure::json,
                CASE rules WHEN '[]' THEN '{}' ELSE ARRAY(SELECT json_array_elements_text(rules::json)) END,
                sequence, position, requested_at, delivered_at
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::text[],
                       $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::timestamptz[], $13::timestamptz[])
                AS r (photo_id, owner, purpose, scene, status, attempts, image, failure, rules, sequence, position,
                      requested_at, delivered_at)
         ON CONFLICT (photo_id) DO UPDATE SET
             owner = excluded.owner, purpose = excluded.purpose, scene = excluded.scene,
             status = excluded.status, attempts = excluded.attempts,
             image = excluded.image, failure = excluded.failure, rules = excluded.rules,
             sequence = excluded.sequence, position = excluded.position,
             requested_at = excluded.requested_at, delivered_at = excluded.delivered_at",
    )
    .bind(column(rows, |row| row.photo_id.0))
    .bind(column(rows, |row| row.owner.0))
    .bind(column(rows, |row| row.purpose.as_str()))
    .bind(column(rows, |row| row.scene.as_deref()))
    .bind(column(rows, |row| row.status.as_str()))
    .bind(column(rows, |row| row.attempts.cast_signed()))
    .bind(optional_json_column(rows, |row| row.image.as_ref())?)
    .bind(optional_json_column(rows, |row| row.failure.as_ref())?)
    .bind(json_column(rows, |row| &row.rules)?)
    .bind(column(rows, |row| bigint(row.sequence)))
    .bind(column(rows, |row| bigint(row.position.0)))
    .bind(column(rows, |row| row.requested_at))
    .bind(column(rows, |row| row.delivered_at))
    .execute(db)
    .await?;
    Ok(())
}

async fn remove(db: &mut PgConnection, ids: &[PhotoId]) -> sqlx::Result<()> {
    if !ids.is_empty() {
        sqlx::query("DELETE FROM photos WHERE photo_id = ANY($1)")
            .bind(column(ids, |id| id.0))
            .execute(db)
            .await?;
    }
    Ok(())
}
