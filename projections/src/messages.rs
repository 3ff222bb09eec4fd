//! Messages: what people and their companions said to each other, and the mode that a person has turned to.

use chrono::{DateTime, Utc};
use domain::{
    conversation::{Decline, FailureReason, InterventionKind, Mode, Segment, WithheldReason},
    values::{MessageId, PhotoId, Position, UserId},
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use crate::{
    columns::{number, optional_word, parsed, word},
    gate::Admission,
    own_rows::{self, own_rows},
    photos::PhotoRow,
};

mod projector;

pub use projector::MessagesProjector;

/// The mode of somebody who never turned to one.
pub const FIRST_MODE: Mode = Mode::Friendly;

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The person.
    User,
    /// The companion.
    Avatar,
    /// The service itself.
    System,
}

impl Speaker {
    /// The word that stands for it in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Avatar => "avatar",
            Self::System => "system",
        }
    }
}

/// What there is to know of a message beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// For the person's safety; the words are on record.
    Shown(InterventionKind),
    /// There is no reply.
    ReplyFailed(FailureReason),
    /// A promised picture does not come.
    PhotoWithheld(WithheldReason),
    /// The companion wanted to send a picture and cannot.
    Declined(Decline),
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// The message's own id; for what the service says, the id of the event that says it.
    pub message_id: MessageId,
    /// Whose conversation it is.
    pub owner: UserId,
    /// The day of the conversation that it belongs to.
    pub conversation: Segment,
    /// Who says it.
    pub speaker: Speaker,
    /// The words; `[erased]` once the person was forgotten. None when there are none, or when a [`Notice`] stands for them.
    pub text: Option<String>,
    /// Why the service says it, or why a picture is not promised in it.
    pub notice: Option<Notice>,
    /// The person's message that it answers.
    pub in_reply_to: Option<MessageId>,
    /// The picture that was promised in it.
    pub photo_id: Option<PhotoId>,
    /// The position of the event that it began with: its place in the conversation.
    pub position: Position,
    /// When that event was recorded.
    pub created_at: DateTime<Utc>,
}

/// A message with the picture that was promised in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The message.
    pub row: MessageRow,
    /// The picture, unless none was promised or it was deleted.
    pub photo: Option<PhotoRow>,
}

impl<'r> FromRow<'r, PgRow> for MessageRow {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        let notice: Option<Json<Notice>> = row.try_get("notice")?;
        let in_reply_to: Option<Uuid> = row.try_get("in_reply_to")?;
        let photo_id: Option<Uuid> = row.try_get("message_photo_id")?;
        Ok(Self {
            message_id: MessageId(row.try_get("message_id")?),
            owner: UserId(row.try_get("message_owner")?),
            conversation: parsed(row, "conversation")?,
            speaker: word(row, "role")?,
            text: row.try_get("text")?,
            notice: notice.map(|Json(notice)| notice),
            in_reply_to: in_reply_to.map(MessageId),
            photo_id: photo_id.map(PhotoId),
            position: Position(number::<i64, _>(row, "message_position")?),
            created_at: row.try_get("created_at")?,
        })
    }
}

impl<'r> FromRow<'r, PgRow> for Message {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        let photo: Option<Uuid> = row.try_get("photo_id")?;
        Ok(Self {
            row: MessageRow::from_row(row)?,
            photo: photo.map(|_| PhotoRow::from_row(row)).transpose()?,
        })
    }
}

/// The columns of a message, named apart from those of a photo.
const COLUMNS: &str = "message_id, owner AS message_owner, conversation, role, text, notice, in_reply_to, \
     photo_id AS message_photo_id, position AS message_position, created_at";

/// One of the owner's messages.
///
/// # Errors
/// When the database is away.
pub async fn by_id(
    pool: &PgPool,
    owner: UserId,
    message_id: MessageId,
) -> sqlx::Result<Option<Message>> {
    let messages = about(pool, owner, &[message_id.0]).await?;
    Ok(messages.into_iter().next())
}

/// The owner's messages that have one of these ids, or show the picture of one of these ids; in no order.
///
/// # Errors
/// When the database is away.
pub async fn about(pool: &PgPool, owner: UserId, ids: &[Uuid]) -> sqlx::Result<Vec<Message>> {
    // Two conditions with an index each: one `OR` over both would have none.
    sqlx::query_as(&own_rows::around(&format!(
        "SELECT message.*, photo.*
           FROM (SELECT {COLUMNS} FROM messages WHERE message_id = ANY($2) AND owner = $1
                 UNION ALL
                 SELECT {COLUMNS} FROM messages
                  WHERE photo_id = ANY($2) AND owner = $1 AND message_id <> ALL($2)) message
           LEFT JOIN photos photo ON photo.photo_id = message.message_photo_id"
    )))
    .bind(owner.0)
    .bind(ids)
    .fetch_all(pool)
    .await
}

