//! The followers of the log: who works, how far it is, and what happens when an event cannot be followed.
//!
//! A follower is a projector (writes a read model) or a reaction (turns events into commands). Any
//! number of processes may run the same followers; for each one, one process holds a lease and
//! works, and another takes over within 5 s when it dies. Each follower reads the log on its own,
//! in order, and never skips an event: what cannot be followed is tried again and then parked,
//! for an operator to resume, while the other followers go on.
//!
//! A projector's rows and its checkpoint are written in one transaction, which also checks the
//! lease's fence: each event counts exactly once, even when a process that was paused wakes up and
//! believes that it still holds the lease. A reaction's checkpoint is written after its effect, so an
//! event may be reacted to twice, and each effect carries a key that makes the second time harmless.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use application::ports::EventLog;
use async_trait::async_trait;
use domain::{
    recorded::{AnyEvent, Recorded},
    values::Position,
};
use futures::FutureExt;
use sqlx::{PgConnection, PgPool};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::error;

mod checkpoints;
mod database;
mod enduring;
mod feed;
mod filling;
mod following;
mod forgetting;
mod head;
mod leases;
mod progress;
mod status;
mod trouble;

pub use checkpoints::{Behind, Checkpoints};
pub use database::database_passes;
pub use forgetting::project;
pub use status::{CheckStatus, FollowerState, ProjectorStatus, ShadowStatus};
pub use trouble::{Retries, TryLater, is_about_somebody_erased, is_passing};

use feed::Feed;
use following::Following;
pub(crate) use leases::Lease;
use leases::Leases;
pub(crate) use trouble::{Trouble, guarded};

use crate::rebuild::Shadow;

/// How long a follower rests after a mistake in the engine itself.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// Writes one read model.
#[async_trait]
pub trait Projector: Send + Sync {
    /// Its name, unique among all followers.
    fn name(&self) -> &'static str;

    /// The version of what it writes, from 1. When it grows, new tables are filled from the log's beginning beside
    /// the live ones, which are read as they are until then. A process with an older version leaves the work to
    /// those with the newer one once the new tables are the live ones.
    fn version(&self) -> i32;

    /// The tables that it writes, and nobody else.
    fn tables(&self) -> &'static [&'static str];

    /// Those of its tables that hold something of people, each with a column `owner`: the rows of whoever is erased leave
    /// them. The engine does that, and hides what happens to a person after their erasure.
    fn forgets(&self) -> &'static [&'static str] {
        self.tables()
    }

    /// Writes what a page of events (in order, without gaps, never empty) means, in the given transaction.
    ///
    /// The result must not depend on how the log is cut into pages, nor on the clock. Between two
    /// statements no more than 2 s may pass: PostgreSQL takes a longer silence for a dead process.
    ///
    /// # Errors
    /// Nothing of the page counts then. The engine finds the event, tries again, and parks.
    async fn project(&self, db: &mut PgConnection, page: &[Recorded<AnyEvent>])
    -> sqlx::Result<()>;
}

/// Turns events into commands.
#[async_trait]
pub trait Reaction: Send + Sync {
    /// Its name, unique among all followers.
    fn name(&self) -> &'static str;

    /// Does what follows from the event. Called in order and at least once for each event, so every effect needs a key.
    ///
    /// # Errors
    /// The engine tries the event again, and parks in the end. What only needs patience (the log or
    /// the database is away, or the error is [`TryLater`]) is tried for ever.
    async fn react(&self, recorded: &Recorded<AnyEvent>) -> anyhow::Result<()>;
}

/// What follows the log.
#[derive(Clone)]
#[expect(missing_docs, reason = "the traits say it")]
pub enum Follower {
    Projector(Arc<dyn Projector>),
    Reaction(Arc<dyn Reaction>),
    /// A projector that fills tables beside the live ones, and ends once it has.
    Shadow(Arc<Shadow>),
}

impl Follower {
    /// Its name, unique among all followers.
    pub fn name(&self) -> &str {
        match self {
            Self::Projector(projector) => projector.name(),
            Self::Reaction(reaction) => reaction.name(),
            Self::Shadow(shadow) => shadow.name(),
        }
    }

    /// The version of what it writes; a reaction writes nothing that could be outdated.
    fn version(&self) -> i32 {
        match self {
            Self::Projector(projector) => projector.version(),
            Self::Shadow(shadow) => shadow.projector().version(),
            Self::Reaction(_) => 1,
        }
    }
}

/// Runs followers in this process.
pub struct Engine {
    pool: PgPool,
    log: Arc<dyn EventLog>,
    node: Arc<str>,
    checkpoints: Checkpoints,
    retries: Retries,
}

impl Engine {
    /// `pool` needs a connection for each follower and one more, for the leases. `node` names this
    /// process; no other living process may have that name. A process that comes back under its
    /// old name takes its leases back at once instead of waiting until they run out.
    pub fn new(pool: PgPool, log: Arc<dyn EventLog>, node: String) -> Self {
        let checkpoints = Checkpoints::new(pool.clone());
        Self {
            pool,
            log,
            node: node.into(),
            checkpoints,
            retries: Retries::default(),
        }
    }

    /// With another patience than the default.
    #[must_use]
    pub const fn with_retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// How far the followers are; those of this process are known without asking the database.
    pub fn checkpoints(&self) -> Checkpoints {
        self.checkpoints.clone()
    }

    /// Runs the followers until `stop`, or until all of them are shadows that have ended: each one ends the page (or the event) that it is at and releases its lease,
    /// so that another process goes on at once. What hangs is dropped after 5 s, as if the process had died.
    ///
    /// A future that is dropped instead leaves the leases to run out.
    pub async fn run(&self, followers: Vec<Follower>, stop: CancellationToken) {
        let (head, seen_head) = watch::channel(Position::default());
        let leases = Leases::new(self.pool.clone(), self.node.clone());
        let feed = Feed::new(self.log.clone());
        // These two live as long as there are followers, however they end.
        let mut keepers = JoinSet::new();
        keepers.spawn(leases.clone().keep());
        keepers.spawn(head::watch(self.log.clone(), head));

        let mut tasks = JoinSet::new();
        for follower in followers {
            let following = Following {
                pool: self.pool.clone(),
                log: self.log.clone(),
                feed: feed.clone(),
                leases: leases.clone(),
                head: seen_head.clone(),
                checkpoints: self.checkpoints.clone(),
                stop: stop.clone(),
                retries: self.retries,
                follower,
            };
            tasks.spawn(run_for_ever(following));
        }
        while tasks.join_next().await.is_some() {}
        keepers.shutdown().await;
    }
}

/// Starts a follower again after a panic in the engine. (One in a projector or a reaction is a failing event.)
async fn run_for_ever(following: Following) {
    let name = following.follower.name();
    while AssertUnwindSafe(following.run())
        .catch_unwind()
        .await
        .is_err()
    {
        error!(
            follower = name,
            "The engine panicked while it ran {name}; starts it again"
        );
        tokio::select! {
            () = following.stop.cancelled() => return,
            () = tokio::time::sleep(AFTER_PANIC) => {}
        }
    }
}
