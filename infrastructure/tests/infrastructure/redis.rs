//! A real Redis that is killed, emptied, slow, and a cluster: nothing of ours is lost with it, and nobody has to help.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use application::{
    ports::{RateLimits, ReplyDraft, ReplyDrafts, Subject},
    rate_limits::{Bounds, Policy, Quota},
};
use domain::{
    conversation::Mode,
    values::{MessageId, UserId},
};
use infrastructure::{
    hints::Hints,
    rate_limits::SharedRateLimits,
    redis::{Redis, RedisUrl},
    reply_drafts::SharedReplyDrafts,
    scratch_redis::ScratchRedis,
    wake_ups::WakeUps,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than anything takes, even on a machine with much to do.
const PATIENCE: Duration = Duration::from_secs(60);

fn start(url: &str) -> Redis {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Redis::start(&RedisUrl::parse(url).unwrap(), "test").unwrap()
}

/// One that answers.
pub async fn connected(url: &str) -> Redis {
    let redis = start(url);
    until_it_answers(&redis, true).await;
    redis
}

pub async fn until_it_answers(redis: &Redis, answers: bool) {
    let mut health = redis.health();
    let changed = health.wait_for(|known| *known == answers);
    let changed = tokio::time::timeout(PATIENCE, changed).await;
    assert!(changed.is_ok(), "it does not become {answers}");
}

pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "{what}: not so");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub fn limits(redis: &Redis, units: u32) -> SharedRateLimits {
    let quota = Quota::new(units, 86_400);
    SharedRateLimits::new(Bounds::NONE.with(Policy::Commands, quota), redis.clone())
}

pub fn somebody() -> Subject {
    Subject::User(UserId(Uuid::now_v7()))
}

/// How many of so many units are allowed.
pub async fn allowed(limits: &SharedRateLimits, subject: Subject, asked: u32) -> u32 {
    let mut allowed = 0;
    for _ in 0..asked {
        allowed += u32::from(limits.take(subject, &[Policy::Commands]).await.allowed);
    }
    allowed
}

/// Two processes that tell each other what moved.
pub struct Pair {
    moved: watch::Sender<u64>,
    looks: Arc<Mutex<u64>>,
    stop: CancellationToken,
}

impl Pair {
    pub fn start(one: &Redis, other: &Redis) -> Self {
        let (moved, here) = watch::channel(0);
        let (nothing, there) = watch::channel(0);
        let looks = Arc::<Mutex<u64>>::default();
        let stop = CancellationToken::new();
        let (teller, hearer) = (Hints::through(one.clone()), Hints::through(other.clone()));
        let (ends, heard) = (stop.clone(), Arc::clone(&looks));
        tokio::spawn(async move {
            let look = || {
                *heard.lock().unwrap() += 1;
                std::future::ready(())
            };
            let own_look = || -> std::future::Ready<()> {
                panic!("nobody looks after what they said themselves")
            };
            tokio::join!(
                teller.exchange("log", here, own_look, ends.clone()),
                hearer.exchange("log", there, look, ends.clone()),
            );
            drop(nothing);
        });
        Self { moved, looks, stop }
    }

