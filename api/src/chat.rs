//! The chat: say something, read what was said, turn to another mode.

mod list;
mod resource;

use actix_web::{HttpResponse, get, http::StatusCode, patch, post, web::Data};
use application::context::{Context, Intervening, Seen};
use domain::{
    conversation::{Event, Mode},
    recorded::AnyEvent,
    values::{Invalid, MessageId, MessageText, Position, UserId},
};
use projections::{
    messages,
    updates::{self, UpdateKind},
};
use serde::Deserialize;
use serde_json::Value;
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use list::list_messages;
pub(crate) use resource::{Chat, Message, ModeWord};

use crate::{
    app::State,
    body,
    command::CommandRequest,
    documentation::{CommandHeaders, ConditionalHeaders, ReadHeaders},
    examples,
    idempotency::{Executed, once},
    positions,
    problem::{BODY, COMMAND, Code, GATE, Problem, READ, SIGNED_IN, problems},
    read::ReadRequest,
    reply::Reply,
};

/// The most events that a 412 lists.
const INTERVENING: u32 = 100;

/// Something that the person says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewMessage {
    /// In the person's words.
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
}

/// How the companion should behave from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct ChatChanges {
    #[schema(value_type = ModeWord)]
    mode: String,
}

problems!(
    SendProblems = SIGNED_IN,
    COMMAND,
    BODY,
    GATE,
    &[Code::AvatarNotReady, Code::ContentCoolDown]
);

/// Say something.
///
/// In the mode of `GET /chat`. The reply arrives through `/updates`, word by word as `message-delta` and then as a
/// `message`; a picture that it promises is in the message's `photo` at once and is drawn while the talk goes on. What the
/// rules about content do not let the companion answer is taken, too: then a `system` message says what to do instead, and
/// where help is.
#[utoipa::path(
    tag = "Chat",
    params(CommandHeaders),
    request_body(content = NewMessage, example = examples::new_message),
    responses(
        (status = 202, description = "The message; `/updates` tells the reply.", headers(
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Message, example = examples::message),
        SendProblems,
    ),
)]
#[post("/chat/messages")]
pub(crate) async fn send_message(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let mut fields = request.fields()?;
    let text = fields.required("text", body::text::<MessageText>);
    fields.finish()?;
    let text = text.ok_or_else(|| Problem::plain(Code::InvalidBody))?;
    let user = request.caller.user;
    let execute = async |context| {
        let chat = admitted(&app, user).await?;
        let message_id = MessageId(Uuid::now_v7());
        let conversations = &app.conversations;
        let receipt = conversations
            .send(context, message_id, chat.mode, text)
            .await?;
        Ok(Executed::of(&receipt, message_id))
    };
    let answer = async |executed| taken(&app, user, executed).await;
    let context = request.unconditional_context();
    once(&app, &request, context, execute, answer).await
}

problems!(GetProblems = SIGNED_IN, READ, GATE);

/// Show the chat.
///
/// How the companion behaves, what has to be shown beside the conversation, and which messages wait for their reply.
#[utoipa::path(
    tag = "Chat",
    params(ReadHeaders),
    responses(
        (status = 200, description = "The chat.", headers(
            ("ETag" = String, description = "The version of the mode, for `If-Match`."),
        ), body = Chat, example = examples::chat),
        GetProblems,
    ),
)]
#[get("/chat")]
pub(crate) async fn get_chat(
    app: Data<State>,
    request: ReadRequest,
) -> Result<HttpResponse, Problem> {
    let user = request.user;
    let stands = async |pool: &PgPool| messages::chat_behind_gate(pool, user).await;
    let asked = request.ask(&app, positions::CHAT, stands);
    let (admission, chat) = asked.await?;
    app.admit(&admission)?;
    Ok(shown(chat)?.respond())
}

problems!(
    ChangeProblems = SIGNED_IN,
    COMMAND,
    BODY,
    GATE,
    &[Code::PreconditionFailed]
);

