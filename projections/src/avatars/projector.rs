//! Avatars' events → `avatars`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    avatar::{Event, Profile, ProfileChanges},
    recorded::{AnyEvent, Recorded},
    values::{AvatarId, PhotoId, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{AvatarRow, ReferenceFailure, ReferencePicture, ReferenceRow, ReferenceStatus};
use crate::{
    columns::{aggregate_id, recordset, storable},
    engine::Projector,
    folding::{fold, touched},
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
        let owners: Vec<Uuid> = touched(page, concerned)?
            .into_iter()
            .map(|id| id.0)
            .collect();
        if owners.is_empty() {
            return Ok(());
        }
        let rows = load(db, &owners).await?;
        store(db, &fold(page, rows, concerned, apply)?.written).await
    }
}

/// The user whose avatar an event is about.
fn concerned(recorded: &Recorded<AnyEvent>) -> sqlx::Result<Option<UserId>> {
    match &recorded.event {
        AnyEvent::Avatar(_) => aggregate_id(&recorded.aggregate_id).map(Some),
        AnyEvent::PhotoRequest(_) | AnyEvent::Subscription(_) => Ok(None),
    }
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

async fn load(db: &mut PgConnection, owners: &[Uuid]) -> sqlx::Result<BTreeMap<UserId, AvatarRow>> {
    let rows: Vec<AvatarRow> = sqlx::query_as("SELECT * FROM avatars WHERE owner = ANY($1)")
        .bind(owners)
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.owner, row)).collect())
}

async fn store(db: &mut PgConnection, rows: &[AvatarRow]) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO avatars SELECT * FROM json_populate_recordset(NULL::avatars, $1::json)
         ON CONFLICT (owner) DO UPDATE SET
             avatar_id = excluded.avatar_id, name = excluded.name, age = excluded.age, gender = excluded.gender,
             nationality = excluded.nationality, appearance = excluded.appearance,
             personality = excluded.personality, reference = excluded.reference, history = excluded.history,
             sequence = excluded.sequence, position = excluded.position,
             created_at = excluded.created_at, updated_at = excluded.updated_at",
    )
    .bind(recordset(rows)?)
    .execute(db)
    .await?;
    Ok(())
}
