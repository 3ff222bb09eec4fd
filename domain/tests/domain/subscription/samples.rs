//! Snapshots, events and commands of a subscription, for tests.

use chrono::{DateTime, Duration, Utc};
use domain::{
    personal::Personal,
    subscription::{CancellationReason, Command, Event, Snapshot, Status, Survey, Terms},
    values::PhotoId,
};
use uuid::Uuid;

pub(crate) fn day(number: i64) -> DateTime<Utc> {
    "2026-11-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + Duration::days(number)
}

pub(crate) fn terms() -> Terms {
    Terms {
        plan: "monthly".parse().unwrap(),
        price: "price_monthly".to_owned(),
        photos_per_period: 2,
        grace_days: 7,
    }
}

/// The first subscription in its first period, as of day 0.
pub(crate) fn active() -> Snapshot {
    Snapshot {
        provider_id: "sub_1".to_owned(),
        customer_id: "cus_1".to_owned(),
        status: Status::Active,
        terms: terms(),
        period_start: day(0),
        period_end: day(30),
        cancel_at_period_end: false,
        source_event: "evt_1".to_owned(),
        as_of: day(0),
    }
}

pub(crate) fn renewed() -> Snapshot {
    Snapshot {
        period_start: day(30),
        period_end: day(60),
        as_of: day(30),
        ..active()
    }
}

pub(crate) fn past_due() -> Snapshot {
    Snapshot {
        status: Status::PastDue,
        ..renewed()
    }
}

pub(crate) fn canceled() -> Snapshot {
    Snapshot {
        status: Status::Canceled,
        as_of: day(30),
        ..active()
    }
}

/// Another subscription of the same user, three months later.
pub(crate) fn second() -> Snapshot {
    Snapshot {
        provider_id: "sub_2".to_owned(),
        period_start: day(90),
        period_end: day(120),
        as_of: day(90),
        ..active()
    }
}

pub(crate) fn photo(number: u128) -> PhotoId {
    PhotoId(Uuid::from_u128(number))
}

pub(crate) fn apply(snapshot: Snapshot) -> Command {
    Command::ApplyProviderSnapshot { snapshot }
}

pub(crate) fn reserve(number: u128) -> Command {
    Command::ReservePhoto {
        photo_id: photo(number),
        at: day(3),
    }
}

pub(crate) fn start_checkout(session_id: &str, at: DateTime<Utc>) -> Command {
    Command::StartCheckout {
        session_id: session_id.to_owned(),
        customer_id: "cus_1".to_owned(),
        plan: "monthly".parse().unwrap(),
        at,
    }
}

pub(crate) fn checkout() -> Event {
    Event::CheckoutStarted {
        session_id: "cs_1".to_owned(),
        customer_id: "cus_1".to_owned(),
        plan: "monthly".parse().unwrap(),
    }
}

pub(crate) fn activated() -> Event {
    Event::SubscriptionActivated { snapshot: active() }
}

pub(crate) fn reserved(number: u128) -> Event {
    Event::PhotoReserved {
        photo_id: photo(number),
        period_start: day(0),
    }
}

pub(crate) fn survey() -> Survey {
    Survey {
        reason: Some(CancellationReason::TooExpensive),
        comment: Some(Personal::new("too dear for me".parse().unwrap())),
    }
}

pub(crate) fn refund(charge_id: &str, amount_refunded: u64) -> Command {
    Command::RecordRefund {
        charge_id: charge_id.to_owned(),
        amount_refunded,
        currency: "usd".to_owned(),
    }
}

pub(crate) fn dispute(dispute_id: &str) -> Command {
    Command::RecordDispute {
        dispute_id: dispute_id.to_owned(),
        charge_id: "ch_2".to_owned(),
        amount: 5,
        currency: "usd".to_owned(),
        reason: "fraudulent".to_owned(),
    }
}

pub(crate) fn close(session_id: &str) -> Command {
    Command::CloseCheckout {
        session_id: session_id.to_owned(),
    }
}
