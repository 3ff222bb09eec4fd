//! A command that comes alone with one event, as most do on a quiet system: the short way into the log.

use application::ports::{IdempotencyClaim, NewEvent, StreamSlice};
use domain::values::{Position, UserId};
use sqlx::{PgConnection, Row};

use super::batch::Batch;
use crate::sealing::PersonKey;

/// One command with one event.
pub(super) struct Alone<'a> {
    slice: &'a StreamSlice,
    event: &'a NewEvent,
    key: Option<&'a IdempotencyClaim>,
    sealed_with: Option<&'a PersonKey>,
    erased: Option<UserId>,
}

impl<'a> Alone<'a> {
    /// The batch's one command, if it is one with one event.
    pub(super) fn of(batch: &'a Batch) -> Option<Self> {
        let mut commands = batch.commands();
        let (command, None) = (commands.next()?, commands.next()) else {
            return None;
        };
        let append = &command.append;
        let [slice] = append.slices.as_slice() else {
            return None;
        };
        let [event] = slice.events.as_slice() else {
            return None;
        };
        // One event belongs to one person.
        Some(Self {
            slice,
            event,
            key: append.idempotency.as_ref(),
            sealed_with: command.sealed_with.first().map(AsRef::as_ref),
            erased: command.erased.first().copied(),
        })
    }

    /// Appends it and answers where it is.
    ///
    /// # Errors
    /// A unique violation when the stream is elsewhere, the key is known or the person has another one: then nothing is
    /// written.
    pub(super) async fn append(&self, connection: &mut PgConnection) -> sqlx::Result<Position> {
        let unstored = self.sealed_with.and_then(PersonKey::unstored);
        let row = sqlx::query(
            "SELECT append_event($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
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
            .bind(self.sealed_with.map(|key| key.person.0))
            .bind(self.sealed_with.map(|key| key.key.id))
            .bind(unstored.map(|(wrapped, _)| wrapped))
            .bind(unstored.map(|(_, master)| master))
            .bind(self.erased.map(|person| person.0))
            .fetch_one(connection)
            .await?;
        Ok(Position(row.try_get::<i64, _>(0)?.cast_unsigned()))
    }
}
