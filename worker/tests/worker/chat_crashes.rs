//! Workers that die while they answer: every message has one reply, and at most one picture.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use application::{
    conversations::photo_id,
    ports::{ChatAnswer, ChatError, ChatModel, ChatOrder, Listener},
};
use async_trait::async_trait;
use domain::{
    conversation::Event,
    values::{MessageId, UserId},
};
use infrastructure::chat::ChatCompletions;
use tokio::sync::Notify;

use crate::{
    patience::{in_time, until},
    provider::chat_model,
    system::{RunningWorker, System, start},
};

const WISH: &str = "send me a photo of you at the beach";

/// Where a worker hangs until it is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The conversation is claimed; the model was not asked yet.
    BeforeAsking,
    /// The first words were heard.
    Listening,
    /// The whole answer is there; nothing is on record.
    Answered,
}

/// The sandbox's companion on a line that goes dead.
struct DeadLine {
    model: ChatCompletions,
    place: Place,
    reached: Notify,
}

impl DeadLine {
    async fn at(&self, place: Place) {
        if place == self.place {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl ChatModel for DeadLine {
    fn model(&self) -> &str {
        self.model.model()
    }

    async fn answer(
        &self,
        order: &ChatOrder,
        listener: &mut dyn Listener,
    ) -> Result<ChatAnswer, ChatError> {
        self.at(Place::BeforeAsking).await;
        let heard = Arc::new(AtomicBool::new(false));
        let mut ear = Ear(listener, heard.clone());
        let answer = self.model.answer(order, &mut ear).await;
        if heard.load(Ordering::SeqCst) {
            self.at(Place::Listening).await;
        }
        self.at(Place::Answered).await;
        answer
    }
}

/// Notes that something was heard.
struct Ear<'a>(&'a mut dyn Listener, Arc<AtomicBool>);

impl Listener for Ear<'_> {
    fn hear(&mut self, words: &str) {
        self.1.store(true, Ordering::SeqCst);
        self.0.hear(words);
    }
}

fn doomed(system: &System, place: Place) -> (RunningWorker, Arc<DeadLine>) {
    let line = Arc::new(DeadLine {
        model: chat_model(&system.sandbox),
        place,
        reached: Notify::new(),
    });
    let mut parts = system.parts("doomed");
    parts.conversations = system.conversations(line.clone());
    (system.worker_of(parts), line)
}

/// One worker is killed there; then another one runs.
async fn killed_at(place: Place) {
    let system = start().await;
    let user = system.talker().await;
    let (worker, line) = doomed(&system, place);
    let message = system.say(user, WISH).await;
    in_time("the place is reached", line.reached.notified()).await;
    worker.kill().await;
    let nothing = system.talk(user).await;
    assert_eq!(nothing.len(), 2, "only what was said: {nothing:?}");

    let _worker = system.worker();
    comes_out_once(&system, user, message).await;
}

async fn comes_out_once(system: &System, user: UserId, message: MessageId) {
    let photo = photo_id(message);
    let end = system.end_of_promise(user, photo).await;
    assert_eq!(end, Event::PhotoAttached { photo_id: photo });
    system.turned_out_once(user, message, 1).await;
    assert_eq!(system.used(user).await, 1);
    let ledger = system.ledger().await;
    assert_eq!(ledger.bought(), 2, "the reference picture and this one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_worker_died_before_it_asked_the_model_is_answered_once() {
    killed_at(Place::BeforeAsking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_worker_died_while_the_model_spoke_is_answered_once() {
    killed_at(Place::Listening).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_worker_died_with_the_answer_in_its_hands_is_answered_once() {
    killed_at(Place::Answered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_worker_died_once_the_reply_was_recorded_is_not_answered_again() {
    let system = start().await;
    let user = system.talker().await;
    let worker = system.worker();
    let message = system.say(user, WISH).await;
    system.end_of_turn(user, message).await;
    worker.kill().await;
    let _worker = system.worker();
    comes_out_once(&system, user, message).await;
    assert_eq!(system.asked().await, 1, "nobody paid for a second answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_worker_gives_its_conversation_back_at_once() {
    let system = start().await;
    let user = system.talker().await;
    let line = Arc::new(DeadLine {
        model: chat_model(&system.sandbox),
        place: Place::BeforeAsking,
        reached: Notify::new(),
    });
    let mut parts = system.parts("stopped");
    parts.conversations = system.conversations(line.clone());
    // Without a release, the test's patience would end long before this lease.
    parts.settings.chat.lease.lasts = std::time::Duration::from_secs(3600);
    parts.settings.stop_within = std::time::Duration::from_millis(100);
    let stopped = system.worker_of(parts);
    let message = system.say(user, "hello").await;
    in_time("the place is reached", line.reached.notified()).await;
    stopped.stop().await;
    let _worker = system.worker();
    system.reply_to(user, message).await;
}

/// Two that hold the same answer in their hands, since a lease ran out between them.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_overtaken_records_nothing() {
    let system = start().await;
    let user = system.talker().await;
    let message = system.say(user, WISH).await;
    let segment = crate::conversation::conversation(user);
    let model = Arc::new(chat_model(&system.sandbox));
    let answer = || {
        let conversations = system.conversations(model.clone());
        let context = crate::system::of(user);
        async move {
            let mut nobody = ();
            let answered = conversations.answer(&context, segment, message, &mut nobody);
            answered.await.unwrap()
        }
    };
    let (one, other) = tokio::join!(answer(), answer());
    assert_ne!(one, other, "one of them came too late");
    let _worker = system.worker();
    comes_out_once(&system, user, message).await;
    until("nothing is left to do", async || {
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM chat_work")
            .fetch_one(&system.database.pool())
            .await
            .unwrap();
        (left == 0).then_some(())
    })
    .await;
}
