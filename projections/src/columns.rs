//! How our values look in SQL columns.

use serde::{Serialize, de::DeserializeOwned, de::value::StrDeserializer};
use sqlx::{Decode, Postgres, Row, Type, postgres::PgRow};

/// Rows as one JSON array, for `json_populate_recordset(NULL::table, $1::json)`: however many rows
/// a page changes, they are written with one statement.
///
/// # Errors
/// When a row is not representable in JSON.
pub(crate) fn recordset(rows: &[impl Serialize]) -> sqlx::Result<String> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// A whole number without a sign, from a column of type `S`: PostgreSQL's numbers all have one.
///
/// # Errors
/// When the column is missing or its number out of range.
pub(crate) fn number<'r, S, T>(row: &'r PgRow, column: &str) -> sqlx::Result<T>
where
    S: Decode<'r, Postgres> + Type<Postgres>,
    T: TryFrom<S>,
{
    T::try_from(row.try_get(column)?)
        .map_err(|_| undecodable(column, "a number out of range".into()))
}

/// A word that stands for an enum's variant.
///
/// # Errors
/// When the column is missing or the word unknown.
pub(crate) fn word<T: DeserializeOwned>(row: &PgRow, column: &str) -> sqlx::Result<T> {
    parse(column, row.try_get(column)?)
}

/// A word that stands for an enum's variant, or null.
///
/// # Errors
/// When the column is missing or the word unknown.
pub(crate) fn optional_word<T: DeserializeOwned>(
    row: &PgRow,
    column: &str,
) -> sqlx::Result<Option<T>> {
    let word: Option<&str> = row.try_get(column)?;
    word.map(|word| parse(column, word)).transpose()
}

fn parse<T: DeserializeOwned>(column: &str, word: &str) -> sqlx::Result<T> {
    T::deserialize(StrDeserializer::<serde::de::value::Error>::new(word))
        .map_err(|error| undecodable(column, error.into()))
}

/// Text from outside without the one character that PostgreSQL's text cannot hold.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "")
}

fn undecodable(column: &str, source: Box<dyn std::error::Error + Send + Sync>) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source,
    }
}

/// The id that an aggregate is known by in the log.
///
/// # Errors
/// When it is not one.
pub(crate) fn aggregate_id<T, E>(text: &str) -> sqlx::Result<T>
where
    T: std::str::FromStr<Err = E>,
    E: std::error::Error + Send + Sync + 'static,
{
    text.parse()
        .map_err(|error| undecodable("aggregate_id", Box::<E>::new(error)))
}
