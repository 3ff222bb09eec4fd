//! Leases: claim, heartbeat, fence.
//!
//! A lease says who works on something, until when by the store's clock. Its holder renews it; when the
//! holder dies, the lease runs out and somebody else claims the work with a greater fence. A lease only
//! saves work from being done twice: what must not happen twice is fenced by the log (attempt numbers).

mod postgres;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::values::PhotoId;
use tokio::time::Instant;
use uuid::Uuid;

pub use postgres::PostgresLeases;

use crate::parts::LeaseTimes;

/// Who claims, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The name of the process.
    pub holder: &'a str,
    /// How long the lease lasts without a heartbeat.
    pub lasts: Duration,
}

/// A piece of work that was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// What names the piece on its to-do list.
    pub piece: String,
    /// The lease's name.
    pub name: String,
    /// The lease's fence.
    pub fence: i64,
}

/// A to-do list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ToDo {
    /// Photos that wait for work, those that wait longest first.
    Photos,
    /// Conversations in which a message waits for its answer, those that wait longest first. A conversation is as old
    /// as its oldest message that waits; the messages after it wait for that one.
    Conversations,
}

impl ToDo {
    /// What the names of its leases begin with, before a colon.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Photos => "photo",
            Self::Conversations => "chat",
        }
    }
}

/// Where leases are kept, beside the to-do lists: in the database, or, of a simulation, in memory. Both pass one contract
/// suite. Time is the store's own, so that it is one however many processes use it.
#[async_trait]
pub trait LeaseStore: fmt::Debug + Send + Sync {
    /// Claims up to `most` pieces of a to-do list that are due and that nobody else holds. However many claim at once,
    /// each piece goes to one of them.
    async fn claim_due(
        &self,
        list: ToDo,
        claim: Claim<'_>,
        most: usize,
    ) -> sqlx::Result<Vec<Claimed>>;

    /// Claims the lease of that name and answers its fence, which is greater than any before; none while somebody else
    /// holds it.
    async fn claim(&self, name: &str, claim: Claim<'_>) -> sqlx::Result<Option<i64>>;

    /// Lets a lease last for so long from now on; false when it is held no more with that fence.
    async fn set_until(&self, name: &str, fence: i64, from_now: Duration) -> sqlx::Result<bool>;

    /// Gives a lease back, unless somebody else holds it by now.
    async fn release(&self, name: &str, fence: i64) -> sqlx::Result<()>;

    /// Gives back all leases of a kind that this holder has; answers how many.
    async fn take_back(&self, kind: &str, holder: &str) -> sqlx::Result<u64>;

    /// Forgets leases that ran out more than a minute ago; answers how many.
    async fn forget_expired(&self) -> sqlx::Result<u64>;
}

/// Where one process claims its leases.
#[derive(Debug, Clone)]
pub struct Leases {
    store: Arc<dyn LeaseStore>,
    holder: String,
    times: LeaseTimes,
}

impl Leases {
    /// The leases that the process named `holder` takes.
    pub const fn new(store: Arc<dyn LeaseStore>, holder: String, times: LeaseTimes) -> Self {
        Self {
            store,
            holder,
            times,
        }
    }

    /// Claims up to `most` photos that wait for work and that nobody else works on, those that wait longest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn claim_photos(&self, most: usize) -> sqlx::Result<Vec<(PhotoId, Lease)>> {
        let claimed = self.claim_due(ToDo::Photos, most).await?;
        let photo = |(piece, lease): (String, Lease)| {
            let photo_id = Uuid::try_parse(&piece);
            photo_id
                .map(|photo_id| (PhotoId(photo_id), lease))
                .map_err(|error| sqlx::Error::Decode(error.into()))
        };
        claimed.into_iter().map(photo).collect()
    }

