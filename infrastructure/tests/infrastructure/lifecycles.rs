//! One table: every way that a subscription can go at Stripe, and where it ends here, whatever order its messages come in.

use std::{collections::BTreeSet, sync::Arc};

use application::{
    dispatcher::Dispatcher,
    memory_log::MemoryLog,
    ports::{
        CheckoutSession, Clock, CustomerDirectory, EventLog, LogUnavailable, PaymentError,
        PaymentGateway, PaymentNotice, Plan, Plans,
    },
    subscriptions::{ApplyNoticeError, Subscriptions},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    subscription::{ClosedReason, Gate, Snapshot, Status, Subscription},
    values::{Position, UserId},
};
use infrastructure::stripe::Stripe;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stripe_account::{StripeAccount, monthly, settings};

const DAY_S: u32 = 86_400;

/// What happens after the checkout page was made.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The visitor goes through the page, with that outcome.
    Checkout(&'static str),
    /// Nobody pays; the page expires.
    ExpirePage,
    /// The sandbox takes the subscription a step further.
    Take(&'static str),
    /// The same, and it goes so.
    TakeWith(&'static str, &'static str),
    /// After the last retry the account leaves subscriptions unpaid.
    LeaveUnpaid,
    Wait(u32),
    /// Somebody changes the price at Stripe.
    ChangePlan,
    /// Somebody lets it end with its period at Stripe, or not.
    EndWithPeriod(bool),
}

#[derive(Clone, Copy)]
struct Lifecycle {
    name: &'static str,
    trial_days: u32,
    steps: &'static [Step],
    /// How it stands in the end, and whether the gate is open then.
    ends: Option<Status>,
    gate: Gate,
    /// The events of ours that must be there whatever the order, beside the snapshots.
    records: &'static [&'static str],
}

use Step::{ChangePlan, Checkout, EndWithPeriod, ExpirePage, LeaveUnpaid, Take, TakeWith, Wait};

const PAID: Step = Checkout("paid");

const fn closed(reason: ClosedReason) -> Gate {
    Gate::Closed(reason)
}

const fn lifecycle(
    name: &'static str,
    trial_days: u32,
    steps: &'static [Step],
    ends: Status,
    gate: Gate,
) -> Lifecycle {
    Lifecycle {
        name,
        trial_days,
        steps,
        ends: Some(ends),
        gate,
        records: &[],
    }
}