/// Turn to a mode.
///
/// The companion behaves so from the next message on. Each mode has its own conversation; what was said in one is not
/// known in the other. Only in `intimate` it sends pictures.
#[utoipa::path(
    tag = "Chat",
    params(ConditionalHeaders),
    request_body(content = ChatChanges, example = examples::chat_changes),
    responses(
        (status = 200, description = "The chat as it is now.", headers(
            ("ETag" = String, description = "The version of the mode."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached; 0 for somebody who stays in the first mode."),
        ), body = Chat, example = examples::intimate_chat),
        ChangeProblems,
    ),
)]
#[patch("/chat")]
pub(crate) async fn change_chat(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let mut fields = request.fields()?;
    let mode = fields.required("mode", mode);
    fields.finish()?;
    let mode = mode.ok_or_else(|| Problem::plain(Code::InvalidBody))?;
    let user = request.caller.user;
    let execute = async |context: Context| {
        let chat = admitted(&app, user).await?;
        unchanged_since(&app, user, &chat, context.if_match.as_ref()).await?;
        if chat.mode == mode {
            return Ok(Executed::Now {
                position: chat.position,
                made: (),
            });
        }
        // The mode's version is no stream's sequence: it was compared above.
        let context = Context {
            if_match: None,
            ..context
        };
        Ok(app.conversations.change_mode(context, mode).await?.into())
    };
    let answer = async |executed: Executed| {
        app.seen(positions::CHAT, executed.position()).await?;
        let (_, chat) = messages::chat_behind_gate(&app.pool, user).await?;
        Ok(shown(chat)?.at(executed.position()))
    };
    once(&app, &request, request.context(), execute, answer).await
}

fn mode(value: &Value) -> Result<Mode, Invalid> {
    let known = |text| Mode::ALL.into_iter().find(|mode| mode.as_str() == text);
    let found = value.as_str().and_then(known);
    found.ok_or_else(|| Invalid("must be friendly or intimate".to_owned()))
}

/// Where somebody stands in the chat whom the gate lets pass.
async fn admitted(app: &State, user: UserId) -> Result<messages::Chat, Problem> {
    let (admission, chat) = messages::chat_behind_gate(&app.pool, user).await?;
    app.admit(&admission)?;
    Ok(chat)
}

/// Says no when the mode is not the one that the caller saw.
async fn unchanged_since(
    app: &State,
    user: UserId,
    chat: &messages::Chat,
    seen: Option<&Seen>,
) -> Result<(), Problem> {
    let Some(seen) = seen.filter(|seen| !seen.holds(chat.position.0)) else {
        return Ok(());
    };
    // A version that never was is older than any.
    let seen = Position(seen.newest_before(chat.position.0).unwrap_or(0));
    let changes = updates::of_kind(&app.pool, user, UpdateKind::Chat, seen, INTERVENING).await?;
    let mut intervening = Vec::new();
    for position in changes {
        let event = app.log.event_of(user, position).await?;
        intervening.extend(event.map(|recorded| Intervening {
            position: recorded.position,
            event_type: recorded.event.event_type(),
            recorded_at: recorded.recorded_at,
        }));
    }
    Err(Problem::precondition_failed(intervening))
}

fn shown(chat: messages::Chat) -> Result<Reply, Problem> {
    let version = chat.position.0;
    Ok(Reply::json(StatusCode::OK, &Chat::of(chat))?.etag(version))
}

/// The answer to something that was said.
async fn taken(app: &State, user: UserId, executed: Executed<MessageId>) -> Result<Reply, Problem> {
    let position = executed.position();
    let message_id = match executed {
        Executed::Now { made, .. } => made,
        Executed::Earlier { .. } => message_sent_at(app, user, position).await?,
    };
    app.seen(positions::MESSAGE, position).await?;
    let message = messages::by_id(&app.pool, user, message_id).await?;
    // It was recorded, and the read model has seen it.
    let message = message.ok_or_else(|| Problem::plain(Code::InternalError))?;
    let reply = Reply::json(StatusCode::ACCEPTED, &Message::of(message, &app.signer()))?;
    Ok(reply.at(position))
}

/// Which message the append was about whose last event has that position.
async fn message_sent_at(
    app: &State,
    user: UserId,
    position: Position,
) -> Result<MessageId, Problem> {
    let recorded = app.log.event_of(user, position).await?;
    match recorded.map(|recorded| recorded.event) {
        Some(AnyEvent::Conversation(
            Event::MessageSent { message_id, .. }
            | Event::SafetyInterventionShown {
                message_id: Some(message_id),
                ..
            },
        )) => Ok(message_id),
        // An idempotency key is claimed in the append of the message itself: nothing else can stand there.
        Some(_) | None => Err(Problem::plain(Code::InternalError)),
    }
}
