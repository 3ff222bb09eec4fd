//! A command that comes alone with one event, as most do on a quiet system: the short way into the log.

use application::ports::{IdempotencyClaim, NewEvent, StreamSlice};
use domain::values::Position;
use sqlx::{PgConnection, Row};

use super::batch::Batch;

/// One command with one event.
pub(super) struct Alone<'a> {
    slice: &'a StreamSlice,
    event: &'a NewEvent,
    key: Option<&'a IdempotencyClaim>,
}

impl<'a> Alone<'a> {
    /// The batch's one command, if it is one with one event.
    pub(super) fn of(batch: &'a Batch) -> Option<Self> {
        let mut appends = batch.appends();
        let (append, None) = (appends.next()?, appends.next()) else {
            return None;
        };
        let [slice] = append.slices.as_slice() else {
            return None;
        };
        let [event] = slice.events.as_slice() else {
            return None;
        };
        let key = append.idempotency.as_ref();
        Some(Self { slice, event, key })
    }

    /// Appends it and answers where it is.
    ///
    /// # Errors
    /// A unique violation when the stream is elsewhere or the key is known: then nothing is written.
    pub(super) async fn append(&self, connection: &mut PgConnection) -> sqlx::Result<Position> {
        let row = sqlx::query("SELECT append_event($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
            .bind(self.slice.stream.aggregate_type)
            .bind(&self.slice.stream.aggregate_id)
            .bind(self.slice.expected_sequence.cast_signed())
            .bind(self.event.event_id)
            .bind(&self.event.event_type)
            .bind(&self.event.event_version)
            .bind(&self.event.payload)
            .bind(&*self.event.metadata)
            .bind(self.key.map(|key| &key.scope))
            .bind(self.key.map(|key| &key.key))
            .bind(self.key.map(|key| key.request_hash.as_slice()))
            .fetch_one(connection)
            .await?;
        Ok(Position(row.try_get::<i64, _>(0)?.cast_unsigned()))
    }
}
