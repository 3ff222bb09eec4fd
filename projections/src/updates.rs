//! Updates: what changed for whom, at which position, so that a client can be told and can resume.

use std::borrow::Cow;

use async_trait::async_trait;
use domain::{
    avatar, conversation, photo_request,
    recorded::{AnyEvent, Recorded},
    subscription,
    values::{PhotoId, Position, UserId},
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, PgPool, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    columns::{aggregate_id, bigint, column, number, word},
    copying::{Rows, WORTHWHILE},
    engine::Projector,
    own_rows::own_rows,
};

/// Which kind of resource changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum UpdateKind {
    Avatar,
    Photo,
    Message,
    Chat,
    Subscription,
}

impl UpdateKind {
    /// The word that stands for it in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Avatar => "avatar",
            Self::Photo => "photo",
            Self::Message => "message",
            Self::Chat => "chat",
            Self::Subscription => "subscription",
        }
    }
}

/// Something that a user sees has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The event that changed it.
    pub position: Position,
    /// Which kind of resource.
    pub kind: UpdateKind,
    /// The photo's id; for a message its own id, or that of the picture that it shows; for an avatar, a chat and a
    /// subscription, of which a user has one, the stream's id.
    pub resource_id: String,
}

impl<'r> FromRow<'r, PgRow> for Update {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            position: Position(number::<i64, _>(row, "position")?),
            kind: word(row, "kind")?,
            resource_id: row.try_get("resource_id")?,
        })
    }
}

/// What changed for a user after a position, oldest first, at most `limit` of it.
///
/// # Errors
/// When the database is away.
pub async fn after(
    pool: &PgPool,
    owner: UserId,
    position: Position,
    limit: u32,
) -> sqlx::Result<Vec<Update>> {
    sqlx::query_as(own_rows!(
        "SELECT position, kind, resource_id FROM updates
          WHERE owner = $1 AND position > $2 ORDER BY position LIMIT $3"
    ))
    .bind(owner.0)
    .bind(position.0.cast_signed())
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
}

/// Where resources of that kind changed for a user after a position, oldest first, at most `limit` of it.
///
/// # Errors
/// When the database is away.
pub async fn of_kind(
    pool: &PgPool,
    owner: UserId,
    kind: UpdateKind,
    position: Position,
    limit: u32,
) -> sqlx::Result<Vec<Position>> {
    let positions: Vec<i64> = sqlx::query_scalar(own_rows!(
        "SELECT position FROM updates
          WHERE owner = $1 AND position > $2 AND kind = $3 ORDER BY position LIMIT $4"
    ))
    .bind(owner.0)
    .bind(position.0.cast_signed())
    .bind(kind.as_str())
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    let position = |position: i64| Position(position.cast_unsigned());
    Ok(positions.into_iter().map(position).collect())
}

/// Every photo of a user's that ever changed up to and including a position, also those that were deleted since.
///
/// # Errors
/// When the database is away, or the table names something that is no photo.
pub async fn photos(pool: &PgPool, owner: UserId, upto: Position) -> sqlx::Result<Vec<PhotoId>> {
    let ids: Vec<String> = sqlx::query_scalar(own_rows!(
        "SELECT DISTINCT resource_id FROM updates WHERE owner = $1 AND position <= $2 AND kind = $3"
    ))
    .bind(owner.0)
    .bind(upto.0.cast_signed())
    .bind(UpdateKind::Photo.as_str())
    .fetch_all(pool)
    .await?;
    ids.iter().map(|id| aggregate_id(id)).collect()
}

/// For whom anything changed after one position, up to and including another.
///
/// # Errors
/// When the database is away.
pub async fn owners_between(
    pool: &PgPool,
    after: Position,
    upto: Position,
) -> sqlx::Result<Vec<UserId>> {
    let owners: Vec<Uuid> = sqlx::query_scalar("SELECT owners_with_updates($1, $2)")
        .bind(after.0.cast_signed())
        .bind(upto.0.cast_signed())
        .fetch_all(pool)
        .await?;
    Ok(owners.into_iter().map(UserId).collect())
}

/// Writes `updates`.
pub struct UpdatesProjector;

struct UpdateRow<'a> {
    position: Position,
    owner: UserId,
    kind: UpdateKind,
    resource_id: Cow<'a, str>,
}

#[async_trait]
impl Projector for UpdatesProjector {
    fn name(&self) -> &'static str {
        "updates"
    }

    fn version(&self) -> i32 {
        2
    }

    fn tables(&self) -> &'static [&'static str] {
        &["updates"]
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        let rows: Vec<_> = page
            .iter()
            .filter_map(|recorded| {
                let (kind, resource) = changed(recorded)?;
                Some(UpdateRow {
                    position: recorded.position,
                    owner: recorded.metadata.owner,
                    kind,
                    resource_id: match resource {
                        Resource::Stream => Cow::Borrowed(&recorded.aggregate_id),
                        Resource::Named(id) => Cow::Owned(id.to_string()),
                    },
                })
            })
            .collect();
        if rows.len() >= WORTHWHILE {
            copy(db, &rows).await?;
        } else if !rows.is_empty() {
            sqlx::query(
                "INSERT INTO updates (position, owner, kind, resource_id)
                 SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[])",
            )
            .bind(column(&rows, |row| bigint(row.position.0)))
            .bind(column(&rows, |row| row.owner.0))
            .bind(column(&rows, |row| row.kind.as_str()))
            .bind(column(&rows, |row| row.resource_id.as_ref()))
            .execute(db)
            .await?;
        }
        Ok(())
    }
}

