//! A payment provider whose every move a test decides: the other side is money.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use application::ports::{
    CheckoutEnd, CheckoutOrder, CheckoutSession, Clock, CustomerDirectory, InvoicePage,
    LogUnavailable, PaymentError, PaymentGateway, PaymentNotice, ProviderSubscription,
    SubscriptionPage, WebhookRejected,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    subscription::{Status, Survey},
    values::UserId,
};
use futures::future::BoxFuture;

type Meanwhile = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// What the provider knows, and what it was asked.
#[derive(Default)]
pub(crate) struct Provider {
    truth: Mutex<Option<ProviderSubscription>>,
    away: AtomicBool,
    without_pages: AtomicBool,
    meanwhile: Mutex<Option<Meanwhile>>,
    /// The checkouts that are paid, although nobody has heard of it.
    pub(crate) paid_pages: Mutex<Vec<String>>,
    pub(crate) asked: Mutex<Vec<String>>,
    pub(crate) orders: Mutex<Vec<CheckoutOrder>>,
    pub(crate) customer_keys: Mutex<Vec<String>>,
}

impl Provider {
    /// From now on its subscription stands like that.
    pub(crate) fn says(&self, subscription: &ProviderSubscription) {
        *self.truth.lock().unwrap() = Some(subscription.clone());
    }

    /// Whether it answers nobody.
    pub(crate) fn is_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Whether it makes no pages to pay on, although it answers.
    pub(crate) fn refuses_pages(&self, refuses: bool) {
        self.without_pages.store(refuses, Ordering::SeqCst);
    }

    /// While the next answer is on its way, this happens.
    pub(crate) fn meanwhile(&self, act: impl FnOnce() -> BoxFuture<'static, ()> + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(act));
    }

    fn ask(&self, what: String) -> Result<(), PaymentError> {
        self.asked.lock().unwrap().push(what);
        match self.away.load(Ordering::SeqCst) {
            true => Err(PaymentError::Unavailable("away".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl PaymentGateway for Provider {
    async fn create_customer(
        &self,
        user: UserId,
        _: Option<&str>,
        idempotency_key: &str,
    ) -> Result<String, PaymentError> {
        self.ask("customer".to_owned())?;
        self.customer_keys
            .lock()
            .unwrap()
            .push(idempotency_key.to_owned());
        Ok(format!("cus_{user}"))
    }

    async fn create_checkout(
        &self,
        order: &CheckoutOrder,
    ) -> Result<CheckoutSession, PaymentError> {
        self.ask("checkout".to_owned())?;
        if self.without_pages.load(Ordering::SeqCst) {
            return Err(PaymentError::Unavailable("no pages today".into()));
        }
        self.orders.lock().unwrap().push(order.clone());
        let id = format!("cs_{}", order.idempotency_key);
        let url = format!("https://pay.test/{id}");
        Ok(CheckoutSession { id, url })
    }

    async fn close_checkout(&self, session_id: &str) -> Result<CheckoutEnd, PaymentError> {
        self.ask(format!("close {session_id}"))?;
        let mut paid = self.paid_pages.lock().unwrap();
        Ok(match paid.iter().position(|page| page == session_id) {
            Some(page) => {
                paid.remove(page);
                CheckoutEnd::Paid {
                    subscription_id: Some("sub_1".to_owned()),
                }
            }
            None => CheckoutEnd::Expired,
        })
    }

    async fn create_portal(
        &self,
        customer_id: &str,
        return_url: &str,
    ) -> Result<String, PaymentError> {
        self.ask("portal".to_owned())?;
        Ok(format!(
            "https://pay.test/portal/{customer_id}?{return_url}"
        ))
    }

    async fn end_with_period(
        &self,
        id: &str,
        ends: bool,
        _: Option<&Survey>,
    ) -> Result<Option<ProviderSubscription>, PaymentError> {
        self.ask(format!("end {id} {ends}"))?;
        let mut truth = self.truth.lock().unwrap();
        Ok(truth
            .as_mut()
            .filter(|one| one.id == id && !one.status.is_terminal())
            .map(|one| {
                one.cancel_at_period_end = ends;
                one.clone()
            }))
    }

    async fn end_at_once(&self, id: &str) -> Result<(), PaymentError> {
        self.ask(format!("end {id} at once"))?;
        let mut truth = self.truth.lock().unwrap();
        if let Some(one) = truth.as_mut().filter(|one| one.id == id) {
            one.status = Status::Canceled;
        }
        Ok(())
    }

    async fn invoices(
        &self,
        _: &str,
        _: u32,
        _: Option<&str>,
    ) -> Result<Option<InvoicePage>, PaymentError> {
        self.ask("invoices".to_owned())?;
        Ok(None)
    }

    async fn customer_of_charge(&self, charge_id: &str) -> Result<Option<String>, PaymentError> {
        self.ask(charge_id.to_owned())?;
        Ok((charge_id == "ch_1").then(|| "cus_1".to_owned()))
    }

    async fn subscriptions(&self, _: Option<&str>) -> Result<SubscriptionPage, PaymentError> {
        self.ask("subscriptions".to_owned())?;
        let truth = self.truth.lock().unwrap().clone();
        Ok(SubscriptionPage {
            subscriptions: truth
                .into_iter()
                .filter(|one| !one.status.is_terminal())
                .collect(),
            unreadable: Vec::new(),
            next: None,
        })
    }

    async fn subscriptions_of(&self, _: &str) -> Result<SubscriptionPage, PaymentError> {
        self.subscriptions(None).await
    }

    async fn subscription(&self, id: &str) -> Result<Option<ProviderSubscription>, PaymentError> {
        let asked = self.ask(id.to_owned());
        let answer = self
            .truth
            .lock()
            .unwrap()
            .clone()
            .filter(|one| one.id == id);
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(act) = meanwhile {
            act().await;
        }
        asked?;
        Ok(answer)
    }

    fn verify_webhook(&self, _: &[u8], _: &str, _: DateTime<Utc>) -> Result<(), WebhookRejected> {
        // Use cases read no webhooks.
        Err(WebhookRejected::Malformed)
    }

    fn read_webhook(&self, _: &[u8]) -> Result<PaymentNotice, PaymentError> {
        Err(PaymentError::NotConfigured)
    }
}

/// A clock that a test sets.
pub(crate) struct SetClock(pub(crate) Mutex<DateTime<Utc>>);

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// Whose customers are known.
#[derive(Default)]
pub(crate) struct Customers(pub(crate) Mutex<Vec<(String, UserId)>>);

#[async_trait]
impl CustomerDirectory for Customers {
    async fn owner_of(&self, customer_id: &str) -> Result<Option<UserId>, LogUnavailable> {
        let known = self.0.lock().unwrap();
        Ok(known
            .iter()
            .find(|(id, _)| id == customer_id)
            .map(|(_, owner)| *owner))
    }
}
