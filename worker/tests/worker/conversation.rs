//! What people say in tests, and how their turns end.

use application::{conversations, ports::EventLog};
use chrono::{NaiveDate, Utc};
use domain::{
    conversation::{Event, Mode, Segment},
    values::{MessageId, PhotoId, UserId},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    patience::until,
    provider::chat_model,
    system::{System, of},
};

/// Somebody's intimate conversation of today.
pub fn conversation(owner: UserId) -> Segment {
    Segment {
        owner,
        mode: Mode::Intimate,
        day: today(),
    }
}

fn today() -> NaiveDate {
    Utc::now().date_naive()
}

impl System {
    /// Somebody who may talk and be sent pictures; whoever drew the first one has gone.
    pub async fn talker(&self) -> UserId {
        let drawing = self.worker();
        let (user, _) = self.subscriber().await;
        drawing.stop().await;
        user
    }

    pub async fn say(&self, user: UserId, text: &str) -> MessageId {
        let message_id = MessageId(Uuid::now_v7());
        let model = std::sync::Arc::new(chat_model(&self.sandbox));
        self.conversations(model)
            .send(of(user), message_id, Mode::Intimate, text.parse().unwrap())
            .await
            .unwrap();
        message_id
    }

    /// Everything that happened in somebody's conversation.
    pub async fn talk(&self, user: UserId) -> Vec<Event> {
        let stream = conversations::stream(conversation(user));
        let stored = self.log.load(&stream).await.unwrap();
        stored
            .iter()
            .map(|event| serde_json::from_str(&event.payload).unwrap())
            .collect()
    }

    /// The end of a message's turn, once there is one.
    pub async fn end_of_turn(&self, user: UserId, message: MessageId) -> Event {
        until("the turn has ended", async || {
            let talk = self.talk(user).await;
            talk.into_iter().find(|event| ends(event) == Some(message))
        })
        .await
    }

    /// What the companion says to a message.
    pub async fn reply_to(&self, user: UserId, message: MessageId) -> String {
        match self.end_of_turn(user, message).await {
            Event::ReplyRecorded {
                text: Some(text), ..
            } => text.to_string(),
            other => panic!("no words: {other:?}"),
        }
    }

    /// Waits until the conversation knows how its picture ended.
    pub async fn end_of_promise(&self, user: UserId, photo: PhotoId) -> Event {
        until("the promise has ended", async || {
            let talk = self.talk(user).await;
            talk.into_iter().find(|event| {
                matches!(event, Event::PhotoAttached { photo_id } | Event::PhotoWithheld { photo_id, .. }
                    if *photo_id == photo)
            })
        })
        .await
    }

    /// Asserts that the turn has one end and promised so many pictures, and that as many are drawn.
    pub async fn turned_out_once(&self, user: UserId, message: MessageId, pictures: usize) {
        self.end_of_turn(user, message).await;
        let talk = self.talk(user).await;
        let ended = talk.iter().filter(|event| ends(event) == Some(message));
        assert_eq!(ended.count(), 1, "{talk:?}");
        let promised = talk.iter().filter(|event| {
            matches!(event, Event::PhotoPromised { message_id, .. } if *message_id == message)
        });
        assert_eq!(promised.count(), pictures, "{talk:?}");
        let wished = self.history(conversations::photo_id(message)).await;
        assert_eq!(usize::from(!wished.is_empty()), pictures);
    }

    /// How often the chat model was asked.
    pub async fn asked(&self) -> usize {
        let url = format!("{}/control/chat/ledger", self.sandbox.url());
        let answer = self.client.get(url).send().await.unwrap();
        let ledger: Value = answer.json().await.unwrap();
        ledger["completions"].as_array().unwrap().len()
    }
}

fn ends(event: &Event) -> Option<MessageId> {
    match event {
        Event::ReplyRecorded { message_id, .. } | Event::ReplyFailed { message_id, .. } => {
            Some(*message_id)
        }
        Event::SafetyInterventionShown { message_id, .. } => *message_id,
        Event::MessageSent { .. }
        | Event::PhotoPromised { .. }
        | Event::PhotoAttached { .. }
        | Event::PhotoWithheld { .. }
        | Event::ModeChanged { .. } => None,
    }
}
