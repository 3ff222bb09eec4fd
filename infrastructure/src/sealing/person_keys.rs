//! People's data keys: in the table `person_keys`, and opened ones in this process.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use application::ports::{LogUnavailable, PersonKeys};
use async_trait::async_trait;
use domain::values::UserId;
use quick_cache::sync::Cache;
use sqlx::PgPool;

use super::{
    fetching::{Fetcher, Kept},
    master_keys::{MasterKeys, Wrapped},
    opener::{Known, Opener},
    sealed_value::DataKey,
};

/// How many opened keys a process holds, of about 600 bytes each.
const MOST_KEYS: usize = 32_768;
/// How long a process may not know that a key was destroyed elsewhere.
const FRESH: Duration = Duration::from_secs(1);
/// How long it may take to ask.
const PATIENCE: Duration = Duration::from_secs(2);

/// The keys of people, over a pool of connections to the primary. Cheap to clone.
#[derive(Clone)]
pub struct PostgresPersonKeys(Arc<Shared>);

struct Shared {
    pool: PgPool,
    masters: MasterKeys,
    fetcher: Fetcher,
    opened: Cache<UserId, Known>,
    /// Held by whoever puts something into `opened`: what was destroyed must not come back.
    learning: Mutex<()>,
    destroyed: tokio::sync::Mutex<Destroyed>,
}

/// What is known of keys that other processes destroyed.
#[derive(Default)]
struct Destroyed {
    /// When it was asked for last; never before anything was opened.
    asked: Option<Instant>,
    /// Where the log ended when the last one of them was destroyed.
    position: i64,
}

/// Somebody's data key.
pub(crate) struct PersonKey {
    pub(crate) person: UserId,
    pub(crate) key: DataKey,
    /// What the database is to keep of a key that was made here.
    wrapped: Option<Wrapped>,
    /// Whether it keeps that.
    stored: AtomicBool,
}

impl PersonKey {
    /// One that the database keeps.
    pub(super) const fn kept(person: UserId, key: DataKey) -> Self {
        Self {
            person,
            key,
            wrapped: None,
            stored: AtomicBool::new(true),
        }
    }

    /// What the next append has to bring along, wrapped, and with which master key.
    pub(crate) fn unstored(&self) -> Option<(&[u8], &str)> {
        let wrapped = self.wrapped.as_ref()?;
        let unstored = !self.stored.load(Ordering::Relaxed);
        unstored.then_some((&wrapped.bytes, &wrapped.master))
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}", self.key, self.person)
    }
}

impl PostgresPersonKeys {
    /// Over that pool, wrapping new keys with the newest of those master keys.
    pub fn start(pool: PgPool, masters: MasterKeys) -> Self {
        Self(Arc::new(Shared {
            fetcher: Fetcher::start(pool.clone()),
            pool,
            masters,
            opened: Cache::new(MOST_KEYS),
            learning: Mutex::new(()),
            destroyed: tokio::sync::Mutex::default(),
        }))
    }

    /// The keys of these people, with one question for all that are not at hand.
    ///
    /// # Errors
    /// When the database cannot be asked. A key that cannot be used is an error of whoever opens something with it.
    pub async fn opener(
        &self,
        people: impl IntoIterator<Item = UserId>,
    ) -> Result<Opener, LogUnavailable> {
        let people: HashSet<UserId> = people.into_iter().collect();
        if people.is_empty() {
            return Ok(Opener::default());
        }
        self.notice_destroyed().await?;
        let mut known = HashMap::with_capacity(people.len());
        let mut missing = Vec::new();
        for person in people {
            match self.0.opened.get(&person) {
                Some(key) => drop(known.insert(person, key)),
                None => missing.push(person),
            }
        }
        if !missing.is_empty() {
            for kept in self.0.fetcher.fetch(missing).await? {
                known.insert(kept.person, self.learn_kept(kept));
            }
        }
        Ok(Opener(known))
    }

    /// A key for somebody who had none when it was asked; the one that was made meanwhile in this process, if any.
    pub(super) fn make(&self, person: UserId) -> Result<Known, ring::error::Unspecified> {
        let (key, wrapped) = self.0.masters.generate(person)?;
        Ok(self.learn(
            person,
            Known::Key(Arc::new(PersonKey {
                person,
                key,
                wrapped: Some(wrapped),
                stored: AtomicBool::new(false),
            })),
        ))
    }

