//! Many new rows at once: `COPY` in its binary format, the quickest way into a table.
//!
//! <https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format". A value is written as PostgreSQL's `recv`
//! function of its column's type reads it, so each value must be of exactly that type.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// From so many rows on it is worth its two more round trips.
pub(crate) const WORTHWHILE: usize = 50;

/// About how many bytes a row takes.
const ROW: usize = 512;

/// The signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1i16).to_be_bytes();
const NULL: [u8; 4] = (-1i32).to_be_bytes();

/// PostgreSQL counts its microseconds from 2000-01-01T00:00:00Z.
const EPOCH: i64 = 946_684_800_000_000;

/// The type `text`, as `pg_type` numbers it in every PostgreSQL.
const TEXT: u32 = 25;

/// Rows as bytes.
pub(crate) struct Rows(Vec<u8>);

/// One row, value by value in the order of the columns. A value that cannot be written fails the whole row, at its end.
pub(crate) struct Row<'b> {
    bytes: &'b mut Vec<u8>,
    columns: u16,
    outcome: sqlx::Result<()>,
}

impl Rows {
    /// All of them; `write` says what one has in its columns.
    ///
    /// # Errors
    /// When a value is not representable in JSON, or too long for PostgreSQL.
    pub fn of<R>(rows: &[R], write: impl Fn(&R, &mut Row<'_>)) -> sqlx::Result<Self> {
        let mut bytes = Vec::with_capacity(rows.len() * ROW);
        bytes.extend_from_slice(HEADER);
        for row in rows {
            let start = bytes.len();
            bytes.extend_from_slice(&0u16.to_be_bytes());
            let mut columns = Row {
                bytes: &mut bytes,
                columns: 0,
                outcome: Ok(()),
            };
            write(row, &mut columns);
            columns.outcome?;
            let columns = columns.columns.to_be_bytes();
            bytes[start..start + columns.len()].copy_from_slice(&columns);
        }
        bytes.extend_from_slice(&TRAILER);
        Ok(Self(bytes))
    }

    /// Writes them; `columns` are the table's name and its columns, as `avatars (owner, name)`.
    ///
    /// # Errors
    /// When the database is away or refuses a row.
    pub async fn copy_into(self, db: &mut PgConnection, columns: &str) -> sqlx::Result<()> {
        let statement = format!("COPY {columns} FROM STDIN (FORMAT binary)");
        let mut copy = db.copy_in_raw(&statement).await?;
        match copy.send(self.0).await {
            Ok(_) => copy.finish().await.map(drop),
            Err(error) => {
                // The first error is the one that says why.
                let _ = copy.abort("the rows could not be sent").await;
                Err(error)
            }
        }
    }
}

impl Row<'_> {
    /// `text`.
    pub fn text(&mut self, value: &str) {
        self.value(value.as_bytes());
    }

    /// `uuid`.
    pub fn uuid(&mut self, value: Uuid) {
        self.value(value.as_bytes());
    }

    /// `smallint`.
    pub fn smallint(&mut self, value: i16) {
        self.value(&value.to_be_bytes());
    }

    /// `integer`.
    pub fn integer(&mut self, value: i32) {
        self.value(&value.to_be_bytes());
    }

    /// `bigint`.
    pub fn bigint(&mut self, value: i64) {
        self.value(&value.to_be_bytes());
    }

    /// `timestamptz`, to the microsecond.
    pub fn time(&mut self, value: DateTime<Utc>) {
        self.bigint(value.timestamp_micros() - EPOCH);
    }

    /// `json`.
    pub fn json(&mut self, value: &impl Serialize) {
        self.sized(|bytes| {
            serde_json::to_writer(bytes, value).map_err(|error| sqlx::Error::Encode(error.into()))
        });
    }

    /// `text[]`.
    pub fn texts(&mut self, values: &[String]) {
        self.sized(|bytes| {
            let dimensions = u32::from(!values.is_empty());
            for number in [dimensions, 0, TEXT] {
                bytes.extend_from_slice(&number.to_be_bytes());
            }
            if !values.is_empty() {
                bytes.extend_from_slice(&length(values.len())?);
                bytes.extend_from_slice(&1u32.to_be_bytes()); // arrays begin at 1
            }
            for value in values {
                bytes.extend_from_slice(&length(value.len())?);
                bytes.extend_from_slice(value.as_bytes());
            }
            Ok(())
        });
    }

    /// A value, or null.
    pub fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => {
                self.columns += 1;
                self.bytes.extend_from_slice(&NULL);
            }
        }
    }

    fn value(&mut self, value: &[u8]) {
        self.sized(|bytes| {
            bytes.extend_from_slice(value);
            Ok(())
        });
    }

    /// A value whose length shows once it is written.
    fn sized(&mut self, write: impl FnOnce(&mut Vec<u8>) -> sqlx::Result<()>) {
        self.columns += 1;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        let written = write(self.bytes).and_then(|()| length(self.bytes.len() - start - 4));
        match written {
            Ok(length) => self.bytes[start..start + 4].copy_from_slice(&length),
            Err(error) => self.outcome = Err(error),
        }
    }
}

fn length(length: usize) -> sqlx::Result<[u8; 4]> {
    i32::try_from(length)
        .map(i32::to_be_bytes)
        .map_err(|error| sqlx::Error::Encode(error.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    #[test]
    fn a_row_is_its_number_of_columns_and_each_value_behind_its_length() {
        let rows = Rows::of(&["a"], |name, columns| {
            columns.text(name);
            columns.smallint(-2);
            columns.optional(None, Row::text);
            columns.json(&[1, 2]);
        });
        let mut expected = HEADER.to_vec();
        expected.extend(b"\0\x04");
        expected.extend(b"\0\0\0\x01a");
        expected.extend(b"\0\0\0\x02\xff\xfe");
        expected.extend(b"\xff\xff\xff\xff");
        expected.extend(b"\0\0\0\x05[1,2]");
        expected.extend(b"\xff\xff");
        assert_eq!(rows.unwrap().0, expected);
    }

    #[test]
    fn times_count_from_the_year_2000() {
        let rows = Rows::of(&[()], |(), columns| {
            columns.time("2000-01-01T00:00:00.000001Z".parse().unwrap());
        });
        assert!(
            rows.unwrap()
                .0
                .ends_with(b"\0\0\0\x08\0\0\0\0\0\0\0\x01\xff\xff")
        );
    }
}
