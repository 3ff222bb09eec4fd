//! What a process remembers of the aggregates that it saw, and what it reads of them again.

use std::sync::Arc;

use application::{
    context::Receipt,
    dispatcher::{Dispatcher, Loaded},
    photos::Photos,
    ports::EventLog as _,
    subscriptions::stream,
};
use domain::{
    subscription::{Command, Subscription},
    values::PhotoId,
};

use super::counting_log::CountingLog;
use crate::story::{StoppedClock, Story, noon, photo};

/// One process, and the log as it reads it.
struct Process<'a> {
    story: &'a Story,
    log: Arc<CountingLog>,
    dispatcher: Dispatcher,
}

impl<'a> Process<'a> {
    fn start(story: &'a Story) -> Self {
        let log = Arc::new(CountingLog::over(story.log.clone()));
        let dispatcher = Dispatcher::new(log.clone(), story.log.clone());
        Self {
            story,
            log,
            dispatcher,
        }
    }

    async fn execute(&self, command: Command) -> Receipt {
        let stream = stream(self.story.user);
        self.dispatcher
            .execute::<Subscription>(stream, command, self.story.context())
            .await
            .unwrap()
    }

    async fn record_failure(&self, invoice: &str) -> Receipt {
        let invoice_id = invoice.to_owned();
        self.execute(Command::RecordPaymentFailure { invoice_id })
            .await
    }

    async fn reserve(&self, photo_id: PhotoId) -> Receipt {
        let at = noon();
        self.execute(Command::ReservePhoto { photo_id, at }).await
    }

    async fn request_picture(&self) {
        Photos::new(self.dispatcher.clone(), Arc::new(StoppedClock(noon())))
            .request_scene(
                self.story.context(),
                photo(),
                "at the beach".parse().unwrap(),
            )
            .await
            .unwrap();
    }

    async fn subscription(&self) -> Loaded<Subscription> {
        let stream = stream(self.story.user);
        self.dispatcher.load(stream).await.unwrap()
    }

    /// As a process knows it that never saw it before.
    async fn subscription_of_a_stranger(&self) -> Loaded<Subscription> {
        Process::start(self.story).subscription().await
    }
}

#[tokio::test]
async fn a_command_is_not_decided_on_what_an_append_of_several_streams_made_old() {
    let story = Story::begin().with_avatar().await;
    let story = story.with_subscription(5).await;
    let process = Process::start(&story);

    process.record_failure("in_1").await;
    process.request_picture().await;
    let failed = process.record_failure("in_2").await;

    assert_eq!(failed.sequence, 4, "after the picture's place in the quota");
    assert_eq!(process.log.appends(), 3, "none of them in vain");
}

#[tokio::test]
async fn of_what_grows_only_that_is_read_which_another_process_added() {
    let story = Story::begin().with_subscription(50).await;
    let (here, there) = (Process::start(&story), Process::start(&story));
    for _ in 0..20 {
        here.reserve(photo()).await;
    }
    here.log.loaded();
    assert_eq!(there.reserve(photo()).await.sequence, 22);
    assert_eq!(there.log.loaded(), 21, "it never saw the stream before");

    assert_eq!(here.reserve(photo()).await.sequence, 23);
    assert_eq!(
        here.log.loaded(),
        2,
        "what it saw last, and what came since"
    );
    assert_eq!(there.subscription().await.sequence, 23);
    assert_eq!(there.log.loaded(), 2);
    assert_eq!(here.subscription().await, there.subscription().await);
    assert_eq!(
        here.subscription().await,
        here.subscription_of_a_stranger().await
    );
}

#[tokio::test]
async fn a_wish_for_a_picture_reads_no_more_of_the_quota_after_many() {
    let story = Story::begin().with_avatar().await;
    let story = story.with_subscription(50).await;
    let process = Process::start(&story);
    let mut read = Vec::new();
    for _ in 0..10 {
        process.request_picture().await;
        read.push(process.log.loaded());
    }
    // The companion's own stream, which does not grow with pictures, and of the subscription's one event or two.
    assert!(read[9] <= read[1], "{read:?}");
}

#[tokio::test]
async fn what_was_seen_of_a_log_that_was_put_back_counts_for_nothing() {
    let story = Story::begin().with_subscription(50).await;
    let process = Process::start(&story);
    process.record_failure("in_1").await;
    let restored = Story {
        user: story.user,
        ..Story::on(story.log.fork(Arc::new(StoppedClock(noon()))))
    };
    process.record_failure("in_2").await;

    // Shorter than what was seen.
    process.log.put_back(restored.log.clone());
    let shorter = Process::start(&restored).subscription().await;
    assert_eq!(process.subscription().await, shorter);
    assert_eq!(shorter.sequence, 2);

    // As long, but with another event, elsewhere in the log.
    process.log.put_back(story.log.clone());
    assert_eq!(process.subscription().await.sequence, 3);
    let elsewhere = restored.with_avatar().await;
    let other = Process::start(&elsewhere);
    assert_eq!(other.reserve(photo()).await.sequence, 3);
    process.log.put_back(elsewhere.log.clone());
    assert_eq!(process.subscription().await, other.subscription().await);
    assert!(process.log.head().await.unwrap() > shorter.position);
}
