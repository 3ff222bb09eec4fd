//! Load → decide → append: the one way in which commands reach the log.

mod commands;
mod deciding;
mod loading;
mod recent;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cqrs_es::Aggregate;
use domain::{event_versions::VersionedEvent, values::Position};
use tracing::{Instrument, field::Empty};

use crate::{
    chance,
    context::{CommandError, Context, Receipt},
    figures::COMMANDS,
    ports::{
        Append, AppendError, Appended, EventLog, IdempotencyStore, KnownKey, StreamId, StreamSlice,
    },
    traces::{self, SPANS},
};
use deciding::{decide_on, expect_match};
use recent::Recent;

pub(crate) use deciding::fold;

/// How often a command that conflicts is decided anew before it gives up as `Busy`.
const ATTEMPTS: u32 = 12;

/// An aggregate whose commands can be given names, for the metadata of its events.
pub trait Commanded:
    Aggregate<Services = (), Error: 'static, Event: VersionedEvent> + Clone + 'static
{
    /// The command's name, as `CreateAvatar`.
    fn name(command: &Self::Command) -> &'static str;

    /// Whether the command begins a stream: then it is first decided as if there were none, without a look.
    fn begins(command: &Self::Command) -> bool;

    /// Whether its streams grow for as long as somebody is a customer: then what this process saw of one is kept, and only
    /// what came since is read. The state must hold nothing that is personal, or it would outlive an erasure.
    const GROWS: bool = false;

    /// The hash of the rule pack that judged the command's content, when there was content to judge.
    fn policy_pack(_command: &Self::Command) -> Option<&str> {
        None
    }
}

/// An aggregate as the log has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded<A> {
    /// Its state.
    pub state: A,
    /// The sequence of its last event; 0 when it does not exist.
    pub sequence: u64,
    /// The position of its last event; 0 when it does not exist.
    pub position: Position,
}

/// What a command would add to its stream.
#[derive(Debug)]
pub struct Decided<A> {
    /// Its events; none when it changes nothing.
    pub slice: Option<StreamSlice>,
    /// The stream's sequence before it.
    pub sequence: u64,
    /// The position of the stream's last event before it.
    pub position: Position,
    /// The aggregate as the command's events leave it.
    pub state: A,
}

/// What became of a command, in one word for the figures.
fn word<R: std::error::Error + 'static>(
    outcome: &Result<Receipt, CommandError<R>>,
) -> &'static str {
    match outcome {
        Ok(Receipt { replayed: true, .. }) => "replayed",
        Ok(Receipt { events: 0, .. }) => "unchanged",
        Ok(_) => "done",
        Err(CommandError::Rejected(_)) => "rejected",
        Err(CommandError::PreconditionFailed { .. }) => "precondition_failed",
        Err(CommandError::KeyReused) => "key_reused",
        Err(CommandError::OwnerErased) => "owner_erased",
        Err(CommandError::Busy) => "busy",
        Err(CommandError::Unavailable(_)) => "unavailable",
        Err(CommandError::Unreadable(_) | CommandError::Unwritable(_)) => "failed",
    }
}

/// Runs commands against the log. Cheap to clone.
#[derive(Clone)]
pub struct Dispatcher {
    log: Arc<dyn EventLog>,
    keys: Arc<dyn IdempotencyStore>,
    recent: Recent,
}

impl Dispatcher {
    /// Over that log; `keys` tells what used idempotency keys stand for.
    pub fn new(log: Arc<dyn EventLog>, keys: Arc<dyn IdempotencyStore>) -> Self {
        Self {
            log,
            keys,
            recent: Recent::default(),
        }
    }

