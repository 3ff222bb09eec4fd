//! The inbox of the payment provider's messages on a real PostgreSQL.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use application::ports::{InboxItem, Kept, PaymentInbox};
use chrono::{TimeDelta, Utc};
use infrastructure::{
    database::DatabaseRole,
    inbox::{InboxState, WebhookInbox},
    scratch_database::ScratchDatabase,
};
use sqlx::PgPool;

const LEASE: Duration = Duration::from_secs(60);

async fn keep(inbox: &WebhookInbox, id: &str) -> Kept {
    inbox
        .keep("stripe", id, "invoice.paid", b"{}")
        .await
        .unwrap()
}

async fn next(inbox: &WebhookInbox) -> Option<String> {
    inbox.next(LEASE).await.unwrap().map(|item| item.id)
}

/// Asks until something is due.
async fn wait_for_next(inbox: &WebhookInbox) -> InboxItem {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(item) = inbox.next(LEASE).await.unwrap() {
            return item;
        }
        assert!(Instant::now() < deadline, "nothing became due within 20 s");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn state_and_error(pool: &PgPool, id: &str) -> (String, Option<String>) {
    sqlx::query_as("SELECT state, error FROM webhook_inbox WHERE event_id = $1")
        .bind(id)
        .fetch_one(pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_message_comes_out_as_it_went_in() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    let before = Utc::now();
    let body = [b"{\"a\": 1}\n", &[0, 0xff, 0xfe][..]].concat();
    assert_eq!(
        inbox
            .keep("stripe", "evt_1", "invoice.paid", &body)
            .await
            .unwrap(),
        Kept::New
    );
    let item = inbox.next(LEASE).await.unwrap().unwrap();
    assert_eq!(
        (item.id.as_str(), item.kind.as_str(), item.attempts),
        ("evt_1", "invoice.paid", 1)
    );
    assert_eq!(item.body, body);
    assert!(item.received_at >= before - TimeDelta::seconds(5));
}

#[tokio::test]
async fn a_message_that_comes_twice_is_kept_once() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    assert_eq!(keep(&inbox, "evt_1").await, Kept::New);
    let again = inbox
        .keep("stripe", "evt_1", "invoice.paid", b"another body")
        .await
        .unwrap();
    assert_eq!(again, Kept::AlreadyKnown);
    let item = inbox.next(LEASE).await.unwrap().unwrap();
    assert_eq!(item.body, b"{}");
    inbox.done("evt_1").await.unwrap();
    assert_eq!(keep(&inbox, "evt_1").await, Kept::AlreadyKnown);
    assert_eq!(next(&inbox).await, None);
}

#[tokio::test]
async fn of_many_deliveries_at_once_one_is_news() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    let deliveries = (0..16).map(|_| {
        let inbox = inbox.clone();
        tokio::spawn(async move { keep(&inbox, "evt_1").await })
    });
    let mut news = 0;
    for delivery in deliveries.collect::<Vec<_>>() {
        news += usize::from(delivery.await.unwrap() == Kept::New);
    }
    assert_eq!(news, 1);
}

#[tokio::test]
async fn messages_come_out_in_the_order_of_their_arrival() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    for id in ["evt_c", "evt_a", "evt_b"] {
        keep(&inbox, id).await;
    }
    let mut order = Vec::new();
    while let Some(id) = next(&inbox).await {
        order.push(id);
    }
    assert_eq!(order, ["evt_c", "evt_a", "evt_b"]);
}

#[tokio::test]
async fn two_consumers_never_get_the_same_message() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    let all: BTreeSet<String> = (0..60).map(|n| format!("evt_{n}")).collect();
    for id in &all {
        keep(&inbox, id).await;
    }
    let consumers = (0..8).map(|_| {
        let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
        tokio::spawn(async move {
            let mut taken = Vec::new();
            // A row that another consumer has locked is passed over, so that nothing due means nothing left.
            while let Some(id) = next(&inbox).await {
                taken.push(id);
            }
            taken
        })
    });
    let mut taken = Vec::new();
    for consumer in consumers.collect::<Vec<_>>() {
        taken.extend(consumer.await.unwrap());
    }
    assert_eq!(taken.len(), all.len(), "a message was handed out twice");
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), all);
}

#[tokio::test]
async fn a_message_whose_consumer_is_gone_is_handed_on() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    keep(&inbox, "evt_1").await;
    let first = inbox
        .next(Duration::from_millis(50))
        .await
        .unwrap()
        .unwrap();
    let second = wait_for_next(&inbox).await;
    assert_eq!((first.id, first.attempts), ("evt_1".to_owned(), 1));
    assert_eq!((second.id, second.attempts), ("evt_1".to_owned(), 2));
    assert_eq!(next(&inbox).await, None, "it is leased again");
}

#[tokio::test]
async fn a_message_that_failed_waits_until_its_time() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    keep(&inbox, "evt_1").await;
    next(&inbox).await.unwrap();
    inbox
        .failed(
            "evt_1",
            "the log is away",
            Some(Utc::now() + TimeDelta::hours(1)),
        )
        .await
        .unwrap();
    assert_eq!(next(&inbox).await, None);
    assert_eq!(
        state_and_error(&db.pool(), "evt_1").await,
        ("waiting".to_owned(), Some("the log is away".to_owned()))
    );

    inbox
        .failed("evt_1", "again", Some(Utc::now() - TimeDelta::seconds(1)))
        .await
        .unwrap();
    assert_eq!(inbox.next(LEASE).await.unwrap().unwrap().attempts, 2);
    inbox.done("evt_1").await.unwrap();
    assert_eq!(
        state_and_error(&db.pool(), "evt_1").await,
        ("done".to_owned(), None)
    );
}

