//! Subscriptions' events → `subscriptions` and `subscription_customers`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use cqrs_es::Aggregate;
use domain::{
    recorded::{AnyEvent, Recorded},
    subscription::{Event, Snapshot, Subscription},
    values::UserId,
};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::SubscriptionRow;
use crate::{
    columns::{aggregate_id, recordset, storable},
    engine::Projector,
    folding::{fold, touched},
};

/// Writes `subscriptions` and `subscription_customers`.
///
/// The rows hold the aggregate as JSON: whoever changes what a `Subscription` remembers raises the version.
pub struct GateProjector;

#[derive(Serialize)]
struct CustomerRow {
    customer_id: String,
    owner: UserId,
}

#[async_trait]
impl Projector for GateProjector {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["subscriptions", "subscription_customers"]
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        let owners: Vec<Uuid> = touched(page, concerned)?
            .into_iter()
            .map(|id| id.0)
            .collect();
        if owners.is_empty() {
            return Ok(());
        }
        let rows = load(db, &owners).await?;
        store(db, &fold(page, rows, concerned, apply)?.written).await?;
        store_customers(db, page).await
    }
}

/// The user whose subscription an event is about.
fn concerned(recorded: &Recorded<AnyEvent>) -> sqlx::Result<Option<UserId>> {
    match &recorded.event {
        AnyEvent::Subscription(_) => aggregate_id(&recorded.aggregate_id).map(Some),
        AnyEvent::Avatar(_) | AnyEvent::PhotoRequest(_) => Ok(None),
    }
}

fn apply(row: Option<SubscriptionRow>, recorded: &Recorded<AnyEvent>) -> Option<SubscriptionRow> {
    let AnyEvent::Subscription(event) = &recorded.event else {
        return row;
    };
    let mut state = row.map_or_else(Subscription::default, |row| row.state);
    state.apply(event.clone());
    Some(seen(state, recorded))
}

/// What people see of a subscription.
fn seen(state: Subscription, recorded: &Recorded<AnyEvent>) -> SubscriptionRow {
    let usage = state.usage();
    let current = state.current();
    SubscriptionRow {
        owner: recorded.metadata.owner,
        customer_id: state.customer_id().map(storable),
        provider_id: current.map(|snapshot| storable(&snapshot.provider_id)),
        status: current.map(|snapshot| snapshot.status),
        plan: current.map(|snapshot| snapshot.terms.plan.clone()),
        period_start: current.map(|snapshot| snapshot.period_start),
        period_end: current.map(|snapshot| snapshot.period_end),
        cancel_at_period_end: state.cancels_at_period_end(),
        grace_until: current.and_then(Snapshot::grace_until),
        photos_used: usage.used,
        photos_limit: usage.limit,
        sequence: recorded.sequence,
        position: recorded.position,
        state,
    }
}

/// The payment provider's id of the user, in the events that tell it.
fn customer(event: &Event) -> Option<&str> {
    match event {
        Event::CheckoutStarted { customer_id, .. } => Some(customer_id),
        Event::SubscriptionActivated { snapshot }
        | Event::SubscriptionRenewed { snapshot }
        | Event::PlanChanged { snapshot }
        | Event::RenewalFailed { snapshot }
        | Event::PaymentRecovered { snapshot }
        | Event::SubscriptionEnded { snapshot, .. }
        | Event::SnapshotRecorded { snapshot } => Some(&snapshot.customer_id),
        Event::PaymentFailed { .. }
        | Event::GraceStarted { .. }
        | Event::CancellationScheduled { .. }
        | Event::CancellationRevoked
        | Event::PhotoReserved { .. }
        | Event::PhotoReleased { .. } => None,
    }
}

async fn load(
    db: &mut PgConnection,
    owners: &[Uuid],
) -> sqlx::Result<BTreeMap<UserId, SubscriptionRow>> {
    let rows: Vec<SubscriptionRow> =
        sqlx::query_as("SELECT * FROM subscriptions WHERE owner = ANY($1)")
            .bind(owners)
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|row| (row.owner, row)).collect())
}

async fn store(db: &mut PgConnection, rows: &[SubscriptionRow]) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO subscriptions
         SELECT * FROM json_populate_recordset(NULL::subscriptions, $1::json)
         ON CONFLICT (owner) DO UPDATE SET
             customer_id = excluded.customer_id, provider_id = excluded.provider_id, status = excluded.status,
             plan = excluded.plan, period_start = excluded.period_start, period_end = excluded.period_end,
             cancel_at_period_end = excluded.cancel_at_period_end, grace_until = excluded.grace_until,
             photos_used = excluded.photos_used, photos_limit = excluded.photos_limit,
             state = excluded.state, sequence = excluded.sequence, position = excluded.position",
    )
    .bind(recordset(rows)?)
    .execute(db)
    .await?;
    Ok(())
}

/// A customer belongs to the user who was the first to be known by that id.
async fn store_customers(db: &mut PgConnection, page: &[Recorded<AnyEvent>]) -> sqlx::Result<()> {
    let mut customers: Vec<CustomerRow> = Vec::new();
    for recorded in page {
        if let AnyEvent::Subscription(event) = &recorded.event
            && let Some(customer_id) = customer(event).map(storable)
            && customers
                .iter()
                .all(|known| known.customer_id != customer_id)
        {
            customers.push(CustomerRow {
                customer_id,
                owner: recorded.metadata.owner,
            });
        }
    }
    if !customers.is_empty() {
        sqlx::query(
            "INSERT INTO subscription_customers
             SELECT * FROM json_populate_recordset(NULL::subscription_customers, $1::json)
             ON CONFLICT (customer_id) DO NOTHING",
        )
        .bind(recordset(&customers)?)
        .execute(db)
        .await?;
    }
    Ok(())
}