    /// Something moves again and again until the other one looks.
    pub async fn is_heard(&self) -> Duration {
        let before = *self.looks.lock().unwrap();
        let mut told = Instant::now();
        let begun = Instant::now();
        self.moved.send_modify(|moves| *moves += 1);
        while *self.looks.lock().unwrap() == before {
            assert!(begun.elapsed() < PATIENCE, "nobody heard it");
            tokio::time::sleep(Duration::from_millis(1)).await;
            if told.elapsed() > Duration::from_millis(200) {
                told = Instant::now();
                self.moved.send_modify(|moves| *moves += 1);
            }
        }
        begun.elapsed()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_in_one_process_is_heard_in_another_at_once_and_in_itself_never() {
    let server = ScratchRedis::start();
    let (one, other) = (
        connected(&server.url()).await,
        connected(&server.url()).await,
    );
    let pair = Pair::start(&one, &other);
    pair.is_heard().await;
    let mut quickest = Duration::MAX;
    for _ in 0..20 {
        quickest = quickest.min(pair.is_heard().await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(quickest < Duration::from_millis(50), "{quickest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn however_often_something_moves_others_look_a_few_times() {
    let server = ScratchRedis::start();
    let (one, other) = (
        connected(&server.url()).await,
        connected(&server.url()).await,
    );
    let pair = Pair::start(&one, &other);
    pair.is_heard().await;
    let (before, begun) = (*pair.looks.lock().unwrap(), Instant::now());
    for _ in 0..2_000 {
        pair.moved.send_modify(|moves| *moves += 1);
        tokio::task::yield_now().await;
    }
    pair.is_heard().await;
    let looks = *pair.looks.lock().unwrap() - before;
    let most = begun.elapsed().as_millis() / 4 + 2;
    assert!(u128::from(looks) <= most, "{looks} looks, at most {most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deployments_with_other_prefixes_do_not_meet() {
    let server = ScratchRedis::start();
    let one = connected(&server.url()).await;
    let foreign = Redis::start(&RedisUrl::parse(&server.url()).unwrap(), "foreign").unwrap();
    until_it_answers(&foreign, true).await;
    let subject = somebody();
    assert_eq!(allowed(&limits(&one, 1), subject, 2).await, 1);
    assert_eq!(allowed(&limits(&foreign, 1), subject, 2).await, 1);
    let keys = server.ask("KEYS *");
    assert!(
        keys.contains("test:limit:{user:") && keys.contains("foreign:limit:{user:"),
        "{keys}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_are_heard_in_other_processes_also_long_ones() {
    let server = ScratchRedis::start();
    let ways = [
        connected(&server.url()).await,
        connected(&server.url()).await,
    ];
    let [one, other] = ways.map(|redis| SharedReplyDrafts::start(WakeUps::Redis(redis)));
    let stop = CancellationToken::new();
    let mut heard = other.heard();
    tokio::spawn({
        let (other, stop) = (other.clone(), stop.clone());
        async move { other.listen(stop).await }
    });
    // More than PostgreSQL's NOTIFY would carry.
    let draft = ReplyDraft {
        owner: UserId(Uuid::now_v7()),
        mode: Mode::Friendly,
        message_id: MessageId(Uuid::now_v7()),
        reply_id: MessageId(Uuid::now_v7()),
        text: "words ".repeat(4_000),
    };
    until("the draft is heard", async || {
        one.tell(draft.clone());
        matches!(heard.try_recv(), Ok(told) if *told == draft)
    })
    .await;
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_shared_by_all_processes() {
    let server = ScratchRedis::start();
    let (one, other) = (
        connected(&server.url()).await,
        connected(&server.url()).await,
    );
    let (one, other) = (limits(&one, 10), limits(&other, 10));
    let subject = somebody();
    assert_eq!(allowed(&one, subject, 6).await, 6);
    assert_eq!(allowed(&other, subject, 9).await, 4);
    assert_eq!(allowed(&one, subject, 5).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_each_process_counts_on_and_it_comes_back_by_itself() {
    let mut server = ScratchRedis::start();
    let (one, other) = (
        connected(&server.url()).await,
        connected(&server.url()).await,
    );
    let pair = Pair::start(&one, &other);
    pair.is_heard().await;
    let counting = limits(&one, 10);
    let subject = somebody();
    assert_eq!(allowed(&counting, subject, 4).await, 4);

    server.kill();
    let begun = Instant::now();
    assert_eq!(
        allowed(&counting, subject, 20).await,
        6,
        "what was taken stays taken"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "nobody waits for it: {:?}",
        begun.elapsed()
    );
    until_it_answers(&one, false).await;
    let begun = Instant::now();
    assert_eq!(allowed(&counting, somebody(), 200).await, 10);
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );

    server.start_again();
    until_it_answers(&one, true).await;
    until_it_answers(&other, true).await;
    pair.is_heard().await;
    let newcomer = somebody();
    assert_eq!(allowed(&counting, newcomer, 3).await, 3);
    assert_eq!(
        allowed(&limits(&other, 10), newcomer, 10).await,
        7,
        "shared again"
    );
    assert_eq!(
        allowed(&counting, subject, 1).await,
        0,
        "and who was refused is refused"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_redis_gives_nobody_more_here() {
    let server = ScratchRedis::start();
    let redis = connected(&server.url()).await;
    let counting = limits(&redis, 3);
    let subject = somebody();
    assert_eq!(allowed(&counting, subject, 5).await, 3);
    server.flush();
    assert_eq!(allowed(&counting, subject, 5).await, 0);
    assert!(redis.answers());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_slow_keeps_nobody_waiting() {
    let server = ScratchRedis::start();
    let redis = connected(&server.url()).await;
    let counting = limits(&redis, 50);
    let subject = somebody();
    assert_eq!(allowed(&counting, subject, 10).await, 10);

    server.pause(Duration::from_secs(4));
    let begun = Instant::now();
    assert_eq!(allowed(&counting, subject, 10).await, 10);
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    assert!(!redis.answers());
    until_it_answers(&redis, true).await;
    let left = counting.take(subject, &[Policy::Commands]).await.standings[0].remaining;
    assert!(left < 40, "what it knew before it slept it knows: {left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_stands_still_is_missed_and_found_again() {
    let server = ScratchRedis::start();
    let (one, other) = (
        connected(&server.url()).await,
        connected(&server.url()).await,
    );
    let pair = Pair::start(&one, &other);
    pair.is_heard().await;
    server.signal("STOP");
    let begun = Instant::now();
    assert_eq!(allowed(&limits(&one, 50), somebody(), 60).await, 50);
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    until_it_answers(&one, false).await;
    // Longer than a connection may owe an answer: it is made anew, again and again.
    tokio::time::sleep(Duration::from_secs(6)).await;
    server.signal("CONT");
    until_it_answers(&one, true).await;
    until_it_answers(&other, true).await;
    pair.is_heard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_later_is_found() {
    let mut server = ScratchRedis::start();
    server.kill();
    let redis = start(&server.url());
    let counting = limits(&redis, 5);
    assert_eq!(allowed(&counting, somebody(), 9).await, 5);
    server.start_again();
    until_it_answers(&redis, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_counts_and_wakes_and_survives_a_lost_node() {
    let mut nodes = ScratchRedis::start_cluster();
    let url = format!(
        "redis-cluster://127.0.0.1:{}?node=127.0.0.1:{}",
        nodes[0].port(),
        nodes[1].port()
    );
    let (one, other) = (connected(&url).await, connected(&url).await);
    let pair = Pair::start(&one, &other);
    pair.is_heard().await;
    // Many subjects, so that all nodes are asked.
    for _ in 0..12 {
        let subject = somebody();
        assert_eq!(allowed(&limits(&one, 4), subject, 3).await, 3);
        assert_eq!(allowed(&limits(&other, 4), subject, 3).await, 1);
    }
    nodes[2].kill();
    for _ in 0..12 {
        let counted = allowed(&limits(&one, 4), somebody(), 6).await;
        assert_eq!(counted, 4, "each process counts for itself");
    }
    nodes[2].start_again();
    until("the cluster stands again", async || {
        nodes
            .iter()
            .all(|node| node.ask("CLUSTER INFO").contains("cluster_state:ok"))
    })
    .await;
    until("counts are shared again", async || {
        let subject = somebody();
        let first = allowed(&limits(&one, 4), subject, 3).await;
        first == 3 && allowed(&limits(&other, 4), subject, 3).await == 1
    })
    .await;
    pair.is_heard().await;
}
