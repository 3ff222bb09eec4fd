//! Reads on a replica: it answers once it has seen what the primary had when the question came; else the primary does.
//!
//! A streaming replica is a moment behind. Nobody shall notice: before a question is put to it, the primary is asked how far
//! the read models are, and the replica whether it is as far. However many ask at the same time, each of the two is asked
//! once, for a handful of rows. Whoever names a position (`Await-Log-Position`) wants no more than that, and the primary is
//! not asked at all. A replica that is away, far behind or no replica is left alone until it is one again (decision 55).

mod standing;
mod watching;

use std::{sync::Arc, time::Duration};

use application::figures::REPLICA_READS;
use domain::values::Position;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use standing::{Asked, Standing};

pub use standing::LOG;
pub use watching::{Fitness, examine};

/// How long a read waits for the replica before the primary answers it.
const PATIENCE: Duration = Duration::from_millis(100);
/// Between two questions to a replica that is not as far yet.
const GLANCE: Duration = Duration::from_millis(3);

/// Whose rights a question on the replica has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A person, who sees their own rows.
    Person,
    /// An auditor or operator.
    Steward,
}

/// A replica of the database, and what is known of it. Clones share what is known.
#[derive(Clone)]
pub struct Replica {
    people: PgPool,
    stewards: PgPool,
    shared: Arc<Shared>,
}

/// What all threads of a process share.
struct Shared {
    primary: Asked,
    replica: Asked,
    fitness: watch::Sender<Fitness>,
}

impl Replica {
    /// The replica behind `people` and `stewards`, of the database behind `primary`. It answers nothing before
    /// [`Replica::watch`] has found it fit.
    pub fn new(people: PgPool, stewards: PgPool, primary: PgPool) -> Self {
        let shared = Shared {
            primary: Asked::of(primary),
            replica: Asked::of(people.clone()),
            fitness: watch::Sender::new(Fitness::Unknown),
        };
        Self {
            people,
            stewards,
            shared: Arc::new(shared),
        }
    }

    /// The same over connections of one's own for people's questions.
    #[must_use]
    pub fn with_people(&self, people: PgPool) -> Self {
        Self {
            people,
            ..self.clone()
        }
    }

    /// The connections for people's questions.
    pub const fn people(&self) -> &PgPool {
        &self.people
    }

    /// How it stands.
    pub fn fitness(&self) -> Fitness {
        self.shared.fitness.borrow().clone()
    }

    /// Looks after the replica until `stop`.
    pub async fn watch(&self, stop: CancellationToken) {
        let (primary, replica) = (self.shared.primary.pool(), self.shared.replica.pool());
        watching::watch(primary, replica, &self.shared.fitness, stop).await;
    }

    /// The replica's answer to a question about these read models; none when the primary has to be asked. `awaited` is the
    /// position that the asker wants to have seen; without one the answer is as new as the primary's.
    pub async fn answer<T>(
        &self,
        asker: Asker,
        read_models: &[&str],
        awaited: Option<Position>,
        question: impl AsyncFnOnce(&PgPool) -> sqlx::Result<T>,
    ) -> Option<T> {
        let mut fitness = self.shared.fitness.subscribe();
        if !fitness.borrow().is_fit() {
            REPLICA_READS.count(["primary"]);
            return None;
        }
        let answered = async {
            let seen = self.has_seen(read_models, awaited);
            let seen = tokio::time::timeout(PATIENCE, seen).await;
            seen.map_err(|_| sqlx::Error::PoolTimedOut)??;
            question(match asker {
                Asker::Person => &self.people,
                Asker::Steward => &self.stewards,
            })
            .await
        };
        let answered = tokio::select! {
            answered = answered => answered,
            // Nobody waits for a replica that went away in the middle of an answer.
            _ = fitness.wait_for(|fitness| !fitness.is_fit()) => Err(sqlx::Error::PoolClosed),
        };
        match answered {
            Ok(answer) => {
                REPLICA_READS.count(["replica"]);
                Some(answer)
            }
            Err(error) => {
                tracing::debug!(error = ?error, "The primary answers in the replica's place");
                REPLICA_READS.count(["primary"]);
                None
            }
        }
    }

    /// Returns once the replica has seen what it must have seen.
    async fn has_seen(&self, read_models: &[&str], awaited: Option<Position>) -> sqlx::Result<()> {
        // Both at once: what the replica has seen now it has also seen later.
        let (wanted, mut seen) = match awaited {
            Some(position) => (
                Standing::at(read_models, position),
                self.shared.replica.now().await?,
            ),
            None => {
                let (wanted, seen) =
                    tokio::try_join!(self.shared.primary.now(), self.shared.replica.now())?;
                (wanted.only(read_models), seen)
            }
        };
        while !seen.has_reached(&wanted) {
            tokio::time::sleep(GLANCE).await;
            seen = self.shared.replica.now().await?;
        }
        Ok(())
    }
}
