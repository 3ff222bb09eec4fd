//! Stripe: customers, checkout, subscriptions through async-stripe; webhooks read by ourselves.

mod answers;
mod reading;
mod requests;
mod sending;
mod signature;

use std::time::Duration;

use application::ports::{
    CheckoutEnd, CheckoutOrder, CheckoutSession, InvoicePage, PaymentError, PaymentGateway,
    PaymentNotice, ProviderSubscription, SubscriptionPage, WebhookRejected,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{subscription::Survey, values::UserId};
use serde_json::Value;
use stripe_client_core::{IdempotencyKey, StripeRequest};
use url::Url;

use answers::{Failure, is_missing, is_refused};
use sending::Sender;

use crate::limits::PAYMENT_TIME;

/// Stripe's lists have at most this many on a page.
const LONGEST_PAGE: i64 = 100;
/// How many subscriptions of one customer are looked at: a person has one, and two by mistake.
const MOST_OF_A_CUSTOMER: i64 = 10;

/// How to reach Stripe.
#[derive(Clone)]
pub struct StripeSettings {
    /// `STRIPE_SECRET_KEY`; without one every call is `NotConfigured` and every webhook is refused.
    pub secret_key: Option<String>,
    /// Every secret that a webhook may be signed with: two while the secret is being rotated.
    pub webhook_secrets: Vec<String>,
    /// Stripe itself when absent, or where a stand-in listens.
    pub api_base: Option<Url>,
    /// How long one request may take.
    pub timeout: Duration,
}

impl Default for StripeSettings {
    /// Stripe itself, without a key, 10 s a request.
    fn default() -> Self {
        Self {
            secret_key: None,
            webhook_secrets: Vec::new(),
            api_base: None,
            timeout: PAYMENT_TIME,
        }
    }
}

impl std::fmt::Debug for StripeSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StripeSettings")
            .field("secret_key", &self.secret_key.as_ref().map(|_| "…"))
            .field("webhook_secrets", &self.webhook_secrets.len())
            .field("api_base", &self.api_base.as_ref().map(Url::as_str))
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("STRIPE_SECRET_KEY or STRIPE_API_BASE cannot be used: {0}")]
pub struct StripeMisconfigured(String);

/// Stripe, as the payment gateway.
pub struct Stripe {
    account: Option<Account>,
}

/// What there is once a key is configured.
struct Account {
    sender: Sender,
    webhook_secrets: Vec<String>,
}

impl Stripe {
    /// With those settings. Nothing is asked of Stripe yet.
    ///
    /// # Errors
    /// When the key is not plain ASCII, or the base is not an address.
    pub fn new(settings: StripeSettings) -> Result<Self, StripeMisconfigured> {
        let Some(secret_key) = settings.secret_key.filter(|key| !key.trim().is_empty()) else {
            return Ok(Self { account: None });
        };
        // TLS takes the process's provider; another part of the program may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sender = Sender::new(secret_key, settings.api_base.as_ref(), settings.timeout)?;
        // With an empty secret anybody could sign.
        let webhook_secrets = settings.webhook_secrets.into_iter();
        let webhook_secrets = webhook_secrets
            .filter(|secret| !secret.trim().is_empty())
            .collect();
        Ok(Self {
            account: Some(Account {
                sender,
                webhook_secrets,
            }),
        })
    }

    fn account(&self) -> Result<&Account, PaymentError> {
        self.account.as_ref().ok_or(PaymentError::NotConfigured)
    }
}

impl Account {
    async fn send(&self, request: &impl StripeRequest) -> Result<Value, Failure> {
        self.sender.send(request, None).await
    }

