//! Whatever belongs to people who were erased leaves the read models, and does not come back.
//!
//! Kept here for all projectors, so that none of them can forget to forget.

use std::collections::BTreeMap;

use domain::{
    person,
    recorded::{AnyEvent, Recorded},
    values::{Position, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Projector;
use crate::columns::bigint;

/// Has a projector write what a page means, as [`Projector::project`] does, without what happened to people after
/// they were erased; and removes what it had of those who are erased in the page.
///
/// The result is the same however the log is cut into pages: what was written before somebody's erasure goes with it,
/// and what comes after it is never written.
///
/// # Errors
/// Those of the projector, and when the database is away.
pub async fn project(
    projector: &dyn Projector,
    db: &mut PgConnection,
    page: &[Recorded<AnyEvent>],
) -> sqlx::Result<()> {
    let tables = projector.forgets();
    let erased = if tables.is_empty() {
        BTreeMap::new()
    } else {
        erased(db, page).await?
    };
    if erased.is_empty() {
        return projector.project(db, page).await;
    }
    let left: Vec<_> = page
        .iter()
        .filter(|recorded| {
            let erased_at = erased.get(&recorded.metadata.owner);
            erased_at.is_none_or(|erased_at| recorded.position <= *erased_at)
        })
        .cloned()
        .collect();
    if !left.is_empty() {
        projector.project(db, &left).await?;
    }
    let now: Vec<Uuid> = left
        .iter()
        .filter(|recorded| {
            matches!(
                recorded.event,
                AnyEvent::Person(person::Event::PersonErased)
            )
        })
        .map(|recorded| recorded.metadata.owner.0)
        .collect();
    if now.is_empty() {
        return Ok(());
    }
    for table in tables {
        sqlx::query(&format!("DELETE FROM {table} WHERE owner = ANY($1)"))
            .bind(&now)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Those of a page's people who are erased by its end, and where in the log that was. The index `events_of_erasure` has
/// nothing else.
async fn erased(
    db: &mut PgConnection,
    page: &[Recorded<AnyEvent>],
) -> sqlx::Result<BTreeMap<UserId, Position>> {
    let Some(end) = page.last().map(|recorded| recorded.position) else {
        return Ok(BTreeMap::new());
    };
    let mut owners: Vec<UserId> = page.iter().map(|one| one.metadata.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    let names: Vec<String> = owners.iter().map(ToString::to_string).collect();
    let found: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT e.aggregate_id::uuid, min(e.position)
           FROM events e
          WHERE e.event_type = 'PersonErased' AND e.aggregate_id = ANY($1) AND e.position <= $2
          GROUP BY 1",
    )
    .bind(names)
    .bind(bigint(end.0))
    .fetch_all(db)
    .await?;
    Ok(found
        .into_iter()
        .map(|(owner, position)| (UserId(owner), Position(position.cast_unsigned())))
        .collect())
}
