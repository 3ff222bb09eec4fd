//! Events and commands of a conversation, for tests.

use domain::{
    conversation::{
        Command, Decline, Event, FailureReason, Intervention, InterventionKind, Mode, Promise,
        Reply, ToolCall, ToolOutcome, Usage, WithheldReason,
    },
    personal::Personal,
    policy::recorded::{Decision, Verdict},
    values::{MessageId, PhotoId},
};
use uuid::Uuid;

const DISCLOSURE: &str = "I'm an AI.";

pub(crate) fn message(number: u128) -> MessageId {
    MessageId(Uuid::from_u128(number))
}

pub(crate) fn photo(number: u128) -> PhotoId {
    PhotoId(Uuid::from_u128(number))
}

pub(crate) fn judged(decision: Decision) -> Verdict {
    Verdict {
        decision,
        rules: Vec::new(),
        pack: "cafe".to_owned(),
    }
}

pub(crate) fn say(number: u128, text: &str) -> Command {
    say_in(Mode::Intimate, number, text)
}

pub(crate) fn say_in(mode: Mode, number: u128, text: &str) -> Command {
    Command::SendMessage {
        message_id: message(number),
        mode,
        text: Personal::new(text.parse().unwrap()),
        policy: judged(Decision::Allow),
        intervention: None,
        disclosure: DISCLOSURE.to_owned(),
    }
}

pub(crate) fn say_in_crisis(number: u128) -> Command {
    Command::SendMessage {
        message_id: message(number),
        mode: Mode::Intimate,
        text: Personal::new("I cannot go on".parse().unwrap()),
        policy: judged(Decision::Refuse),
        intervention: Some(crisis()),
        disclosure: DISCLOSURE.to_owned(),
    }
}

pub(crate) fn crisis() -> Intervention {
    Intervention {
        kind: InterventionKind::Crisis,
        rules: vec!["R5".to_owned()],
        text: Personal::new("Please call somebody.".to_owned()),
    }
}

/// What a day begins with.
pub(crate) fn disclosed() -> Event {
    Event::SafetyInterventionShown {
        message_id: None,
        intervention: Intervention {
            kind: InterventionKind::Disclosure,
            rules: Vec::new(),
            text: Personal::new(DISCLOSURE.to_owned()),
        },
    }
}

pub(crate) fn rest() -> Intervention {
    Intervention {
        kind: InterventionKind::Break,
        rules: Vec::new(),
        text: Personal::new("It has been two hours.".to_owned()),
    }
}

pub(crate) fn sent(number: u128) -> Event {
    Event::MessageSent {
        message_id: message(number),
        mode: Mode::Intimate,
        text: Personal::new("hello".parse().unwrap()),
        policy: judged(Decision::Allow),
    }
}

/// A reply whose id is the message's plus 100.
pub(crate) fn reply(number: u128) -> Reply {
    Reply {
        reply_id: message(number + 100),
        text: Some(Personal::new("hello yourself".parse().unwrap())),
        model: "a model".to_owned(),
        usage: Some(Usage {
            prompt_tokens: 12,
            completion_tokens: 3,
        }),
        policy: judged(Decision::Allow),
        tool_call: None,
        outcome: None,
    }
}

pub(crate) fn promising(number: u128, picture: u128) -> Reply {
    Reply {
        tool_call: Some(tool_call()),
        outcome: Some(ToolOutcome::Promised(promise(picture))),
        ..reply(number)
    }
}

pub(crate) fn declining(number: u128) -> Reply {
    Reply {
        tool_call: Some(tool_call()),
        outcome: Some(ToolOutcome::Declined(Decline::ContentRefused)),
        ..reply(number)
    }
}

pub(crate) fn promise(picture: u128) -> Promise {
    Promise {
        photo_id: photo(picture),
        scene: Personal::new("at the beach".parse().unwrap()),
    }
}

fn tool_call() -> ToolCall {
    ToolCall {
        call_id: "call_1".to_owned(),
        name: "send_photo".to_owned(),
        arguments: Personal::new(r#"{"scene":"at the beach"}"#.parse().unwrap()),
    }
}

pub(crate) fn answer(number: u128, reply: Reply) -> Command {
    Command::RecordReply {
        message_id: message(number),
        reply,
    }
}

pub(crate) fn give_up(number: u128) -> Command {
    Command::RecordFailure {
        message_id: message(number),
        reason: FailureReason::Unavailable,
        detail: "no answer".to_owned(),
    }
}

pub(crate) fn attach(picture: u128) -> Command {
    Command::AttachPhoto {
        photo_id: photo(picture),
    }
}

pub(crate) fn withhold(picture: u128) -> Command {
    Command::WithholdPhoto {
        photo_id: photo(picture),
        reason: WithheldReason::Failed,
    }
}

/// What a command in that history leads to.
pub(crate) fn told(orders: impl IntoIterator<Item = Command>) -> Vec<Event> {
    use cqrs_es::Aggregate;
    let mut state = domain::conversation::Conversation::default();
    let mut story = Vec::new();
    for order in orders {
        for event in state.decide(order).unwrap_or_default() {
            story.push(event.clone());
            state.apply(event);
        }
    }
    story
}