    /// Sends a request about something that may not exist.
    async fn find(&self, request: &impl StripeRequest) -> Result<Option<Value>, PaymentError> {
        match self.send(request).await {
            Ok(answer) => Ok(Some(answer)),
            Err(failure) if is_missing(&failure) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Sends a request that Stripe carries out once for that key, within 24 hours at least.
    async fn create(&self, request: &impl StripeRequest, key: &str) -> Result<Value, PaymentError> {
        let key =
            IdempotencyKey::new(key).map_err(|error| PaymentError::Refused(Box::new(error)))?;
        Ok(self.sender.send(request, Some(&key)).await?)
    }
}

/// An id that may become a part of an address; no id of Stripe's is any other.
fn path_segment(id: &str) -> Option<&str> {
    let is_plain = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    Some(id).filter(|id| is_plain && !id.is_empty())
}

fn readable(subscription: &Value) -> Result<ProviderSubscription, Failure> {
    reading::subscription(subscription)
        .ok_or_else(|| Failure::unreadable("an unreadable subscription"))
}

#[async_trait]
impl PaymentGateway for Stripe {
    async fn create_customer(
        &self,
        user: UserId,
        email: Option<&str>,
        idempotency_key: &str,
    ) -> Result<String, PaymentError> {
        let account = self.account()?;
        let request = requests::customer(user, email);
        let answer = account.create(&request, idempotency_key).await?;
        Ok(answers::required(&answer, "id")?)
    }

    async fn create_checkout(
        &self,
        order: &CheckoutOrder,
    ) -> Result<CheckoutSession, PaymentError> {
        let account = self.account()?;
        let answer = account
            .create(&requests::checkout(order), &order.idempotency_key)
            .await?;
        Ok(CheckoutSession {
            id: answers::required(&answer, "id")?,
            url: answers::required(&answer, "url")?,
        })
    }

    async fn close_checkout(&self, session_id: &str) -> Result<CheckoutEnd, PaymentError> {
        let account = self.account()?;
        let Some(session_id) = path_segment(session_id) else {
            return Ok(CheckoutEnd::Expired);
        };
        let expire = requests::expire_checkout(session_id);
        match account.send(&expire).await {
            Ok(_) => return Ok(CheckoutEnd::Expired),
            // It is not open any more; how it ended, it says itself.
            Err(failure) if is_refused(&failure) || is_missing(&failure) => {}
            Err(failure) => return Err(failure.into()),
        }
        let session = account
            .find(&requests::checkout_session(session_id))
            .await?;
        Ok(session.map_or(CheckoutEnd::Expired, |session| {
            reading::end_of_checkout(&session)
        }))
    }

    async fn create_portal(
        &self,
        customer_id: &str,
        return_url: &str,
    ) -> Result<String, PaymentError> {
        let request = requests::portal(customer_id, return_url);
        let answer = self.account()?.send(&request).await?;
        Ok(answers::required(&answer, "url")?)
    }

    async fn end_with_period(
        &self,
        id: &str,
        ends: bool,
        survey: Option<&Survey>,
    ) -> Result<Option<ProviderSubscription>, PaymentError> {
        let account = self.account()?;
        let Some(id) = path_segment(id) else {
            return Ok(None);
        };
        let request = requests::end_with_period(id, ends, survey);
        let answer = account.find(&request).await?;
        Ok(answer.map(|answer| readable(&answer)).transpose()?)
    }

    async fn end_at_once(&self, id: &str) -> Result<(), PaymentError> {
        let account = self.account()?;
        let Some(id) = path_segment(id) else {
            return Ok(());
        };
        let request = requests::end_at_once(id);
        match account.send(&request).await {
            Ok(_) => Ok(()),
            // It is over already: then Stripe says that it knows no such subscription.
            Err(failure) if is_missing(&failure) => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn invoices(
        &self,
        customer_id: &str,
        limit: u32,
        after: Option<&str>,
    ) -> Result<Option<InvoicePage>, PaymentError> {
        let account = self.account()?;
        let request = requests::invoices(customer_id, limit, after);
        match account.send(&request).await {
            Ok(answer) => Ok(Some(reading::invoices(&answer))),
            // Stripe knows no such invoice, or no such customer.
            Err(failure) if after.is_some() && is_refused(&failure) => Ok(None),
            Err(failure) if is_missing(&failure) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn customer_of_charge(&self, charge_id: &str) -> Result<Option<String>, PaymentError> {
        let account = self.account()?;
        let Some(id) = path_segment(charge_id) else {
            return Ok(None);
        };
        let charge = account.find(&requests::charge(id)).await?;
        Ok(charge.and_then(|charge| reading::customer(&charge)))
    }

    async fn subscriptions(&self, from: Option<&str>) -> Result<SubscriptionPage, PaymentError> {
        let request = requests::subscriptions(from, LONGEST_PAGE);
        let answer = self.account()?.send(&request).await?;
        Ok(reading::subscriptions(&answer))
    }

    async fn subscriptions_of(&self, customer_id: &str) -> Result<SubscriptionPage, PaymentError> {
        let request = requests::subscriptions_of(customer_id, MOST_OF_A_CUSTOMER);
        let answer = self.account()?.send(&request).await?;
        Ok(reading::subscriptions(&answer))
    }

    async fn subscription(&self, id: &str) -> Result<Option<ProviderSubscription>, PaymentError> {
        let account = self.account()?;
        let Some(id) = path_segment(id) else {
            return Ok(None);
        };
        let answer = account.find(&requests::subscription(id)).await?;
        Ok(answer.map(|answer| readable(&answer)).transpose()?)
    }

    fn verify_webhook(
        &self,
        body: &[u8],
        signature: &str,
        now: DateTime<Utc>,
    ) -> Result<(), WebhookRejected> {
        let secrets = self
            .account
            .as_ref()
            .map_or(&[][..], |account| &account.webhook_secrets);
        signature::verify(body, signature, secrets, now)
    }

    fn read_webhook(&self, body: &[u8]) -> Result<PaymentNotice, PaymentError> {
        self.account()?;
        reading::notice(body).map_err(|error| PaymentError::Refused(Box::new(error)))
    }
}
