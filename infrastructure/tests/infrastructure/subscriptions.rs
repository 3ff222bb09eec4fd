//! From the checkout to the open gate: the real log, the real inbox, and the sandbox's Stripe over HTTP.

use std::{sync::Arc, time::Duration};

use application::{
    context::Context,
    dispatcher::Dispatcher,
    ports::{
        CheckoutSession, CustomerDirectory, EventLog, Kept, LogUnavailable, PaymentGateway,
        PaymentInbox, PaymentNotice, Plans, SystemClock,
    },
    subscriptions::{Applied, Subscriptions},
};
use async_trait::async_trait;
use chrono::Utc;
use domain::{
    recorded::AnyEvent,
    subscription::{Event, Gate, Status, Subscription},
    values::{Position, UserId},
};
use infrastructure::{
    database::DatabaseRole,
    event_log::PostgresEventLog,
    inbox::WebhookInbox,
    scratch_database::{ScratchDatabase, master_keys},
    stripe::Stripe,
};
use serde_json::json;
use uuid::Uuid;

use crate::stripe_account::{StripeAccount, monthly, settings};

/// Nobody: these messages name their user themselves.
struct NoCustomers;

#[async_trait]
impl CustomerDirectory for NoCustomers {
    async fn owner_of(&self, _: &str) -> Result<Option<UserId>, LogUnavailable> {
        Ok(None)
    }
}

struct Shop {
    account: StripeAccount,
    inbox: WebhookInbox,
    log: PostgresEventLog,
    subscriptions: Subscriptions,
    user: UserId,
    _db: ScratchDatabase,
}

impl Shop {
    async fn open() -> Self {
        let account = StripeAccount::open().await;
        let db = ScratchDatabase::create().await;
        let log = PostgresEventLog::start(db.pool_as(DatabaseRole::Worker), master_keys());
        let gateway = Stripe::new(settings(account.sandbox.url())).unwrap();
        let subscriptions = Subscriptions::new(
            Dispatcher::new(Arc::new(log.clone()), Arc::new(log.clone())),
            Arc::new(SystemClock),
            Arc::new(Plans(vec![monthly()])),
            Arc::new(gateway),
            Arc::new(NoCustomers),
        );
        let inbox = WebhookInbox::new(db.pool_as(DatabaseRole::Worker));
        Self {
            account,
            inbox,
            log,
            subscriptions,
            user: UserId(Uuid::now_v7()),
            _db: db,
        }
    }

    async fn checkout(&self) -> CheckoutSession {
        let context = Context::of_user(self.user, Uuid::now_v7());
        let (success, cancel) = ("http://ava.test/welcome", "http://ava.test/plans");
        let email = Some("ada@example.com".to_owned());
        let started = self.subscriptions.start_checkout(
            context,
            email,
            "monthly",
            success.to_owned(),
            cancel.to_owned(),
        );
        started.await.unwrap().0
    }

    /// As the webhook's handler does: check, keep, answer.
    async fn receive(&self) -> (PaymentNotice, Kept) {
        let webhook = self.account.webhook().await;
        let stripe = &self.account.stripe;
        stripe
            .verify_webhook(&webhook.body, &webhook.signature, Utc::now())
            .unwrap();
        let notice = stripe.read_webhook(&webhook.body).unwrap();
        let kept = self
            .inbox
            .keep("stripe", &notice.id, &notice.kind, &webhook.body)
            .await
            .unwrap();
        (notice, kept)
    }

    /// Receives messages until one is of that type.
    async fn receive_until(&self, kind: &str) {
        while self.receive().await.0.kind != kind {}
    }

    /// As the worker does: everything that waits.
    async fn work(&self) -> Vec<Applied> {
        let mut applied = Vec::new();
        while let Some(item) = self.inbox.next(Duration::from_secs(60)).await.unwrap() {
            let notice = self.account.stripe.read_webhook(&item.body).unwrap();
            applied.push(self.subscriptions.apply(&notice).await.unwrap());
            self.inbox.done(&item.id).await.unwrap();
        }
        applied
    }

    async fn subscribe(&self) -> String {
        let session = self.checkout().await;
        self.account.pay(&session).await;
        self.receive_until("checkout.session.completed").await;
        self.work().await;
        self.state().await.current().unwrap().provider_id.clone()
    }

    async fn state(&self) -> Subscription {
        self.subscriptions.load(self.user).await.unwrap().state
    }

    async fn events(&self) -> Vec<Event> {
        let recorded = self.log.read(Position(0), 1_000).await.unwrap();
        let events = recorded.into_iter().map(|recorded| match recorded.event {
            AnyEvent::Subscription(event) => event,
            other => panic!("{other:?}"),
        });
        events.collect()
    }

