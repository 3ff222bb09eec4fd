//! Conversations' events → `messages` and `chats`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    conversation::{Event, Mode, Segment},
    recorded::{AnyEvent, Recorded},
    values::{MessageId, Position, UserId},
};
use sqlx::PgConnection;

use super::{COLUMNS, MessageRow, Notice, Speaker};
use crate::{
    columns::{aggregate_id, bigint, column, optional_json_column, storable},
    copying::{Row, Rows},
    engine::Projector,
    folding::{fold, touched},
};

/// Writes `messages` and `chats`.
pub struct MessagesProjector;

/// The mode that a person has turned to.
struct ChatRow {
    owner: UserId,
    mode: Mode,
    position: Position,
}

#[async_trait]
impl Projector for MessagesProjector {
    fn name(&self) -> &'static str {
        "messages"
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["messages", "chats"]
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        let known = load(db, &touched(page, concerned, begins)?).await?;
        let mut folded = fold(page, known, concerned, apply)?;
        copy(db, &folded.take_copied()).await?;
        // What was said stays: no event takes a row away.
        let (rows, _) = folded.rest();
        store(db, &rows).await?;
        store_chats(db, page).await
    }
}

/// The message that an event is about.
fn concerned(recorded: &Recorded<AnyEvent>) -> sqlx::Result<Option<MessageId>> {
    let AnyEvent::Conversation(event) = &recorded.event else {
        return Ok(None);
    };
    // Each row says to which day it belongs: a stream that names none is nothing to follow.
    let _: Segment = aggregate_id(&recorded.aggregate_id)?;
    Ok(match event {
        Event::MessageSent { message_id, .. } => Some(*message_id),
        Event::ReplyRecorded { reply_id, .. } | Event::PhotoPromised { reply_id, .. } => {
            Some(*reply_id)
        }
        Event::ReplyFailed { .. }
        | Event::SafetyInterventionShown { .. }
        | Event::PhotoWithheld { .. } => Some(MessageId(recorded.event_id)),
        // The photo itself shows that it is there.
        Event::PhotoAttached { .. } | Event::ModeChanged { .. } => None,
    })
}

/// Every event but the promise begins a message.
const fn begins(recorded: &Recorded<AnyEvent>) -> bool {
    !matches!(
        recorded.event,
        AnyEvent::Conversation(Event::PhotoPromised { .. })
    )
}

fn apply(row: Option<MessageRow>, recorded: &Recorded<AnyEvent>) -> Option<MessageRow> {
    let AnyEvent::Conversation(event) = &recorded.event else {
        return row;
    };
    if let Event::PhotoPromised { promise, .. } = event {
        return Some(MessageRow {
            photo_id: Some(promise.photo_id),
            ..row?
        });
    }
    begun(event, recorded)
}

/// The message that begins with an event.
fn begun(event: &Event, recorded: &Recorded<AnyEvent>) -> Option<MessageRow> {
    let conversation = recorded.aggregate_id.parse().ok()?;
    let message = |message_id, speaker| empty(message_id, speaker, conversation, recorded);
    let told = |notice| MessageRow {
        notice: Some(notice),
        ..message(MessageId(recorded.event_id), Speaker::System)
    };
    match event {
        Event::MessageSent {
            message_id, text, ..
        } => Some(MessageRow {
            text: Some(storable(&text.to_string())),
            ..message(*message_id, Speaker::User)
        }),
        Event::ReplyRecorded {
            message_id,
            reply_id,
            text,
            declined,
            ..
        } => Some(MessageRow {
            notice: declined.map(Notice::Declined),
            text: text.as_ref().map(|text| storable(&text.to_string())),
            in_reply_to: Some(*message_id),
            ..message(*reply_id, Speaker::Avatar)
        }),
        Event::ReplyFailed {
            message_id, reason, ..
        } => Some(MessageRow {
            in_reply_to: Some(*message_id),
            ..told(Notice::ReplyFailed(*reason))
        }),
        Event::SafetyInterventionShown {
            message_id,
            intervention,
        } => Some(MessageRow {
            text: Some(storable(&intervention.text.to_string())),
            in_reply_to: *message_id,
            ..told(Notice::Shown(intervention.kind))
        }),
        Event::PhotoWithheld { reason, .. } => Some(told(Notice::PhotoWithheld(*reason))),
        Event::PhotoPromised { .. } | Event::PhotoAttached { .. } | Event::ModeChanged { .. } => {
            None
        }
    }
}

