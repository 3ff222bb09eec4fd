//! Wakes the streams of those people for whom something changed: one reader for the whole process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::values::{Position, UserId};
use projections::{engine::Checkpoints, updates};
use sqlx::PgPool;
use tokio::sync::watch;

use crate::{app::App, positions, problem::Chain};

/// How long one wait for news may take; it is repeated at once.
const WAIT: Duration = Duration::from_secs(30);

/// How long to leave the database in peace after trouble.
const PAUSE: Duration = Duration::from_secs(1);

type Listeners = Mutex<HashMap<UserId, watch::Sender<()>>>;

/// Wakes the streams.
#[derive(Clone)]
pub(crate) struct Pulse {
    listeners: Arc<Listeners>,
}

/// One stream's ear. Hears nothing more once dropped.
pub(super) struct Listener {
    listeners: Arc<Listeners>,
    user: UserId,
    ear: watch::Receiver<()>,
}

impl Pulse {
    /// Follows the read model of updates until the application stops.
    pub(crate) fn start(app: &App) -> Self {
        let listeners = Arc::<Listeners>::default();
        let reader = Reader {
            pool: app.pool.clone(),
            checkpoints: app.checkpoints.clone(),
            listeners: Arc::clone(&listeners),
        };
        let stop = app.stop.clone();
        tokio::spawn(async move { stop.run_until_cancelled(reader.read()).await });
        Self { listeners }
    }

    /// Hears when something changes for the user.
    pub(super) fn listen(&self, user: UserId) -> Listener {
        let ear = locked(&self.listeners)
            .entry(user)
            .or_insert_with(|| watch::Sender::new(()))
            .subscribe();
        Listener {
            listeners: Arc::clone(&self.listeners),
            user,
            ear,
        }
    }
}

impl Listener {
    /// Forgets what was heard so far.
    pub(super) fn attend(&mut self) {
        self.ear.borrow_and_update();
    }

    /// Returns once something was heard since `attend`.
    pub(super) async fn woken(&mut self) {
        if self.ear.changed().await.is_err() {
            // The sender lives as long as its listeners: this does not happen.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listeners = locked(&self.listeners);
        // This ear is the last one.
        if listeners
            .get(&self.user)
            .is_some_and(|sender| sender.receiver_count() == 1)
        {
            listeners.remove(&self.user);
        }
    }
}

struct Reader {
    pool: PgPool,
    checkpoints: Checkpoints,
    listeners: Arc<Listeners>,
}

impl Reader {
    async fn read(&self) {
        let mut seen = loop {
            match self.checkpoint().await {
                Ok(position) => break position,
                Err(error) => self.rest(&error).await,
            }
        };
        loop {
            let next = Position(seen.0 + 1);
            let waited = self
                .checkpoints
                .await_position(positions::UPDATES, next, WAIT);
            if waited.await.is_err() {
                continue;
            }
            let reached = *self.checkpoints.subscribe(positions::UPDATES[0]).borrow();
            match updates::owners_between(&self.pool, seen, reached).await {
                Ok(owners) => {
                    seen = reached;
                    self.wake(&owners);
                }
                Err(error) => self.rest(&error).await,
            }
        }
    }

    /// How far the read model is at the start: streams that begin later read what is in it by themselves.
    async fn checkpoint(&self) -> sqlx::Result<Position> {
        let followers = self.checkpoints.list(Position::default()).await?;
        let updates = followers
            .into_iter()
            .find(|follower| follower.name == positions::UPDATES[0]);
        Ok(updates.map_or(Position::default(), |updates| updates.position))
    }

    fn wake(&self, owners: &[UserId]) {
        let listeners = locked(&self.listeners);
        for sender in owners.iter().filter_map(|owner| listeners.get(owner)) {
            sender.send_replace(());
        }
    }

    async fn rest(&self, error: &sqlx::Error) {
        tracing::warn!(error = %Chain(error), "Could not read for whom something changed");
        tokio::time::sleep(PAUSE).await;
    }
}

fn locked(listeners: &Listeners) -> MutexGuard<'_, HashMap<UserId, watch::Sender<()>>> {
    listeners.lock().unwrap_or_else(PoisonError::into_inner)
}
