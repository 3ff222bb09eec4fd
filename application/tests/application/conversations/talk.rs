//! A person who talks, and a model whose every answer a test decides.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use application::{
    conversations::{Answered, Conversations},
    ports::{CalledTool, ChatAnswer, ChatError, ChatErrorKind, ChatModel, ChatOrder, Listener},
};
use async_trait::async_trait;
use domain::{
    conversation::{Event, InterventionKind, Mode, Segment, Usage},
    recorded::AnyEvent,
    values::MessageId,
};
use uuid::Uuid;

use crate::story::{StoppedClock, Story, noon};

/// A model whose every answer a test decides: the other side is another company.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) answers: Mutex<VecDeque<Result<ChatAnswer, ChatError>>>,
    pub(crate) asked: Mutex<Vec<ChatOrder>>,
    pub(crate) hangs: Mutex<bool>,
}

#[async_trait]
impl ChatModel for Script {
    fn model(&self) -> &str {
        "a-model"
    }

    async fn answer(
        &self,
        order: &ChatOrder,
        listener: &mut dyn Listener,
    ) -> Result<ChatAnswer, ChatError> {
        self.asked.lock().unwrap().push(order.clone());
        if *self.hangs.lock().unwrap() {
            std::future::pending::<()>().await;
        }
        listener.hear("Hm");
        let next = self.answers.lock().unwrap().pop_front();
        next.unwrap_or_else(|| Ok(words("I hear you.")))
    }
}

pub(crate) fn words(text: &str) -> ChatAnswer {
    ChatAnswer {
        text: Some(text.to_owned()),
        call: None,
        calls_too_many: 0,
        cut_off: false,
        model: "a-model-2026".to_owned(),
        usage: Some(Usage {
            prompt_tokens: 100,
            completion_tokens: 5,
        }),
    }
}

pub(crate) fn calling(name: &str, arguments: &str) -> ChatAnswer {
    ChatAnswer {
        call: Some(CalledTool {
            call_id: "call_1".to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        }),
        ..words("One moment.")
    }
}

pub(crate) fn stumbles(kind: ChatErrorKind) -> ChatError {
    ChatError {
        kind,
        detail: "503".to_owned(),
    }
}

pub(crate) struct Talk {
    pub(crate) story: Story,
    pub(crate) script: Arc<Script>,
    pub(crate) conversations: Conversations,
}

impl Talk {
    pub(crate) async fn begin() -> Self {
        Self::with_pictures(5).await
    }

    pub(crate) async fn with_pictures(photos: u32) -> Self {
        let story = Story::begin().with_avatar().await;
        let story = story.with_subscription(photos).await;
        let script = Arc::new(Script::default());
        let conversations = Conversations::new(
            story.dispatcher.clone(),
            story.photos.clone(),
            Arc::new(StoppedClock(noon())),
            script.clone(),
            Arc::default(),
        );
        Self {
            story,
            script,
            conversations,
        }
    }

    pub(crate) fn segment(&self) -> Segment {
        Segment {
            owner: self.story.user,
            mode: Mode::Intimate,
            day: noon().date_naive(),
        }
    }

    pub(crate) async fn say(&self, text: &str) -> MessageId {
        let message_id = MessageId(Uuid::now_v7());
        let text = text.parse().unwrap();
        self.conversations
            .send(self.story.context(), message_id, Mode::Intimate, text)
            .await
            .unwrap();
        message_id
    }

    pub(crate) fn will(&self, answer: Result<ChatAnswer, ChatError>) {
        self.script.answers.lock().unwrap().push_back(answer);
    }

    pub(crate) async fn answer(&self, message_id: MessageId) -> Answered {
        self.conversations
            .answer(&self.story.context(), self.segment(), message_id, &mut ())
            .await
            .unwrap()
    }

    /// What was said and done, without the disclosure that a day begins with.
    pub(crate) async fn told(&self) -> Vec<Event> {
        let events = self.story.events().await;
        let own = events
            .into_iter()
            .filter_map(|recorded| match recorded.event {
                AnyEvent::Conversation(event) => Some(event),
                AnyEvent::Avatar(_)
                | AnyEvent::Conduct(_)
                | AnyEvent::PhotoRequest(_)
                | AnyEvent::Report(_)
                | AnyEvent::Person(_)
                | AnyEvent::Stewardship(_)
                | AnyEvent::Subscription(_) => None,
            });
        own.filter(|event| !is_disclosure(event)).collect()
    }

    pub(crate) async fn count(&self, event_type: &str) -> usize {
        let types = self.story.event_types().await;
        types.iter().filter(|known| *known == event_type).count()
    }
}

fn is_disclosure(event: &Event) -> bool {
    matches!(event, Event::SafetyInterventionShown { intervention, .. }
        if intervention.kind == InterventionKind::Disclosure)
}
