//! Every event → `audit_index`.

use async_trait::async_trait;
use domain::recorded::{AnyEvent, Recorded};
use sqlx::PgConnection;

use crate::{
    columns::{bigint, column},
    copying::{Rows, WORTHWHILE},
    engine::Projector,
};

/// Writes `audit_index`.
pub struct AuditIndexProjector;

#[async_trait]
impl Projector for AuditIndexProjector {
    fn name(&self) -> &'static str {
        "audit_index"
    }

    fn version(&self) -> i32 {
        2
    }

    /// An event stays where it is, whosever it was.
    fn forgets(&self) -> &'static [&'static str] {
        &[]
    }

    fn tables(&self) -> &'static [&'static str] {
        &["audit_index"]
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        if page.len() >= WORTHWHILE {
            return copy(db, page).await;
        }
        sqlx::query(
            "INSERT INTO audit_index (position, aggregate_type, aggregate_id, event_type, actor, correlation_id,
                                      owner)
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::uuid[])",
        )
        .bind(column(page, |event| bigint(event.position.0)))
        .bind(column(page, |event| event.event.aggregate_type()))
        .bind(column(page, |event| event.aggregate_id.as_str()))
        .bind(column(page, |event| event.event.event_type()))
        .bind(column(page, |event| event.metadata.actor.as_str()))
        .bind(column(page, |event| event.metadata.correlation_id))
        .bind(column(page, |event| event.metadata.owner.0))
        .execute(db)
        .await?;
        Ok(())
    }
}

async fn copy(db: &mut PgConnection, page: &[Recorded<AnyEvent>]) -> sqlx::Result<()> {
    let rows = Rows::of(page, |event, columns| {
        columns.bigint(bigint(event.position.0));
        columns.text(event.event.aggregate_type());
        columns.text(&event.aggregate_id);
        columns.text(&event.event.event_type());
        columns.text(&event.metadata.actor);
        columns.uuid(event.metadata.correlation_id);
        columns.uuid(event.metadata.owner.0);
    })?;
    rows.copy_into(
        db,
        "audit_index (position, aggregate_type, aggregate_id, event_type, actor, correlation_id, owner)",
    )
    .await
}
