//! Who gives a command, and under which conditions; and what comes back.

use domain::{
    recorded::UnreadableEvent,
    values::{Position, UserId},
};
use uuid::Uuid;

use crate::{
    ports::{IdempotencyClaim, LogUnavailable, ReadError, Role},
    traces::SPAN_ID,
};

/// The language of people who do not say which one they read.
pub const DEFAULT_LOCALE: &str = "en";

/// Who gives a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The owner.
    User(UserId),
    /// Somebody who runs the system.
    Operator(UserId),
    /// Somebody who checks the system.
    Auditor(UserId),
    /// A reaction of ours, by its name.
    Reaction(&'static str),
    /// A provider that told us something, by its name.
    Provider(&'static str),
}

impl Actor {
    /// What it is, and not who.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Operator(_) => "operator",
            Self::Auditor(_) => "auditor",
            Self::Reaction(name) | Self::Provider(name) => name,
        }
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Operator(id) => write!(f, "operator:{id}"),
            Self::Auditor(id) => write!(f, "auditor:{id}"),
            Self::Reaction(name) => write!(f, "reaction:{name}"),
            Self::Provider(name) => write!(f, "provider:{name}"),
        }
    }
}

/// Who gives a command, and under which conditions.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who gives it.
    pub actor: Actor,
    /// The user whom the events belong to.
    pub owner: UserId,
    /// One id for everything that follows from one request.
    pub correlation_id: Uuid,
    /// The event or request that it follows from.
    pub causation_id: Uuid,
    /// The W3C trace id, when there is one.
    pub trace_id: Option<String>,
    /// The span that it follows from, in that trace, when it is not a part of the present one.
    pub span_id: Option<String>,
    /// Makes it execute once.
    pub idempotency: Option<IdempotencyClaim>,
    /// What the caller saw; anything else is refused.
    pub if_match: Option<Seen>,
    /// The language that the person reads, as a BCP 47 tag.
    pub locale: String,
}

/// The sequences at which a caller saw a stream, of which it must still be at one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen(Vec<u64>);

impl Seen {
    /// Any of these; of none, nothing will do.
    pub const fn any_of(sequences: Vec<u64>) -> Self {
        Self(sequences)
    }

    /// Whether a stream is still at one of them.
    pub fn holds(&self, current: u64) -> bool {
        self.0.contains(&current)
    }

    /// The newest of them that came before; none when there never was one.
    pub fn newest_before(&self, current: u64) -> Option<u64> {
        let before = self.0.iter().filter(|seen| **seen < current);
        before.max().copied()
    }
}

impl From<u64> for Seen {
    fn from(sequence: u64) -> Self {
        Self(vec![sequence])
    }
}

impl Context {
    /// A command of the user's own, caused by the request `request_id`.
    pub fn of_user(user: UserId, request_id: Uuid) -> Self {
        Self {
            actor: Actor::User(user),
            owner: user,
            correlation_id: request_id,
            causation_id: request_id,
            trace_id: None,
            span_id: None,
            idempotency: None,
            if_match: None,
            locale: DEFAULT_LOCALE.to_owned(),
        }
    }

    /// The same of somebody who acts in a role.
    pub fn in_role(self, role: Role) -> Self {
        let actor = match role {
            Role::Auditor => Actor::Auditor(self.owner),
            Role::Operator => Actor::Operator(self.owner),
        };
        Self { actor, ..self }
    }

    /// A command that a reaction gives because of an event. The event's id is the key that makes the second time harmless.
    pub fn of_reaction<E>(name: &'static str, cause: &domain::recorded::Recorded<E>) -> Self {
        Self {
            actor: Actor::Reaction(name),
            owner: cause.metadata.owner,
            correlation_id: cause.metadata.correlation_id,
            causation_id: cause.event_id,
            trace_id: cause.metadata.trace_id.clone(),
            span_id: cause.metadata.more.get(SPAN_ID).cloned(),
            idempotency: Some(IdempotencyClaim {
                scope: format!("reaction:{name}"),
                key: cause.event_id.to_string(),
                request_hash: [0; 32],
            }),
            if_match: None,
            locale: DEFAULT_LOCALE.to_owned(),
        }
    }
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The position that its events reached; for a command that changed nothing, the position of the stream's last event.
    pub position: Position,
    /// The stream's sequence after it.
    pub sequence: u64,
    /// How many events it added; 0 when it changed nothing.
    pub events: usize,
    /// True when the idempotency key had been used: this is the receipt of back then.
    pub replayed: bool,
}

/// An event that came in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervening {
    /// Its place in the log.
    pub position: Position,
    /// Its name.
    pub event_type: String,
    /// When it was committed.
    pub recorded_at: chrono::DateTime<chrono::Utc>,
}

/// Why a command was not carried out. `R` is the aggregate's own rejection.
#[derive(Debug, thiserror::Error)]
pub enum CommandError<R: std::error::Error + 'static> {
    /// The rules say no.
    #[error(transparent)]
    Rejected(R),
    /// The caller saw an older state.
    #[error("the resource has changed since you read it")]
    PreconditionFailed {
        /// The stream's sequence now.
        current: u64,
        /// What came in between.
        intervening: Vec<Intervening>,
    },
    /// The same idempotency key was used with another request.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// Others changed the same thing again and again; try later.
    #[error("too many changes at once")]
    Busy,
    /// It is about somebody who was erased.
    #[error("the person whom this is about was erased")]
    OwnerErased,
    /// The log is away; try later.
    #[error(transparent)]
    Unavailable(#[from] LogUnavailable),
    /// A stored event is not readable by this program.
    #[error("the history of this resource cannot be read")]
    Unreadable(#[source] UnreadableEvent),
    /// An event of ours cannot be written as JSON.
    #[error("the change cannot be recorded")]
    Unwritable(#[source] serde_json::Error),
}

impl<R: std::error::Error> From<ReadError> for CommandError<R> {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unreadable { source, .. } => Self::Unreadable(source),
            ReadError::Unavailable(away) => Self::Unavailable(away),
        }
    }
}

impl<R: std::error::Error> CommandError<R> {
    /// The same error, with the rejection as something wider.
    pub(crate) fn map_rejection<S: std::error::Error>(
        self,
        wider: impl FnOnce(R) -> S,
    ) -> CommandError<S> {
        match self {
            Self::Rejected(rejection) => CommandError::Rejected(wider(rejection)),
            other => other.without_rejection(),
        }
    }

    /// The same error, met while another aggregate's stream was read, whose rejections have no meaning here.
    pub(crate) fn without_rejection<S: std::error::Error>(self) -> CommandError<S> {
        match self {
            Self::PreconditionFailed {
                current,
                intervening,
            } => CommandError::PreconditionFailed {
                current,
                intervening,
            },
            Self::KeyReused => CommandError::KeyReused,
            Self::OwnerErased => CommandError::OwnerErased,
            Self::Unavailable(error) => CommandError::Unavailable(error),
            Self::Unreadable(error) => CommandError::Unreadable(error),
            Self::Unwritable(error) => CommandError::Unwritable(error),
            Self::Busy | Self::Rejected(_) => CommandError::Busy,
        }
    }
}