/// A reader's messages, newest first, at most `limit` of them, with what the gate asks about; all of one question.
///
/// # Errors
/// When the database is away.
pub async fn list_behind_gate(
    pool: &PgPool,
    owner: UserId,
    mode: Option<Mode>,
    before: Option<Position>,
    limit: u32,
) -> sqlx::Result<(Admission, Vec<Message>)> {
    // Somebody without a row of `subscriptions` may still talk where nobody has to pay.
    let mut query = own_rows::begin(owner);
    query.push(
        "SELECT gate.status AS gate_status, gate.grace_until AS gate_grace_until,
                gate.customer_id IS NOT NULL AS gate_has_customer, message.*, photo.*
           FROM (SELECT $1::uuid AS reader) reader LEFT JOIN subscriptions gate ON gate.owner = reader.reader LEFT JOIN (",
    );
    push_page(&mut query, owner, mode, before, limit);
    query.push(
        ") message ON true LEFT JOIN photos photo ON photo.photo_id = message.message_photo_id
          ORDER BY message.message_position DESC",
    );
    own_rows::end(&mut query);
    let rows = query.build().fetch_all(pool).await?;
    let admission = rows.first().map(Admission::from_row).transpose()?;
    let messages = rows.iter().filter_map(|row| {
        let message_id: sqlx::Result<Option<Uuid>> = row.try_get("message_id");
        match message_id {
            Ok(None) => None, // the one row of a reader without messages
            Ok(Some(_)) | Err(_) => Some(Message::from_row(row)),
        }
    });
    Ok((
        admission.unwrap_or_default(),
        messages.collect::<sqlx::Result<_>>()?,
    ))
}

/// One page of messages. Only the conditions that apply, so that each combination finds its index.
fn push_page(
    query: &mut QueryBuilder<'_, Postgres>,
    owner: UserId,
    mode: Option<Mode>,
    before: Option<Position>,
    limit: u32,
) {
    query.push("SELECT ").push(COLUMNS);
    query.push(" FROM messages WHERE owner = ");
    query.push_bind(owner.0);
    if let Some(mode) = mode {
        query.push(" AND mode = ").push_bind(mode.as_str());
    }
    if let Some(Position(before)) = before {
        query
            .push(" AND position < ")
            .push_bind(before.cast_signed());
    }
    query
        .push(" ORDER BY position DESC LIMIT ")
        .push_bind(i64::from(limit));
}

/// Where the person stands in the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// The mode that the person has turned to.
    pub mode: Mode,
    /// The position of the event by which they did; 0 when they never did.
    pub position: Position,
    /// What the companion is called, when there is one.
    pub companion: Option<String>,
    /// The messages of that mode that are still to be answered, oldest first.
    pub unanswered: Vec<MessageId>,
}

impl<'r> FromRow<'r, PgRow> for Chat {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        let mode = optional_word(row, "chat_mode")?;
        let position: Option<i64> = row.try_get("chat_position")?;
        let unanswered: Vec<Uuid> = row.try_get("unanswered")?;
        Ok(Self {
            mode: mode.unwrap_or(FIRST_MODE),
            position: Position(position.unwrap_or_default().cast_unsigned()),
            companion: row.try_get("companion")?,
            unanswered: unanswered.into_iter().map(MessageId).collect(),
        })
    }
}

/// Where a reader stands in the chat, with what the gate asks about; all of one question.
///
/// # Errors
/// When the database is away.
pub async fn chat_behind_gate(pool: &PgPool, owner: UserId) -> sqlx::Result<(Admission, Chat)> {
    let row = sqlx::query(own_rows!(
        "SELECT gate.status AS gate_status, gate.grace_until AS gate_grace_until,
                gate.customer_id IS NOT NULL AS gate_has_customer,
                chat.mode AS chat_mode, chat.position AS chat_position, avatar.name AS companion,
                ARRAY(SELECT work.message_id FROM chat_work work
                       WHERE work.owner = $1 AND work.mode = coalesce(chat.mode, $2)
                       ORDER BY work.position) AS unanswered
           FROM (SELECT $1::uuid AS reader) reader
           LEFT JOIN subscriptions gate ON gate.owner = reader.reader
           LEFT JOIN chats chat ON chat.owner = reader.reader
           LEFT JOIN avatars avatar ON avatar.owner = reader.reader"
    ))
    .bind(owner.0)
    .bind(FIRST_MODE.as_str())
    .fetch_one(pool)
    .await?;
    Ok((Admission::from_row(&row)?, Chat::from_row(&row)?))
}

/// The day of a conversation in which a picture was promised; none for a picture that was not asked for in the chat.
///
/// # Errors
/// When the database is away.
pub async fn conversation_of_photo(
    pool: &PgPool,
    photo_id: PhotoId,
) -> sqlx::Result<Option<Segment>> {
    let row = sqlx::query("SELECT conversation FROM messages WHERE photo_id = $1")
        .bind(photo_id.0)
        .fetch_optional(pool)
        .await?;
    row.map(|row| parsed(&row, "conversation")).transpose()
}
