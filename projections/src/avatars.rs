//! Avatars: a user's companion, its reference picture and the pictures before it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::{
    photo_request::FailureClass,
    values::{AvatarId, PhotoId, Position, UserId},
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use crate::{columns::number, own_rows::own_rows};

mod projector;

pub use projector::AvatarsProjector;
pub(crate) use projector::{follow, past};

/// How far the reference picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum ReferenceStatus {
    None,
    Generating,
    Ready,
    Failed,
    Approved,
}

impl ReferenceStatus {
    /// The word that stands for it in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Generating => "generating",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Approved => "approved",
        }
    }
}

/// The reference picture that the user sees: the one that was wished for or approved last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceRow {
    /// How far it is.
    pub status: ReferenceStatus,
    /// Which picture it is, once one was wished for.
    pub photo_id: Option<PhotoId>,
    /// Why there is none, when it failed.
    pub failure: Option<ReferenceFailure>,
}

/// Why there is no reference picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceFailure {
    /// Whose fault it is.
    pub class: FailureClass,
    /// In the worker's words.
    pub reason: String,
}

/// A reference picture that was delivered at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferencePicture {
    /// Which picture; it may have been deleted since.
    pub photo_id: PhotoId,
    /// Whether it is the one that the user approved last, which later pictures follow.
    pub approved: bool,
}

/// A user's companion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AvatarRow {
    /// The user.
    pub owner: UserId,
    /// The companion's own id.
    pub avatar_id: AvatarId,
    /// The name; `[erased]` once the user was forgotten.
    pub name: String,
    /// In years.
    pub age: u8,
    /// In the user's words.
    pub gender: String,
    /// In the user's words.
    pub nationality: String,
    /// In the user's words; `[erased]` once the user was forgotten.
    pub appearance: String,
    /// `domain::values::Personality`, as its word.
    pub personality: String,
    /// The reference picture that the user sees.
    pub reference: ReferenceRow,
    /// Every delivered reference picture, in the order of delivery.
    pub history: Vec<ReferencePicture>,
    /// The sequence of the avatar's last event.
    pub sequence: u64,
    /// The position of that event.
    pub position: Position,
    /// When it was designed.
    pub created_at: DateTime<Utc>,
    /// When that event happened.
    pub updated_at: DateTime<Utc>,
}

impl<'r> FromRow<'r, PgRow> for AvatarRow {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        let Json(reference) = row.try_get("reference")?;
        let Json(history) = row.try_get("history")?;
        Ok(Self {
            owner: UserId(row.try_get("owner")?),
            avatar_id: AvatarId(row.try_get("avatar_id")?),
            name: row.try_get("name")?,
            age: number::<i16, _>(row, "age")?,
            gender: row.try_get("gender")?,
            nationality: row.try_get("nationality")?,
            appearance: row.try_get("appearance")?,
            personality: row.try_get("personality")?,
            reference,
            history,
            sequence: number::<i64, _>(row, "sequence")?,
            position: Position(number::<i64, _>(row, "position")?),
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

/// A user's companion, if there is one.
///
/// # Errors
/// When the database is away.
pub async fn of_owner(pool: &PgPool, owner: UserId) -> sqlx::Result<Option<AvatarRow>> {
    sqlx::query_as(own_rows!("SELECT * FROM avatars WHERE owner = $1"))
        .bind(owner.0)
        .fetch_optional(pool)
        .await
}

/// The same with those of the reference pictures that were not deleted, in one question to the database.
///
/// # Errors
/// When the database is away.
pub async fn of_owner_with_pictures(
    pool: &PgPool,
    owner: UserId,
) -> sqlx::Result<Option<(AvatarRow, HashSet<PhotoId>)>> {
    let row = sqlx::query(own_rows!(
        "SELECT avatars.*, ARRAY(SELECT photo_id FROM photos WHERE owner = $1 AND purpose = 'reference') AS there
           FROM avatars WHERE owner = $1"
    ))
    .bind(owner.0)
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        let there: Vec<Uuid> = row.try_get("there")?;
        let there = there.into_iter().map(PhotoId).collect();
        Ok((AvatarRow::from_row(&row)?, there))
    })
    .transpose()
}