#[tokio::test]
async fn a_message_that_waits_does_not_hold_up_the_others() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    for id in ["evt_1", "evt_2"] {
        keep(&inbox, id).await;
    }
    next(&inbox).await.unwrap();
    inbox
        .failed("evt_1", "later", Some(Utc::now() + TimeDelta::hours(1)))
        .await
        .unwrap();
    assert_eq!(next(&inbox).await.as_deref(), Some("evt_2"));
}

#[tokio::test]
async fn a_parked_message_stays_where_an_operator_finds_it() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    keep(&inbox, "evt_1").await;
    inbox.next(Duration::ZERO).await.unwrap().unwrap();
    inbox
        .failed("evt_1", "no plan has the price price_x\0", None)
        .await
        .unwrap();
    assert_eq!(next(&inbox).await, None);
    assert_eq!(keep(&inbox, "evt_1").await, Kept::AlreadyKnown);
    assert_eq!(
        next(&inbox).await,
        None,
        "a second delivery does not unpark it"
    );
    assert_eq!(
        state_and_error(&db.pool(), "evt_1").await,
        (
            "parked".to_owned(),
            Some("no plan has the price price_x".to_owned())
        )
    );
}

#[tokio::test]
async fn a_failure_that_comes_too_late_undoes_nothing() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    keep(&inbox, "evt_1").await;
    next(&inbox).await.unwrap();
    inbox.done("evt_1").await.unwrap();
    inbox.failed("evt_1", "too late", None).await.unwrap();
    inbox
        .failed("evt_1", "too late", Some(Utc::now() - TimeDelta::hours(1)))
        .await
        .unwrap();
    assert_eq!(
        state_and_error(&db.pool(), "evt_1").await,
        ("done".to_owned(), None)
    );
    assert_eq!(next(&inbox).await, None);
}

#[tokio::test]
async fn work_that_ends_after_its_lease_still_counts() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    keep(&inbox, "evt_1").await;
    inbox.next(Duration::ZERO).await.unwrap().unwrap();
    wait_for_next(&inbox).await;
    inbox
        .failed("evt_1", "the second consumer gave up", None)
        .await
        .unwrap();
    inbox.done("evt_1").await.unwrap();
    assert_eq!(
        state_and_error(&db.pool(), "evt_1").await,
        ("done".to_owned(), None)
    );
}

#[tokio::test]
async fn a_new_message_wakes_the_consumer() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    let mut hint = inbox.hint();
    keep(&inbox, "evt_1").await;
    assert!(hint.has_changed().unwrap());
    hint.mark_unchanged();
    keep(&inbox, "evt_1").await;
    assert!(
        !hint.has_changed().unwrap(),
        "what is known already wakes nobody"
    );
}

#[tokio::test]
async fn a_store_that_is_away_says_so() {
    let db = ScratchDatabase::create().await;
    let pool = db.pool();
    let inbox = WebhookInbox::new(pool.clone());
    pool.close().await;
    assert!(
        inbox
            .keep("stripe", "evt_1", "invoice.paid", b"{}")
            .await
            .is_err()
    );
    assert!(inbox.next(LEASE).await.is_err());
}

#[tokio::test]
async fn an_operator_sees_what_became_of_messages_and_hands_them_out_again() {
    let db = ScratchDatabase::create().await;
    let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
    for id in ["evt_done", "evt_parked", "evt_waiting"] {
        keep(&inbox, id).await;
    }
    inbox.next(LEASE).await.unwrap();
    inbox.done("evt_done").await.unwrap();
    inbox.next(LEASE).await.unwrap();
    inbox
        .failed("evt_parked", "no such plan", None)
        .await
        .unwrap();

    let listed = inbox.list(None, 10).await.unwrap();
    let states: Vec<_> = listed
        .iter()
        .map(|entry| (entry.id.as_str(), entry.state))
        .collect();
    assert_eq!(
        states,
        [
            ("evt_waiting", InboxState::Waiting),
            ("evt_parked", InboxState::Parked),
            ("evt_done", InboxState::Done),
        ]
    );
    let parked = inbox.list(Some(InboxState::Parked), 10).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].error.as_deref(), Some("no such plan"));
    assert_eq!(inbox.list(None, 1).await.unwrap().len(), 1);

    assert!(inbox.replay("evt_parked").await.unwrap());
    assert!(inbox.replay("evt_done").await.unwrap());
    assert!(!inbox.replay("evt_none").await.unwrap());
    let mut again = BTreeSet::new();
    while let Some(item) = inbox.next(LEASE).await.unwrap() {
        again.insert((item.id, item.attempts, item.replays));
    }
    let expected = [("evt_done", 1), ("evt_parked", 1), ("evt_waiting", 0)];
    let expected = expected.map(|(id, replays)| (id.to_owned(), 1, replays));
    assert_eq!(again, BTreeSet::from(expected));
}
