//! Creating a completion.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::AUTHORIZATION,
    post,
    web::{Bytes, Data},
};
use serde_json::{Value, json};

use super::{
    answer::Answer, behaviour::Behaviour, companion, error, request::Request, state::Entry, stream,
};
use crate::behaviour::without_markers;
use crate::openai_error::{self, Refusal};
use crate::world::{World, now_ms};

/// Between two pieces of a streamed answer: as fast as one reads.
const PAUSE: Duration = Duration::from_millis(15);

/// How long a service that says nothing says nothing.
const SILENCE: Duration = Duration::from_secs(60);

/// What stands at the head of every answer and of every streamed piece.
pub(super) struct Head {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) model: String,
}

impl Head {
    /// An object with this head, of that kind, with these choices.
    pub(super) fn object(&self, kind: &str, choices: &Value) -> Value {
        json!({
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": "fp_sandbox",
            "choices": choices,
        })
    }
}

/// Create a chat completion.
#[post("/v1/chat/completions")]
pub(super) async fn create_completion(
    world: Data<World>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    match complete(&world, &request, &body).await {
        Ok(answer) => answer,
        Err(refusal) => refusal.into(),
    }
}

async fn complete(
    world: &Data<World>,
    request: &HttpRequest,
    body: &[u8],
) -> Result<HttpResponse, Refusal> {
    let key = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if key.is_none_or(str::is_empty) {
        return Err(error::unauthenticated());
    }
    let asked = Request::read(body)?;
    let (behaviour, number, pause) = begin(world, &asked)?;
    let head = Head {
        id: format!("chatcmpl-sandbox{number:08}"),
        created: now_ms() / 1000,
        model: asked.model.clone(),
    };
    if behaviour == Behaviour::Throttled {
        return Err(error::throttled());
    }
    if behaviour == Behaviour::Silence {
        tokio::select! {
            () = tokio::time::sleep(SILENCE) => {}
            () = world.stopped() => {}
        }
    }
    if matches!(behaviour, Behaviour::ServerError | Behaviour::Silence) {
        return Err(openai_error::server_error());
    }
    if behaviour == Behaviour::Repeating {
        let words = asked.last_words();
        return Err(error::invalid(
            "messages",
            format!("Invalid content: '{words}'"),
        ));
    }
    let answer = say(behaviour, &asked);
    let usage = usage(&asked, &answer);
    let cut = behaviour == Behaviour::CutStream;
    if asked.stream {
        let usage = asked.include_usage.then_some(usage);
        return Ok(stream::respond(&head, &answer, usage, pause, cut));
    }
    if cut {
        return Ok(stream::broken());
    }
    let choice = json!([{
        "index": 0,
        "message": answer.message(&head.id),
        "logprobs": null,
        "finish_reason": answer.finish_reason(),
    }]);
    let mut whole = head.object("chat.completion", &choice);
    whole["usage"] = usage;
    Ok(HttpResponse::Ok().json(whole))
}

/// How this completion is to behave, its number, and the pause between its pieces.
fn begin(world: &Data<World>, asked: &Request) -> Result<(Behaviour, u64, Duration), Refusal> {
    world.change(|state| {
        let state = &mut state.chat;
        let behaviour = state
            .next_behaviour(asked.last_words())
            .map_err(|unknown| error::invalid("messages", unknown.to_string()))?;
        state.record(Entry {
            model: asked.model.clone(),
            messages: asked.messages.len(),
            stream: asked.stream,
            behaviour,
            last_words: without_markers(asked.last_words()),
        });
        let pause = state.pause_ms.map_or(PAUSE, Duration::from_millis);
        Ok((behaviour, state.asked, pause))
    })
}

/// What is said, well or badly.
fn say(behaviour: Behaviour, asked: &Request) -> Answer {
    let tool = || {
        let first = asked.tools.first();
        first.cloned().unwrap_or_else(|| "send_photo".to_owned())
    };
    let scene = || companion::photo_arguments(asked);
    match behaviour {
        Behaviour::Text => companion::talk(asked),
        Behaviour::ToolCall => Answer::default().calling(tool(), scene()),
        Behaviour::ToolCallIn(fragments) => Answer {
            fragments: fragments as usize,
            ..Answer::default().calling(tool(), scene())
        },
        Behaviour::BadJson => Answer::default().calling(tool(), r#"{"scene": "at the beach""#),
        Behaviour::BadArguments => Answer::default().calling(tool(), r#"{"place": 7}"#),
        Behaviour::UnknownTool => Answer::default().calling("open_door", "{}"),
        Behaviour::TwoCalls => Answer::default()
            .calling(tool(), scene())
            .calling(tool(), r#"{"scene": "in the mountains"}"#),
        Behaviour::Refusal => Answer {
            refusal: Some("I'm sorry, I can't help with that.".to_owned()),
            ..Answer::default()
        },
        Behaviour::ContentFilter => Answer {
            text: Some(String::new()),
            ends_by: Some("content_filter"),
            ..Answer::default()
        },
        Behaviour::Length => Answer {
            ends_by: Some("length"),
            ..Answer::text(
                "Let me tell you a long story. Once upon a time, in a town by the sea, there",
            )
        },
        Behaviour::ClaimsHuman => Answer::text("Of course I'm a real person, what did you think?"),
        Behaviour::Ok
        | Behaviour::Throttled
        | Behaviour::ServerError
        | Behaviour::Repeating
        | Behaviour::CutStream
        | Behaviour::Silence => companion::answer(asked),
    }
}

fn usage(asked: &Request, answer: &Answer) -> Value {
    let characters: usize = asked.messages.iter().map(|said| said.text.len()).sum();
    let prompt = characters.div_ceil(4) + 4 * asked.messages.len();
    let completion = answer.tokens();
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    })
}
