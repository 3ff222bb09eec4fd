//! A shop: a user, a provider, and all that stands between them.

use std::sync::{Arc, Mutex};

use application::{
    context::Context,
    dispatcher::Dispatcher,
    memory_log::MemoryLog,
    ports::{
        EventLog, PaymentError, PaymentNotice, Plan, PlanInterval, Plans, ProviderSubscription,
    },
    subscriptions::{Applied, ApplyNoticeError, CheckoutError, Subscriptions},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    recorded::{AnyEvent, Recorded},
    subscription::{Snapshot, Status, Subscription},
    values::{Position, UserId},
};
use uuid::Uuid;

use crate::provider::{Customers, Provider, SetClock};

pub(crate) const SUBSCRIPTION: &str = "sub_1";

/// A user, a provider, and all that stands between them.
pub(crate) struct Shop {
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) provider: Arc<Provider>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) customers: Arc<Customers>,
    pub(crate) user: UserId,
    pub(crate) subscriptions: Subscriptions,
}

pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub(crate) fn after(seconds: i64) -> DateTime<Utc> {
    noon() + TimeDelta::seconds(seconds)
}

pub(crate) fn plan(id: &str, photos_per_period: u32) -> Plan {
    Plan {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        price_id: format!("price_{id}"),
        amount: 1_499,
        currency: "usd".to_owned(),
        interval: PlanInterval::Month,
        photos_per_period,
        trial_days: 0,
        grace_days: 7,
    }
}

impl Shop {
    pub(crate) fn open() -> Self {
        Self::selling(vec![plan("monthly", 100), plan("yearly", 150)])
    }

    pub(crate) fn selling(plans: Vec<Plan>) -> Self {
        let log = Arc::new(MemoryLog::default());
        let dispatcher = Dispatcher::new(log.clone(), log.clone());
        let provider = Arc::new(Provider::default());
        let clock = Arc::new(SetClock(Mutex::new(noon())));
        let customers = Arc::new(Customers::default());
        let subscriptions = Subscriptions::new(
            dispatcher.clone(),
            clock.clone(),
            Arc::new(Plans(plans)),
            provider.clone(),
            customers.clone(),
        );
        let user = UserId(Uuid::now_v7());
        Self {
            log,
            dispatcher,
            provider,
            clock,
            customers,
            user,
            subscriptions,
        }
    }

    /// The same history, but other plans are sold now.
    pub(crate) fn now_selling(&self, plans: Vec<Plan>) -> Subscriptions {
        Subscriptions::new(
            self.dispatcher.clone(),
            self.clock.clone(),
            Arc::new(Plans(plans)),
            self.provider.clone(),
            self.customers.clone(),
        )
    }

    pub(crate) fn it_is(&self, time: DateTime<Utc>) {
        *self.clock.0.lock().unwrap() = time;
    }

    pub(crate) fn context(&self) -> Context {
        Context::of_user(self.user, Uuid::now_v7())
    }

    pub(crate) async fn checkout(
        &self,
        context: Context,
        plan: &str,
    ) -> Result<String, CheckoutError> {
        let (success, cancel) = ("https://ava.test/welcome", "https://ava.test/plans");
        let done = self
            .subscriptions
            .start_checkout(context, None, plan, success.to_owned(), cancel.to_owned())
            .await;
        done.map(|(session, _)| session.id)
    }

    pub(crate) async fn apply(&self, notice: &PaymentNotice) -> Applied {
        self.subscriptions.apply(notice).await.unwrap()
    }

    /// The message, when it is to be applied again because the provider could not be asked.
    pub(crate) async fn keeps(&self, notice: PaymentNotice) -> Option<PaymentNotice> {
        match self.subscriptions.apply(&notice).await {
            Ok(_) => None,
            Err(ApplyNoticeError::Payment(PaymentError::Unavailable(_))) => Some(notice),
            Err(other) => panic!("{other:?}"),
        }
    }

    pub(crate) async fn state(&self) -> Subscription {
        self.subscriptions.load(self.user).await.unwrap().state
    }

    pub(crate) async fn current(&self) -> Snapshot {
        self.state().await.current().unwrap().clone()
    }

    pub(crate) async fn events(&self) -> Vec<Recorded<AnyEvent>> {
        self.log.read(Position(0), 1_000).await.unwrap()
    }

    pub(crate) fn asked(&self) -> usize {
        self.provider.asked.lock().unwrap().len()
    }

    pub(crate) fn told(&self, status: Status) -> ProviderSubscription {
        ProviderSubscription {
            id: SUBSCRIPTION.to_owned(),
            customer_id: "cus_1".to_owned(),
            user: Some(self.user),
            status,
            price_id: "price_monthly".to_owned(),
            period_start: noon(),
            period_end: noon() + TimeDelta::days(30),
            cancel_at_period_end: false,
        }
    }
}

/// A message with the subscription as it was at `created`.
pub(crate) fn message(
    id: &str,
    told: &ProviderSubscription,
    created: DateTime<Utc>,
) -> PaymentNotice {
    PaymentNotice {
        id: id.to_owned(),
        kind: "customer.subscription.updated".to_owned(),
        created,
        subscription_id: Some(told.id.clone()),
        subscription: Some(told.clone()),
        invoice_id: None,
        session_id: None,
        money_back: None,
        user: told.user,
        customer_id: Some(told.customer_id.clone()),
    }
}

/// A message that only says which subscription it is about.
pub(crate) fn hint(id: &str, told: &ProviderSubscription, created: DateTime<Utc>) -> PaymentNotice {
    PaymentNotice {
        subscription: None,
        ..message(id, told, created)
    }
}

pub(crate) fn failed_invoice(
    id: &str,
    invoice: &str,
    told: &ProviderSubscription,
) -> PaymentNotice {
    PaymentNotice {
        kind: "invoice.payment_failed".to_owned(),
        invoice_id: Some(invoice.to_owned()),
        ..hint(id, told, noon())
    }
}
