//! Wrapping every data key again with the newest master key. What was sealed stays as it is.

use application::ports::LogUnavailable;
use domain::values::UserId;
use sqlx::{PgPool, types::Uuid};

use super::{
    fetching::{Kept, kept},
    master_keys::MasterKeys,
    person_keys::{patiently, unavailable},
    sealed_value::NotOpened,
};

/// How many keys one statement wraps again.
const PORTION: i64 = 500;

/// Why keys were not wrapped again. What was done before stays done.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// A key cannot be unwrapped.
    #[error(transparent)]
    Key(#[from] NotOpened),
    /// The database is away.
    #[error(transparent)]
    Unavailable(#[from] LogUnavailable),
}

/// A pass over all data keys, in portions; it can be broken off after any of them and begun again.
pub struct KeyRotation {
    pool: PgPool,
    masters: MasterKeys,
    after: Uuid,
}

impl KeyRotation {
    /// Over that database, to the newest of those master keys.
    pub const fn new(pool: PgPool, masters: MasterKeys) -> Self {
        Self {
            pool,
            masters,
            after: Uuid::nil(),
        }
    }

    /// How many keys are wrapped with another master key than the newest.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn left(&self) -> Result<u64, LogUnavailable> {
        let left = sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM person_keys WHERE master_key_id <> $1",
        )
        .bind(self.masters.newest_id())
        .fetch_one(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(left.cast_unsigned())
    }

    /// Wraps the next portion again; how many keys that were, and none at the end.
    ///
    /// A key that is destroyed meanwhile stays destroyed.
    ///
    /// # Errors
    /// When a key cannot be unwrapped with any of the master keys, or the database is away.
    pub async fn step(&mut self) -> Result<Option<u64>, RotationError> {
        let rows = sqlx::query(
            "SELECT user_id, key_id, wrapped_key, master_key_id FROM person_keys
              WHERE user_id > $1 AND master_key_id <> $2 ORDER BY user_id LIMIT $3",
        )
        .bind(self.after)
        .bind(self.masters.newest_id())
        .bind(PORTION)
        .fetch_all(&self.pool);
        let rows = patiently(rows).await?;
        let (mut people, mut former, mut again) = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let Kept { person, key } = kept(row).map_err(unavailable)?;
            let UserId(id) = person;
            self.after = id;
            if let Some((key_id, wrapped)) = key {
                again.push(self.masters.wrap_again(person, key_id, &wrapped)?.bytes);
                former.push(wrapped.bytes);
                people.push(id);
            }
        }
        if people.is_empty() {
            return Ok(None);
        }
        let done = sqlx::query(
            "UPDATE person_keys k SET wrapped_key = n.again, master_key_id = $4
               FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n (person, former, again)
              WHERE k.user_id = n.person AND k.wrapped_key = n.former",
        )
        .bind(people)
        .bind(former)
        .bind(again)
        .bind(self.masters.newest_id())
        .execute(&self.pool);
        Ok(Some(patiently(done).await?.rows_affected()))
    }
}
