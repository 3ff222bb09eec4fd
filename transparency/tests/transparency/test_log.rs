//! A log of a test's own, whose tree grows beside it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use infrastructure::{database::DatabaseRole, scratch_database::ScratchDatabase};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use transparency::{
    Evidence, Grower, Growing, KeyRing, NotVerified, SigningKey, Tree, TreeStatus, Verification,
    Verified, VerifierKey,
};

pub const ORIGIN: &str = "ava.test/log";

pub struct TestLog {
    pub database: ScratchDatabase,
    pub tree: Tree,
    pub keys: Arc<KeyRing>,
    directory: tempfile::TempDir,
}

/// A process that lets the tree grow; ends when it is told to.
pub struct Running {
    stop: CancellationToken,
    grower: JoinHandle<()>,
}

impl Running {
    pub async fn stop(self) {
        self.stop.cancel();
        self.grower.await.unwrap();
    }
}

pub fn signing_key(seed: u8) -> SigningKey {
    SigningKey::new(ORIGIN, &[seed; 32]).unwrap()
}

impl TestLog {
    pub async fn start() -> Self {
        let database = ScratchDatabase::create().await;
        Self {
            tree: Tree::new(database.pool_as(DatabaseRole::Steward)),
            database,
            keys: Arc::new(KeyRing::new(signing_key(1), Vec::new())),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub fn pool(&self) -> PgPool {
        self.database.pool()
    }

    pub fn published(&self) -> PathBuf {
        self.directory.path().join("checkpoint")
    }

    /// Writes so many events, as appends do.
    pub async fn append(&self, many: u32) {
        sqlx::query(
            r#"WITH added AS (
                   INSERT INTO events
                   SELECT (SELECT position FROM log_head) + n, gen_random_uuid(), 'Avatar',
                          'avatar-' || (SELECT position FROM log_head) + n, 1, 'AvatarCreated', '1',
                          ('{"type": "AvatarCreated","n":' || n || ',"name":"Zoë"}')::json, '{"actor":"test"}', clock_timestamp()
                     FROM generate_series(1, $1) AS n
                   RETURNING position)
               UPDATE log_head SET position = (SELECT max(position) FROM added)"#,
        )
        .bind(i32::try_from(many).unwrap())
        .execute(&self.pool())
        .await
        .unwrap();
    }

    /// What somebody does who has the database's own rights.
    pub async fn tamper(&self, statements: &[&str]) {
        let mut db = self.pool().acquire().await.unwrap();
        let tables = ["events", "log_tiles", "log_checkpoints"];
        for (action, list) in [("DISABLE", tables), ("ENABLE", tables)] {
            for table in list {
                let alter = format!("ALTER TABLE {table} {action} TRIGGER USER");
                sqlx::raw_sql(&alter).execute(&mut *db).await.unwrap();
            }
            if action == "DISABLE" {
                for statement in statements {
                    sqlx::raw_sql(statement).execute(&mut *db).await.unwrap();
                }
            }
        }
    }

    /// Lets the tree grow from now on, in a process of that name.
    pub fn grow_as(&self, holder: &str, keys: Arc<KeyRing>) -> Running {
        let growing = Growing {
            holder: holder.to_owned(),
            every: Duration::ZERO,
            published_to: self.directory.path().to_owned(),
        };
        let stop = CancellationToken::new();
        let grower = Grower::new(
            self.database.pool_as(DatabaseRole::Projector),
            keys,
            growing,
        )
        .run(stop.clone());
        Running {
            stop,
            grower: tokio::spawn(grower),
        }
    }

    pub fn grow(&self) -> Running {
        self.grow_as("one", self.keys.clone())
    }

    /// Lets the tree grow over the whole log, and a checkpoint be signed and published.
    pub async fn grown(&self) {
        let running = self.grow();
        self.until(|status| {
            status
                .checkpoint
                .is_some_and(|(size, _)| size == status.head)
        })
        .await;
        let newest = self.tree.newest_checkpoint().await.unwrap().unwrap();
        until(|| std::fs::read_to_string(self.published()).is_ok_and(|note| note == newest.note))
            .await;
        running.stop().await;
    }

    pub async fn until(&self, is_so: impl Fn(&TreeStatus) -> bool) -> TreeStatus {
        for _ in 0..3000 {
            let status = self.tree.status().await.unwrap();
            if is_so(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("not so: {:?}", self.tree.status().await);
    }

    pub async fn verify(&self) -> Result<Verified, NotVerified> {
        self.verify_with(&self.keys.verifiers(), &[]).await
    }

    /// With what was published.
    pub async fn verify_published(&self) -> Result<Verified, NotVerified> {
        let evidence = Evidence {
            kept_in: "the published file".to_owned(),
            note: std::fs::read_to_string(self.published()).unwrap(),
        };
        self.verify_with(&self.keys.verifiers(), &[evidence]).await
    }

    pub async fn verify_with(
        &self,
        keys: &[VerifierKey],
        evidence: &[Evidence],
    ) -> Result<Verified, NotVerified> {
        let verification = Verification {
            tree: &self.tree,
            keys,
            evidence,
        };
        verification.run(|_, _| {}).await
    }
}

pub async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not so after 30 s");
}
