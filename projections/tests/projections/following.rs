//! Followers see every event once and in order, whatever happens to their connections.

use infrastructure::{database::DatabaseRole, scratch_database::master_keys};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    recorded::{AnyEvent, Recorded},
    values::Position,
};
use projections::engine::{Follower, FollowerState, Projector};
use sqlx::{PgConnection, PgPool};

use crate::{
    process::{Diary, HASTE, PATIENCE, Process, entries, status},
    test_log::{TestLog, eventually},
};

#[tokio::test]
async fn a_projector_sees_what_happened_before_it_started_and_what_happens_while_it_runs() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    log.small_talk(250).await;

    let process = Process::start(&log, "one", vec![diary.follower()]);
    for _ in 0..50 {
        log.small_talk(7).await;
    }
    let end = log.small_talk(1500).await;
    process.reaches("diary", end).await;

    assert_eq!(entries(&log).await, (1..=end.0).collect::<Vec<_>>());
    process.stop().await;
}

#[tokio::test]
async fn a_follower_hears_of_events_that_other_processes_append() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    // A log of its own, so that no hint reaches it.
    let deaf = infrastructure::event_log::PostgresEventLog::start(
        log.pool_as(DatabaseRole::Worker),
        master_keys(),
    );
    let (deaf, followers) = (Arc::new(deaf), vec![diary.follower()]);
    let process = Process::start_on(
        deaf,
        log.pool_as(DatabaseRole::Projector),
        "one",
        followers,
        HASTE,
    );
    let first = log.small_talk(1).await;
    process.reaches("diary", first).await;

    let second = log.small_talk(1).await;
    process.reaches("diary", second).await;
    assert_eq!(entries(&log).await, [1, 2]);
    process.stop().await;
}

#[tokio::test]
async fn a_follower_that_starts_again_goes_on_where_it_was() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    let end = log.small_talk(3).await;
    let process = Process::start(&log, "one", vec![diary.follower()]);
    process.reaches("diary", end).await;
    process.stop().await;

    let end = log.small_talk(3).await;
    let process = Process::start(&log, "one", vec![diary.follower()]);
    process.reaches("diary", end).await;
    assert_eq!(entries(&log).await, [1, 2, 3, 4, 5, 6]);
    process.stop().await;
}

#[tokio::test]
async fn lost_connections_cost_time_and_nothing_else() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    let process = Process::start(&log, "one", vec![diary.follower()]);
    let mut end = Position(0);
    let bystander = sqlx::PgPool::connect(log.database.url()).await.unwrap();

    for _ in 0..20 {
        end = log.small_talk(60).await;
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND pid <> pg_backend_pid()
                AND (query ILIKE '%diary%' OR query ILIKE '%followers%' OR query ILIKE 'COMMIT%' OR query ILIKE 'BEGIN%')",
        )
        .execute(&bystander)
        .await
        .unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    eventually("the diary is complete", PATIENCE, || async {
        status(&log, "diary")
            .await
            .is_some_and(|diary| diary.position == end)
    })
    .await;

    assert_eq!(entries(&log).await, (1..=end.0).collect::<Vec<_>>());
    let diary = status(&log, "diary").await.unwrap();
    assert_eq!((diary.state, diary.error), (FollowerState::Running, None));
    process.stop().await;
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_not_repeated() {
    let mut log = TestLog::start().await;
    let diary = Diary::create(&log, "one").await;
    sqlx::query("CREATE UNIQUE INDEX once ON diary (position)")
        .execute(&log.pool())
        .await
        .unwrap();
    let end = log.small_talk(3).await;
    let projector = LosesTheAnswer {
        diary,
        pool: log.pool(),
        lost: AtomicBool::new(false),
    };

    let followers = vec![Follower::Projector(Arc::new(projector))];
    let process = Process::start(&log, "one", followers);
    eventually("the checkpoint has moved", PATIENCE, || async {
        status(&log, "diary")
            .await
            .is_some_and(|diary| diary.position == end)
    })
    .await;
    let end = log.small_talk(2).await;
    process.reaches("diary", end).await;

    assert_eq!(entries(&log).await, [1, 2, 3, 4, 5]);
    process.stop().await;
}

/// Commits its first page with the checkpoint, and hears of a broken connection instead of the success.
struct LosesTheAnswer {
    diary: Arc<Diary>,
    pool: PgPool,
    lost: AtomicBool,
}

#[async_trait]
impl Projector for LosesTheAnswer {
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
        if self.lost.swap(true, Ordering::SeqCst) {
            return self.diary.project(db, page).await;
        }
        let mut transaction = self.pool.begin().await?;
        self.diary.project(&mut transaction, page).await?;
        sqlx::query("UPDATE followers SET position = $1")
            .bind(page.last().unwrap().position.0.cast_signed())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Err(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()))
    }
}

#[tokio::test]
async fn a_projector_that_writes_something_new_starts_from_the_beginning_with_empty_tables() {
    let mut log = TestLog::start().await;
    let old = Diary::create(&log, "one").await;
    let end = log.small_talk(5).await;
    let process = Process::start(&log, "one", vec![old.follower()]);
    process.reaches("diary", end).await;
    process.stop().await;

    let new = Diary::named("diary", "diary", "one", 2);
    let process = Process::start(&log, "one", vec![new.follower()]);
    eventually("every entry is of version 2", PATIENCE, || async {
        let versions: Vec<i32> = sqlx::query_scalar("SELECT version FROM diary ORDER BY entry")
            .fetch_all(&log.pool())
            .await
            .unwrap();
        versions == [2; 5]
    })
    .await;
    assert_eq!(entries(&log).await, [1, 2, 3, 4, 5]);
    process.stop().await;
}

#[tokio::test]
async fn a_process_with_an_older_version_leaves_the_work_to_newer_ones() {
    let mut log = TestLog::start().await;
    let old = Diary::create(&log, "old").await;
    let new = Diary::named("diary", "diary", "new", 2);
    let end = log.small_talk(2).await;
    let newer = Process::start(&log, "new", vec![new.follower()]);
    newer.reaches("diary", end).await;
    newer.stop().await;

    let older = Process::start(&log, "old", vec![old.follower()]);
    log.small_talk(1).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        entries(&log).await,
        [1, 2],
        "the older one must not touch the newer one's table"
    );
    let status = status(&log, "diary").await.unwrap();
    assert_eq!((status.version, status.holder), (2, None));
    older.stop().await;
}
