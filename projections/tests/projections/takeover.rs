//! One process works, another takes over, and the one before can no longer write.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use application::ports::{
    Append, AppendError, Appended, EventLog, LogUnavailable, ReadError, StoredEvent, StreamId,
};
use async_trait::async_trait;
use domain::{
    recorded::{AnyEvent, Recorded},
    upcasting::Upcasters,
    values::Position,
};
use infrastructure::event_log::PostgresEventLog;
use projections::engine::{Engine, Follower, Projector};
use sqlx::{PgConnection, PgPool};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    process::{Diary, PATIENCE, Process, authors, entries, holds, status},
    test_log::{TestLog, eventually},
};

#[tokio::test]
async fn of_two_processes_one_works() {
    let mut log = TestLog::start().await;
    let diaries = [
        Diary::create(&log, "one").await,
        Diary::create(&log, "two").await,
    ];
    let one = Process::start(&log, "one", vec![diaries[0].follower()]);
    holds(&log, "diary", "one", PATIENCE).await;
    let two = Process::start(&log, "two", vec![diaries[1].follower()]);

    // Longer than a lease lasts without a heartbeat, with nothing to do; then with a lot.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut end = Position(0);
    for _ in 0..8 {
        end = log.small_talk(20).await;
    }
    one.reaches("diary", end).await;
    two.reaches("diary", end).await;

    assert_eq!(fence(&log).await, 1, "nobody else ever had the lease");
    assert_eq!(entries(&log).await, (1..=end.0).collect::<Vec<_>>());
    assert_eq!(authors(&log).await, ["one"]);
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_process_that_stops_hands_its_work_over() {
    let mut log = TestLog::start().await;
    let diaries = [
        Diary::create(&log, "one").await,
        Diary::create(&log, "two").await,
    ];
    let one = Process::start(&log, "one", vec![diaries[0].follower()]);
    let end = log.small_talk(5).await;
    one.reaches("diary", end).await;

    one.stop().await;
    assert_eq!(
        status(&log, "diary").await.unwrap().holder,
        None,
        "the lease is given back"
    );
    let two = Process::start(&log, "two", vec![diaries[1].follower()]);
    let end = log.small_talk(5).await;
    two.reaches("diary", end).await;

    assert_eq!(entries(&log).await, (1..=10).collect::<Vec<_>>());
    two.stop().await;
}

#[tokio::test]
async fn a_standby_takes_over_from_a_process_that_died() {
    let mut log = TestLog::start().await;
    let diaries = [
        Diary::create(&log, "one").await,
        Diary::create(&log, "two").await,
    ];
    let one = Process::start(&log, "one", vec![diaries[0].follower()]);
    let end = log.small_talk(5).await;
    one.reaches("diary", end).await;
    let two = Process::start(&log, "two", vec![diaries[1].follower()]);

    one.kill().await;
    holds(&log, "diary", "two", PATIENCE).await;
    let end = log.small_talk(5).await;
    two.reaches("diary", end).await;

    assert_eq!(entries(&log).await, (1..=10).collect::<Vec<_>>());
    assert_eq!(authors(&log).await, ["one", "two"]);
    two.stop().await;
}

#[tokio::test]
async fn a_process_that_comes_back_under_its_name_need_not_wait_for_its_own_lease() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    let process = Process::start(&log, "one", vec![diary.follower()]);
    let end = log.small_talk(1).await;
    process.reaches("diary", end).await;
    let before = fence(&log).await;
    process.kill().await;
    // As if the last heartbeat had been a moment ago, however slow this machine is.
    sqlx::query("UPDATE followers SET lease_until = clock_timestamp() + interval '5 seconds'")
        .execute(&log.pool())
        .await
        .unwrap();

    let process = Process::start(&log, "one", vec![diary.follower()]);
    eventually("the lease is taken again", PATIENCE, || async {
        fence(&log).await > before
    })
    .await;
    process.stop().await;
}

#[tokio::test]
async fn a_lease_from_before_the_clock_was_put_back_keeps_nobody_waiting() {
    let mut log = TestLog::start().await;
    let diaries = [
        Diary::create(&log, "one").await,
        Diary::create(&log, "two").await,
    ];
    let one = Process::start(&log, "one", vec![diaries[0].follower()]);
    let end = log.small_talk(1).await;
    one.reaches("diary", end).await;
    one.kill().await;
    // What a database finds that is an hour younger than when it gave the lease.
    sqlx::query("UPDATE followers SET lease_until = clock_timestamp() + interval '1 hour'")
        .execute(&log.pool())
        .await
        .unwrap();

    let two = Process::start(&log, "two", vec![diaries[1].follower()]);
    holds(&log, "diary", "two", PATIENCE).await;
    two.stop().await;
}

#[tokio::test]
async fn a_process_that_was_paused_before_it_wrote_can_no_longer_write() {
    let mut log = TestLog::start().await;
    let forgetful = Diary::create(&log, "paused").await;
    let successor = Diary::create(&log, "successor").await;
    // The successor holds the lease without moving the checkpoint: only the fence is in the other one's way.
    successor.stumble_at(1);
    let (frozen, ice) = Ice::new();

    let cold = ice.clone();
    let paused = PausedProcess::start(&log, forgetful.follower(), move |log| {
        Arc::new(FreezingLog { log, ice: cold })
    });
    log.small_talk(1).await;
    frozen.recv_timeout(PATIENCE).unwrap();
    let standby = Process::start(&log, "successor", vec![successor.follower()]);
    holds(&log, "diary", "successor", PATIENCE).await;

    ice.melt();
    paused.stop().await;
    assert!(
        forgetful.pages.load(Ordering::SeqCst) > 0,
        "it tried to write"
    );
    assert!(entries(&log).await.is_empty(), "and could not");

    successor.stumble_at(0);
    let end = log.small_talk(1).await;
    standby.reaches("diary", end).await;
    assert_eq!(entries(&log).await, [1, 2]);
    assert_eq!(authors(&log).await, ["successor"]);
    standby.stop().await;
}

