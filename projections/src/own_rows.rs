//! Statements that read the rows of one person, and tell the database so.
//!
//! The policies of the read models show `ava_api` the rows of the person in `ava.user_id`, and nobody's when it is empty
//! (infrastructure/src/database/roles.sql). A read pays for one question, so the statement itself says who asks: the
//! person is set for this one statement, and what reads rows depends on the outcome, so that no plan can begin with it. Were
//! the order ever another one, nobody's rows would be seen (decision 37).

use domain::values::UserId;
use sqlx::{Postgres, QueryBuilder};

/// What stands before the person.
macro_rules! before_person {
    () => {
        "SELECT own.* FROM (SELECT set_config('ava.user_id', "
    };
}
/// What stands between the person and the `SELECT`.
macro_rules! after_person {
    () => {
        "::uuid::text, true) AS person OFFSET 0) caller CROSS JOIN LATERAL (SELECT * FROM ("
    };
}
/// What stands behind the `SELECT`.
macro_rules! after_select {
    () => {
        ") asked WHERE caller.person IS NOT NULL OFFSET 0) own"
    };
}
pub(crate) use {after_person, after_select, before_person};

/// A statement around a `SELECT` that reads rows of the person `$1` and brings its own order and limit.
macro_rules! own_rows {
    ($select:expr) => {
        concat!(
            $crate::own_rows::before_person!(),
            "$1",
            $crate::own_rows::after_person!(),
            $select,
            $crate::own_rows::after_select!()
        )
    };
}
pub(crate) use own_rows;

/// The same around a `SELECT` that is known only when the program runs. What it reads of read models are rows of the
/// person `$1`, whatever its own conditions are.
pub fn around(select: &str) -> String {
    format!(own_rows!("{}"), select)
}

/// The same for a `SELECT` that is put together from parts: begins it, with the person as `$1`. [`end`] must follow.
pub(crate) fn begin(person: UserId) -> QueryBuilder<'static, Postgres> {
    let mut query = QueryBuilder::new(before_person!());
    query.push_bind(person.0).push(after_person!());
    query
}

/// Ends it.
pub(crate) fn end(query: &mut QueryBuilder<'_, Postgres>) {
    query.push(after_select!());
}
