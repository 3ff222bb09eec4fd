//! How our values look in SQL columns.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Serialize, de::DeserializeOwned, de::value::StrDeserializer};
use sqlx::{Decode, Postgres, Row, Type, postgres::PgRow};

/// One column of many rows, for `unnest`: however many rows a page changes, they are written with one statement.
pub(crate) fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// One column of JSON, as the text that is stored.
///
/// # Errors
/// When a value is not representable in JSON.
pub(crate) fn json_column<'a, R, T: Serialize + 'a>(
    rows: &'a [R],
    value: impl Fn(&'a R) -> T,
) -> sqlx::Result<Vec<String>> {
    rows.iter().map(|row| json(&value(row))).collect()
}

/// One column of JSON or null, as the text that is stored.
///
/// # Errors
/// When a value is not representable in JSON.
pub(crate) fn optional_json_column<'a, R, T: Serialize + 'a>(
    rows: &'a [R],
    value: impl Fn(&'a R) -> Option<&'a T>,
) -> sqlx::Result<Vec<Option<String>>> {
    rows.iter()
        .map(|row| value(row).map(json).transpose())
        .collect()
}

fn json(value: &impl Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// A number without a sign as PostgreSQL's `bigint`.
pub(crate) const fn bigint(number: u64) -> i64 {
    number.cast_signed()
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

/// A text that stands for a checked value.
///
/// # Errors
/// When the column is missing or its text stands for none.
pub(crate) fn parsed<T, E>(row: &PgRow, column: &str) -> sqlx::Result<T>
where
    T: std::str::FromStr<Err = E>,
    E: std::error::Error + Send + Sync + 'static,
{
    let text: &str = row.try_get(column)?;
    text.parse()
        .map_err(|error| undecodable(column, Box::<E>::new(error)))
}

fn parse<T: DeserializeOwned>(column: &str, word: &str) -> sqlx::Result<T> {
    T::deserialize(StrDeserializer::<serde::de::value::Error>::new(word))
        .map_err(|error| undecodable(column, error.into()))
}

/// Text from outside without the one character that PostgreSQL's text cannot hold.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "")
}

/// A time from outside in whole microseconds, as PostgreSQL holds it.
pub(crate) fn storable_time(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(6)
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
