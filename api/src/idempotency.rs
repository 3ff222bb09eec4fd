//! One key, one execution, one answer.
//!
//! In one process the requests of a key take turns. Across processes the log refuses the second use of a key,
//! and the command then learns where the first one's events ended. An answer that was lost between the append
//! and its keeping is built again from the read models.

use std::{
    cell::Cell,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::HttpResponse;
use application::{
    context::{Context, Receipt},
    ports::{Answer, IdempotencyClaim},
};
use domain::values::Position;

use crate::{
    app::State,
    command::CommandRequest,
    problem::{Chain, Code, Problem},
    reply::{Reply, respond},
};

/// How long a request waits for its turn; less than its time, so that it hears why.
const TURN: Duration = Duration::from_millis(1400);
/// What is said of a command that may be carried out or not.
const NOT_KNOWN: &str = "the store did not answer in time, and whether this was done is not known yet; \
                         ask again with the same Idempotency-Key, or look first when there was none";

/// What a command has done, now or when its key was used first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Executed<T = ()> {
    /// It was carried out for this request.
    Now {
        /// The position that its events reached.
        position: Position,
        /// What it made, as a new photo's id.
        made: T,
    },
    /// It had been carried out for an earlier request with the same key.
    Earlier {
        /// The position that its events reached back then.
        position: Position,
    },
}

impl<T> Executed<T> {
    /// As the receipt says; what was made for an execution that did not happen means nothing.
    pub(crate) fn of(receipt: &Receipt, made: T) -> Self {
        let position = receipt.position;
        if receipt.replayed {
            Self::Earlier { position }
        } else {
            Self::Now { position, made }
        }
    }

    /// The position that its events reached.
    pub(crate) const fn position(&self) -> Position {
        match self {
            Self::Now { position, .. } | Self::Earlier { position } => *position,
        }
    }
}

impl From<Receipt> for Executed {
    fn from(receipt: Receipt) -> Self {
        Self::of(&receipt, ())
    }
}

/// Carries out a command once for its key, and answers: with the kept answer when there is one.
///
/// `execute` gives the command; `answer` builds the answer from the read models, perhaps for an earlier
/// execution. Only success is kept: a refusal executed nothing, and is decided anew. When the request's time is over
/// ([`CommandRequest::until`]), the caller is told to ask again, and `execute` may have been left at any place.
pub(crate) async fn once<T>(
    app: &State,
    request: &CommandRequest,
    context: Context,
    execute: impl AsyncFnOnce(Context) -> Result<Executed<T>, Problem>,
    answer: impl AsyncFn(Executed<T>) -> Result<Reply, Problem>,
) -> Result<HttpResponse, Problem>
where
    T: Clone,
{
    let reached = Cell::new(None);
    let carried_out = async {
        let Some(claim) = request.claim() else {
            let executed = execute(context).await?;
            reached.set(Some(executed.position()));
            return Ok(answered(app, executed, answer).await?.respond());
        };
        let _turn = app.in_flight.turn(claim).await?;
        let known = app.idempotency.find(&claim.scope, &claim.key).await?;
        let executed = match known {
            Some(known) if known.request_hash != claim.request_hash => {
                return Err(Problem::plain(Code::IdempotencyKeyReused));
            }
            Some(known) => {
                if let Some(answer) = known.answer {
                    return Ok(replayed(answer));
                }
                Executed::Earlier {
                    position: known.position,
                }
            }
            None => execute(context).await?,
        };
        let position = executed.position();
        reached.set(Some(position));
        let first = matches!(executed, Executed::Now { .. });
        app.checkpoints.doubt(position).await?;
        let reply = answered(app, executed, answer).await?;
        keep(app, claim, position, first, reply).await
    };
    let Some(until) = request.until() else {
        return carried_out.await;
    };
    match tokio::time::timeout_at(until, carried_out).await {
        Ok(response) => response,
        Err(_) => Err(overdue(reached.get())),
    }
}

/// What a command is told that was not answered in time; `position` when it is known to be done.
fn overdue(position: Option<Position>) -> Problem {
    tracing::warn!(?position, "Answering a command with 503: its time is over");
    position.map_or_else(
        || Problem::new(Code::Unavailable, NOT_KNOWN),
        Problem::read_model_behind,
    )
}