    /// Claims up to `most` conversations in which a message waits for its answer and that nobody else works on, those
    /// that wait longest first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn claim_conversations(&self, most: usize) -> sqlx::Result<Vec<(String, Lease)>> {
        self.claim_due(ToDo::Conversations, most).await
    }

    async fn claim_due(&self, list: ToDo, most: usize) -> sqlx::Result<Vec<(String, Lease)>> {
        let asked = Instant::now();
        let claimed = self.store.claim_due(list, self.as_claim(), most).await?;
        let leased = |claimed: Claimed| {
            let Claimed { piece, name, fence } = claimed;
            (piece, Lease::new(self.clone(), name, fence, asked))
        };
        Ok(claimed.into_iter().map(leased).collect())
    }

    /// Claims the lease of that name; none while somebody else holds it.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn claim(&self, name: String) -> sqlx::Result<Option<Lease>> {
        let asked = Instant::now();
        let fence = self.store.claim(&name, self.as_claim()).await?;
        Ok(fence.map(|fence| Lease::new(self.clone(), name, fence, asked)))
    }

    /// Takes back what an earlier process of the same name held of a to-do list when it died, so that nobody waits for
    /// that to run out; returns how many leases that were. To be called before the first claim from that list: no
    /// other living process has this name.
    ///
    /// # Errors
    /// When the store is away; then they run out by themselves.
    pub async fn take_back(&self, list: ToDo) -> sqlx::Result<u64> {
        self.store.take_back(list.kind(), &self.holder).await
    }

    /// Forgets leases that ran out more than a minute ago; returns how many.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn forget_expired(&self) -> sqlx::Result<u64> {
        self.store.forget_expired().await
    }

    fn as_claim(&self) -> Claim<'_> {
        Claim {
            holder: &self.holder,
            lasts: self.times.lasts,
        }
    }
}

/// A claimed piece of work. Dropping it gives nothing back: that is what a crash does.
#[derive(Debug)]
pub struct Lease {
    leases: Leases,
    name: String,
    fence: i64,
    claimed: Instant,
    /// Until when it is surely held, in milliseconds after `claimed`, by this process's clock: counted from
    /// before the store was asked, so never longer than the store thinks.
    held_for_ms: AtomicU64,
}

impl Lease {
    const fn new(leases: Leases, name: String, fence: i64, claimed: Instant) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a lease does not last 500 million years"
        )]
        let held_for_ms = AtomicU64::new(leases.times.lasts.as_millis() as u64);
        Self {
            leases,
            name,
            fence,
            claimed,
            held_for_ms,
        }
    }

    /// The number by which a later holder is told from an earlier one.
    pub const fn fence(&self) -> i64 {
        self.fence
    }

    /// Whether it is surely still held. A process that was paused learns so without asking.
    pub fn is_held(&self) -> bool {
        self.claimed.elapsed() < Duration::from_millis(self.held_for_ms.load(Ordering::Relaxed))
    }

    /// Renews the lease again and again; returns once it is lost.
    pub async fn keep(&self) {
        loop {
            tokio::time::sleep(self.leases.times.heartbeat).await;
            match self.renew().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) if self.is_held() => {
                    tracing::warn!(lease = %self.name, %error, "Could not renew the lease {} yet", self.name);
                }
                Err(_) => return,
            }
        }
    }

    /// Renews the lease once; false when somebody else has it, or it was given back.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn renew(&self) -> sqlx::Result<bool> {
        let asked = self.claimed.elapsed();
        let held = self.set_until(self.leases.times.lasts).await?;
        let until = if held {
            asked + self.leases.times.lasts
        } else {
            Duration::ZERO
        };
        self.held_for_ms.store(
            u64::try_from(until.as_millis()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
        Ok(held)
    }

    /// Gives the work back at once.
    ///
    /// # Errors
    /// When the store is away; then the lease runs out by itself.
    pub async fn release(self) -> sqlx::Result<()> {
        self.leases.store.release(&self.name, self.fence).await
    }

    /// Gives the work back, but not before that time has passed.
    ///
    /// # Errors
    /// When the store is away; then the lease runs out by itself.
    pub async fn release_after(self, rest: Duration) -> sqlx::Result<()> {
        self.set_until(rest).await.map(drop)
    }

    async fn set_until(&self, from_now: Duration) -> sqlx::Result<bool> {
        let store = &self.leases.store;
        store.set_until(&self.name, self.fence, from_now).await
    }
}