    /// After an append: these keys are in the database, and those are no more.
    pub(crate) fn appended(&self, sealed_with: &[Arc<PersonKey>], erased: &[UserId]) {
        for key in sealed_with {
            key.stored.store(true, Ordering::Relaxed);
        }
        for person in erased {
            self.forget(*person);
        }
    }

    /// After an append that found other keys: what these people's keys are is to be asked anew.
    pub(crate) fn lost(&self, keys: &[Arc<PersonKey>]) {
        let _learning = self.learning();
        for lost in keys {
            let opened = self.0.opened.get(&lost.person);
            if matches!(opened, Some(Known::Key(key)) if key.key.id == lost.key.id) {
                self.0.opened.remove(&lost.person);
            }
        }
    }

    fn learn_kept(&self, kept: Kept) -> Known {
        let Kept { person, key } = kept;
        let Some((id, wrapped)) = key else {
            self.forget(person);
            return Known::Destroyed;
        };
        match self.0.masters.unwrap(person, id, &wrapped) {
            Ok(key) => self.learn(person, Known::Key(Arc::new(PersonKey::kept(person, key)))),
            Err(error) => Known::Unusable(error),
        }
    }

    /// What is known from now on: what was learnt first.
    fn learn(&self, person: UserId, known: Known) -> Known {
        let _learning = self.learning();
        self.0.opened.get(&person).unwrap_or_else(|| {
            self.0.opened.insert(person, known.clone());
            known
        })
    }

    fn forget(&self, person: UserId) {
        let _learning = self.learning();
        self.0.opened.insert(person, Known::Destroyed);
    }

    fn learning(&self) -> MutexGuard<'_, ()> {
        self.0
            .learning
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns, at most a second late, whose keys other processes destroyed. While that cannot be asked, nothing is opened.
    async fn notice_destroyed(&self) -> Result<(), LogUnavailable> {
        let mut destroyed = self.0.destroyed.lock().await;
        if destroyed.asked.is_some_and(|asked| asked.elapsed() < FRESH) {
            return Ok(());
        }
        let now = Instant::now();
        if destroyed.asked.is_none() {
            // Nothing was opened yet, so that only what comes from now on matters.
            let last = sqlx::query_scalar::<_, Option<i64>>(
                "SELECT max(destroyed_position) FROM person_keys",
            )
            .fetch_one(&self.0.pool);
            destroyed.position = patiently(last).await?.unwrap_or_default();
        } else {
            // Several may have been destroyed at one position, some of them after it was asked for last.
            let since = sqlx::query_as::<_, (sqlx::types::Uuid, i64)>(
                "SELECT user_id, destroyed_position FROM person_keys WHERE destroyed_position >= $1",
            )
            .bind(destroyed.position)
            .fetch_all(&self.0.pool);
            for (person, position) in patiently(since).await? {
                self.forget(UserId(person));
                destroyed.position = destroyed.position.max(position);
            }
        }
        destroyed.asked = Some(now);
        Ok(())
    }
}

#[async_trait]
impl PersonKeys for PostgresPersonKeys {
    async fn destroy(&self, user: UserId) -> Result<(), LogUnavailable> {
        sqlx::query("SELECT destroy_person_key($1)")
            .bind(user.0)
            .execute(&self.0.pool)
            .await
            .map_err(unavailable)?;
        self.forget(user);
        Ok(())
    }

    async fn is_destroyed(&self, user: UserId) -> Result<bool, LogUnavailable> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM person_keys WHERE user_id = $1 AND destroyed_at IS NOT NULL)",
        )
        .bind(user.0)
        .fetch_one(&self.0.pool)
        .await
        .map_err(unavailable)
    }
}

pub(super) async fn patiently<T>(
    question: impl Future<Output = sqlx::Result<T>>,
) -> Result<T, LogUnavailable> {
    tokio::time::timeout(PATIENCE, question)
        .await
        .map_err(unavailable)?
        .map_err(unavailable)
}

pub(super) fn unavailable(
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> LogUnavailable {
    LogUnavailable(error.into())
}