/// Builds the answer, and builds it anew when the database was killed and started again meanwhile: what was read then may be
/// what it was before the command, or nothing ([`projections::engine::Checkpoints::doubt`]).
async fn answered<T: Clone>(
    app: &State,
    executed: Executed<T>,
    answer: impl AsyncFn(Executed<T>) -> Result<Reply, Problem>,
) -> Result<Reply, Problem> {
    let checkpoints = &app.checkpoints;
    let (restarts, position) = (checkpoints.restarts(), executed.position());
    let reply = answer(executed.clone()).await;
    if reply.is_err()
        && let Err(error) = checkpoints.doubt(position).await
    {
        tracing::debug!(error = %Chain(&error), "Could not ask how far the read models are");
    }
    if checkpoints.restarts() == restarts {
        reply
    } else {
        answer(executed).await
    }
}

/// Keeps an answer and gives it. The first one that is kept stays, so that twins in two processes answer alike.
async fn keep(
    app: &State,
    claim: &IdempotencyClaim,
    position: Position,
    first: bool,
    reply: Reply,
) -> Result<HttpResponse, Problem> {
    let (scope, key) = (&claim.scope, &claim.key);
    let kept = app
        .idempotency
        .remember(scope, key, claim.request_hash, position, reply.answer())
        .await;
    if let Err(error) = kept {
        // The command is done and its key is used; whoever asks again gets an answer built anew.
        tracing::warn!(error = %Chain(&error), "An answer could not be kept under its idempotency key");
    } else if !first
        && let Some(known) = app.idempotency.find(scope, key).await?
        && let Some(answer) = known.answer
    {
        return Ok(replayed(answer));
    }
    Ok(reply.respond())
}

fn replayed(answer: Answer) -> HttpResponse {
    let mut response = respond(answer);
    response.headers_mut().insert(
        actix_web::http::header::HeaderName::from_static("idempotency-replayed"),
        actix_web::http::header::HeaderValue::from_static("true"),
    );
    response
}

/// Scope and key.
type Name = (String, String);
type ByName = HashMap<Name, Arc<tokio::sync::Mutex<()>>>;
type Turns = Mutex<ByName>;

/// The keys whose commands run in this process now.
#[derive(Default)]
pub(crate) struct InFlight(Turns);

/// The right to work under a key; ends when dropped.
struct Turn<'a> {
    turns: &'a Turns,
    name: Name,
    guard: Option<tokio::sync::OwnedMutexGuard<()>>,
}

impl InFlight {
    /// Waits until nobody else in this process works under the key.
    async fn turn(&self, claim: &IdempotencyClaim) -> Result<Turn<'_>, Problem> {
        let name = (claim.scope.clone(), claim.key.clone());
        let mutex = Arc::clone(locked(&self.0).entry(name.clone()).or_default());
        let mut turn = Turn {
            turns: &self.0,
            name,
            guard: None,
        };
        let waiting = tokio::time::timeout(TURN, mutex.lock_owned());
        let guard = waiting.await;
        turn.guard = Some(guard.map_err(|_| Problem::plain(Code::IdempotencyKeyInUse))?);
        Ok(turn)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut turns = locked(self.turns);
        // Nobody else works under it or waits for it: those hold the other references.
        if turns
            .get(&self.name)
            .is_some_and(|mutex| Arc::strong_count(mutex) == 1)
        {
            turns.remove(&self.name);
        }
    }
}

fn locked(turns: &Turns) -> MutexGuard<'_, ByName> {
    turns.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(key: &str) -> IdempotencyClaim {
        IdempotencyClaim {
            scope: "user".to_owned(),
            key: key.to_owned(),
            request_hash: [0; 32],
        }
    }

    #[tokio::test]
    async fn requests_of_one_key_take_turns_and_leave_nothing_behind() {
        let in_flight = InFlight::default();
        let (a, b) = (claim("a"), claim("b"));
        let first = in_flight.turn(&a).await.expect("free");
        let other = in_flight.turn(&b).await.expect("another key");
        let mut second = Box::pin(in_flight.turn(&a));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        drop(second.await.expect("free again"));
        drop(other);
        assert!(locked(&in_flight.0).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_does_not_come_in_time_is_a_conflict() {
        let in_flight = InFlight::default();
        let _first = in_flight.turn(&claim("a")).await.expect("free");
        let second = in_flight.turn(&claim("a")).await;
        assert_eq!(
            second.err().map(|problem| problem.code()),
            Some(Code::IdempotencyKeyInUse)
        );
        assert_eq!(locked(&in_flight.0).len(), 1);
    }
}
