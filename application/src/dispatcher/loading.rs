//! An aggregate as the log has it now: read whole, or on from where this process saw it.

use super::{Commanded, Dispatcher, Loaded, deciding::fold_onto, fold};
use crate::{context::CommandError, ports::StreamId};

impl Dispatcher {
    /// An aggregate as the log has it now.
    ///
    /// # Errors
    /// When the log is away or the history cannot be read.
    pub async fn load<A: Commanded>(
        &self,
        stream: StreamId,
    ) -> Result<Loaded<A>, CommandError<A::Error>> {
        if !A::GROWS {
            return self.load_whole(&stream).await;
        }
        let current = match self.read_on(&stream).await? {
            Some(current) => current,
            None => self.load_whole(&stream).await?,
        };
        if current.sequence > 0 {
            self.recent.remember(stream, current.clone());
        }
        Ok(current)
    }

    async fn load_whole<A: Commanded>(
        &self,
        stream: &StreamId,
    ) -> Result<Loaded<A>, CommandError<A::Error>> {
        let events = self.log.load(stream).await?;
        fold(self.log.upcasters(), &events).map_err(CommandError::Unreadable)
    }

    /// What was seen, with what came since; none when nothing was seen, or the log does not have the last event that was,
    /// as after it was put back to an earlier state.
    async fn read_on<A: Commanded>(
        &self,
        stream: &StreamId,
    ) -> Result<Option<Loaded<A>>, CommandError<A::Error>> {
        let Some(seen) = self.recent.seen::<A>(stream) else {
            return Ok(None);
        };
        let events = self.log.load_from(stream, seen.sequence).await?;
        let Some((last_seen, since)) = events.split_first() else {
            return Ok(None);
        };
        if (last_seen.sequence, last_seen.position) != (seen.sequence, seen.position) {
            return Ok(None);
        }
        fold_onto(self.log.upcasters(), seen, since)
            .map(Some)
            .map_err(CommandError::Unreadable)
    }
}