const fn empty(
    message_id: MessageId,
    speaker: Speaker,
    conversation: Segment,
    recorded: &Recorded<AnyEvent>,
) -> MessageRow {
    MessageRow {
        message_id,
        owner: recorded.metadata.owner,
        conversation,
        speaker,
        text: None,
        notice: None,
        in_reply_to: None,
        photo_id: None,
        position: recorded.position,
        created_at: recorded.recorded_at,
    }
}

async fn load(
    db: &mut PgConnection,
    ids: &[MessageId],
) -> sqlx::Result<BTreeMap<MessageId, MessageRow>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let select = format!("SELECT {COLUMNS} FROM messages WHERE message_id = ANY($1)");
    let rows: Vec<MessageRow> = sqlx::query_as(&select)
        .bind(column(ids, |id| id.0))
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.message_id, row)).collect())
}

/// Writes many rows of which none is there yet.
async fn copy(db: &mut PgConnection, rows: &[MessageRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = Rows::of(rows, |row, columns| {
        columns.uuid(row.message_id.0);
        columns.uuid(row.owner.0);
        columns.text(&row.conversation.to_string());
        columns.text(row.conversation.mode.as_str());
        columns.text(row.speaker.as_str());
        columns.optional(row.text.as_deref(), Row::text);
        columns.optional(row.notice.as_ref(), Row::json);
        columns.optional(row.in_reply_to.map(|id| id.0), Row::uuid);
        columns.optional(row.photo_id.map(|id| id.0), Row::uuid);
        columns.bigint(bigint(row.position.0));
        columns.time(row.created_at);
    })?;
    rows.copy_into(
        db,
        "messages (message_id, owner, conversation, mode, role, text, notice, in_reply_to, photo_id, position,
                   created_at)",
    )
    .await
}

async fn store(db: &mut PgConnection, rows: &[MessageRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO messages (message_id, owner, conversation, mode, role, text, notice, in_reply_to, photo_id,
                               position, created_at)
         SELECT message_id, owner, conversation, mode, role, text, notice::json, in_reply_to, photo_id, position,
                created_at
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                       $8::uuid[], $9::uuid[], $10::bigint[], $11::timestamptz[])
                AS r (message_id, owner, conversation, mode, role, text, notice, in_reply_to, photo_id, position,
                      created_at)
         ON CONFLICT (message_id) DO UPDATE SET
             owner = excluded.owner, conversation = excluded.conversation, mode = excluded.mode,
             role = excluded.role, text = excluded.text, notice = excluded.notice,
             in_reply_to = excluded.in_reply_to, photo_id = excluded.photo_id,
             position = excluded.position, created_at = excluded.created_at",
    )
    .bind(column(rows, |row| row.message_id.0))
    .bind(column(rows, |row| row.owner.0))
    .bind(column(rows, |row| row.conversation.to_string()))
    .bind(column(rows, |row| row.conversation.mode.as_str()))
    .bind(column(rows, |row| row.speaker.as_str()))
    .bind(column(rows, |row| row.text.as_deref()))
    .bind(optional_json_column(rows, |row| row.notice.as_ref())?)
    .bind(column(rows, |row| row.in_reply_to.map(|id| id.0)))
    .bind(column(rows, |row| row.photo_id.map(|id| id.0)))
    .bind(column(rows, |row| bigint(row.position.0)))
    .bind(column(rows, |row| row.created_at))
    .execute(db)
    .await?;
    Ok(())
}

/// Of the modes that a person turned to, the last one counts.
async fn store_chats(db: &mut PgConnection, page: &[Recorded<AnyEvent>]) -> sqlx::Result<()> {
    let mut chats = BTreeMap::new();
    for recorded in page {
        if let AnyEvent::Conversation(Event::ModeChanged { mode }) = &recorded.event {
            let chat = ChatRow {
                owner: recorded.metadata.owner,
                mode: *mode,
                position: recorded.position,
            };
            chats.insert(chat.owner, chat);
        }
    }
    if chats.is_empty() {
        return Ok(());
    }
    let chats: Vec<ChatRow> = chats.into_values().collect();
    sqlx::query(
        "INSERT INTO chats (owner, mode, position)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[])
         ON CONFLICT (owner) DO UPDATE SET mode = excluded.mode, position = excluded.position",
    )
    .bind(column(&chats, |row| row.owner.0))
    .bind(column(&chats, |row| row.mode.as_str()))
    .bind(column(&chats, |row| bigint(row.position.0)))
    .execute(db)
    .await?;
    Ok(())
}