#[tokio::test]
async fn a_process_that_was_paused_while_it_wrote_stands_in_nobodys_way() {
    let mut log = TestLog::start().await;
    let successor = Diary::create(&log, "successor").await;
    sqlx::query("CREATE UNIQUE INDEX once ON diary (position)")
        .execute(&log.pool())
        .await
        .unwrap();
    let (frozen, ice) = Ice::new();

    // It has written its rows, and holds their locks, when it is paused.
    let follower = Follower::Projector(Arc::new(FreezingProjector {
        diary: Diary::named("diary", "diary", "paused", 1),
        ice: ice.clone(),
    }));
    let paused = PausedProcess::start(&log, follower, |log| Arc::new(log));
    let end = log.small_talk(1).await;
    frozen.recv_timeout(PATIENCE).unwrap();

    let standby = Process::start(&log, "successor", vec![successor.follower()]);
    holds(&log, "diary", "successor", PATIENCE).await;
    standby.reaches("diary", end).await;
    ice.melt();
    paused.stop().await;

    assert_eq!(entries(&log).await, [1]);
    assert_eq!(authors(&log).await, ["successor"]);
    standby.stop().await;
}

/// How often the lease of the only follower was taken.
async fn fence(log: &TestLog) -> i64 {
    sqlx::query_scalar("SELECT fence FROM followers")
        .fetch_one(&log.pool())
        .await
        .unwrap()
}

/// What stops a thread for a while, as SIGSTOP does: with all that runs on it, heartbeat and all.
struct Ice {
    frozen: mpsc::Sender<()>,
    melted: Mutex<mpsc::Receiver<()>>,
    melt: mpsc::Sender<()>,
    done: AtomicBool,
}

impl Ice {
    fn new() -> (mpsc::Receiver<()>, Arc<Self>) {
        let (frozen, is_frozen) = mpsc::channel();
        let (melt, melted) = mpsc::channel();
        let ice = Self {
            frozen,
            melted: Mutex::new(melted),
            melt,
            done: AtomicBool::new(false),
        };
        (is_frozen, Arc::new(ice))
    }

    /// Stops the thread, once.
    fn freeze(&self) {
        if !self.done.swap(true, Ordering::SeqCst) {
            self.frozen.send(()).unwrap();
            self.melted.lock().unwrap().recv().unwrap();
        }
    }

    fn melt(&self) {
        self.melt.send(()).unwrap();
    }
}

/// A process on one thread of its own, named `paused`.
struct PausedProcess {
    stop: CancellationToken,
    thread: thread::JoinHandle<()>,
}

impl PausedProcess {
    fn start(
        log: &TestLog,
        follower: Follower,
        wrap: impl FnOnce(PostgresEventLog) -> Arc<dyn EventLog> + Send + 'static,
    ) -> Self {
        let url = log.database.url().to_owned();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let pool = PgPool::connect(&url).await.unwrap();
                let log = wrap(PostgresEventLog::start(
                    pool.clone(),
                    infrastructure::scratch_database::master_keys(),
                ));
                Engine::new(pool, log, "paused".to_owned())
                    .run(vec![follower], stopped)
                    .await;
            });
        });
        Self { stop, thread }
    }

    /// Returns once it has ended what it was at.
    async fn stop(self) {
        self.stop.cancel();
        tokio::task::spawn_blocking(|| self.thread.join().unwrap())
            .await
            .unwrap();
    }
}

/// Freezes once it has read an event.
struct FreezingLog {
    log: PostgresEventLog,
    ice: Arc<Ice>,
}

#[async_trait]
impl EventLog for FreezingLog {
    async fn load_from(
        &self,
        stream: &StreamId,
        sequence: u64,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        self.log.load_from(stream, sequence).await
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.log.append(append).await
    }

    async fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Recorded<AnyEvent>>, ReadError> {
        let page = self.log.read(after, limit).await?;
        if !page.is_empty() {
            self.ice.freeze();
        }
        Ok(page)
    }

    fn upcasters(&self) -> Upcasters {
        self.log.upcasters()
    }

    async fn head(&self) -> Result<Position, LogUnavailable> {
        self.log.head().await
    }

    fn hint(&self) -> watch::Receiver<Position> {
        self.log.hint()
    }
}

/// Freezes once it has written a page, before the transaction ends.
struct FreezingProjector {
    diary: Arc<Diary>,
    ice: Arc<Ice>,
}

#[async_trait]
impl Projector for FreezingProjector {
    fn name(&self) -> &'static str {
        self.diary.name()
    }

    fn version(&self) -> i32 {
        self.diary.version()
    }

    fn tables(&self) -> &'static [&'static str] {
        self.diary.tables()
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        self.diary.project(db, page).await?;
        self.ice.freeze();
        Ok(())
    }
}
