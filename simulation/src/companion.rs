//! A chat model that stumbles, refuses, and calls tools rightly and wrongly.

use std::time::Duration;

use application::ports::{
    CalledTool, ChatAnswer, ChatError, ChatErrorKind, ChatModel, ChatOrder, Listener, ReplyDraft,
    ReplyDrafts,
};
use async_trait::async_trait;
use domain::conversation::Usage;
use tokio::sync::broadcast;

use crate::wire::Wire;

/// The model, over a wire.
pub struct Companion(pub Wire);

fn error(kind: ChatErrorKind) -> ChatError {
    let detail = format!("{kind:?}");
    ChatError { kind, detail }
}

impl Companion {
    fn says(&self) -> Result<ChatAnswer, ChatError> {
        let world = &self.0.world;
        if world.misfortune(world.weather.provider) {
            return Err(error(match world.lot(7) {
                0 => ChatErrorKind::Refused,
                1 => ChatErrorKind::Filtered,
                2 => ChatErrorKind::TooLong,
                3 => ChatErrorKind::Operator,
                4 => ChatErrorKind::Retryable {
                    after: Some(Duration::from_secs(8)),
                },
                _ => ChatErrorKind::Retryable { after: None },
            }));
        }
        let call = match world.lot(10) {
            0..5 => Some(r#"{"scene":"on a bench in a park, in a summer dress"}"#),
            5 => Some(r#"{"place":"somewhere"}"#),
            _ => None,
        };
        Ok(ChatAnswer {
            text: Some("I was just thinking of you.".to_owned()),
            call: call.map(|arguments| CalledTool {
                call_id: "call_1".to_owned(),
                name: "send_photo".to_owned(),
                arguments: arguments.to_owned(),
            }),
            calls_too_many: 0,
            cut_off: false,
            model: "companion".to_owned(),
            usage: Some(Usage {
                prompt_tokens: 100,
                completion_tokens: 10,
            }),
        })
    }
}

#[async_trait]
impl ChatModel for Companion {
    fn model(&self) -> &str {
        "companion"
    }

    async fn answer(
        &self,
        _: &ChatOrder,
        listener: &mut dyn Listener,
    ) -> Result<ChatAnswer, ChatError> {
        let effect = async {
            tokio::time::sleep(self.0.world.time(10, 900)).await;
            let answer = self.says()?;
            if let Some(text) = &answer.text {
                listener.hear(text);
            }
            Ok(answer)
        };
        let stumbled = || error(ChatErrorKind::Retryable { after: None });
        self.0.call("model.answer", stumbled, effect).await
    }
}

/// Nobody listens to drafts here.
pub struct Unheard(pub broadcast::Sender<std::sync::Arc<ReplyDraft>>);

impl ReplyDrafts for Unheard {
    fn tell(&self, _: ReplyDraft) {}

    fn heard(&self) -> broadcast::Receiver<std::sync::Arc<ReplyDraft>> {
        self.0.subscribe()
    }
}
