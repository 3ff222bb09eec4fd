//! A process that runs followers, as far as a test needs one; and followers that show what they were given.

use infrastructure::database::DatabaseRole;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use application::ports::EventLog;
use async_trait::async_trait;
use domain::{
    recorded::{AnyEvent, Recorded},
    values::Position,
};
use projections::engine::{
    Checkpoints, Engine, Follower, Projector, ProjectorStatus, Reaction, Retries,
};
use sqlx::{PgConnection, PgPool};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::test_log::{TestLog, eventually};

/// Longer than anything should take, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Parks within half a second.
pub const HASTE: Retries = Retries {
    attempts: 5,
    first_pause: Duration::from_millis(10),
};

pub struct Process {
    pub checkpoints: Checkpoints,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Process {
    pub fn start(log: &TestLog, node: &str, followers: Vec<Follower>) -> Self {
        Self::start_on(
            log.log.clone(),
            log.pool_as(DatabaseRole::Projector),
            node,
            followers,
            HASTE,
        )
    }

    pub fn start_on(
        log: Arc<dyn EventLog>,
        pool: PgPool,
        node: &str,
        followers: Vec<Follower>,
        retries: Retries,
    ) -> Self {
        let engine = Engine::new(pool, log, node.to_owned()).with_retries(retries);
        let checkpoints = engine.checkpoints();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move { engine.run(followers, stopped).await });
        Self {
            checkpoints,
            stop,
            task,
        }
    }

    /// Ends it as Ctrl-C does.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Ends it as SIGKILL does: nothing is tidied up.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    pub async fn reaches(&self, name: &'static str, position: Position) {
        self.checkpoints
            .await_position(&[name], position, PATIENCE)
            .await
            .unwrap();
    }
}

/// How a follower stands, for everybody to see.
pub async fn status(log: &TestLog, name: &str) -> Option<ProjectorStatus> {
    let head = log.log.head().await.unwrap();
    let all = Checkpoints::new(log.pool_as(DatabaseRole::Api))
        .list(head)
        .await
        .unwrap();
    all.into_iter().find(|status| status.name == name)
}

/// Waits until a process works for a follower.
pub async fn holds(log: &TestLog, name: &str, node: &str, patience: Duration) {
    eventually(&format!("{node} works for {name}"), patience, || async {
        status(log, name)
            .await
            .is_some_and(|status| status.holder.as_deref() == Some(node))
    })
    .await;
}

/// A projector that writes down what it sees, into a table without any constraint.
pub struct Diary {
    name: &'static str,
    table: &'static str,
    version: i32,
    node: &'static str,
    /// Fails on the event there, unless it is 0.
    pub stumbles_at: AtomicU64,
    pub panics: AtomicBool,
    pub pages: AtomicUsize,
}

impl Diary {
    /// With its table, `diary`.
    pub async fn create(log: &TestLog, node: &'static str) -> Arc<Self> {
        log.make_read_model(
            "CREATE TABLE IF NOT EXISTS diary (entry bigint GENERATED ALWAYS AS IDENTITY, position bigint, node text, version integer)",
            "diary",
        )
        .await;
        Self::named("diary", "diary", node, 1)
    }

    pub fn named(
        name: &'static str,
        table: &'static str,
        node: &'static str,
        version: i32,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            table,
            version,
            node,
            stumbles_at: AtomicU64::new(0),
            panics: AtomicBool::new(false),
            pages: AtomicUsize::new(0),
        })
    }

    pub fn follower(self: &Arc<Self>) -> Follower {
        Follower::Projector(self.clone())
    }

    pub fn stumble_at(&self, position: u64) {
        self.stumbles_at.store(position, Ordering::SeqCst);
    }
}

/// The positions in the order in which they were written down.
pub async fn entries(log: &TestLog) -> Vec<u64> {
    let positions: Vec<i64> = sqlx::query_scalar("SELECT position FROM diary ORDER BY entry")
        .fetch_all(&log.pool())
        .await
        .unwrap();
    positions.into_iter().map(i64::cast_unsigned).collect()
}

/// Who wrote at least one entry.
pub async fn authors(log: &TestLog) -> Vec<String> {
    sqlx::query_scalar("SELECT DISTINCT node FROM diary ORDER BY node")
        .fetch_all(&log.pool())
        .await
        .unwrap()
}

#[async_trait]
impl Projector for Diary {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> i32 {
        self.version
    }

    fn tables(&self) -> &'static [&'static str] {
        &["diary"]
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        self.pages.fetch_add(1, Ordering::SeqCst);
        let insert = format!(
            "INSERT INTO {} (position, node, version) VALUES ($1, $2, $3)",
            self.table
        );
        for recorded in page {
            if recorded.position.0 == self.stumbles_at.load(Ordering::SeqCst) {
                assert!(!self.panics.load(Ordering::SeqCst), "the pen broke");
                sqlx::query("SELECT 1 / 0").execute(&mut *db).await?;
            }
            sqlx::query(&insert)
                .bind(recorded.position.0.cast_signed())
                .bind(self.node)
                .bind(self.version)
                .execute(&mut *db)
                .await?;
        }
        Ok(())
    }
}

/// A reaction that remembers what it was given, and that a test can hold up or trip.
#[derive(Default)]
pub struct Witness {
    pub seen: Mutex<Vec<u64>>,
    pub stumbles_at: AtomicU64,
    /// Says of its errors that patience mends them.
    pub patient: AtomicBool,
    /// Takes 60 ms for each event.
    pub slow: AtomicBool,
    /// Does its work on the event there and then never comes back, unless it is 0.
    pub hangs_after: AtomicU64,
}

impl Witness {
    pub fn create() -> Arc<Self> {
        Arc::default()
    }

    pub fn follower(self: &Arc<Self>) -> Follower {
        Follower::Reaction(self.clone())
    }

    pub fn seen(&self) -> Vec<u64> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait]
impl Reaction for Witness {
    fn name(&self) -> &'static str {
        "witness"
    }

    async fn react(&self, recorded: &Recorded<AnyEvent>) -> anyhow::Result<()> {
        let position = recorded.position.0;
        if position == self.stumbles_at.load(Ordering::SeqCst) {
            let error = anyhow::anyhow!("the view is blocked");
            return Err(if self.patient.load(Ordering::SeqCst) {
                projections::engine::TryLater(error.into()).into()
            } else {
                error
            });
        }
        if self.slow.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        self.seen.lock().unwrap().push(position);
        if position == self.hangs_after.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}
