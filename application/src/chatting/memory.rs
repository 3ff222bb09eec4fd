//! What a model is reminded of: the newest whole turns that fit, always the same for the same history.

use crate::ports::{CalledTool, ChatMessage};

/// How many characters of past turns a model is given to read: about 4,000 tokens.
pub const MEMORY_CHARS: usize = 16_000;

/// A turn that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastTurn {
    /// What the person said.
    pub person: String,
    /// What the companion said; none when it only called a tool, or did not answer.
    pub companion: Option<String>,
    /// The tool that the companion called, with what came of it. They go together or not at all: a call without its
    /// result is refused by services.
    pub call: Option<(CalledTool, String)>,
}

impl PastTurn {
    fn chars(&self) -> usize {
        let call = self.call.as_ref().map_or(0, |(call, result)| {
            call.name.chars().count() + call.arguments.chars().count() + result.chars().count()
        });
        let companion = self.companion.as_deref().unwrap_or_default();
        self.person.chars().count() + companion.chars().count() + call
    }

    fn messages(self) -> impl Iterator<Item = ChatMessage> {
        let person = Some(ChatMessage::Person(self.person));
        let (call, result) = match self.call {
            Some((call, content)) => {
                let call_id = call.call_id.clone();
                (Some(call), Some(ChatMessage::Result { call_id, content }))
            }
            None => (None, None),
        };
        let answered = self.companion.is_some() || call.is_some();
        let companion = answered.then_some(ChatMessage::Companion {
            text: self.companion,
            call,
        });
        [person, companion, result].into_iter().flatten()
    }
}

/// The messages of the newest turns that together have at most `limit` characters, oldest first.
///
/// `turns` are in their order, the oldest first. A turn is remembered whole or not at all, and none older than one that
/// was left out, so that no answer stands without its question.
pub fn remembered(turns: Vec<PastTurn>, limit: usize) -> Vec<ChatMessage> {
    let mut left = limit;
    let fit = turns
        .iter()
        .rev()
        .take_while(|turn| {
            let chars = turn.chars();
            let fits = chars <= left;
            left = left.saturating_sub(chars);
            fits
        })
        .count();
    let newest = turns.len() - fit;
    turns
        .into_iter()
        .skip(newest)
        .flat_map(PastTurn::messages)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(person: &str, companion: &str) -> PastTurn {
        PastTurn {
            person: person.to_owned(),
            companion: Some(companion.to_owned()),
            call: None,
        }
    }

    fn said(messages: &[ChatMessage]) -> Vec<&str> {
        let words = messages.iter().map(|message| match message {
            ChatMessage::Instructions(text) | ChatMessage::Person(text) => text.as_str(),
            ChatMessage::Companion { text, .. } => text.as_deref().unwrap_or("(a call)"),
            ChatMessage::Result { content, .. } => content.as_str(),
        });
        words.collect()
    }

    #[test]
    fn the_newest_whole_turns_that_fit_are_remembered_in_their_order() {
        let turns = || vec![turn("one", "1"), turn("two", "2"), turn("three", "3")];
        assert_eq!(
            said(&remembered(turns(), 100)),
            ["one", "1", "two", "2", "three", "3"]
        );
        assert_eq!(said(&remembered(turns(), 10)), ["two", "2", "three", "3"]);
        assert_eq!(said(&remembered(turns(), 9)), ["three", "3"]);
        assert!(remembered(turns(), 5).is_empty());
    }

    #[test]
    fn nothing_older_than_a_turn_that_was_left_out_is_remembered() {
        let turns = vec![
            turn("a", "b"),
            turn("long, long, long", "words"),
            turn("c", "d"),
        ];
        assert_eq!(said(&remembered(turns, 10)), ["c", "d"]);
    }

    #[test]
    fn a_call_and_its_result_go_together() {
        let call = CalledTool {
            call_id: "call_1".to_owned(),
            name: "send_photo".to_owned(),
            arguments: "{}".to_owned(),
        };
        let shown = PastTurn {
            person: "a photo?".to_owned(),
            companion: None,
            call: Some((call.clone(), "queued".to_owned())),
        };
        let messages = remembered(vec![shown], 100);
        assert_eq!(said(&messages), ["a photo?", "(a call)", "queued"]);
        let ChatMessage::Companion {
            call: Some(kept), ..
        } = &messages[1]
        else {
            panic!("{messages:?}")
        };
        assert_eq!(*kept, call);
    }

    #[test]
    fn a_message_without_an_answer_is_remembered_too() {
        let unanswered = PastTurn {
            companion: None,
            ..turn("hello?", "")
        };
        assert_eq!(said(&remembered(vec![unanswered], 100)), ["hello?"]);
    }
}
