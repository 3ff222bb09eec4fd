//! Gate: what a user pays for, and what is left of it; and whose customer somebody is.

use chrono::{DateTime, Utc};
use domain::{
    subscription::{self, Gate, Status, Subscription},
    values::{PlanId, Position, UserId},
};
use serde::Serialize;
use sqlx::{FromRow, PgPool, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use crate::{
    columns::{number, optional_word, word},
    own_rows::own_rows,
};

mod projector;

pub use projector::GateProjector;
pub(crate) use projector::{follow, past};

/// A user's subscription as people see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubscriptionRow {
    /// The user.
    pub owner: UserId,
    /// The payment provider's id of the user.
    pub customer_id: Option<String>,
    /// The payment provider's id of the subscription.
    pub provider_id: Option<String>,
    /// None before the provider has told anything.
    pub status: Option<Status>,
    /// What is paid for.
    pub plan: Option<PlanId>,
    /// When the current period began.
    pub period_start: Option<DateTime<Utc>>,
    /// When the current period ends.
    pub period_end: Option<DateTime<Utc>>,
    /// Whether it ends with the period.
    pub cancel_at_period_end: bool,
    /// Until when the gate stays open although a renewal failed.
    pub grace_until: Option<DateTime<Utc>>,
    /// Pictures taken in the current period.
    pub photos_used: u32,
    /// The most that can be taken in it.
    pub photos_limit: u32,
    /// The aggregate itself. Which of the provider's snapshots counts is its rule, so the projector asks it.
    pub(crate) state: Subscription,
    /// The sequence of the subscription's last event.
    pub sequence: u64,
    /// The position of that event.
    pub position: Position,
}

impl SubscriptionRow {
    /// Whether gated operations are allowed at that time, and if not, why.
    pub fn gate(&self, now: DateTime<Utc>) -> Gate {
        subscription::gate(self.status, self.grace_until, now)
    }
}

impl<'r> FromRow<'r, PgRow> for SubscriptionRow {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        let Json(state) = row.try_get("state")?;
        Ok(Self {
            owner: UserId(row.try_get("owner")?),
            customer_id: row.try_get("customer_id")?,
            provider_id: row.try_get("provider_id")?,
            status: optional_word(row, "status")?,
            plan: optional_word(row, "plan")?,
            period_start: row.try_get("period_start")?,
            period_end: row.try_get("period_end")?,
            cancel_at_period_end: row.try_get("cancel_at_period_end")?,
            grace_until: row.try_get("grace_until")?,
            photos_used: number::<i32, _>(row, "photos_used")?,
            photos_limit: number::<i32, _>(row, "photos_limit")?,
            state,
            sequence: number::<i64, _>(row, "sequence")?,
            position: Position(number::<i64, _>(row, "position")?),
        })
    }
}

/// What the gate asks about a user, and nothing else of the subscription.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Admission {
    /// None before the provider has told anything.
    pub status: Option<Status>,
    /// Until when the gate stays open although a renewal failed.
    pub grace_until: Option<DateTime<Utc>>,
    /// Whether the payment provider knows the user.
    pub has_customer: bool,
}

impl Admission {
    /// Whether gated operations are allowed at that time, and if not, why.
    pub fn gate(&self, now: DateTime<Utc>) -> Gate {
        subscription::gate(self.status, self.grace_until, now)
    }
}

impl<'r> FromRow<'r, PgRow> for Admission {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            status: optional_word(row, "gate_status")?,
            grace_until: row.try_get("gate_grace_until")?,
            has_customer: row.try_get("gate_has_customer")?,
        })
    }
}

/// What the gate asks about a user.
///
/// # Errors
/// When the database is away.
pub async fn admission(pool: &PgPool, owner: UserId) -> sqlx::Result<Admission> {
    let admission = sqlx::query_as(own_rows!(
        "SELECT status AS gate_status, grace_until AS gate_grace_until,
                customer_id IS NOT NULL AS gate_has_customer
           FROM subscriptions WHERE owner = $1"
    ))
    .bind(owner.0)
    .fetch_optional(pool)
    .await?;
    Ok(admission.unwrap_or_default())
}

/// A user's subscription, once there was anything to tell.
///
/// # Errors
/// When the database is away.
pub async fn of_owner(pool: &PgPool, owner: UserId) -> sqlx::Result<Option<SubscriptionRow>> {
    sqlx::query_as(own_rows!("SELECT * FROM subscriptions WHERE owner = $1"))
        .bind(owner.0)
        .fetch_optional(pool)
        .await
}

/// How many subscriptions stand how; those of whom the provider has not told anything yet are left out.
///
/// # Errors
/// When the database is away.
pub async fn counts(pool: &PgPool) -> sqlx::Result<Vec<(Status, u64)>> {
    let rows = sqlx::query(
        "SELECT status, count(*) AS count FROM subscriptions WHERE status IS NOT NULL GROUP BY status",
    )
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| Ok((word(row, "status")?, number::<i64, _>(row, "count")?)))
        .collect()
}

/// The user whom the payment provider knows as that customer.
///
/// # Errors
/// When the database is away.
pub async fn owner_of_customer(pool: &PgPool, customer_id: &str) -> sqlx::Result<Option<UserId>> {
    let owner: Option<Uuid> = sqlx::query_scalar("SELECT owner_of_customer($1)")
        .bind(customer_id)
        .fetch_one(pool)
        .await?;
    Ok(owner.map(UserId))
}

/// All customers that a user ever was at the payment provider, also when the user was erased since.
///
/// # Errors
/// When the database is away.
pub async fn customers_of(pool: &PgPool, owner: UserId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "SELECT customer_id FROM subscription_customers WHERE owner = $1 ORDER BY customer_id",
    )
    .bind(owner.0)
    .fetch_all(pool)
    .await
}

/// The subscriptions that give access, if only on credit, with the provider's id of each: at most `limit`, in the
/// order of their users, from the one after `after` on.
///
/// # Errors
/// When the database is away.
pub async fn running(
    pool: &PgPool,
    after: Option<UserId>,
    limit: u32,
) -> sqlx::Result<Vec<(UserId, String)>> {
    let paid_for: Vec<&str> = Status::ALL
        .into_iter()
        .filter(|status| status.is_paid_for())
        .map(Status::as_str)
        .collect();
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT owner, provider_id FROM subscriptions
         WHERE status = ANY($1) AND provider_id IS NOT NULL AND ($2::uuid IS NULL OR owner > $2)
         ORDER BY owner
         LIMIT $3",
    )
    .bind(paid_for)
    .bind(after.map(|owner| owner.0))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(owner, id)| (UserId(owner), id))
        .collect())
}
