//! Subscriptions' events → `subscriptions` and `subscription_customers`.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use cqrs_es::Aggregate;
use domain::{
    recorded::{AnyEvent, Recorded},
    subscription::{Event, Snapshot, Status, Subscription},
    values::{PlanId, UserId},
};
use sqlx::PgConnection;

use super::SubscriptionRow;
use crate::{
    columns::{aggregate_id, bigint, column, json_column, storable, storable_time},
    engine::Projector,
    folding::{fold, fold_into, touched},
};

/// Writes `subscriptions` and `subscription_customers`.
///
/// The rows hold the aggregate as JSON: whoever changes what a `Subscription` remembers raises the version.
pub struct GateProjector;

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
        2
    }

    fn tables(&self) -> &'static [&'static str] {
        &["subscriptions", "subscription_customers"]
    }

    /// Whose customer that was stays known: the payment provider goes on to speak of its customers, and only so it can be
    /// told whose messages must not be kept.
    fn forgets(&self) -> &'static [&'static str] {
        &["subscriptions"]
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        let known = load(db, &touched(page, concerned, begins)?).await?;
        store(db, &fold(page, known, concerned, apply)?.rest().0).await?;
        store_customers(db, page).await
    }
}

/// What the table held after those events and no others, by their keys.
pub(crate) fn past(events: &[Recorded<AnyEvent>]) -> sqlx::Result<Vec<SubscriptionRow>> {
    let (rows, _) = fold(events, BTreeMap::new(), concerned, apply)?.rest();
    Ok(rows)
}

/// The same to rows in memory.
pub(crate) fn follow(
    rows: &mut BTreeMap<UserId, SubscriptionRow>,
    page: &[Recorded<AnyEvent>],
) -> sqlx::Result<()> {
    fold_into(rows, page, concerned, begins, apply, |row| row.owner)
}

/// The user whose subscription an event is about.
fn concerned(recorded: &Recorded<AnyEvent>) -> sqlx::Result<Option<UserId>> {
    match &recorded.event {
        AnyEvent::Subscription(_) => aggregate_id(&recorded.aggregate_id).map(Some),
        AnyEvent::Avatar(_)
        | AnyEvent::Conduct(_)
        | AnyEvent::Conversation(_)
        | AnyEvent::PhotoRequest(_)
        | AnyEvent::Report(_)
        | AnyEvent::Person(_)
        | AnyEvent::Stewardship(_) => Ok(None),
    }
}

/// A row is as old as its stream.
const fn begins(recorded: &Recorded<AnyEvent>) -> bool {
    recorded.sequence == 1
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
        period_start: current.map(|snapshot| storable_time(snapshot.period_start)),
        period_end: current.map(|snapshot| storable_time(snapshot.period_end)),
        cancel_at_period_end: state.cancels_at_period_end(),
        grace_until: current.and_then(Snapshot::grace_until).map(storable_time),
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
        Event::CheckoutClosed { .. }
        | Event::PaymentFailed { .. }
        | Event::PaymentRefunded { .. }
        | Event::PaymentDisputed { .. }
        | Event::CancellationExplained { .. }
        | Event::GraceStarted { .. }
        | Event::CancellationScheduled { .. }
        | Event::CancellationRevoked
        | Event::PhotoReserved { .. }
        | Event::PhotoReleased { .. } => None,
    }
}

async fn load(
    db: &mut PgConnection,
    owners: &[UserId],
) -> sqlx::Result<BTreeMap<UserId, SubscriptionRow>> {
    if owners.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<SubscriptionRow> =
        sqlx::query_as("SELECT * FROM subscriptions WHERE owner = ANY($1)")
            .bind(column(owners, |owner| owner.0))
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|row| (row.owner, row)).collect())
}

async fn store(db: &mut PgConnection, rows: &[SubscriptionRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO subscriptions (owner, customer_id, provider_id, status, plan, period_start, period_end,
                                    cancel_at_period_end, grace_until, photos_used, photos_limit, state, sequence,
                                    position)
         SELECT owner, customer_id, provider_id, status, plan, period_start, period_end, cancel_at_period_end,
                grace_until, photos_used, photos_limit, state::json, sequence, position
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                       $7::timestamptz[], $8::boolean[], $9::timestamptz[], $10::integer[], $11::integer[],
                       $12::text[], $13::bigint[], $14::bigint[])
                AS r (owner, customer_id, provider_id, status, plan, period_start, period_end, cancel_at_period_end,
                      grace_until, photos_used, photos_limit, state, sequence, position)
         ON CONFLICT (owner) DO UPDATE SET
             customer_id = excluded.customer_id, provider_id = excluded.provider_id, status = excluded.status,
             plan = excluded.plan, period_start = excluded.period_start, period_end = excluded.period_end,
             cancel_at_period_end = excluded.cancel_at_period_end, grace_until = excluded.grace_until,
             photos_used = excluded.photos_used, photos_limit = excluded.photos_limit,
             state = excluded.state, sequence = excluded.sequence, position = excluded.position",
    )
    .bind(column(rows, |row| row.owner.0))
    .bind(column(rows, |row| row.customer_id.as_deref()))
    .bind(column(rows, |row| row.provider_id.as_deref()))
    .bind(column(rows, |row| row.status.map(Status::as_str)))
    .bind(column(rows, |row| row.plan.as_ref().map(PlanId::as_str)))
    .bind(column(rows, |row| row.period_start))
    .bind(column(rows, |row| row.period_end))
    .bind(column(rows, |row| row.cancel_at_period_end))
    .bind(column(rows, |row| row.grace_until))
    .bind(column(rows, |row| row.photos_used.cast_signed()))
    .bind(column(rows, |row| row.photos_limit.cast_signed()))
    .bind(json_column(rows, |row| &row.state)?)
    .bind(column(rows, |row| bigint(row.sequence)))
    .bind(column(rows, |row| bigint(row.position.0)))
    .execute(db)
    .await?;
    Ok(())
}

/// A customer belongs to the user who was the first to be known by that id.
async fn store_customers(db: &mut PgConnection, page: &[Recorded<AnyEvent>]) -> sqlx::Result<()> {
    let mut customers: Vec<CustomerRow> = Vec::new();
    let mut met = HashSet::new();
    for recorded in page {
        if let AnyEvent::Subscription(event) = &recorded.event
            && let Some(customer_id) = customer(event).map(storable)
            && met.insert(customer_id.clone())
        {
            customers.push(CustomerRow {
                customer_id,
                owner: recorded.metadata.owner,
            });
        }
    }
    if !customers.is_empty() {
        sqlx::query(
            "INSERT INTO subscription_customers (customer_id, owner)
             SELECT * FROM unnest($1::text[], $2::uuid[])
             ON CONFLICT (customer_id) DO NOTHING",
        )
        .bind(column(&customers, |row| row.customer_id.as_str()))
        .bind(column(&customers, |row| row.owner.0))
        .execute(db)
        .await?;
    }
    Ok(())
}
