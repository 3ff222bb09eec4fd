//! Avatars' events → `avatars`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    avatar::{Event, Profile, ProfileChanges},
    recorded::{AnyEvent, Recorded},
    values::{AvatarId, PhotoId, UserId},
};
use sqlx::PgConnection;

use super::{AvatarRow, ReferenceFailure, ReferencePicture, ReferenceRow, ReferenceStatus};
use crate::{
    columns::{aggregate_id, bigint, column, json_column, storable},
    copying::Rows,
    engine::Projector,
    folding::{fold, fold_into, touched},
};

/// Writes `avatars`.
pub struct AvatarsProjector;

#[async_trait]
impl Projector for AvatarsProjector {
    fn name(&self) -> &'static str {
        "avatars"
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["avatars"]
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        let known = load(db, &touched(page, concerned, begins)?).await?;
        let mut folded = fold(page, known, concerned, apply)?;
        copy(db, &folded.take_copied()).await?;
        store(db, &folded.rest().0).await
    }
}

/// What the table held after those events and no others, by their keys.
pub(crate) fn past(events: &[Recorded<AnyEvent>]) -> sqlx::Result<Vec<AvatarRow>> {
    let (rows, _) = fold(events, BTreeMap::new(), concerned, apply)?.rest();
    Ok(rows)
}

/// The same to rows in memory.
pub(crate) fn follow(
    rows: &mut BTreeMap<UserId, AvatarRow>,
    page: &[Recorded<AnyEvent>],
) -> sqlx::Result<()> {
    fold_into(rows, page, concerned, begins, apply, |row| row.owner)
}

/// The user whose avatar an event is about.
fn concerned(recorded: &Recorded<AnyEvent>) -> sqlx::Result<Option<UserId>> {
    match &recorded.event {
        AnyEvent::Avatar(_) => aggregate_id(&recorded.aggregate_id).map(Some),
        AnyEvent::Conduct(_)
        | AnyEvent::Conversation(_)
        | AnyEvent::PhotoRequest(_)
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

fn apply(row: Option<AvatarRow>, recorded: &Recorded<AnyEvent>) -> Option<AvatarRow> {
    let AnyEvent::Avatar(event) = &recorded.event else {
        return row;
    };
    let mut row = match event {
        Event::AvatarCreated {
            avatar_id,
            owner,
            profile,
        } => designed(*avatar_id, *owner, profile, recorded),
        Event::ProfileChanged { .. }
        | Event::ReferenceImageRequested { .. }
        | Event::ReferenceImageReady { .. }
        | Event::ReferenceImageFailed { .. }
        | Event::ReferenceImageApproved { .. } => row?,
    };
    row.sequence = recorded.sequence;
    row.position = recorded.position;
    row.updated_at = recorded.recorded_at;
    match event {
        Event::AvatarCreated { .. } => {}
        Event::ProfileChanged { changes } => change(&mut row, changes),
        Event::ReferenceImageRequested { photo_id } => {
            row.reference = reference(ReferenceStatus::Generating, *photo_id);
        }
        Event::ReferenceImageReady { photo_id } => {
            if row.reference.photo_id == Some(*photo_id) {
                row.reference = reference(ReferenceStatus::Ready, *photo_id);
            }
            row.history.push(ReferencePicture {
                photo_id: *photo_id,
                approved: false,
            });
        }
        Event::ReferenceImageFailed {
            photo_id,
            class,
            reason,
        } => {
            if row.reference.photo_id == Some(*photo_id) {
                let failure = ReferenceFailure {
                    class: *class,
                    reason: storable(reason),
                };
                row.reference = ReferenceRow {
                    failure: Some(failure),
                    ..reference(ReferenceStatus::Failed, *photo_id)
                };
            }
        }
        Event::ReferenceImageApproved { photo_id } => {
            row.reference = reference(ReferenceStatus::Approved, *photo_id);
            for picture in &mut row.history {
                picture.approved = picture.photo_id == *photo_id;
            }
        }
    }
    Some(row)
}

fn designed(
    avatar_id: AvatarId,
    owner: UserId,
    profile: &Profile,
    recorded: &Recorded<AnyEvent>,
) -> AvatarRow {
    AvatarRow {
        owner,
        avatar_id,
        name: profile.name.to_string(),
        age: profile.age.years(),
        gender: profile.gender.to_string(),
        nationality: profile.nationality.to_string(),
        appearance: profile.appearance.to_string(),
        personality: profile.personality.to_string(),
        reference: ReferenceRow {
            status: ReferenceStatus::None,
            photo_id: None,
            failure: None,
        },
        history: Vec::new(),
        sequence: recorded.sequence,
        position: recorded.position,
        created_at: recorded.recorded_at,
        updated_at: recorded.recorded_at,
    }
}

fn change(row: &mut AvatarRow, changes: &ProfileChanges) {
    let ProfileChanges {
        name,
        age,
        gender,
        nationality,
        appearance,
        personality,
    } = changes;
    if let Some(name) = name {
        row.name = name.to_string();
    }
    if let Some(age) = age {
        row.age = age.years();
    }
    if let Some(gender) = gender {
        row.gender = gender.to_string();
    }
    if let Some(nationality) = nationality {
        row.nationality = nationality.to_string();
    }
    if let Some(appearance) = appearance {
        row.appearance = appearance.to_string();
    }
    if let Some(personality) = personality {
        row.personality = personality.to_string();
    }
}

const fn reference(status: ReferenceStatus, photo_id: PhotoId) -> ReferenceRow {
    ReferenceRow {
        status,
        photo_id: Some(photo_id),
        failure: None,
    }
}

async fn load(
    db: &mut PgConnection,
    owners: &[UserId],
) -> sqlx::Result<BTreeMap<UserId, AvatarRow>> {
    if owners.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<AvatarRow> = sqlx::query_as("SELECT * FROM avatars WHERE owner = ANY($1)")
        .bind(column(owners, |owner| owner.0))
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.owner, row)).collect())
}

