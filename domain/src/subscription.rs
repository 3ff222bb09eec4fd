//! None ─ ApplyProviderSnapshot ▶ the newest snapshot of each provider subscription; the gate is a function of (state, now).
//!
//! One per user; the aggregate's id is the user's id. The payment provider owns the truth and tells it
//! late, twice and out of order. So each of its messages becomes one snapshot of one provider
//! subscription, and the state keeps, per provider subscription, the greatest snapshot it has seen:
//! any order and any duplication end in the same state. `canceled` is terminal for its provider id.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

mod money;
mod news;
mod snapshot;
mod state;
mod survey;

pub use state::{Subscription, Usage};
pub use survey::{CancellationReason, Survey};

use crate::{
    event_versions::event_versions,
    personal::Personal,
    values::{PhotoId, PlanId, SurveyComment},
};

/// A subscription's status, in the payment provider's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the provider's words")]
pub enum Status {
    Incomplete,
    IncompleteExpired,
    Trialing,
    Active,
    PastDue,
    Canceled,
    Unpaid,
    Paused,
}

/// What a plan gives, as it was when the snapshot was taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Terms {
    /// The plan's id in the configuration.
    pub plan: PlanId,
    /// The provider's price id.
    pub price: String,
    /// Pictures per period.
    pub photos_per_period: u32,
    /// Days of access after a failed renewal.
    pub grace_days: u32,
}

/// A provider subscription at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The provider's subscription id.
    pub provider_id: String,
    /// The provider's customer id.
    pub customer_id: String,
    /// Its status.
    pub status: Status,
    /// What it gives.
    pub terms: Terms,
    /// When the current period began.
    pub period_start: DateTime<Utc>,
    /// When the current period ends.
    pub period_end: DateTime<Utc>,
    /// Whether it ends with this period.
    pub cancel_at_period_end: bool,
    /// The provider's event that told us, for the audit.
    pub source_event: String,
    /// The moment that the snapshot describes, by the provider's clock (whole seconds).
    pub as_of: DateTime<Utc>,
}

/// An order to a subscription.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type")]
#[expect(missing_docs, reason = "the fields' types say it")]
pub enum Command {
    /// The user was sent to pay. Refused while a subscription is open at `at`.
    StartCheckout {
        session_id: String,
        customer_id: String,
        plan: PlanId,
        at: DateTime<Utc>,
    },
    /// The provider says how one of its subscriptions stands. Never refused; older and repeated news change nothing.
    ApplyProviderSnapshot { snapshot: Snapshot },
    /// The provider says that an invoice could not be paid; once per invoice.
    RecordPaymentFailure { invoice_id: String },
    /// The page of that checkout can no longer be paid, because it was, or because it expired. Twice changes nothing.
    CloseCheckout { session_id: String },
    /// A payment was given back, so far this much of it. News that are older than what is known change nothing.
    RecordRefund {
        charge_id: String,
        /// In the currency's smallest unit (cents): all refunds of this payment together.
        amount_refunded: u64,
        currency: String,
    },
    /// The cardholder's bank asks a payment back; once per dispute.
    RecordDispute {
        dispute_id: String,
        charge_id: String,
        /// In the currency's smallest unit (cents).
        amount: u64,
        currency: String,
        /// In the provider's words, as `fraudulent`.
        reason: String,
    },
    /// The user wants it to end with the period, and may say why. Twice changes nothing.
    ScheduleCancellation { survey: Option<Survey> },
    /// The user wants it to go on after all. Twice changes nothing.
    ResumeSubscription,
    /// Takes one picture out of the period's quota. Twice for one photo changes nothing.
    ReservePhoto {
        photo_id: PhotoId,
        at: DateTime<Utc>,
    },
    /// Gives it back, when it was reserved in the current period.
    ReleasePhoto { photo_id: PhotoId },
}

