//! The row that says how far the tree is: its lease, its size, and what is wrong.

use sqlx::Row;

use super::{Grower, LEASE, Trouble};
use crate::{store::ProofError, tiles::Addition};

impl Grower {
    /// Takes the lease, or keeps it. Answers with the sizes of tree and log. A lease that lasts longer than any is given for is
    /// nobody's: the database's clock was put back.
    pub(super) async fn take(&self) -> Result<(u64, u64), Trouble> {
        let row = sqlx::query(
            "UPDATE log_tree SET holder = $1, lease_until = clock_timestamp() + $2
              WHERE holder IS NULL OR holder = $1
                 OR lease_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + 2 * $2
             RETURNING size, (SELECT position FROM log_head)",
        )
        .bind(&self.growing.holder)
        .bind(LEASE)
        .fetch_optional(self.tree.pool())
        .await?
        .ok_or(Trouble::LostLease)?;
        let number = |column: usize| row.try_get::<i64, _>(column).map(i64::cast_unsigned);
        Ok((number(0)?, number(1)?))
    }

    /// Stores what was hashed, if nobody else has done so.
    pub(super) async fn write(
        &self,
        from: u64,
        to: u64,
        additions: &[Addition],
    ) -> Result<(), Trouble> {
        let mut transaction = self.tree.pool().begin().await?;
        // What is lost comes again from the log; a checkpoint's own commit makes sure of what it signs.
        sqlx::query("SET LOCAL synchronous_commit = off")
            .execute(&mut *transaction)
            .await?;
        let moved = sqlx::query(
            "UPDATE log_tree SET size = $3, lease_until = clock_timestamp() + $4, error = NULL, updated_at = now()
              WHERE size = $2 AND holder = $1",
        )
        .bind(&self.growing.holder)
        .bind(from.cast_signed())
        .bind(to.cast_signed())
        .bind(LEASE)
        .execute(&mut *transaction)
        .await?;
        if moved.rows_affected() == 0 {
            return Err(Trouble::LostLease);
        }
        let levels: Vec<i16> = additions.iter().map(|one| one.tile.level.into()).collect();
        let indexes: Vec<i64> = additions
            .iter()
            .map(|one| one.tile.index.cast_signed())
            .collect();
        let hashes: Vec<&[u8]> = additions
            .iter()
            .map(|one| one.hashes.as_flattened())
            .collect();
        sqlx::query(
            "INSERT INTO log_tiles AS tile (level, index, hashes)
             SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])
                 ON CONFLICT (level, index) DO UPDATE SET hashes = tile.hashes || excluded.hashes",
        )
        .bind(levels)
        .bind(indexes)
        .bind(hashes)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Says what is wrong, once, in the log of this process and for everybody to see.
    pub(super) async fn note(&self, trouble: &Trouble, told: &mut String) {
        let text = trouble.to_string();
        let is_news = *told != text;
        told.clone_from(&text);
        if let Trouble::Stored(ProofError::Database(error)) = trouble {
            if is_news {
                let error = error as &dyn std::error::Error;
                tracing::warn!(error, "The transparency tree cannot reach the database");
            }
            return;
        }
        if is_news {
            tracing::error!("The transparency tree does not grow: {text}");
        }
        let noted =
            sqlx::query("UPDATE log_tree SET error = $2, updated_at = now() WHERE holder = $1")
                .bind(&self.growing.holder)
                .bind(text)
                .execute(self.tree.pool())
                .await;
        if let Err(error) = noted {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "Why the transparency tree does not grow was not noted"
            );
        }
    }

    /// Gives the lease back, so that another process goes on at once.
    pub(super) async fn release(&self) -> sqlx::Result<()> {
        sqlx::query("UPDATE log_tree SET holder = NULL, lease_until = NULL WHERE holder = $1")
            .bind(&self.growing.holder)
            .execute(self.tree.pool())
            .await
            .map(drop)
    }
}
