//! Photos: every picture that was asked for and not deleted.

use chrono::{DateTime, Utc};
use domain::{
    photo_request::{FailureClass, Image, Purpose},
    values::{PhotoId, Position, UserId},
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use crate::{
    columns::{number, word},
    gate::Admission,
    own_rows::{self, own_rows},
};

mod projector;

pub use projector::PhotosProjector;
pub(crate) use projector::{follow, past};

/// How far a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum PhotoStatus {
    Requested,
    Generating,
    Delivered,
    Failed,
    Refused,
    Canceled,
}

impl PhotoStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Requested,
        Self::Generating,
        Self::Delivered,
        Self::Failed,
        Self::Refused,
        Self::Canceled,
    ];

    /// The word that stands for it in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Generating => "generating",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Canceled => "canceled",
        }
    }
}

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRow {
    /// Whose fault it is.
    pub class: FailureClass,
    /// In the worker's words.
    pub reason: String,
}

/// A picture, from wish to delivery.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhotoRow {
    /// Its id.
    pub photo_id: PhotoId,
    /// Who asked for it.
    pub owner: UserId,
    /// What it is for.
    pub purpose: Purpose,
    /// What it should show, in the user's words; `[erased]` once the user was forgotten. None for a reference picture.
    pub scene: Option<String>,
    /// How far it is.
    pub status: PhotoStatus,
    /// How many attempts were started.
    pub attempts: u32,
    /// The picture, once it is delivered.
    pub image: Option<Image>,
    /// Why there is none, when it failed.
    pub failure: Option<FailureRow>,
    /// The rules that speak against it, when it was refused.
    pub rules: Vec<String>,
    /// The sequence of the photo request's last event; 0 while only the avatar knows of the wish.
    pub sequence: u64,
    /// The position of the last event that changed the row.
    pub position: Position,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it was delivered.
    pub delivered_at: Option<DateTime<Utc>>,
}

impl<'r> FromRow<'r, PgRow> for PhotoRow {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        let image: Option<Json<Image>> = row.try_get("image")?;
        let failure: Option<Json<FailureRow>> = row.try_get("failure")?;
        Ok(Self {
            photo_id: PhotoId(row.try_get("photo_id")?),
            owner: UserId(row.try_get("owner")?),
            purpose: word(row, "purpose")?,
            scene: row.try_get("scene")?,
            status: word(row, "status")?,
            attempts: number::<i32, _>(row, "attempts")?,
            image: image.map(|Json(image)| image),
            failure: failure.map(|Json(failure)| failure),
            rules: row.try_get("rules")?,
            sequence: number::<i64, _>(row, "sequence")?,
            position: Position(number::<i64, _>(row, "position")?),
            requested_at: row.try_get("requested_at")?,
            delivered_at: row.try_get("delivered_at")?,
        })
    }
}

/// Which of a user's photos; the default is all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the types say it")]
pub struct PhotoFilter {
    pub status: Option<PhotoStatus>,
    pub purpose: Option<Purpose>,
}

/// The last photo of a list's page; the next page begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields of the row")]
pub struct PhotoCursor {
    pub requested_at: DateTime<Utc>,
    pub photo_id: PhotoId,
}

impl From<&PhotoRow> for PhotoCursor {
    fn from(row: &PhotoRow) -> Self {
        Self {
            requested_at: row.requested_at,
            photo_id: row.photo_id,
        }
    }
}

/// One of a user's photos.
///
/// # Errors
/// When the database is away.
pub async fn own(
    pool: &PgPool,
    owner: UserId,
    photo_id: PhotoId,
) -> sqlx::Result<Option<PhotoRow>> {
    sqlx::query_as(own_rows!(
        "SELECT * FROM photos WHERE owner = $1 AND photo_id = $2"
    ))
    .bind(owner.0)
    .bind(photo_id.0)
    .fetch_optional(pool)
    .await
}

/// One photo, whosever it is: for stewards.
///
/// # Errors
/// When the database is away.
pub async fn by_id(pool: &PgPool, photo_id: PhotoId) -> sqlx::Result<Option<PhotoRow>> {
    sqlx::query_as("SELECT * FROM photos WHERE photo_id = $1")
        .bind(photo_id.0)
        .fetch_optional(pool)
        .await
}

/// Those of a user's photos that are there, in no order: a deleted one is missing.
///
/// # Errors
/// When the database is away.
pub async fn own_of_ids(
    pool: &PgPool,
    owner: UserId,
    photo_ids: &[PhotoId],
) -> sqlx::Result<Vec<PhotoRow>> {
    let ids: Vec<Uuid> = photo_ids.iter().map(|id| id.0).collect();
    sqlx::query_as(own_rows!(
        "SELECT * FROM photos WHERE owner = $1 AND photo_id = ANY($2)"
    ))
    .bind(owner.0)
    .bind(ids)
    .fetch_all(pool)
    .await
}

/// The picture of a photo, whosever it is, for whoever has its signed address.
///
/// # Errors
/// When the database is away.
pub async fn picture(pool: &PgPool, photo_id: PhotoId) -> sqlx::Result<Option<Image>> {
    let image: Option<Json<Image>> = sqlx::query_scalar("SELECT picture_of_photo($1)")
        .bind(photo_id.0)
        .fetch_one(pool)
        .await?;
    Ok(image.map(|Json(image)| image))
}