async fn copy(db: &mut PgConnection, rows: &[UpdateRow<'_>]) -> sqlx::Result<()> {
    let rows = Rows::of(rows, |row, columns| {
        columns.bigint(bigint(row.position.0));
        columns.uuid(row.owner.0);
        columns.text(row.kind.as_str());
        columns.text(&row.resource_id);
    })?;
    rows.copy_into(db, "updates (position, owner, kind, resource_id)")
        .await
}

/// Which one of a kind.
enum Resource {
    /// The one that the stream is named after.
    Stream,
    /// The one of that id.
    Named(Uuid),
}

/// The resource whose sight an event changes.
fn changed(recorded: &Recorded<AnyEvent>) -> Option<(UpdateKind, Resource)> {
    let kind = match &recorded.event {
        AnyEvent::Avatar(event) => Some(avatar_changed(event)),
        AnyEvent::PhotoRequest(event) => photo_changed(event),
        AnyEvent::Subscription(event) => subscription_changed(event),
        AnyEvent::Conversation(event) => {
            return Some(conversation_changed(event, recorded.event_id));
        }
        // What these tell of, nobody waits for.
        AnyEvent::Conduct(_)
        | AnyEvent::Report(_)
        | AnyEvent::Person(_)
        | AnyEvent::Stewardship(_) => None,
    };
    kind.map(|kind| (kind, Resource::Stream))
}

const fn conversation_changed(
    event: &conversation::Event,
    event_id: Uuid,
) -> (UpdateKind, Resource) {
    let named = match event {
        conversation::Event::MessageSent { message_id, .. } => message_id.0,
        conversation::Event::ReplyRecorded { reply_id, .. }
        | conversation::Event::PhotoPromised { reply_id, .. } => reply_id.0,
        conversation::Event::PhotoAttached { photo_id } => photo_id.0,
        // What the service says has the event's id.
        conversation::Event::ReplyFailed { .. }
        | conversation::Event::SafetyInterventionShown { .. }
        | conversation::Event::PhotoWithheld { .. } => event_id,
        conversation::Event::ModeChanged { .. } => return (UpdateKind::Chat, Resource::Stream),
    };
    (UpdateKind::Message, Resource::Named(named))
}

const fn avatar_changed(event: &avatar::Event) -> UpdateKind {
    match event {
        // A wish for a reference picture changes a photo as well; `PhotoRequested` tells of it a moment later.
        avatar::Event::AvatarCreated { .. }
        | avatar::Event::ProfileChanged { .. }
        | avatar::Event::ReferenceImageRequested { .. }
        | avatar::Event::ReferenceImageReady { .. }
        | avatar::Event::ReferenceImageFailed { .. }
        | avatar::Event::ReferenceImageApproved { .. } => UpdateKind::Avatar,
    }
}

const fn photo_changed(event: &photo_request::Event) -> Option<UpdateKind> {
    match event {
        photo_request::Event::PhotoRequested { .. }
        | photo_request::Event::PhotoRefused { .. }
        | photo_request::Event::GenerationStarted { .. }
        | photo_request::Event::PhotoDelivered { .. }
        | photo_request::Event::PhotoFailed { .. }
        | photo_request::Event::PhotoCanceled
        | photo_request::Event::PhotoReopened { .. }
        | photo_request::Event::PhotoDeleted => Some(UpdateKind::Photo),
        // Between the worker and the provider.
        photo_request::Event::PredictionAccepted { .. }
        | photo_request::Event::AttemptFailed { .. } => None,
    }
}

const fn subscription_changed(event: &subscription::Event) -> Option<UpdateKind> {
    match event {
        subscription::Event::SubscriptionActivated { .. }
        | subscription::Event::SubscriptionRenewed { .. }
        | subscription::Event::PlanChanged { .. }
        | subscription::Event::RenewalFailed { .. }
        | subscription::Event::PaymentRecovered { .. }
        | subscription::Event::SubscriptionEnded { .. }
        | subscription::Event::GraceStarted { .. }
        | subscription::Event::CancellationScheduled { .. }
        | subscription::Event::CancellationRevoked
        | subscription::Event::PhotoReserved { .. }
        | subscription::Event::PhotoReleased { .. } => Some(UpdateKind::Subscription),
        // The provider's bookkeeping: what a user sees stays the same.
        subscription::Event::CheckoutStarted { .. }
        | subscription::Event::CheckoutClosed { .. }
        | subscription::Event::SnapshotRecorded { .. }
        | subscription::Event::PaymentFailed { .. }
        | subscription::Event::PaymentRefunded { .. }
        | subscription::Event::PaymentDisputed { .. }
        | subscription::Event::CancellationExplained { .. } => None,
    }
}