    async fn step(&self, subscription: &str, step: &str) {
        self.account
            .control(&format!("subscriptions/{subscription}/{step}"), json!({}))
            .await;
    }
}

#[tokio::test]
async fn who_pays_gets_in() {
    let shop = Shop::open().await;
    assert_ne!(shop.state().await.gate(Utc::now()), Gate::Open);
    shop.subscribe().await;
    let state = shop.state().await;
    assert_eq!(state.gate(Utc::now()), Gate::Open);
    assert_eq!(state.usage().limit, 100);
    let events = shop.events().await;
    assert!(
        matches!(events[0], Event::CheckoutStarted { .. }),
        "{events:?}"
    );
    let activated = |event: &&Event| matches!(event, Event::SubscriptionActivated { .. });
    assert_eq!(events.iter().filter(activated).count(), 1, "{events:?}");
}

#[tokio::test]
async fn messages_that_are_shuffled_doubled_and_of_an_old_shape_let_in_as_well() {
    let shop = Shop::open().await;
    let switches = json!({"shuffle": true, "duplicate": true, "shape": "old"});
    shop.account.control("webhooks", switches).await;
    let session = shop.checkout().await;
    shop.account.pay(&session).await;
    let mut known = 0;
    // Each of the messages comes twice; whichever comes last, all have come by the time of the third doublet.
    while known < 3 {
        known += usize::from(shop.receive().await.1 == Kept::AlreadyKnown);
        shop.work().await;
    }
    assert_eq!(shop.state().await.gate(Utc::now()), Gate::Open);
    let events = shop.events().await;
    let activated = |event: &&Event| matches!(event, Event::SubscriptionActivated { .. });
    assert_eq!(events.iter().filter(activated).count(), 1, "{events:?}");
}

#[tokio::test]
async fn a_payment_that_fails_leaves_days_of_grace_and_one_that_recovers_ends_them() {
    let shop = Shop::open().await;
    let subscription = shop.subscribe().await;

    shop.step(&subscription, "fail").await;
    shop.receive_until("invoice.payment_failed").await;
    shop.work().await;
    let state = shop.state().await;
    assert_eq!(state.current().unwrap().status, Status::PastDue);
    assert_eq!(state.gate(Utc::now()), Gate::Open);
    let events = shop.events().await;
    let failures = |event: &&Event| matches!(event, Event::PaymentFailed { .. });
    assert_eq!(events.iter().filter(failures).count(), 1, "{events:?}");
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::GraceStarted { .. })),
        "{events:?}"
    );

    shop.step(&subscription, "recover").await;
    shop.receive_until("invoice.paid").await;
    shop.receive_until("customer.subscription.updated").await;
    shop.work().await;
    assert_eq!(shop.state().await.current().unwrap().status, Status::Active);
}

#[tokio::test]
async fn a_canceled_subscription_ends_and_a_new_one_begins_anew() {
    let shop = Shop::open().await;
    let first = shop.subscribe().await;
    shop.step(&first, "cancel").await;
    shop.receive_until("customer.subscription.deleted").await;
    shop.work().await;
    assert_ne!(shop.state().await.gate(Utc::now()), Gate::Open);

    let second = shop.subscribe().await;
    assert_ne!(first, second);
    assert_eq!(shop.state().await.gate(Utc::now()), Gate::Open);
    assert_eq!(shop.account.ledger().await["counts"]["customers"], 1);
}

#[tokio::test]
async fn while_stripe_cannot_be_asked_its_signed_messages_are_enough() {
    let shop = Shop::open().await;
    let session = shop.checkout().await;
    shop.account.pay(&session).await;
    shop.receive_until("customer.subscription.updated").await;
    shop.account
        .control("fail_next", json!({"status": 503, "times": 1_000}))
        .await;
    let (mut updates, mut kept) = (0, 0);
    while let Some(item) = shop.inbox.next(Duration::from_secs(60)).await.unwrap() {
        let notice = shop.account.stripe.read_webhook(&item.body).unwrap();
        let applied = shop.subscriptions.apply(&notice).await;
        match notice.subscription {
            Some(_) => {
                updates += 1;
                // Two of one second: which one is the later, only Stripe can tell.
                kept += usize::from(applied.is_err_and(|error| error.is_worth_retrying()));
            }
            None => assert!(!matches!(applied, Ok(Applied::To { .. })), "{applied:?}"),
        }
    }
    assert_eq!(updates, 2, "created and updated");
    assert!(kept <= 1, "{kept}");
    assert_eq!(shop.state().await.gate(Utc::now()), Gate::Open);
}
