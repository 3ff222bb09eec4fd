//! What one snapshot means, and which of two counts.

use std::cmp::Reverse;

use chrono::{DateTime, Days, Utc};

use super::{Snapshot, Status};

/// How much a status gives, from the user's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Nothing: not yet, or no more.
    Closed,
    /// Access on credit.
    PastDue,
    /// All of it.
    Active,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Incomplete,
        Self::IncompleteExpired,
        Self::Trialing,
        Self::Active,
        Self::PastDue,
        Self::Canceled,
        Self::Unpaid,
        Self::Paused,
    ];

    /// The word that stands for it in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Canceled => "canceled",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
        }
    }

    /// Whether a provider subscription never leaves this status again.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Canceled | Self::IncompleteExpired => true,
            Self::Incomplete
            | Self::Trialing
            | Self::Active
            | Self::PastDue
            | Self::Unpaid
            | Self::Paused => false,
        }
    }

    /// Whether somebody pays for it, or is to, and gets something for it.
    pub const fn is_paid_for(self) -> bool {
        match self.standing() {
            Standing::Active | Standing::PastDue => true,
            Standing::Closed => false,
        }
    }

    pub(super) const fn standing(self) -> Standing {
        match self {
            Self::Active | Self::Trialing => Standing::Active,
            Self::PastDue => Standing::PastDue,
            Self::Incomplete
            | Self::IncompleteExpired
            | Self::Canceled
            | Self::Unpaid
            | Self::Paused => Standing::Closed,
        }
    }

    /// Which of two statuses of the same second came later: a subscription begins incomplete,
    /// and news of success outrun news of trouble.
    const fn rank(self) -> u8 {
        match self {
            Self::Canceled | Self::IncompleteExpired => 4,
            Self::Active | Self::Trialing => 3,
            Self::PastDue => 2,
            Self::Unpaid | Self::Paused => 1,
            Self::Incomplete => 0,
        }
    }
}

impl Snapshot {
    /// Until when access goes on although the renewal failed; `None` unless it is past due.
    ///
    /// At Stripe a past-due subscription has already rolled into the period that is not paid,
    /// so that period's start is the moment when the renewal failed.
    pub fn grace_until(&self) -> Option<DateTime<Utc>> {
        let grace = Days::new(u64::from(self.terms.grace_days));
        (self.status == Status::PastDue).then(|| {
            self.period_start
                .checked_add_days(grace)
                .unwrap_or(DateTime::<Utc>::MAX_UTC)
        })
    }

    /// Whether this one counts and `other`, of the same provider subscription, no longer does.
    ///
    /// A total order over all fields, so that ties end the same way whatever arrives first.
    pub(super) fn supersedes(&self, other: &Self) -> bool {
        self.order() > other.order()
    }

    fn order(&self) -> impl Ord + '_ {
        (
            (
                self.status.is_terminal(),
                self.as_of,
                self.status.rank(),
                self.status,
            ),
            (
                self.period_start,
                self.period_end,
                self.cancel_at_period_end,
            ),
            (
                &self.terms,
                &self.customer_id,
                &self.provider_id,
                &self.source_event,
            ),
        )
    }

    /// Which of a user's provider subscriptions is the one that people see: the best standing,
    /// then the latest period, then the latest news, then the smallest id.
    pub(super) fn precedence(&self) -> impl Ord + '_ {
        (
            self.status.standing(),
            self.period_start,
            self.as_of,
            Reverse(&self.provider_id),
        )
    }
}