/// What happened to a subscription. Each snapshot that counts is kept by exactly one event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Event {
    CheckoutStarted {
        session_id: String,
        customer_id: String,
        plan: PlanId,
    },
    /// The page of that checkout can no longer be paid.
    CheckoutClosed {
        session_id: String,
    },
    /// It became active or trialing for the first time, or again after it was closed.
    SubscriptionActivated {
        snapshot: Snapshot,
    },
    /// A new period began.
    SubscriptionRenewed {
        snapshot: Snapshot,
    },
    /// The price or its terms changed.
    PlanChanged {
        snapshot: Snapshot,
    },
    /// It went past due; `GraceStarted` follows.
    RenewalFailed {
        snapshot: Snapshot,
    },
    /// It was past due (or unpaid) and is active again.
    PaymentRecovered {
        snapshot: Snapshot,
    },
    /// It is over: canceled, unpaid, paused, or never completed.
    SubscriptionEnded {
        reason: Status,
        snapshot: Snapshot,
    },
    /// A newer snapshot that changes nothing that people see; kept so that older news stay older.
    SnapshotRecorded {
        snapshot: Snapshot,
    },
    /// An invoice could not be paid.
    PaymentFailed {
        invoice_id: String,
    },
    /// Access goes on until then, although the renewal failed.
    GraceStarted {
        until: DateTime<Utc>,
    },
    CancellationScheduled {
        ends_at: DateTime<Utc>,
    },
    CancellationRevoked,
    /// Why the user wants it to end; skipped questions are absent.
    CancellationExplained {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<CancellationReason>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<Personal<SurveyComment>>,
    },
    /// A payment was given back, so far this much of it, in the currency's smallest unit.
    PaymentRefunded {
        charge_id: String,
        amount_refunded: u64,
        currency: String,
    },
    /// The cardholder's bank asks a payment back, in the currency's smallest unit.
    PaymentDisputed {
        dispute_id: String,
        charge_id: String,
        amount: u64,
        currency: String,
        reason: String,
    },
    PhotoReserved {
        photo_id: PhotoId,
        period_start: DateTime<Utc>,
    },
    PhotoReleased {
        photo_id: PhotoId,
    },
}

event_versions!(
    Subscription,
    Event {
        CheckoutStarted: "1",
        CheckoutClosed: "1",
        SubscriptionActivated: "1",
        SubscriptionRenewed: "1",
        PlanChanged: "1",
        RenewalFailed: "1",
        PaymentRecovered: "1",
        SubscriptionEnded: "1",
        SnapshotRecorded: "1",
        PaymentFailed: "1",
        GraceStarted: "1",
        CancellationScheduled: "1",
        CancellationRevoked: "1",
        CancellationExplained: "1",
        PaymentRefunded: "1",
        PaymentDisputed: "1",
        PhotoReserved: "1",
        PhotoReleased: "1",
    }
);

/// Whether gated operations are allowed, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Gate {
    Open,
    Closed(ClosedReason),
}

/// Why the gate is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ClosedReason {
    #[error("there is no subscription")]
    None,
    #[error("the first payment is not complete")]
    PaymentIncomplete,
    #[error("the first payment was never completed")]
    IncompleteExpired,
    #[error("the payment is overdue and the days of grace are over")]
    PaymentPastDue,
    #[error("the subscription is unpaid")]
    Unpaid,
    #[error("the trial ended without a means of payment")]
    Paused,
    #[error("the subscription has ended")]
    Canceled,
}

/// The gate, given what the newest snapshot says and the time.
///
/// `active` and `trialing` are open, also when they end with the period; `past_due` is open until
/// `grace_until`; everything else is closed for its own reason.
pub fn gate(
    status: Option<Status>,
    grace_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Gate {
    let reason = match status {
        Some(Status::Active | Status::Trialing) => return Gate::Open,
        Some(Status::PastDue) if grace_until.is_some_and(|until| now < until) => return Gate::Open,
        Some(Status::PastDue) => ClosedReason::PaymentPastDue,
        Some(Status::Incomplete) => ClosedReason::PaymentIncomplete,
        Some(Status::IncompleteExpired) => ClosedReason::IncompleteExpired,
        Some(Status::Unpaid) => ClosedReason::Unpaid,
        Some(Status::Paused) => ClosedReason::Paused,
        Some(Status::Canceled) => ClosedReason::Canceled,
        None => ClosedReason::None,
    };
    Gate::Closed(reason)
}

/// Why an order to a subscription is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Rejection {
    #[error("a subscription is open already")]
    AlreadySubscribed,
    #[error("{0}")]
    GateClosed(ClosedReason),
    #[error("all {limit} pictures of this period are used")]
    QuotaExhausted { limit: u32 },
    #[error("there is no subscription to change")]
    NoSubscription,
}