/// A user's photos, newest first, at most `limit` of them.
///
/// # Errors
/// When the database is away.
pub async fn list(
    pool: &PgPool,
    owner: UserId,
    filter: &PhotoFilter,
    before: Option<PhotoCursor>,
    limit: u32,
) -> sqlx::Result<Vec<PhotoRow>> {
    let mut query = own_rows::begin(owner);
    push_page(&mut query, Some(owner), filter, before, limit);
    own_rows::end(&mut query);
    query.build_query_as().fetch_all(pool).await
}

/// Everybody's photos that stand so, newest first, at most `limit` of them.
///
/// # Errors
/// When the database is away.
pub async fn of_everybody(
    pool: &PgPool,
    status: PhotoStatus,
    before: Option<PhotoCursor>,
    limit: u32,
) -> sqlx::Result<Vec<PhotoRow>> {
    let filter = PhotoFilter {
        status: Some(status),
        purpose: None,
    };
    let mut query = QueryBuilder::new("");
    push_page(&mut query, None, &filter, before, limit);
    query.build_query_as().fetch_all(pool).await
}

/// How many photos stand how: those of a user, or everybody's.
///
/// # Errors
/// When the database is away.
pub async fn counts(pool: &PgPool, owner: Option<UserId>) -> sqlx::Result<Vec<(PhotoStatus, u64)>> {
    let mut query = QueryBuilder::new("SELECT status, count(*) AS count FROM photos");
    if let Some(owner) = owner {
        query.push(" WHERE owner = ").push_bind(owner.0);
    }
    query.push(" GROUP BY status");
    let rows = query.build().fetch_all(pool).await?;
    rows.iter()
        .map(|row| Ok((word(row, "status")?, number::<i64, _>(row, "count")?)))
        .collect()
}

/// How many pictures were delivered in each hour since then, oldest first; an hour without any is left out. Those that
/// were deleted since are not counted.
///
/// # Errors
/// When the database is away.
pub async fn deliveries(
    pool: &PgPool,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<(DateTime<Utc>, u64)>> {
    let rows = sqlx::query(
        "SELECT date_trunc('hour', delivered_at, 'UTC') AS hour, count(*) AS count
           FROM photos WHERE delivered_at >= $1 GROUP BY 1 ORDER BY 1",
    )
    .bind(since)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("hour")?, number::<i64, _>(row, "count")?)))
        .collect()
}

/// The same for a reader who must be subscribed, with what the gate asks about, in one question to the database.
///
/// # Errors
/// When the database is away.
pub async fn list_behind_gate(
    pool: &PgPool,
    owner: UserId,
    filter: &PhotoFilter,
    before: Option<PhotoCursor>,
    limit: u32,
) -> sqlx::Result<(Admission, Vec<PhotoRow>)> {
    // Somebody without a row of `subscriptions` has never subscribed, and so sees nothing either way.
    let mut query = own_rows::begin(owner);
    query.push(
        "SELECT gate.status AS gate_status, gate.grace_until AS gate_grace_until,
                gate.customer_id IS NOT NULL AS gate_has_customer, photo.*
           FROM subscriptions gate
           LEFT JOIN (",
    );
    push_page(&mut query, Some(owner), filter, before, limit);
    query
        .push(") photo ON true WHERE gate.owner = ")
        .push_bind(owner.0)
        .push(" ORDER BY photo.requested_at DESC, photo.photo_id DESC");
    own_rows::end(&mut query);
    let rows = query.build().fetch_all(pool).await?;

    let admission = rows.first().map(Admission::from_row).transpose()?;
    let photos = rows.iter().filter_map(|row| {
        let photo_id: sqlx::Result<Option<Uuid>> = row.try_get("photo_id");
        match photo_id {
            Ok(None) => None, // the one row of a user without photos
            Ok(Some(_)) | Err(_) => Some(PhotoRow::from_row(row)),
        }
    });
    Ok((
        admission.unwrap_or_default(),
        photos.collect::<sqlx::Result<_>>()?,
    ))
}

/// One page of a user's photos, or of everybody's. Only the conditions that apply, so that each combination finds its index.
fn push_page(
    query: &mut QueryBuilder<'_, Postgres>,
    owner: Option<UserId>,
    filter: &PhotoFilter,
    before: Option<PhotoCursor>,
    limit: u32,
) {
    query.push("SELECT * FROM photos WHERE true");
    if let Some(owner) = owner {
        query.push(" AND owner = ").push_bind(owner.0);
    }
    if let Some(status) = filter.status {
        query.push(" AND status = ").push_bind(status.as_str());
    }
    if let Some(purpose) = filter.purpose {
        query.push(" AND purpose = ").push_bind(purpose.as_str());
    }
    if let Some(cursor) = before {
        query
            .push(" AND (requested_at, photo_id) < (")
            .push_bind(cursor.requested_at);
        query.push(", ").push_bind(cursor.photo_id.0).push(")");
    }
    query
        .push(" ORDER BY requested_at DESC, photo_id DESC LIMIT ")
        .push_bind(i64::from(limit));
}

/// Whether any photo, whosever it is, has full picture or thumbnail stored under that key.
///
/// # Errors
/// When the database is away.
pub async fn any_stores(pool: &PgPool, key: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT picture_is_stored($1)")
        .bind(key)
        .fetch_one(pool)
        .await
}
