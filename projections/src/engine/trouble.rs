//! What went wrong with an event, and for how long to be patient.

use std::{any::Any, error::Error, panic::AssertUnwindSafe, time::Duration};

use application::{
    context::CommandError,
    ports::{LogUnavailable, ReadError},
};
use domain::values::Position;
use futures::FutureExt;

use super::database_passes;

/// The longest error text that is kept, in characters.
const ERROR_CHARS: usize = 2000;

/// How patient the engine is with an event that cannot be followed.
///
/// The default is five attempts within 10 s, with pauses of 0.25, 0.75, 2.25 and 6.75 s between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// How often an event is tried before its follower parks; at least once.
    pub attempts: u32,
    /// The pause after the first failure. Each later one is three times as long.
    pub first_pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts: 5,
            first_pause: Duration::from_millis(250),
        }
    }
}

impl Retries {
    /// The pause after that many failures.
    pub(super) const fn pause_after(&self, failures: u32) -> Duration {
        self.first_pause
            .saturating_mul(3_u32.saturating_pow(failures.saturating_sub(1)))
    }
}

/// Says of any error that patience will mend it: the engine tries the event for ever instead of parking.
///
/// A reaction returns it when something that it needs is away: `Err(TryLater(error.into()).into())`.
#[derive(Debug, thiserror::Error)]
#[error("try again later")]
pub struct TryLater(#[source] pub Box<dyn Error + Send + Sync>);

/// Why a follower does not go on.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Another process holds the lease now, or the checkpoint is not where we left it.
    LostLease,
    /// The log or the database is away; tried for ever.
    Away(anyhow::Error),
    /// A page fails, in which any event may be to blame.
    Page {
        /// Its last event.
        end: Position,
        /// What went wrong.
        error: anyhow::Error,
    },
    /// This event fails.
    Event {
        /// Where it is.
        position: Position,
        /// Whether it may succeed when it is tried again.
        worth_retrying: bool,
        /// What went wrong.
        error: anyhow::Error,
    },
    /// Something else fails that patience does not mend and no event is to blame for.
    Stuck(anyhow::Error),
}

impl Trouble {
    /// Of a statement that may be refused, as making a schema may: parks then, where patience would hide it.
    pub fn of_statement(error: sqlx::Error) -> Self {
        if database_passes(&error) {
            Self::Away(error.into())
        } else {
            Self::Stuck(error.into())
        }
    }
}

impl From<sqlx::Error> for Trouble {
    /// An error of the engine's own statements is never an event's fault.
    fn from(error: sqlx::Error) -> Self {
        Self::Away(error.into())
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unreadable { position, .. } => Self::Event {
                position,
                worth_retrying: false,
                error: error.into(),
            },
            ReadError::Unavailable(away) => Self::Away(away.into()),
        }
    }
}

/// The pause after `failures` failures to reach the log or the database: 0.1 s, doubled up to 3.2 s.
pub(super) fn pause_while_away(failures: u32) -> Duration {
    Duration::from_millis(100) * 2_u32.pow(failures.saturating_sub(1).min(5))
}

/// Runs a projector or a reaction; a panic in it is an error like any other.
pub(crate) async fn guarded<E: Into<anyhow::Error>>(
    work: impl Future<Output = Result<(), E>>,
) -> anyhow::Result<()> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(outcome) => outcome.map_err(Into::into),
        Err(panic) => Err(anyhow::anyhow!("panicked: {}", panic_message(&*panic))),
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// The error with its causes, short enough for a row.
pub(super) fn text_of(error: &anyhow::Error) -> String {
    format!("{error:#}")
        .replace('\0', "")
        .chars()
        .take(ERROR_CHARS)
        .collect()
}

/// Whether patience mends it: no event is to blame.
pub fn is_passing(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<TryLater>()
            || cause.is::<LogUnavailable>()
            || cause.downcast_ref().is_some_and(database_passes)
            || is_passing_command::<domain::avatar::Rejection>(cause)
            || is_passing_command::<domain::conversation::Rejection>(cause)
            || is_passing_command::<domain::photo_request::Rejection>(cause)
            || is_passing_command::<domain::subscription::Rejection>(cause)
    })
}

/// Whether a reaction came too late for its person: nothing is left to do then.
pub fn is_about_somebody_erased(error: &anyhow::Error) -> bool {
    fn of<R: Error + 'static>(cause: &(dyn Error + 'static)) -> bool {
        matches!(
            cause.downcast_ref::<CommandError<R>>(),
            Some(CommandError::OwnerErased)
        )
    }
    error.chain().any(|cause| {
        of::<domain::avatar::Rejection>(cause)
            || of::<domain::conversation::Rejection>(cause)
            || of::<domain::photo_request::Rejection>(cause)
            || of::<domain::subscription::Rejection>(cause)
    })
}

fn is_passing_command<R: Error + 'static>(cause: &(dyn Error + 'static)) -> bool {
    match cause.downcast_ref::<CommandError<R>>() {
        Some(CommandError::Busy | CommandError::Unavailable(_)) => true,
        Some(
            CommandError::Rejected(_)
            | CommandError::PreconditionFailed { .. }
            | CommandError::KeyReused
            | CommandError::OwnerErased
            | CommandError::Unreadable(_)
            | CommandError::Unwritable(_),
        )
        | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_tried_for_about_ten_seconds() {
        let retries = Retries::default();
        let waited: Duration = (1..retries.attempts)
            .map(|failures| retries.pause_after(failures))
            .sum();
        assert_eq!(waited, Duration::from_secs(10));
    }

    #[test]
    fn patience_mends_what_is_away_and_nothing_else() {
        type Outcome = CommandError<domain::avatar::Rejection>;
        let away = || LogUnavailable("connection refused".into());
        assert!(is_passing(&away().into()));
        assert!(is_passing(&Outcome::Unavailable(away()).into()));
        assert!(is_passing(&Outcome::Busy.into()));
        type Told = CommandError<domain::conversation::Rejection>;
        assert!(is_passing(&Told::Unavailable(away()).into()));
        assert!(is_passing(&sqlx::Error::PoolTimedOut.into()));
        assert!(is_passing(
            &anyhow::Error::from(away()).context("while reacting")
        ));
        assert!(is_passing(&TryLater("the storage is away".into()).into()));

        assert!(!is_passing(&Outcome::KeyReused.into()));
        assert!(!is_passing(
            &Outcome::Rejected(domain::avatar::Rejection::NotFound).into()
        ));
        assert!(!is_passing(&sqlx::Error::RowNotFound.into()));
        assert!(!is_passing(&anyhow::anyhow!("no such thing")));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_with_its_message() {
        let outcome: anyhow::Result<()> = guarded(async {
            if Retries::default().attempts > 0 {
                panic!("no {}", "avatar");
            }
            Ok::<(), anyhow::Error>(())
        })
        .await;
        assert!(outcome.is_err_and(|error| error.to_string() == "panicked: no avatar"));
    }
}
