//! The one statement that appends a batch, and its answer.

use std::collections::HashMap;

use application::ports::{Append, Conflict, KnownKey, StreamId, StreamSlice};
use domain::values::Position;
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::batch::{Batch, Verdict};
use crate::{
    event_log::idempotency::{answer_from_json, hash_from_bytes},
    sealing::SealedAppend,
};

/// A batch as the arrays that `append_events` takes.
#[derive(Default)]
pub(super) struct Columns<'a> {
    slices: Vec<&'a StreamSlice>,
    slice_command: Vec<i32>,
    slice_type: Vec<&'a str>,
    slice_id: Vec<&'a str>,
    slice_expected: Vec<i64>,
    event_command: Vec<i32>,
    event_id: Vec<Uuid>,
    event_aggregate: Vec<&'a str>,
    event_stream: Vec<&'a str>,
    event_sequence: Vec<i64>,
    event_type: Vec<&'a str>,
    event_version: Vec<&'a str>,
    event_payload: Vec<&'a str>,
    event_metadata: Vec<&'a str>,
    key_command: Vec<i32>,
    key_scope: Vec<&'a str>,
    key_text: Vec<&'a str>,
    key_hash: Vec<&'a [u8]>,
    key_events: Vec<i32>,
    new_person: Vec<Uuid>,
    new_key: Vec<Uuid>,
    new_wrapped: Vec<&'a [u8]>,
    new_master: Vec<&'a str>,
    sealed_command: Vec<i32>,
    sealed_person: Vec<Uuid>,
    sealed_key: Vec<Uuid>,
    erased_command: Vec<i32>,
    erased_person: Vec<Uuid>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(batch: &'a Batch) -> Self {
        let mut columns = Self::default();
        for (number, command) in (1..).zip(batch.commands()) {
            columns.add(number, &command.append);
            columns.add_people(number, command);
        }
        columns
    }

    fn add(&mut self, command: i32, append: &'a Append) {
        for slice in &append.slices {
            self.slices.push(slice);
            self.slice_command.push(command);
            self.slice_type.push(slice.stream.aggregate_type);
            self.slice_id.push(&slice.stream.aggregate_id);
            self.slice_expected
                .push(slice.expected_sequence.cast_signed());
            for (sequence, event) in (slice.expected_sequence + 1..).zip(&slice.events) {
                self.event_command.push(command);
                self.event_id.push(event.event_id);
                self.event_aggregate.push(slice.stream.aggregate_type);
                self.event_stream.push(&slice.stream.aggregate_id);
                self.event_sequence.push(sequence.cast_signed());
                self.event_type.push(&event.event_type);
                self.event_version.push(&event.event_version);
                self.event_payload.push(&event.payload);
                self.event_metadata.push(&event.metadata);
            }
        }
        if let Some(claim) = &append.idempotency {
            self.key_command.push(command);
            self.key_scope.push(&claim.scope);
            self.key_text.push(&claim.key);
            self.key_hash.push(&claim.request_hash);
            self.key_events
                .push(i32::try_from(self.event_id.len()).unwrap_or(i32::MAX));
        }
    }

    fn add_people(&mut self, number: i32, command: &'a SealedAppend) {
        for key in &command.sealed_with {
            self.sealed_command.push(number);
            self.sealed_person.push(key.person.0);
            self.sealed_key.push(key.key.id);
            if let Some((wrapped, master)) = key.unstored() {
                self.new_person.push(key.person.0);
                self.new_key.push(key.key.id);
                self.new_wrapped.push(wrapped);
                self.new_master.push(master);
            }
        }
        for person in &command.erased {
            self.erased_command.push(number);
            self.erased_person.push(person.0);
        }
    }

    pub(super) fn query(
        &self,
    ) -> sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments> {
        sqlx::query(
            "SELECT command, outcome, log_position, slice, current_sequence, request_hash, answer
               FROM append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                                  $19, $20, $21, $22, $23, $24, $25, $26, $27)",
        )
        .bind(&self.slice_command)
        .bind(&self.slice_type)
        .bind(&self.slice_id)
        .bind(&self.slice_expected)
        .bind(&self.event_command)
        .bind(&self.event_id)
        .bind(&self.event_aggregate)
        .bind(&self.event_stream)
        .bind(&self.event_sequence)
        .bind(&self.event_type)
        .bind(&self.event_version)
        .bind(&self.event_payload)
        .bind(&self.event_metadata)
        .bind(&self.key_command)
        .bind(&self.key_scope)
        .bind(&self.key_text)
        .bind(&self.key_hash)
        .bind(&self.key_events)
        .bind(&self.new_person)
        .bind(&self.new_key)
        .bind(&self.new_wrapped)
        .bind(&self.new_master)
        .bind(&self.sealed_command)
        .bind(&self.sealed_person)
        .bind(&self.sealed_key)
        .bind(&self.erased_command)
        .bind(&self.erased_person)
    }

    /// Reads the answer: what became of each command, in order.
    pub(super) fn verdicts(
        &self,
        batch: &Batch,
        rows: &[PgRow],
    ) -> Result<Vec<Verdict>, Unexpected> {
        let mut head = None;
        let mut refused = HashMap::new();
        for row in rows {
            match row.try_get::<&str, _>(1)? {
                "appended" => head = Some(position(row)?),
                "conflict" => {
                    let slice = usize::try_from(row.try_get::<i32, _>(3)? - 1)?;
                    let conflict = Conflict {
                        stream: self.stream(slice)?,
                        current_sequence: row.try_get::<i64, _>(4)?.cast_unsigned(),
                    };
                    refused.insert(command(row)?, Verdict::Conflict(conflict));
                }
                "key_lost" => drop(refused.insert(command(row)?, Verdict::KeyLost)),
                _ => {
                    let known = KnownKey {
                        position: position(row)?,
                        request_hash: hash_from_bytes(row.try_get(5)?)?,
                        answer: answer_from_json(row.try_get(6)?)?,
                    };
                    refused.insert(command(row)?, Verdict::KeyUsed(known));
                }
            }
        }
        let mut last = head.ok_or("the database does not say where the log ended")?;
        let verdict = |(command, append): (i32, &Append)| {
            refused.remove(&command).unwrap_or_else(|| {
                last.0 += events(append) as u64;
                Verdict::Appended(last)
            })
        };
        Ok((1..).zip(batch.appends()).map(verdict).collect())
    }

    fn stream(&self, slice: usize) -> Result<StreamId, &'static str> {
        self.slices
            .get(slice)
            .map(|slice| slice.stream.clone())
            .ok_or("the database names an unknown stream")
    }
}

/// An answer that `append_events` does not give.
pub(super) type Unexpected = Box<dyn std::error::Error + Send + Sync>;

fn command(row: &PgRow) -> sqlx::Result<i32> {
    row.try_get(0)
}

fn position(row: &PgRow) -> sqlx::Result<Position> {
    Ok(Position(row.try_get::<i64, _>(2)?.cast_unsigned()))
}

fn events(append: &Append) -> usize {
    append.slices.iter().map(|slice| slice.events.len()).sum()
}