#[rustfmt::skip]
fn table() -> Vec<Lifecycle> {
    use Status::{Active, Canceled, Incomplete, IncompleteExpired, PastDue, Paused, Trialing, Unpaid};
    let recorded = |records, lifecycle| Lifecycle { records, ..lifecycle };
    vec![
        lifecycle("paid", 0, &[PAID], Active, Gate::Open),
        lifecycle("renewed", 0, &[PAID, Take("renew")], Active, Gate::Open),
        lifecycle("trial", 7, &[PAID], Trialing, Gate::Open),
        lifecycle("trial that is about to end", 7, &[PAID, Wait(5)], Trialing, Gate::Open),
        lifecycle("trial that was paid", 7, &[PAID, Take("expire_trial")], Active, Gate::Open),
        recorded(&["PaymentFailed"], lifecycle("trial that was not paid", 7, &[PAID, TakeWith("expire_trial", "declined")], PastDue, Gate::Open)),
        lifecycle("trial without a card", 7, &[PAID, TakeWith("expire_trial", "no_card")], Paused, closed(ClosedReason::Paused)),
        lifecycle("paused, and resumed", 7, &[PAID, TakeWith("expire_trial", "no_card"), Take("resume")], Active, Gate::Open),
        recorded(&["PaymentFailed"], lifecycle("renewal failed", 0, &[PAID, Take("fail")], PastDue, Gate::Open)),
        recorded(&["PaymentFailed"], lifecycle("recovered", 0, &[PAID, Take("fail"), Take("recover")], Active, Gate::Open)),
        recorded(&["PaymentFailed"], lifecycle("given up", 0, &[PAID, Take("fail"), Take("fail"), Take("fail"), Take("fail")], Canceled, closed(ClosedReason::Canceled))),
        recorded(&["PaymentFailed"], lifecycle("left unpaid", 0, &[LeaveUnpaid, PAID, Take("fail"), Take("fail"), Take("fail"), Take("fail")], Unpaid, closed(ClosedReason::Unpaid))),
        recorded(&["PaymentFailed"], lifecycle("unpaid, and paid after all", 0, &[LeaveUnpaid, PAID, Take("fail"), Take("fail"), Take("fail"), Take("fail"), Take("recover")], Active, Gate::Open)),
        recorded(&["PaymentFailed"], lifecycle("first payment incomplete", 0, &[Checkout("incomplete")], Incomplete, closed(ClosedReason::PaymentIncomplete))),
        recorded(&["PaymentFailed"], lifecycle("first payment lapsed", 0, &[Checkout("incomplete"), Take("lapse")], IncompleteExpired, closed(ClosedReason::IncompleteExpired))),
        lifecycle("transfer arrived", 0, &[Checkout("incomplete"), Take("succeed_async")], Active, Gate::Open),
        lifecycle("transfer never arrived", 0, &[Checkout("incomplete"), Take("fail_async")], IncompleteExpired, closed(ClosedReason::IncompleteExpired)),
        lifecycle("plan changed", 0, &[PAID, ChangePlan], Active, Gate::Open),
        lifecycle("to end with its period", 0, &[PAID, EndWithPeriod(true)], Active, Gate::Open),
        lifecycle("to end, and to go on after all", 0, &[PAID, EndWithPeriod(true), EndWithPeriod(false)], Active, Gate::Open),
        lifecycle("ended with its period", 0, &[PAID, EndWithPeriod(true), Wait(32)], Canceled, closed(ClosedReason::Canceled)),
        lifecycle("canceled at once", 0, &[PAID, Take("cancel")], Canceled, closed(ClosedReason::Canceled)),
        recorded(&["PaymentRefunded"], lifecycle("refunded", 0, &[PAID, Take("refund")], Active, Gate::Open)),
        recorded(&["PaymentDisputed"], lifecycle("disputed", 0, &[PAID, Take("dispute")], Active, Gate::Open)),
        Lifecycle { ends: None, ..lifecycle("never paid", 0, &[ExpirePage], Active, closed(ClosedReason::None)) },
    ]
}

