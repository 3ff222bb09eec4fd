//! The read model of subscriptions.

use chrono::Days;
use domain::subscription::{ClosedReason, Event, Gate, Snapshot, Status};
use infrastructure::database::DatabaseRole;
use projections::gate::{GateProjector, SubscriptionRow, of_owner, owner_of_customer};

use crate::{
    histories::{at, photo, snapshot, user},
    test_log::TestLog,
};

#[tokio::test]
async fn a_user_who_never_paid_has_no_row() {
    let log = TestLog::start().await;
    assert_eq!(
        of_owner(&log.pool_as(DatabaseRole::Api), user(1))
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn a_user_on_the_way_to_pay_is_a_customer_and_no_more() {
    let (_, row) = after(vec![checkout()]).await;
    assert_eq!(
        (row.customer_id.as_deref(), row.status),
        (Some("cus_1"), None)
    );
    assert_eq!(row.gate(at(0)), Gate::Closed(ClosedReason::None));
}

#[tokio::test]
async fn a_paid_subscription_opens_the_gate() {
    let (position, row) = after(vec![checkout(), activated(snapshot(1, Status::Active, 10))]).await;
    assert_eq!((row.owner, row.status), (user(1), Some(Status::Active)));
    assert_eq!(row.provider_id.as_deref(), Some("sub_1"));
    assert_eq!(
        row.plan.as_ref().map(ToString::to_string).as_deref(),
        Some("monthly")
    );
    assert_eq!(
        (row.period_start, row.period_end),
        (Some(at(0)), Some(at(2_592_000)))
    );
    assert_eq!((row.photos_used, row.photos_limit), (0, 2));
    assert_eq!((row.sequence, row.position.0), (2, position));
    assert_eq!(row.gate(at(10)), Gate::Open);
}

#[tokio::test]
async fn a_failed_renewal_keeps_the_gate_open_for_the_days_of_grace() {
    let past_due = snapshot(1, Status::PastDue, 20);
    let until = past_due
        .period_start
        .checked_add_days(Days::new(3))
        .unwrap();
    let (_, row) = after(vec![
        activated(snapshot(1, Status::Active, 10)),
        Event::RenewalFailed { snapshot: past_due },
        Event::GraceStarted { until },
    ])
    .await;
    assert_eq!(
        (row.status, row.grace_until),
        (Some(Status::PastDue), Some(until))
    );
    assert_eq!(row.gate(at(20)), Gate::Open);
    assert_eq!(row.gate(until), Gate::Closed(ClosedReason::PaymentPastDue));
}

#[tokio::test]
async fn pictures_taken_and_given_back_are_counted() {
    let active = snapshot(1, Status::Active, 10);
    let reserved = |n| Event::PhotoReserved {
        photo_id: photo(n),
        period_start: active.period_start,
    };
    let (_, row) = after(vec![activated(active.clone()), reserved(1), reserved(2)]).await;
    assert_eq!((row.photos_used, row.photos_limit), (2, 2));

    let released = Event::PhotoReleased { photo_id: photo(1) };
    let (_, row) = after(vec![
        activated(active.clone()),
        reserved(1),
        reserved(2),
        released,
    ])
    .await;
    assert_eq!(row.photos_used, 1);
}

#[tokio::test]
async fn a_cancellation_at_the_periods_end_is_seen_and_can_be_revoked() {
    let active = snapshot(1, Status::Active, 10);
    let scheduled = Event::CancellationScheduled {
        ends_at: active.period_end,
    };
    let (_, row) = after(vec![activated(active.clone()), scheduled.clone()]).await;
    assert!(row.cancel_at_period_end);
    assert_eq!(row.gate(at(10)), Gate::Open);

    let (_, row) = after(vec![
        activated(active),
        scheduled,
        Event::CancellationRevoked,
    ])
    .await;
    assert!(!row.cancel_at_period_end);
}

#[tokio::test]
async fn the_domain_says_which_of_two_provider_subscriptions_counts() {
    // An old subscription's end, told after the new one's beginning, does not close the gate.
    let (_, row) = after(vec![
        activated(snapshot(1, Status::Active, 10)),
        activated(snapshot(2, Status::Active, 20)),
        Event::SnapshotRecorded {
            snapshot: snapshot(1, Status::Canceled, 30),
        },
    ])
    .await;
    assert_eq!(
        (row.provider_id.as_deref(), row.status),
        (Some("sub_2"), Some(Status::Active))
    );
}

#[tokio::test]
async fn a_customer_is_found_by_every_id_that_the_provider_gave() {
    let mut log = TestLog::start().await;
    log.subscription(
        user(1),
        vec![checkout(), activated(snapshot(1, Status::Active, 10))],
    )
    .await;
    log.subscription(user(1), vec![activated(snapshot(2, Status::Active, 20))])
        .await;
    log.subscription(user(9), vec![activated(snapshot(3, Status::Active, 20))])
        .await;
    log.project(&GateProjector).await;
    for (customer, owner) in [
        ("cus_1", Some(user(1))),
        ("cus_2", Some(user(1))),
        ("cus_3", Some(user(9))),
        ("cus_4", None),
    ] {
        assert_eq!(
            owner_of_customer(&log.pool_as(DatabaseRole::Api), customer)
                .await
                .unwrap(),
            owner
        );
    }
}

fn checkout() -> Event {
    Event::CheckoutStarted {
        session_id: "cs_1".to_owned(),
        customer_id: "cus_1".to_owned(),
        plan: "monthly".parse().unwrap(),
    }
}

fn activated(snapshot: Snapshot) -> Event {
    Event::SubscriptionActivated { snapshot }
}

/// The position of the last event, and the row after it.
async fn after(events: Vec<Event>) -> (u64, SubscriptionRow) {
    let mut log = TestLog::start().await;
    let position = log.subscription(user(1), events).await;
    log.project(&GateProjector).await;
    (
        position.0,
        of_owner(&log.pool_as(DatabaseRole::Api), user(1))
            .await
            .unwrap()
            .unwrap(),
    )
}
