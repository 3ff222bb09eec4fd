//! Every event → `audit_index`.

use async_trait::async_trait;
use domain::recorded::{AnyEvent, Recorded};
use sqlx::PgConnection;

use crate::{columns::bigint, engine::Projector};

/// Writes `audit_index`.
pub struct AuditIndexProjector;

#[async_trait]
impl Projector for AuditIndexProjector {
    fn name(&self) -> &'static str {
        "audit_index"
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["audit_index"]
    }

    /// Within the database: it holds what is needed of each event in the words in which it was stored, whatever it is
    /// called today.
    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        let [first, ..] = page else {
            return Ok(());
        };
        let first = bigint(first.position.0);
        sqlx::query(
            "INSERT INTO audit_index (position, aggregate_type, aggregate_id, event_type, actor, correlation_id)
             SELECT position, aggregate_type, aggregate_id, event_type, metadata ->> 'actor',
                    (metadata ->> 'correlation_id')::uuid
               FROM events WHERE position >= $1 AND position < $1 + $2",
        )
        .bind(first)
        .bind(bigint(page.len() as u64))
        .execute(db)
        .await?;
        Ok(())
    }
}
