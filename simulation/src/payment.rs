//! A payment provider with one subscription, whose messages come late, twice, in any order, and never of the whole.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use application::ports::{
    CheckoutEnd, CheckoutOrder, CheckoutSession, Clock, CustomerDirectory, InvoicePage,
    LogUnavailable, PaymentError, PaymentGateway, PaymentNotice, Plan, PlanInterval, Plans,
    ProviderSubscription, SubscriptionPage, WebhookRejected,
};
use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{
    subscription::{Snapshot, Status, Survey},
    values::UserId,
};

use crate::{
    variant::Variant,
    wire::Wire,
    world::{World, beginning},
};

/// How many pictures the plan gives in a period: few, so that they run out.
pub const PHOTOS_PER_PERIOD: u32 = 4;

/// What the provider knows and has told.
#[derive(Default)]
pub struct PaymentProvider {
    truth: Mutex<Option<ProviderSubscription>>,
    told: Mutex<Vec<PaymentNotice>>,
}

/// What is sold.
pub fn plans() -> Plans {
    Plans(vec![Plan {
        id: "monthly".parse().unwrap_or_else(|_| unreachable!("a word")),
        name: "Monthly".to_owned(),
        price_id: "price_monthly".to_owned(),
        amount: 1_499,
        currency: "usd".to_owned(),
        interval: PlanInterval::Month,
        photos_per_period: PHOTOS_PER_PERIOD,
        trial_days: 0,
        grace_days: 7,
    }])
}

/// The subscription with which every run begins.
pub fn active(user: UserId) -> ProviderSubscription {
    ProviderSubscription {
        id: "sub_1".to_owned(),
        customer_id: "cus_1".to_owned(),
        user: Some(user),
        status: Status::Active,
        price_id: "price_monthly".to_owned(),
        period_start: beginning() - TimeDelta::days(1),
        period_end: beginning() + TimeDelta::days(29),
        cancel_at_period_end: false,
    }
}

impl PaymentProvider {
    /// How the subscription stands in truth.
    pub fn truth(&self) -> Option<ProviderSubscription> {
        self.known().clone()
    }

    /// Whether that is how the subscription stands in truth.
    pub fn is_held_right(&self, held: Option<&Snapshot>) -> bool {
        let held = held.map(|held| {
            let period = (held.period_start, held.period_end);
            (held.status, period, held.cancel_at_period_end)
        });
        let told = self.truth().map(|told| {
            let period = (told.period_start, told.period_end);
            (told.status, period, told.cancel_at_period_end)
        });
        held == told
    }

    fn known(&self) -> MutexGuard<'_, Option<ProviderSubscription>> {
        self.truth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Vec<PaymentNotice>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins with an active subscription; then it changes a few times, and each change is told. Returns once all is told.
pub async fn live(world: Arc<World>, user: UserId) {
    *world.payment.known() = Some(active(user));
    let mut telling = tokio::task::JoinSet::new();
    for _ in 0..world.lot(5) {
        tokio::time::sleep(world.time(50, 700)).await;
        let Some(now) = changed(&world) else { break };
        for told in 0..1 + world.lot(2) {
            let notice = notice(&world, &now, told == 0);
            for _ in 0..1 + world.lot(2) {
                let (world, notice) = (world.clone(), notice.clone());
                let late = world.time(0, 1_500);
                telling.spawn(async move {
                    tokio::time::sleep(late).await;
                    let index = {
                        let mut told = world.payment.told();
                        told.push(notice.clone());
                        told.len() - 1
                    };
                    let body = index.to_string();
                    let now = world.clock.now();
                    world
                        .inbox
                        .keep(&notice.id, &notice.kind, body.as_bytes(), now);
                });
            }
        }
    }
    while telling.join_next().await.is_some() {}
}

/// Changes the subscription; none once it is over.
fn changed(world: &World) -> Option<ProviderSubscription> {
    let mut known = world.payment.known();
    let subscription = known.as_mut()?;
    match (subscription.status, world.lot(6)) {
        (Status::Canceled, _) => return None,
        (_, 0) => subscription.cancel_at_period_end = !subscription.cancel_at_period_end,
        (Status::Active, 1 | 2) => subscription.status = Status::PastDue,
        (Status::PastDue, 1..5) => subscription.status = Status::Active,
        (Status::Active, 3 | 4) => {
            subscription.period_start = subscription.period_end;
            subscription.period_end += TimeDelta::days(30);
        }
        (_, 5) => subscription.status = Status::Canceled,
        (_, _) => subscription.cancel_at_period_end = true,
    }
    Some(subscription.clone())
}

fn notice(world: &World, now: &ProviderSubscription, whole: bool) -> PaymentNotice {
    let id = format!("evt_{}", world.lot(u32::MAX));
    let whole = whole || world.variant == Variant::NoticesBelieved;
    let failed = !whole && now.status == Status::PastDue;
    PaymentNotice {
        id,
        kind: match failed {
            true => "invoice.payment_failed".to_owned(),
            false => "customer.subscription.updated".to_owned(),
        },
        created: world.clock.now().trunc_subsecs(0),
        subscription_id: Some(now.id.clone()),
        subscription: whole.then(|| now.clone()),
        invoice_id: failed.then(|| "in_1".to_owned()),
        session_id: None,
        money_back: None,
        user: now.user,
        customer_id: Some(now.customer_id.clone()),
    }
}

/// The provider, over a wire.
pub struct Gateway(pub Wire);

impl Gateway {
    fn is_away(&self) -> bool {
        let world = &self.0.world;
        world.variant == Variant::NoticesBelieved || world.misfortune(world.weather.provider)
    }
}

fn away() -> PaymentError {
    PaymentError::Unavailable("away".into())
}

fn not_played<T>() -> Result<T, PaymentError> {
    Err(PaymentError::NotConfigured)
}

#[async_trait]
impl PaymentGateway for Gateway {
    async fn create_customer(
        &self,
        _: UserId,
        _: Option<&str>,
        _: &str,
    ) -> Result<String, PaymentError> {
        not_played()
    }