    /// Carries out a command on one aggregate. A conflict is decided anew, unless the caller named the
    /// sequence that it saw (`if_match`): then it learns what came in between.
    ///
    /// # Errors
    /// As `CommandError` says. After `Unavailable` the outcome may be unknown; with an idempotency key the
    /// command can be given again safely.
    pub async fn execute<A>(
        &self,
        stream: StreamId,
        command: A::Command,
        context: Context,
    ) -> Result<Receipt, CommandError<A::Error>>
    where
        A: Commanded,
        A::Command: Clone + Send + Sync,
    {
        let (name, begun) = (A::name(&command), Instant::now());
        let span = tracing::info_span!(
            target: SPANS,
            "command",
            otel.name = name,
            actor = context.actor.kind(),
            correlation.id = %context.correlation_id,
            causation.id = %context.causation_id,
            outcome = Empty,
        );
        let span = traces::of_command(span, &context);
        let attempt = self.attempt::<A>(stream, command, &context);
        let outcome = attempt.instrument(span.clone()).await;
        let word = word(&outcome);
        span.record("outcome", word);
        COMMANDS.took([name, word], begun.elapsed());
        outcome
    }

    async fn attempt<A>(
        &self,
        stream: StreamId,
        command: A::Command,
        context: &Context,
    ) -> Result<Receipt, CommandError<A::Error>>
    where
        A: Commanded,
        A::Command: Clone + Send + Sync,
    {
        if let Some(receipt) = self.presume::<A>(&stream, &command, context).await? {
            return Ok(receipt);
        }
        for attempt in 0..ATTEMPTS {
            back_off(attempt).await;
            let decided = match self
                .decide::<A>(stream.clone(), command.clone(), context)
                .await
            {
                Err(
                    refusal @ (CommandError::Rejected(_) | CommandError::PreconditionFailed { .. }),
                ) => {
                    // A twin with the same key may have been first: then its receipt is the answer.
                    return match self.known_receipt(context).await? {
                        Some(receipt) => Ok(receipt),
                        None => Err(refusal),
                    };
                }
                other => other?,
            };
            if let Some(receipt) = self.commit(decided, context).await? {
                return Ok(receipt);
            }
        }
        Err(CommandError::Busy)
    }

    /// The quick way: decides on the aggregate as this process saw it last, or on nothing when the command begins a
    /// stream, and lets the append confirm it. None when it did not, and when there is nothing to append: whatever
    /// else a command is told must be true of the log as it is now.
    async fn presume<A>(
        &self,
        stream: &StreamId,
        command: &A::Command,
        context: &Context,
    ) -> Result<Option<Receipt>, CommandError<A::Error>>
    where
        A: Commanded,
        A::Command: Clone + Send + Sync,
    {
        let Some(known) = self.presumed::<A>(stream, command) else {
            return Ok(None);
        };
        let seen = context.if_match.as_ref();
        if seen.is_some_and(|seen| !seen.holds(known.sequence)) {
            return Ok(None);
        }
        match decide_on(known, stream.clone(), command.clone(), context).await {
            Ok(decided) if decided.slice.is_some() => self.commit(decided, context).await,
            Ok(_) | Err(_) => Ok(None),
        }
    }

    fn presumed<A: Commanded>(&self, stream: &StreamId, command: &A::Command) -> Option<Loaded<A>> {
        let absent = || A::begins(command).then(Loaded::default);
        self.recent.current(stream).or_else(absent)
    }

    /// What a command would add to a stream that it begins, without a look at the log: the append will tell when
    /// there is one already.
    ///
    /// # Errors
    /// When the rules say no.
    pub async fn decide_anew<A: Commanded>(
        &self,
        stream: StreamId,
        command: A::Command,
        context: &Context,
    ) -> Result<Decided<A>, CommandError<A::Error>> {
        decide_on(Loaded::default(), stream, command, context).await
    }

    /// What a command would add to its stream, given what the log holds now.
    ///
    /// # Errors
    /// When the rules say no, or the stream is not at `if_match`.
    pub async fn decide<A: Commanded>(
        &self,
        stream: StreamId,
        command: A::Command,
        context: &Context,
    ) -> Result<Decided<A>, CommandError<A::Error>> {
        if context.if_match.is_none() {
            let known = self.load::<A>(stream.clone()).await?;
            return decide_on(known, stream, command, context).await;
        }
        // Whoever saw another state is told what came in between.
        let history = self.log.load(&stream).await?;
        let known = fold::<A>(self.log.upcasters(), &history).map_err(CommandError::Unreadable)?;
        expect_match(context, known.sequence, &history)?;
        decide_on(known, stream, command, context).await
    }