/// Every type that contracts with Stripe name as ours to handle.
const KINDS: [&str; 17] = [
    "charge.dispute.created",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_lifecycle_ends_here_as_it_ended_there_whatever_order_and_shape_its_messages_have() {
    let (mut kinds, mut statuses) = (BTreeSet::new(), BTreeSet::new());
    for lifecycle in table() {
        for shape in ["new", "old"] {
            let played = Played::new(&lifecycle, shape).await;
            kinds.extend(played.messages.iter().map(|message| message.kind.clone()));
            statuses.extend(lifecycle.ends);
            played.converges(&lifecycle, shape).await;
        }
    }
    for kind in KINDS {
        assert!(kinds.contains(kind), "no lifecycle has {kind}");
    }
    let all: BTreeSet<Status> = Status::ALL.into_iter().collect();
    assert_eq!(statuses, all, "some status is never an end");
}

/// While Stripe cannot be asked, its messages are believed, and then their order is all the more theirs to lose. One that may
/// not be the last word stays in the inbox besides.
#[tokio::test(flavor = "multi_thread")]
async fn every_lifecycle_converges_in_every_order_of_its_messages_while_the_provider_is_away() {
    let mut told = 0;
    for lifecycle in table() {
        for shape in ["new", "old"] {
            // What invoices tell is recorded when Stripe can be asked about them.
            let lifecycle = Lifecycle {
                records: &[],
                ..lifecycle
            };
            let mut played = Played::new(&lifecycle, shape).await;
            played.stripe = Arc::new(Stripe::new(settings(&nobody().await)).unwrap());
            played.is_away = true;
            // The others say that something changed, and wait for Stripe to say what.
            played
                .messages
                .retain(|message| message.subscription.is_some());
            let count = played.messages.len();
            assert!(count <= MOST, "{}: {count} messages", lifecycle.name);
            let orders = every_order_with_repetition(&played.messages);
            told += orders.len();
            played.all_end_alike(&lifecycle, shape, orders).await;
        }
    }
    assert!(told > 600, "{told} orders are few");
}

/// All orders of more messages than that would be too many to tell.
const MOST: usize = 6;

/// Every order, and in each of them one message comes once more at the end.
fn every_order_with_repetition(messages: &[PaymentNotice]) -> Vec<Vec<PaymentNotice>> {
    let mut orders = vec![Vec::new()];
    for message in messages {
        let places = |order: Vec<PaymentNotice>| {
            (0..=order.len()).map(move |at| {
                let mut longer = order.clone();
                longer.insert(at, message.clone());
                longer
            })
        };
        orders = orders.into_iter().flat_map(places).collect();
    }
    for (nth, order) in orders.iter_mut().enumerate() {
        let again = order.get(nth % messages.len().max(1)).cloned();
        order.extend(again);
    }
    orders
}

/// An address at which nobody listens.
async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A lifecycle as it was played, with all its messages.
struct Played {
    /// Kept while its messages are told.
    _account: StripeAccount,
    /// How Stripe is asked while the messages are told.
    stripe: Arc<Stripe>,
    /// Whether nobody answers there.
    is_away: bool,
    user: UserId,
    now: DateTime<Utc>,
    messages: Vec<PaymentNotice>,
}

fn plans(trial_days: u32) -> Vec<Plan> {
    let yearly = Plan {
        id: "yearly".parse().unwrap(),
        price_id: "price_ava_yearly".to_owned(),
        photos_per_period: 1_000,
        ..monthly()
    };
    let monthly = Plan {
        trial_days,
        ..monthly()
    };
    vec![monthly, yearly]
}

impl Played {
    async fn new(lifecycle: &Lifecycle, shape: &str) -> Self {
        let account = StripeAccount::open().await;
        account.deliver_in_shape(shape).await;
        let user = UserId(Uuid::now_v7());
        let plan = plans(lifecycle.trial_days).remove(0);
        let (_, session) = account.checkout(user, plan).await;
        let mut subscription = String::new();
        for step in lifecycle.steps {
            if let Some(begun) = take(&account, &session, &subscription, *step).await {
                subscription = begun;
            }
            // Each of another hour, so that each message's own second tells when it was.
            let clock = json!({"advance_s": 3_600});
            account.control("clock", clock).await;
        }
        let clock = account.control("clock", json!({"advance_s": 0})).await;
        let now = DateTime::from_timestamp(clock["now"].as_i64().unwrap(), 0).unwrap();
        let messages = account.messages().await;
        let stripe = Arc::new(Stripe::new(settings(account.sandbox.url())).unwrap());
        Self {
            _account: account,
            stripe,
            is_away: false,
            user,
            now,
            messages,
        }
    }

    async fn converges(&self, lifecycle: &Lifecycle, shape: &str) {
        self.all_end_alike(lifecycle, shape, orders(&self.messages))
            .await;
    }

    async fn all_end_alike(
        &self,
        lifecycle: &Lifecycle,
        shape: &str,
        orders: Vec<Vec<PaymentNotice>>,
    ) {
        let what = format!("{} ({shape})", lifecycle.name);
        let mut first: Option<(Option<Snapshot>, Gate)> = None;
        for order in orders {
            let end = self.told(lifecycle, &order, &what).await;
            let seen = (end.current().map(unsourced), end.gate(self.now));
            let status = seen.0.as_ref().map(|snapshot| snapshot.status);
            assert_eq!((status, seen.1), (lifecycle.ends, lifecycle.gate), "{what}");
            let expected = first.get_or_insert_with(|| seen.clone());
            assert_eq!(&seen, expected, "{what}: {:?}", names(&order));
        }
    }

    /// What is known after all these messages were applied in that order, each of them for as often as it is there.
    async fn told(
        &self,
        lifecycle: &Lifecycle,
        order: &[PaymentNotice],
        what: &str,
    ) -> Subscription {
        let log = Arc::new(MemoryLog::default());
        let dispatcher = Dispatcher::new(log.clone(), log.clone());
        let subscriptions = Subscriptions::new(
            dispatcher,
            Arc::new(Fixed(self.now)),
            Arc::new(Plans(plans(lifecycle.trial_days))),
            self.stripe.clone(),
            Arc::new(OneCustomer(self.user)),
        );
        for message in order {
            let applied = subscriptions.apply(message).await;
            let stays = matches!(
                applied,
                Err(ApplyNoticeError::Payment(PaymentError::Unavailable(_)))
            );
            let is_done = applied.is_ok() || (self.is_away && stays);
            assert!(is_done, "{what}: {}: {applied:?}", message.kind);
        }
        let recorded = log.read(Position(0), 1_000).await.unwrap();
        let recorded: Vec<String> = recorded
            .iter()
            .map(|recorded| recorded.event.event_type())
            .collect();
        for event in lifecycle.records {
            let times = recorded.iter().filter(|name| name == event).count();
            assert_eq!(times, 1, "{what}: {event} in {recorded:?}");
        }
        subscriptions.load(self.user).await.unwrap().state
    }
}

/// How many shuffled orders a lifecycle is told in; each of them is always the same.
const SHUFFLES: u64 = 12;

/// As they came, backwards, turned in the middle, each twice, all again after all, and shuffled with some of them twice.
fn orders(messages: &[PaymentNotice]) -> Vec<Vec<PaymentNotice>> {
    let forwards = messages.to_vec();
    let mut backwards = forwards.clone();
    backwards.reverse();
    let mut turned = forwards.clone();
    turned.rotate_left(messages.len() / 2);
    let doubled = forwards.iter().flat_map(|one| [one.clone(), one.clone()]);
    let doubled = doubled.collect();
    let again = backwards.iter().chain(&forwards).cloned().collect();
    let (even, odd): (Vec<_>, Vec<_>) =
        forwards.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let dealt = odd
        .into_iter()
        .chain(even)
        .map(|(_, one)| one.clone())
        .collect();
    let told = [forwards, backwards, turned, doubled, again, dealt];
    let shuffles = (0..SHUFFLES).map(|seed| shuffled(messages, seed));
    told.into_iter().chain(shuffles).collect()
}

fn shuffled(messages: &[PaymentNotice], seed: u64) -> Vec<PaymentNotice> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut order = messages.to_vec();
    order.extend(messages.iter().filter(|_| random.random_bool(0.3)).cloned());
    order.shuffle(&mut random);
    order
}