    async fn create_checkout(&self, _: &CheckoutOrder) -> Result<CheckoutSession, PaymentError> {
        not_played()
    }

    async fn close_checkout(&self, _: &str) -> Result<CheckoutEnd, PaymentError> {
        not_played()
    }

    async fn create_portal(&self, _: &str, _: &str) -> Result<String, PaymentError> {
        not_played()
    }

    async fn end_with_period(
        &self,
        _: &str,
        _: bool,
        _: Option<&Survey>,
    ) -> Result<Option<ProviderSubscription>, PaymentError> {
        not_played()
    }

    async fn end_at_once(&self, _: &str) -> Result<(), PaymentError> {
        not_played()
    }

    async fn invoices(
        &self,
        _: &str,
        _: u32,
        _: Option<&str>,
    ) -> Result<Option<InvoicePage>, PaymentError> {
        not_played()
    }

    async fn customer_of_charge(&self, _: &str) -> Result<Option<String>, PaymentError> {
        not_played()
    }

    async fn subscriptions(&self, _: Option<&str>) -> Result<SubscriptionPage, PaymentError> {
        let world = &self.0.world;
        let effect = async {
            if self.is_away() {
                return Err(away());
            }
            let known = world.payment.truth().into_iter();
            Ok(SubscriptionPage {
                subscriptions: known.filter(|one| !one.status.is_terminal()).collect(),
                unreadable: Vec::new(),
                next: None,
            })
        };
        self.0.call("payment.subscriptions", away, effect).await
    }

    async fn subscriptions_of(&self, _: &str) -> Result<SubscriptionPage, PaymentError> {
        not_played()
    }

    async fn subscription(&self, id: &str) -> Result<Option<ProviderSubscription>, PaymentError> {
        let world = &self.0.world;
        let effect = async {
            if self.is_away() {
                return Err(away());
            }
            let answer = world.payment.truth().filter(|known| known.id == id);
            // The answer is on its way, and things change meanwhile.
            if world.is_foul() {
                tokio::time::sleep(Duration::from_millis(u64::from(world.lot(200)))).await;
            }
            Ok(answer)
        };
        self.0.call("payment.subscription", away, effect).await
    }

    fn verify_webhook(&self, _: &[u8], _: &str, _: DateTime<Utc>) -> Result<(), WebhookRejected> {
        Err(WebhookRejected::Malformed)
    }

    fn read_webhook(&self, body: &[u8]) -> Result<PaymentNotice, PaymentError> {
        let index: Option<usize> = std::str::from_utf8(body)
            .ok()
            .and_then(|body| body.parse().ok());
        let world = &self.0.world;
        let told = world.payment.told();
        let notice = index.and_then(|index| told.get(index)).cloned();
        let mut notice = notice.ok_or_else(|| PaymentError::Refused("no message".into()))?;
        if world.variant == Variant::NoticesBelieved {
            notice.created = world.clock.now();
        }
        Ok(notice)
    }
}

/// Whose customer is whose: the one customer is the one person's.
pub struct Directory(pub UserId);

#[async_trait]
impl CustomerDirectory for Directory {
    async fn owner_of(&self, customer_id: &str) -> Result<Option<UserId>, LogUnavailable> {
        Ok((customer_id == "cus_1").then_some(self.0))
    }
}
