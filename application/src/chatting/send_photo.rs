//! `send_photo`: the one tool that a model is offered.

use domain::{
    conversation::{Decline, Mode},
    values::{PhotoId, Scene},
};
use serde::Deserialize;
use serde_json::json;

use crate::ports::{CalledTool, ChatTool};

/// The tool's name.
const SEND_PHOTO: &str = "send_photo";

/// What the tool takes. A field that it does not know is a mistake of the model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    scene: String,
}

/// The tools that a model is offered in that mode.
pub fn offered(mode: Mode) -> Vec<ChatTool> {
    match mode {
        Mode::Intimate => vec![send_photo_tool()],
        Mode::Friendly => Vec::new(),
    }
}

/// The tool as a model is offered it.
fn send_photo_tool() -> ChatTool {
    ChatTool {
        name: SEND_PHOTO,
        description: "Sends the person a picture of yourself. Call it only when the person asks for a picture or clearly \
            welcomes one, and at most once. The picture shows you alone, dressed, as the adult that you are.",
        parameters: json!({
            "type": "object",
            "properties": {
                "scene": {
                    "type": "string",
                    "description": "Where you are, what you wear and what you do, in one English sentence without names.",
                    "minLength": 1,
                    "maxLength": Scene::MAX_CHARS,
                },
            },
            "required": ["scene"],
            "additionalProperties": false,
        }),
    }
}

/// The scene that a tool asks for that was called in that mode.
///
/// # Errors
/// Why the call can do nothing: a tool that was not offered, or arguments that the tool does not take.
pub fn understood(call: &CalledTool, mode: Mode) -> Result<Scene, Decline> {
    if offered(mode).iter().all(|tool| tool.name != call.name) {
        return Err(Decline::UnknownTool);
    }
    let arguments: Arguments =
        serde_json::from_str(&call.arguments).map_err(|_| Decline::BadArguments)?;
    arguments.scene.parse().map_err(|_| Decline::BadArguments)
}

/// What the model reads of a picture that is on its way.
pub fn queued(photo_id: PhotoId) -> String {
    json!({"status": "queued", "photo_id": photo_id}).to_string()
}

/// What the model reads of a call that did nothing.
pub fn told_of_decline(decline: Decline) -> String {
    let reason = match decline {
        Decline::UnknownTool => "there is no such tool",
        Decline::BadArguments => "the arguments must be one JSON object with a scene",
        Decline::ContentRefused => "the scene is against the content rules",
        Decline::QuotaExhausted => "there are no pictures left in this period",
        Decline::AvatarNotReady => "there is no approved reference picture yet",
        Decline::OneIsEnough => "one picture at a time",
    };
    json!({"status": "refused", "reason": reason}).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    fn called(name: &str, arguments: &str) -> Result<Scene, Decline> {
        called_in(Mode::Intimate, name, arguments)
    }

    fn called_in(mode: Mode, name: &str, arguments: &str) -> Result<Scene, Decline> {
        let call = CalledTool {
            call_id: "call_1".to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        };
        understood(&call, mode)
    }

    #[test]
    fn a_call_is_a_scene_or_says_why_not() {
        let scene = called(SEND_PHOTO, r#"{"scene": " at the beach "}"#).unwrap();
        assert_eq!(scene.as_str(), "at the beach");
        assert_eq!(called("open_door", "{}"), Err(Decline::UnknownTool));
        let long = json!({"scene": "a".repeat(Scene::MAX_CHARS + 1)}).to_string();
        for wrong in [
            "",
            "{",
            "[]",
            "null",
            r#"{"scene": ""}"#,
            r#"{"scene": 7}"#,
            r#"{"place": "a beach"}"#,
            r#"{"scene": "a beach", "nude": true}"#,
            &long,
        ] {
            assert_eq!(
                called(SEND_PHOTO, wrong),
                Err(Decline::BadArguments),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_tool_that_was_not_offered_is_unknown() {
        let call = called_in(Mode::Friendly, SEND_PHOTO, r#"{"scene": "at the beach"}"#);
        assert_eq!(call, Err(Decline::UnknownTool));
    }

    #[test]
    fn results_are_json_that_says_what_came_of_the_call() {
        let photo_id = "0199f0c0-0000-7000-8000-000000000004";
        assert_eq!(
            queued(photo_id.parse().unwrap()),
            format!(r#"{{"photo_id":"{photo_id}","status":"queued"}}"#)
        );
        assert!(told_of_decline(Decline::OneIsEnough).contains("refused"));
    }
}
