//! The turns of a stream, as a model may be reminded of them.

use domain::{
    conversation::{Event, ToolCall},
    values::MessageId,
};

use crate::{
    chatting::{self, PastTurn},
    ports::CalledTool,
};

/// The turns before a message, and what it says. What an erased person said is no turn any more, and neither is what
/// the rules stopped: the model never learns of it.
pub(super) fn turns_before(
    events: &[Event],
    message_id: MessageId,
) -> (Vec<PastTurn>, Option<String>) {
    let mut turns: Vec<(MessageId, PastTurn)> = Vec::new();
    for event in events {
        match event {
            Event::MessageSent {
                message_id, text, ..
            } => turns.extend(text.known().map(|text| (*message_id, begun(text.as_str())))),
            Event::ReplyRecorded {
                message_id,
                text,
                tool_call,
                declined,
                ..
            } => {
                if let Some(turn) = turn_of(&mut turns, *message_id) {
                    let words = text.as_ref().and_then(|text| text.known());
                    turn.companion = words.map(|text| text.as_str().to_owned());
                    // A call that was not declined has its result in the promise that follows.
                    let result = declined.map_or_else(String::new, chatting::told_of_decline);
                    let call = tool_call.as_ref().and_then(called);
                    turn.call = call.map(|call| (call, result));
                }
            }
            Event::PhotoPromised {
                message_id,
                promise,
                ..
            } => {
                if let Some(turn) = turn_of(&mut turns, *message_id)
                    && let Some((_, result)) = &mut turn.call
                {
                    *result = chatting::queued(promise.photo_id);
                }
            }
            Event::SafetyInterventionShown {
                message_id: Some(stopped),
                ..
            } => turns.retain(|(known, _)| known != stopped),
            Event::SafetyInterventionShown {
                message_id: None, ..
            }
            | Event::PhotoAttached { .. }
            | Event::PhotoWithheld { .. }
            | Event::ReplyFailed { .. }
            | Event::ModeChanged { .. } => {}
        }
    }
    let said = turns
        .iter()
        .position(|(known, _)| *known == message_id)
        .map(|at| {
            let (_, turn) = turns.remove(at);
            turns.truncate(at);
            turn.person
        });
    (turns.into_iter().map(|(_, turn)| turn).collect(), said)
}

fn begun(person: &str) -> PastTurn {
    PastTurn {
        person: person.to_owned(),
        companion: None,
        call: None,
    }
}

fn called(call: &ToolCall) -> Option<CalledTool> {
    Some(CalledTool {
        call_id: call.call_id.clone(),
        name: call.name.clone(),
        arguments: call.arguments.known()?.as_str().to_owned(),
    })
}

fn turn_of(turns: &mut [(MessageId, PastTurn)], message_id: MessageId) -> Option<&mut PastTurn> {
    turns
        .iter_mut()
        .find(|(known, _)| *known == message_id)
        .map(|(_, turn)| turn)
}
