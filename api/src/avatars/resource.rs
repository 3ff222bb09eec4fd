//! The avatar as clients see it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::values::{PhotoId, Position, UserId};
use projections::{
    avatars::{self, AvatarRow, ReferencePicture, ReferenceRow, ReferenceStatus},
    past::PastError,
};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::State,
    photos::Failure,
    signed_url::{Signer, Variant},
};

use super::profile::PersonalityWord;

/// A person's one companion.
#[derive(Serialize, ToSchema)]
pub(crate) struct Avatar {
    id: Uuid,
    /// What the companion is called.
    name: String,
    /// In years.
    #[schema(minimum = 20, maximum = 120)]
    age: u8,
    gender: String,
    nationality: String,
    /// What the companion looks like.
    appearance: String,
    #[schema(value_type = PersonalityWord)]
    personality: String,
    reference_image: ReferenceImage,
    /// The delivered reference pictures that were not deleted, in the order of delivery.
    reference_history: Vec<ReferenceHistoryEntry>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The portrait that the avatar's pictures follow, or the one that is being made.
#[derive(Serialize, ToSchema)]
struct ReferenceImage {
    /// `none`: nobody asked for one. `generating`: it is being made. `ready`: it waits for approval.
    /// `failed`: it could not be made. `approved`: pictures follow it.
    #[schema(value_type = ReferenceImageStatus)]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    photo_id: Option<Uuid>,
    /// Once it is ready, unless it was deleted. Signed, good for one hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    image_url: Option<String>,
    /// Signed, good for one hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    thumbnail_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failure: Option<Failure>,
}

/// How a reference picture stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words, which the read model writes")]
enum ReferenceImageStatus {
    None,
    Generating,
    Ready,
    Failed,
    Approved,
}

/// A reference picture that was delivered.
#[derive(Serialize, ToSchema)]
struct ReferenceHistoryEntry {
    photo_id: Uuid,
    /// Signed, good for one hour.
    image_url: String,
    /// Signed, good for one hour.
    thumbnail_url: String,
    /// Whether the avatar's pictures follow it.
    approved: bool,
}

impl Avatar {
    /// The user's avatar as the read models have it now, with its version.
    pub(crate) async fn read(app: &State, user: UserId) -> sqlx::Result<Option<(Self, u64)>> {
        Self::read_from(&app.pool, app, user).await
    }

    /// The same over given connections.
    pub(crate) async fn read_from(
        pool: &PgPool,
        app: &State,
        user: UserId,
    ) -> sqlx::Result<Option<(Self, u64)>> {
        let found = avatars::of_owner_with_pictures(pool, user).await?;
        let Some((row, there)) = found else {
            return Ok(None);
        };
        let sequence = row.sequence;
        Ok(Some((Self::of(row, &there, &app.signer()), sequence)))
    }

    /// The same as it was at a point of the log.
    pub(crate) async fn past(
        app: &State,
        user: UserId,
        point: Position,
    ) -> Result<Option<(Self, u64)>, PastError> {
        let found = app.past(point).avatar(user).await?;
        Ok(found.map(|(row, there)| {
            let sequence = row.sequence;
            (Self::of(row, &there, &app.signer()), sequence)
        }))
    }

    /// As the read model has it, with addresses signed by `signer`.
    ///
    /// `there` are the pictures that were not deleted: the others have no address any more.
    fn of(row: AvatarRow, there: &HashSet<PhotoId>, signer: &Signer<'_>) -> Self {
        Self {
            id: row.avatar_id.0,
            name: row.name,
            age: row.age,
            gender: row.gender,
            nationality: row.nationality,
            appearance: row.appearance,
            personality: row.personality,
            reference_image: ReferenceImage::of(row.reference, there, signer),
            reference_history: row
                .history
                .iter()
                .filter(|picture| there.contains(&picture.photo_id))
                .map(|picture| ReferenceHistoryEntry::of(picture, signer))
                .collect(),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl ReferenceImage {
    fn of(row: ReferenceRow, there: &HashSet<PhotoId>, signer: &Signer<'_>) -> Self {
        let pictured = match row.status {
            ReferenceStatus::Ready | ReferenceStatus::Approved => row.photo_id,
            ReferenceStatus::None | ReferenceStatus::Generating | ReferenceStatus::Failed => None,
        };
        let pictured = pictured.filter(|photo| there.contains(photo));
        let address = |variant| pictured.map(|photo: PhotoId| signer.address(photo, variant));
        Self {
            status: row.status.as_str(),
            photo_id: row.photo_id.map(|photo| photo.0),
            image_url: address(Variant::Full),
            thumbnail_url: address(Variant::Thumbnail),
            failure: row.failure.map(|failure| Failure::of_class(failure.class)),
        }
    }
}

impl ReferenceHistoryEntry {
    fn of(picture: &ReferencePicture, signer: &Signer<'_>) -> Self {
        Self {
            photo_id: picture.photo_id.0,
            image_url: signer.address(picture.photo_id, Variant::Full),
            thumbnail_url: signer.address(picture.photo_id, Variant::Thumbnail),
            approved: picture.approved,
        }
    }
}