    /// Appends what was decided; none when the stream has moved on and it must be decided anew.
    async fn commit<A: Commanded>(
        &self,
        decided: Decided<A>,
        context: &Context,
    ) -> Result<Option<Receipt>, CommandError<A::Error>> {
        let Decided {
            slice,
            sequence,
            position,
            state,
        } = decided;
        let Some(slice) = slice else {
            let unchanged = Receipt {
                position,
                sequence,
                events: 0,
                replayed: false,
            };
            return Ok(Some(
                self.known_receipt(context).await?.unwrap_or(unchanged),
            ));
        };
        let (stream, events) = (slice.stream.clone(), slice.events.len());
        Ok(self
            .append(vec![slice], context)
            .await?
            .map(|outcome| match outcome {
                Outcome::Appended(Appended { position }) => {
                    let sequence = sequence + events as u64;
                    let loaded = Loaded {
                        state,
                        sequence,
                        position,
                    };
                    self.recent.remember(stream, loaded);
                    Receipt {
                        position,
                        sequence,
                        events,
                        replayed: false,
                    }
                }
                Outcome::Replayed(position) => Receipt {
                    position,
                    sequence,
                    events: 0,
                    replayed: true,
                },
            }))
    }

    /// Appends all slices together, under the context's idempotency key; none on a conflict.
    ///
    /// # Errors
    /// When the key belongs to another request, or the log is away.
    pub async fn append<R: std::error::Error + 'static>(
        &self,
        slices: Vec<StreamSlice>,
        context: &Context,
    ) -> Result<Option<Outcome>, CommandError<R>> {
        // Whatever comes of it, what was known of the streams is old then.
        for slice in &slices {
            self.recent.outdate(&slice.stream);
        }
        let append = Append {
            slices,
            idempotency: context.idempotency.clone(),
        };
        match self.log.append(append).await {
            Ok(appended) => Ok(Some(Outcome::Appended(appended))),
            Err(AppendError::Conflict(_)) => Ok(None),
            Err(AppendError::KeyUsed(known)) => {
                same_request(context, &known)?;
                Ok(Some(Outcome::Replayed(known.position)))
            }
            Err(AppendError::OwnerErased) => Err(CommandError::OwnerErased),
            Err(AppendError::Unavailable(error)) => Err(error.into()),
        }
    }

    /// The receipt that the context's idempotency key stands for already.
    ///
    /// # Errors
    /// When the key belongs to another request, or the log is away.
    pub async fn known_receipt<R: std::error::Error + 'static>(
        &self,
        context: &Context,
    ) -> Result<Option<Receipt>, CommandError<R>> {
        let Some(claim) = &context.idempotency else {
            return Ok(None);
        };
        let Some(known) = self.keys.find(&claim.scope, &claim.key).await? else {
            return Ok(None);
        };
        same_request(context, &known)?;
        Ok(Some(Receipt {
            position: known.position,
            sequence: 0,
            events: 0,
            replayed: true,
        }))
    }

    /// Forgets whatever this process remembers of aggregates, after somebody was erased: the log tells the rest anew.
    pub(crate) fn forget_all(&self) {
        self.recent.forget_all();
    }

    /// The log itself, for use cases that read a stream's events.
    pub fn log(&self) -> &dyn EventLog {
        self.log.as_ref()
    }
}

/// How an append ended that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is durable.
    Appended(Appended),
    /// Its key had been used by the same request; that one's events reached this position.
    Replayed(Position),
}

/// Waits before the next try: full jitter, up to 5, 10, 20 … at most 160 ms; not at all before the first.
pub(crate) async fn back_off(attempt: u32) {
    if attempt > 0 {
        let ceiling = Duration::from_millis(5 << (attempt - 1).min(5));
        tokio::time::sleep(chance::up_to(ceiling)).await;
    }
}

fn same_request<R: std::error::Error + 'static>(
    context: &Context,
    known: &KnownKey,
) -> Result<(), CommandError<R>> {
    match &context.idempotency {
        Some(claim) if claim.request_hash != known.request_hash => Err(CommandError::KeyReused),
        Some(_) | None => Ok(()),
    }
}
