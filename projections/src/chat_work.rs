//! Chat work: the messages that are still to be answered, for the worker to find.
//!
//! A hint, not a promise, as [`crate::photo_work`] is: whoever takes a message on asks the aggregate whether it is
//! still open.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    conversation::{Event, Segment},
    recorded::{AnyEvent, Recorded},
    values::{MessageId, Position, UserId},
};
use sqlx::{FromRow, PgConnection, PgPool, Row, postgres::PgRow};

use crate::{
    columns::{aggregate_id, bigint, column, number, parsed},
    engine::Projector,
    folding::{fold, fold_into},
};

/// A message that is still to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatWorkRow {
    /// The message.
    pub message_id: MessageId,
    /// Who sent it.
    pub owner: UserId,
    /// The day of the conversation that it belongs to.
    pub conversation: Segment,
    /// The position of the event that it was sent by.
    pub position: Position,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
}

impl<'r> FromRow<'r, PgRow> for ChatWorkRow {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            message_id: MessageId(row.try_get("message_id")?),
            owner: UserId(row.try_get("owner")?),
            conversation: parsed(row, "conversation")?,
            position: Position(number::<i64, _>(row, "position")?),
            sent_at: row.try_get("sent_at")?,
        })
    }
}

/// The oldest message of a conversation that is still to be answered.
///
/// # Errors
/// When the database is away.
pub async fn next_of(pool: &PgPool, conversation: &str) -> sqlx::Result<Option<ChatWorkRow>> {
    sqlx::query_as("SELECT * FROM chat_work WHERE conversation = $1 ORDER BY position LIMIT 1")
        .bind(conversation)
        .fetch_optional(pool)
        .await
}

/// How many messages are still to be answered.
///
/// # Errors
/// When the database is away.
pub async fn count(pool: &PgPool) -> sqlx::Result<u64> {
    let row = sqlx::query("SELECT count(*) AS known FROM chat_work")
        .fetch_one(pool)
        .await?;
    number::<i64, _>(&row, "known")
}

/// Writes `chat_work`.
pub struct ChatWorkProjector;

#[async_trait]
impl Projector for ChatWorkProjector {
    fn name(&self) -> &'static str {
        "chat_work"
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["chat_work"]
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        // Each event begins or ends its row, whatever that was before.
        let (rows, removed) = fold(page, BTreeMap::new(), concerned, apply)?.rest();
        store(db, &rows).await?;
        remove(db, &removed).await
    }
}

/// The same to rows in memory.
pub(crate) fn follow(
    rows: &mut BTreeMap<MessageId, ChatWorkRow>,
    page: &[Recorded<AnyEvent>],
) -> sqlx::Result<()> {
    fold_into(rows, page, concerned, |_| true, apply, |row| row.message_id)
}

/// The person's message that an event is about.
fn concerned(recorded: &Recorded<AnyEvent>) -> sqlx::Result<Option<MessageId>> {
    let AnyEvent::Conversation(event) = &recorded.event else {
        return Ok(None);
    };
    let _: Segment = aggregate_id(&recorded.aggregate_id)?;
    Ok(match event {
        Event::MessageSent { message_id, .. }
        | Event::ReplyRecorded { message_id, .. }
        | Event::ReplyFailed { message_id, .. } => Some(*message_id),
        Event::SafetyInterventionShown { message_id, .. } => *message_id,
        Event::PhotoPromised { .. }
        | Event::PhotoAttached { .. }
        | Event::PhotoWithheld { .. }
        | Event::ModeChanged { .. } => None,
    })
}

fn apply(row: Option<ChatWorkRow>, recorded: &Recorded<AnyEvent>) -> Option<ChatWorkRow> {
    let AnyEvent::Conversation(event) = &recorded.event else {
        return row;
    };
    match event {
        // Nobody can answer an erased person's words.
        Event::MessageSent {
            message_id, text, ..
        } => {
            text.known()?;
            Some(ChatWorkRow {
                message_id: *message_id,
                owner: recorded.metadata.owner,
                conversation: recorded.aggregate_id.parse().ok()?,
                position: recorded.position,
                sent_at: recorded.recorded_at,
            })
        }
        Event::ReplyRecorded { .. }
        | Event::ReplyFailed { .. }
        | Event::SafetyInterventionShown { .. } => None,
        Event::PhotoPromised { .. }
        | Event::PhotoAttached { .. }
        | Event::PhotoWithheld { .. }
        | Event::ModeChanged { .. } => row,
    }
}

async fn store(db: &mut PgConnection, rows: &[ChatWorkRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO chat_work (message_id, owner, mode, conversation, position, sent_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[])
         ON CONFLICT (message_id) DO UPDATE SET
             owner = excluded.owner, mode = excluded.mode, conversation = excluded.conversation,
             position = excluded.position, sent_at = excluded.sent_at",
    )
    .bind(column(rows, |row| row.message_id.0))
    .bind(column(rows, |row| row.owner.0))
    .bind(column(rows, |row| row.conversation.mode.as_str()))
    .bind(column(rows, |row| row.conversation.to_string()))
    .bind(column(rows, |row| bigint(row.position.0)))
    .bind(column(rows, |row| row.sent_at))
    .execute(db)
    .await?;
    Ok(())
}

async fn remove(db: &mut PgConnection, ids: &[MessageId]) -> sqlx::Result<()> {
    if !ids.is_empty() {
        sqlx::query("DELETE FROM chat_work WHERE message_id = ANY($1)")
            .bind(column(ids, |id| id.0))
            .execute(db)
            .await?;
    }
    Ok(())
}
