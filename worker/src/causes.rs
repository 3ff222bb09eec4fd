//! The events that work follows from, as the to-do lists name them: by their position.

use application::ports::{EventLog, LogUnavailable, ReadError};
use domain::{
    recorded::{AnyEvent, Recorded},
    values::Position,
};

/// The event at that position, which was read before and so can be read again.
///
/// # Errors
/// When the log is away.
pub(crate) async fn event_at(
    log: &dyn EventLog,
    at: Position,
) -> Result<Recorded<AnyEvent>, LogUnavailable> {
    let before = Position(at.0.saturating_sub(1));
    let read = log.read(before, 1).await.map_err(|error| match error {
        ReadError::Unavailable(error) => error,
        ReadError::Unreadable { source, .. } => LogUnavailable(source.into()),
    });
    read?
        .pop()
        .ok_or_else(|| LogUnavailable(format!("there is no event at {at}").into()))
}
