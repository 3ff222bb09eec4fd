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
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    limits, positions,
    problem::{Chain, Code, Problem},
};

/// How long one wait for news may take; it is repeated at once.
const WAIT: Duration = Duration::from_secs(30);

/// How long to leave the database in peace after trouble.
const PAUSE: Duration = Duration::from_secs(1);

type Listeners = Mutex<Audience>;

/// Everybody who listens.
#[derive(Default)]
struct Audience {
    calls: HashMap<UserId, Calls>,
    /// How many streams that are in all.
    streams: usize,
}

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
    /// Follows the read model of updates until `stop`.
    pub(crate) fn start(app: &App, stop: CancellationToken) -> Self {
        let listeners = Arc::<Listeners>::default();
        let reader = Reader {
            pool: app.pool.clone(),
            checkpoints: app.checkpoints.clone(),
            listeners: Arc::clone(&listeners),
        };
        let drafts = Arc::clone(&app.drafts);
        let spoken_to = Arc::clone(&listeners);
        tokio::spawn(async move {
            let both = async { tokio::join!(reader.read(), pass_on(&*drafts, &spoken_to)) };
            stop.run_until_cancelled(both).await;
        });
        Self { listeners }
    }

    /// Hears when something changes for the user, or is said to them; a problem when too many streams do so already.
    pub(super) fn listen(&self, user: UserId) -> Result<Listener, Problem> {
        let mut audience = locked(&self.listeners);
        let own = audience.calls.get(&user);
        let own = own.map_or(0, |calls| calls.changed.receiver_count());
        if own >= limits::STREAMS_PER_PERSON || audience.streams >= limits::STREAMS {
            let whose = match own >= limits::STREAMS_PER_PERSON {
                true => format!("{own} streams of yours are open; close one of them"),
                false => "too many streams are open; try again".to_owned(),
            };
            return Err(Problem::new(Code::TooManyStreams, whose));
        }
        audience.streams += 1;
        let calls = audience.calls.entry(user).or_insert_with(|| Calls {
            changed: watch::Sender::new(()),
            draft: watch::Sender::new(None),
        });
        Ok(Listener {
            listeners: Arc::clone(&self.listeners),
            user,
            changed: calls.changed.subscribe(),
            draft: calls.draft.subscribe(),
        })
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
        let mut audience = locked(&self.listeners);
        audience.streams -= 1;
        // This ear is the last one.
        if audience
            .calls
            .get(&self.user)
            .is_some_and(|calls| calls.changed.receiver_count() == 1)
        {
            audience.calls.remove(&self.user);
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
        let audience = locked(&self.listeners);
        for calls in owners.iter().filter_map(|owner| audience.calls.get(owner)) {
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
                if let Some(calls) = locked(listeners).calls.get(&draft.owner) {
                    calls.draft.send_replace(Some(draft));
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

fn locked(listeners: &Listeners) -> MutexGuard<'_, Audience> {
    listeners.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use uuid::Uuid;

    use super::*;

    #[test]
    fn there_are_so_many_streams_and_one_that_ends_makes_room() {
        let pulse = Pulse {
            listeners: Arc::default(),
        };
        let somebody = || UserId(Uuid::now_v7());
        let mut open: Vec<_> = (0..limits::STREAMS)
            .map(|_| pulse.listen(somebody()).unwrap())
            .collect();
        let refused = pulse.listen(somebody()).err().unwrap();
        assert_eq!(refused.code(), Code::TooManyStreams);
        open.pop();
        let last = pulse.listen(somebody()).unwrap();
        drop((open, last));
        let audience = locked(&pulse.listeners);
        assert_eq!((audience.streams, audience.calls.len()), (0, 0));
    }
}
