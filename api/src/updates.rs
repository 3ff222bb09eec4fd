//! What changes for a person, as it changes: server-sent events that resume exactly.

mod delta;
mod feed;
mod pulse;

use actix_web::{HttpRequest, HttpResponse, get, http::header, web::Data};
use serde::Deserialize;
use utoipa::ToSchema;

pub(crate) use delta::MessageDelta;
pub(crate) use pulse::Pulse;

use self::feed::Feed;
use crate::{
    app::State,
    examples,
    parameters::{self, Parameters},
    problem::{Code, FieldError, Problem, SIGNED_IN, problems},
    read::authenticate,
};

/// The stream as text, or, to whoever reads it event by event, one event.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what is written piece by piece")]
enum UpdateStream {
    Text(String),
    Event(UpdateEvent),
}

/// What an event is made of.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes what is written piece by piece")]
struct UpdateEvent {
    /// The position in the event log; `message-delta` has none of its own.
    #[schema(nullable = false, pattern = "^[0-9]+$")]
    id: Option<String>,
    #[schema(inline)]
    event: UpdateWord,
    /// JSON: that resource, as its GET gives it.
    data: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum UpdateWord {
    Avatar,
    Photo,
    Message,
    MessageDelta,
    Chat,
    Subscription,
}

problems!(
    UpdatesProblems = SIGNED_IN,
    &[Code::InvalidParameter, Code::TooManyStreams]
);

/// Follow what changes.
///
/// Server-sent events. `event` is `avatar`, `photo`, `message`, `chat` or `subscription`; `data` is that resource as its GET
/// gives it at the time of sending, and `{"id", "deleted": true}` for a photo that is gone. A picture of a scene comes
/// without `image` while the subscription is closed. `id` is the position in the event log: a client that sends
/// the last one it saw as `Last-Event-ID` gets everything after it, nothing twice; `0` replays everything. Without
/// one the stream begins now: send the `Log-Position` of a command, or read the resources after the stream has begun.
///
/// While the companion answers, `message-delta` tells its words as they come. These events have no `id` and are told to
/// whoever listens then, never again: `data` is a `MessageDelta` with all words of the reply so far. It replaces the one
/// before, and the `message` with its `id`, or with its `in_reply_to`, replaces it.
///
/// One person may have eight streams open at a time: share one between tabs. A comment comes every 15 seconds. The stream
/// ends after an hour, after ten seconds in which the client keeps it waiting and reads next to nothing, and whenever the service stops: reconnect.
#[utoipa::path(
    tag = "Updates",
    params(
        ("Last-Event-ID" = Option<u64>, Header, description = "The last `id` that was seen.", example = 41, nullable = false),
        ("last_event_id" = Option<u64>, Query, description = "The same, for clients that cannot send the header; the header counts first.", nullable = false),
    ),
    responses(
        (status = 200, description = "The stream.", headers(
            ("Cache-Control" = String, description = "`no-store`"),
        ), content_type = "text/event-stream", body = UpdateStream, example = examples::updates),
        UpdatesProblems,
    ),
)]
#[get("/updates")]
pub(crate) async fn stream_updates(
    app: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let caller = authenticate(&request).await?;
    let mut parameters = Parameters::of(&request);
    let by_header = parameters.header("Last-Event-ID", parameters::position);
    let by_query = parameters.query("last_event_id", parameters::position);
    parameters.finish()?;

    let head = app.log.head().await?;
    let start = by_header.or(by_query).unwrap_or(head);
    if start > head {
        let detail = format!("the event log ends at {head}: this id is not from here");
        let ahead = FieldError::header("Last-Event-ID", detail);
        return Err(Problem::invalid(Code::InvalidParameter, vec![ahead]));
    }
    let feed = Feed::new(app.into_inner(), caller.user, start)?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(feed.into_stream()))
}
