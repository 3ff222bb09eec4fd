//! Wakes the streams of those people for whom something changed or is being said: one reader for the whole process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use application::ports::{ReplyDraft, ReplyDrafts};
use domain::values::{Position, UserId};
use projections::{engine::Checkpoints, updates};
use sqlx::PgPool;
use tokio::sync::{broadcast::error::RecvError, watch};

use crate::{app::App, positions, problem::Chain};

/// How long one wait for news may take; it is repeated at once.
const WAIT: Duration = Duration::from_secs(30);

/// How long to leave the database in peace after trouble.
const PAUSE: Duration = Duration::from_secs(1);

type Listeners = Mutex<HashMap<UserId, Calls>>;

/// What all streams of one person hear.
struct Calls {
    changed: watch::Sender<()>,
    /// The newest draft: whoever is slow misses those in between, which it makes superfluous.
    draft: watch::Sender<Option<Arc<ReplyDraft>>>,
}

/// Wakes the streams.
#[derive(Clone)]
pub(crate) struct Pulse {
    listeners: Arc<Listeners>,
}

/// One stream's ear. Hears nothing more once dropped.
pub(super) struct Listener {
    listeners: Arc<Listeners>,
    user: UserId,
    changed: watch::Receiver<()>,
    draft: watch::Receiver<Option<Arc<ReplyDraft>>>,
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
        let drafts = Arc::clone(&app.drafts);
        let spoken_to = Arc::clone(&listeners);
        tokio::spawn(async move {
            let both = async { tokio::join!(reader.read(), pass_on(&*drafts, &spoken_to)) };
            stop.run_until_cancelled(both).await;
        });
        Self { listeners }
    }

    /// Hears when something changes for the user, or is said to them.
    pub(super) fn listen(&self, user: UserId) -> Listener {
        let mut listeners = locked(&self.listeners);
        let calls = listeners.entry(user).or_insert_with(|| Calls {
            changed: watch::Sender::new(()),
            draft: watch::Sender::new(None),
        });
        Listener {
            listeners: Arc::clone(&self.listeners),
            user,
            changed: calls.changed.subscribe(),
            draft: calls.draft.subscribe(),
        }
    }
}

impl Listener {
    /// Forgets what changed so far.
    pub(super) fn attend(&mut self) {
        self.changed.borrow_and_update();
    }

    /// The newest draft, unless it was asked for before.
    pub(super) fn draft(&mut self) -> Option<Arc<ReplyDraft>> {
        // The sender lives as long as its listeners.
        if !self.draft.has_changed().unwrap_or(false) {
            return None;
        }
        self.draft.borrow_and_update().clone()
    }

    /// Returns once something changed since `attend`, or there is a new draft.
    pub(super) async fn woken(&mut self) {
        let heard = tokio::select! {
            heard = self.changed.changed() => heard,
            heard = self.draft.changed() => {
                self.draft.mark_changed();
                heard
            }
        };
        if heard.is_err() {
            // The senders live as long as their listeners: this does not happen.
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
            .is_some_and(|calls| calls.changed.receiver_count() == 1)
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
        for calls in owners.iter().filter_map(|owner| listeners.get(owner)) {
            calls.changed.send_replace(());
        }
    }

    async fn rest(&self, error: &sqlx::Error) {
        tracing::warn!(error = %Chain(error), "Could not read for whom something changed");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Passes drafts on to the people that they are for. One that is missed is replaced by the next.
async fn pass_on(drafts: &dyn ReplyDrafts, listeners: &Listeners) {
    let mut heard = drafts.heard();
    loop {
        match heard.recv().await {
            Ok(draft) => {
                if let Some(calls) = locked(listeners).get(&draft.owner) {
                    calls.draft.send_replace(Some(draft));
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn locked(listeners: &Listeners) -> MutexGuard<'_, HashMap<UserId, Calls>> {
    listeners.lock().unwrap_or_else(PoisonError::into_inner)
}