fn names(order: &[PaymentNotice]) -> Vec<&str> {
    order.iter().map(|message| message.kind.as_str()).collect()
}

/// What it says, without who said so and when.
fn unsourced(snapshot: &Snapshot) -> Snapshot {
    Snapshot {
        source_event: String::new(),
        as_of: DateTime::UNIX_EPOCH,
        ..snapshot.clone()
    }
}

/// Takes a step; answers with the subscription that begins with it.
async fn take(
    account: &StripeAccount,
    session: &CheckoutSession,
    subscription: &str,
    step: Step,
) -> Option<String> {
    let move_on = async |step: &str, body: Value| {
        let path = format!("subscriptions/{subscription}/{step}");
        account.control(&path, body).await;
    };
    match step {
        Checkout(outcome) => {
            let path = format!("sessions/{}/complete", session.id);
            let completed = account.control(&path, json!({"outcome": outcome})).await;
            return Some(completed["subscription"].as_str().unwrap().to_owned());
        }
        ExpirePage => {
            account.stripe.close_checkout(&session.id).await.unwrap();
        }
        Take(step) => move_on(step, json!({})).await,
        TakeWith(step, outcome) => move_on(step, json!({"outcome": outcome})).await,
        LeaveUnpaid => {
            let account_settings = json!({"after_last_retry": "leave_unpaid"});
            account.control("account", account_settings).await;
        }
        Wait(days) => {
            let clock = json!({"advance_s": days * DAY_S});
            account.control("clock", clock).await;
        }
        ChangePlan => {
            let path = format!("subscriptions/{subscription}");
            account.api(&path, "items[0][price]=price_ava_yearly").await;
        }
        EndWithPeriod(ends) => {
            let changed = account
                .stripe
                .end_with_period(subscription, ends, None)
                .await;
            assert!(changed.unwrap().is_some());
        }
    }
    None
}

/// The sandbox's time when all was over.
struct Fixed(DateTime<Utc>);

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Everybody is one person.
struct OneCustomer(UserId);

#[async_trait]
impl CustomerDirectory for OneCustomer {
    async fn owner_of(&self, _: &str) -> Result<Option<UserId>, LogUnavailable> {
        Ok(Some(self.0))
    }
}
