//! Plans and subscriptions as clients see them.

use application::ports::{Plan, PlanInterval};
use chrono::{DateTime, Utc};
use domain::subscription::{ClosedReason, Gate, Status};
use projections::gate::SubscriptionRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::State, gate};

/// What can be subscribed to.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlanList {
    pub(super) items: Vec<PlanResource>,
}

/// Something that can be subscribed to.
#[derive(Serialize, ToSchema)]
#[schema(as = Plan)]
pub(crate) struct PlanResource {
    id: String,
    /// For people.
    name: String,
    price: Price,
    /// Pictures per period.
    photos_per_period: u32,
    /// Days before the first payment; 0 for none.
    trial_days: u32,
}

/// What a plan costs.
#[derive(Serialize, ToSchema)]
struct Price {
    /// In the currency's smallest unit (cents).
    amount: u32,
    /// ISO 4217, lower case.
    #[schema(example = "eur")]
    currency: String,
    /// How often it is paid.
    #[schema(value_type = IntervalWord)]
    interval: PlanInterval,
}

/// How often a plan is paid.
#[derive(ToSchema)]
#[schema(as = PlanInterval, rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "describes the words, which the configuration holds"
)]
enum IntervalWord {
    Day,
    Week,
    Month,
    Year,
}

impl PlanResource {
    /// As the configuration has it.
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            id: plan.id.as_str().to_owned(),
            name: plan.name.clone(),
            price: Price {
                amount: plan.amount,
                currency: plan.currency.clone(),
                interval: plan.interval,
            },
            photos_per_period: plan.photos_per_period,
            trial_days: plan.trial_days,
        }
    }
}

/// What a person pays for, and what is left of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Subscription {
    status: SubscriptionStatus,
    /// Whether operations for subscribers are allowed now.
    open: bool,
    /// Why they are not; null while they are.
    #[schema(required = true, value_type = Option<ClosedReasonWord>)]
    reason: Option<&'static str>,
    /// The id of the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    plan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    current_period_end: Option<DateTime<Utc>>,
    /// Whether it ends with the current period.
    cancel_at_period_end: bool,
    /// Until when it stays open although a renewal could not be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    grace_until: Option<DateTime<Utc>>,
    usage: Usage,
}

/// What is left of the current period's pictures.
#[derive(Serialize, ToSchema)]
struct Usage {
    photos_used: u32,
    photos_limit: u32,
}

/// How a subscription stands, in the payment provider's words; `none` before there is one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SubscriptionStatus {
    None,
    Incomplete,
    IncompleteExpired,
    Trialing,
    Active,
    PastDue,
    Canceled,
    Unpaid,
    Paused,
}

/// Why operations for subscribers are not allowed.
#[derive(ToSchema)]
#[schema(as = ClosedReason, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words")]
enum ClosedReasonWord {
    None,
    PaymentIncomplete,
    IncompleteExpired,
    PaymentPastDue,
    Unpaid,
    Paused,
    Canceled,
}

impl From<Option<Status>> for SubscriptionStatus {
    fn from(status: Option<Status>) -> Self {
        match status {
            None => Self::None,
            Some(Status::Incomplete) => Self::Incomplete,
            Some(Status::IncompleteExpired) => Self::IncompleteExpired,
            Some(Status::Trialing) => Self::Trialing,
            Some(Status::Active) => Self::Active,
            Some(Status::PastDue) => Self::PastDue,
            Some(Status::Canceled) => Self::Canceled,
            Some(Status::Unpaid) => Self::Unpaid,
            Some(Status::Paused) => Self::Paused,
        }
    }
}

impl Subscription {
    /// As the read model has it, now; none is a subscription of nobody yet.
    pub(crate) fn of(row: Option<SubscriptionRow>, app: &State) -> Self {
        Self::at(row, app, app.billing_clock.now())
    }

    /// The same at that time.
    pub(super) fn at(row: Option<SubscriptionRow>, app: &State, now: DateTime<Utc>) -> Self {
        let gate = row
            .as_ref()
            .map_or(Gate::Closed(ClosedReason::None), |row| row.gate(now));
        let reason = match gate {
            Gate::Closed(reason) if !app.free_of_charge => Some(gate::word(reason)),
            Gate::Open | Gate::Closed(_) => None,
        };
        let Some(row) = row else {
            return Self {
                status: SubscriptionStatus::None,
                open: reason.is_none(),
                reason,
                plan: None,
                current_period_end: None,
                cancel_at_period_end: false,
                grace_until: None,
                usage: Usage {
                    photos_used: 0,
                    photos_limit: 0,
                },
            };
        };
        Self {
            status: row.status.into(),
            open: reason.is_none(),
            reason,
            plan: row.plan.map(|plan| plan.as_str().to_owned()),
            current_period_end: row.period_end,
            cancel_at_period_end: row.cancel_at_period_end,
            grace_until: row.grace_until,
            usage: Usage {
                photos_used: row.photos_used,
                photos_limit: row.photos_limit,
            },
        }
    }
}