/// Writes many rows of which none is there yet.
async fn copy(db: &mut PgConnection, rows: &[AvatarRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = Rows::of(rows, |row, columns| {
        columns.uuid(row.owner.0);
        columns.uuid(row.avatar_id.0);
        columns.text(&row.name);
        columns.smallint(i16::from(row.age));
        columns.text(&row.gender);
        columns.text(&row.nationality);
        columns.text(&row.appearance);
        columns.text(&row.personality);
        columns.json(&row.reference);
        columns.json(&row.history);
        columns.bigint(bigint(row.sequence));
        columns.bigint(bigint(row.position.0));
        columns.time(row.created_at);
        columns.time(row.updated_at);
    })?;
    rows.copy_into(
        db,
        "avatars (owner, avatar_id, name, age, gender, nationality, appearance, personality, reference, history,
                  sequence, position, created_at, updated_at)",
    )
    .await
}

async fn store(db: &mut PgConnection, rows: &[AvatarRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO avatars (owner, avatar_id, name, age, gender, nationality, appearance, personality, reference,
                              history, sequence, position, created_at, updated_at)
         SELECT owner, avatar_id, name, age, gender, nationality, appearance, personality, reference::json,
                history::json, sequence, position, created_at, updated_at
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[],
                       $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::timestamptz[],
                       $14::timestamptz[])
                AS r (owner, avatar_id, name, age, gender, nationality, appearance, personality, reference,
                      history, sequence, position, created_at, updated_at)
         ON CONFLICT (owner) DO UPDATE SET
             avatar_id = excluded.avatar_id, name = excluded.name, age = excluded.age, gender = excluded.gender,
             nationality = excluded.nationality, appearance = excluded.appearance,
             personality = excluded.personality, reference = excluded.reference, history = excluded.history,
             sequence = excluded.sequence, position = excluded.position,
             created_at = excluded.created_at, updated_at = excluded.updated_at",
    )
    .bind(column(rows, |row| row.owner.0))
    .bind(column(rows, |row| row.avatar_id.0))
    .bind(column(rows, |row| row.name.as_str()))
    .bind(column(rows, |row| i16::from(row.age)))
    .bind(column(rows, |row| row.gender.as_str()))
    .bind(column(rows, |row| row.nationality.as_str()))
    .bind(column(rows, |row| row.appearance.as_str()))
    .bind(column(rows, |row| row.personality.as_str()))
    .bind(json_column(rows, |row| &row.reference)?)
    .bind(json_column(rows, |row| &row.history)?)
    .bind(column(rows, |row| bigint(row.sequence)))
    .bind(column(rows, |row| bigint(row.position.0)))
    .bind(column(rows, |row| row.created_at))
    .bind(column(rows, |row| row.updated_at))
    .execute(db)
    .await?;
    Ok(())
}
