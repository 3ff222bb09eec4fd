//! Load → decide → append: the one way in which commands reach the log.

mod commands;

use std::{sync::Arc, time::Duration};

use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink};
use domain::{
    event_versions::VersionedEvent,
    recorded::{Metadata, UnreadableEvent},
    upcasting::Upcasters,
    values::Position,
};
use uuid::Uuid;

use crate::{
    context::{CommandError, Context, Intervening, Receipt},
    ports::{
        Append, AppendError, Appended, EventLog, IdempotencyStore, KnownKey, NewEvent, StoredEvent,
        StreamId, StreamSlice,
    },
};

/// How often a command that conflicts is decided anew before it gives up as `Busy`.
const ATTEMPTS: u32 = 12;

/// An aggregate whose commands can be given names, for the metadata of its events.
pub trait Commanded: Aggregate<Services = (), Error: 'static, Event: VersionedEvent> {
    /// The command's name, as `CreateAvatar`.
    fn name(command: &Self::Command) -> &'static str;

    /// The hash of the rule pack that judged the command's content, when there was content to judge.
    fn policy_pack(_command: &Self::Command) -> Option<&str> {
        None
    }
}

/// An aggregate as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
pub struct Decided {
    /// Its events; none when it changes nothing.
    pub slice: Option<StreamSlice>,
    /// The stream's sequence before it.
    pub sequence: u64,
    /// The position of the stream's last event before it.
    pub position: Position,
}

/// Runs commands against the log. Cheap to clone.
#[derive(Clone)]
pub struct Dispatcher {
    log: Arc<dyn EventLog>,
    keys: Arc<dyn IdempotencyStore>,
}

impl Dispatcher {
    /// Over that log; `keys` tells what used idempotency keys stand for.
    pub fn new(log: Arc<dyn EventLog>, keys: Arc<dyn IdempotencyStore>) -> Self {
        Self { log, keys }
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
        for attempt in 0..ATTEMPTS {
            back_off(attempt).await;
            let decided = match self
                .decide::<A>(stream.clone(), command.clone(), &context)
                .await
            {
                Err(
                    refusal @ (CommandError::Rejected(_) | CommandError::PreconditionFailed { .. }),
                ) => {
                    // A twin with the same key may have been first: then its receipt is the answer.
                    return match self.known_receipt(&context).await? {
                        Some(receipt) => Ok(receipt),
                        None => Err(refusal),
                    };
                }
                other => other?,
            };
            if let Some(receipt) = self.commit(decided, &context).await? {
                return Ok(receipt);
            }
        }
        Err(CommandError::Busy)
    }

    /// An aggregate as the log has it now.
    ///
    /// # Errors
    /// When the log is away or the history cannot be read.
    pub async fn load<A: Aggregate<Error: 'static, Event: VersionedEvent>>(
        &self,
        stream: StreamId,
    ) -> Result<Loaded<A>, CommandError<A::Error>> {
        let events = self.log.load(&stream).await?;
        fold(self.log.upcasters(), &events).map_err(CommandError::Unreadable)
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
    ) -> Result<Decided, CommandError<A::Error>> {
        let history = self.log.load(&stream).await?;
        let Loaded {
            mut state,
            sequence,
            position,
        } = fold::<A>(self.log.upcasters(), &history).map_err(CommandError::Unreadable)?;
        expect_match(context, sequence, &history)?;

        let name = A::name(&command);
        let policy_pack = A::policy_pack(&command).map(str::to_owned);
        let sink = EventSink::default();
        state
            .handle(command, &(), &sink)
            .await
            .map_err(CommandError::Rejected)?;
        let events = sink.collect().await;

        let metadata = metadata(context, name, policy_pack).map_err(CommandError::Unwritable)?;
        let events = events
            .iter()
            .map(|event| encode(event, &metadata))
            .collect::<Result<Vec<_>, _>>()
            .map_err(CommandError::Unwritable)?;
        let slice = (!events.is_empty()).then_some(StreamSlice {
            stream,
            expected_sequence: sequence,
            events,
        });
        Ok(Decided {
            slice,
            sequence,
            position,
        })
    }

    /// Appends what was decided; none when the stream has moved on and it must be decided anew.
    async fn commit<R: std::error::Error + 'static>(
        &self,
        decided: Decided,
        context: &Context,
    ) -> Result<Option<Receipt>, CommandError<R>> {
        let Decided {
            slice,
            sequence,
            position,
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
        let events = slice.events.len();
        Ok(self
            .append(vec![slice], context)
            .await?
            .map(|outcome| match outcome {
                Outcome::Appended(Appended { position }) => Receipt {
                    position,
                    sequence: sequence + events as u64,
                    events,
                    replayed: false,
                },
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
        let ceiling = 5_000u64 << (attempt - 1).min(5);
        let pause = Duration::from_micros(rand::random_range(0..ceiling));
        tokio::time::sleep(pause).await;
    }
}

/// Folds a history into a state, events of older versions included.
pub(crate) fn fold<A: Aggregate<Event: VersionedEvent>>(
    upcasters: Upcasters,
    events: &[StoredEvent],
) -> Result<Loaded<A>, UnreadableEvent> {
    let mut loaded = Loaded {
        state: A::default(),
        sequence: 0,
        position: Position(0),
    };
    for stored in events {
        loaded.state.apply(stored.decode(upcasters)?);
        loaded.sequence = stored.sequence;
        loaded.position = stored.position;
    }
    Ok(loaded)
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

fn expect_match<R: std::error::Error + 'static>(
    context: &Context,
    current: u64,
    history: &[StoredEvent],
) -> Result<(), CommandError<R>> {
    let Some(seen) = context.if_match.filter(|seen| *seen != current) else {
        return Ok(());
    };
    let intervening = history
        .iter()
        .filter(|event| event.sequence > seen)
        .map(|event| Intervening {
            position: event.position,
            event_type: event.event_type.clone(),
            recorded_at: event.recorded_at,
        })
        .collect();
    Err(CommandError::PreconditionFailed {
        current,
        intervening,
    })
}

fn metadata(
    context: &Context,
    command: &str,
    policy_pack: Option<String>,
) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Metadata {
        actor: context.actor.to_string(),
        owner: context.owner,
        correlation_id: context.correlation_id,
        causation_id: context.causation_id,
        command: command.to_owned(),
        idempotency_key: context.idempotency.as_ref().map(|claim| claim.key.clone()),
        trace_id: context.trace_id.clone(),
        policy_pack,
        more: Default::default(),
    })
}

fn encode<E: DomainEvent>(event: &E, metadata: &str) -> Result<NewEvent, serde_json::Error> {
    Ok(NewEvent {
        event_id: Uuid::now_v7(),
        event_type: event.event_type(),
        event_version: event.event_version(),
        payload: serde_json::to_string(event)?,
        metadata: metadata.to_owned(),
    })
}
