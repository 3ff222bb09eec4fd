//! The payment provider, and the plans that are sold through it.

mod invoice;
mod notice;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    subscription::{Status, Survey, Terms},
    values::{PlanId, UserId},
};
use serde::{Deserialize, Serialize};

pub use invoice::{Invoice, InvoicePage, InvoiceStatus};
pub use notice::{MoneyBack, PaymentNotice};

/// How often a plan is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum PlanInterval {
    Day,
    Week,
    Month,
    Year,
}

/// Something that can be subscribed to. Plans are configuration, not code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// As `monthly`.
    pub id: PlanId,
    /// What people read.
    pub name: String,
    /// The provider's price id.
    pub price_id: String,
    /// In the currency's smallest unit (cents).
    pub amount: u32,
    /// ISO 4217, lower case.
    pub currency: String,
    /// How often it is paid.
    pub interval: PlanInterval,
    /// Pictures per period.
    pub photos_per_period: u32,
    /// Days before the first payment; 0 for none.
    #[serde(default)]
    pub trial_days: u32,
    /// Days of access after a failed renewal.
    #[serde(default = "seven")]
    pub grace_days: u32,
}

const fn seven() -> u32 {
    7
}

impl Plan {
    /// What the plan gives, as events keep it.
    pub fn terms(&self) -> Terms {
        Terms {
            plan: self.id.clone(),
            price: self.price_id.clone(),
            photos_per_period: self.photos_per_period,
            grace_days: self.grace_days,
        }
    }
}

/// The plans from configuration; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plans(pub Vec<Plan>);

impl Plans {
    /// The plan of that id.
    pub fn by_id(&self, id: &str) -> Option<&Plan> {
        self.0.iter().find(|plan| plan.id.as_str() == id)
    }

    /// The plan that is sold at that price.
    pub fn by_price(&self, price_id: &str) -> Option<&Plan> {
        self.0.iter().find(|plan| plan.price_id == price_id)
    }
}

/// What is needed to send somebody to pay.
#[derive(Debug, Clone)]
pub struct CheckoutOrder {
    /// Who pays; put into the metadata of session and subscription.
    pub user: UserId,
    /// The provider's customer.
    pub customer_id: String,
    /// What is bought.
    pub plan: Plan,
    /// Where to return after payment (absolute).
    pub success_url: String,
    /// Where to return without (absolute).
    pub cancel_url: String,
    /// Makes a retry return the same session.
    pub idempotency_key: String,
}

/// A page where somebody can pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutSession {
    /// The provider's id.
    pub id: String,
    /// The page.
    pub url: String,
}

/// What became of a page that is to be paid no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckoutEnd {
    /// Nobody can pay it any more, and nobody has.
    Expired,
    /// It was paid before it could be closed.
    Paid {
        /// The subscription that was bought, once the provider names it.
        subscription_id: Option<String>,
    },
}

/// A part of all subscriptions at the provider that are not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionPage {
    /// Those that can be read.
    pub subscriptions: Vec<ProviderSubscription>,
    /// The ids of those that cannot.
    pub unreadable: Vec<String>,
    /// Where the next part begins; none when this was the last.
    pub next: Option<String>,
}

/// A subscription as the provider tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSubscription {
    /// Its id.
    pub id: String,
    /// Its customer.
    pub customer_id: String,
    /// The user in its metadata, when there is one.
    pub user: Option<UserId>,
    /// How it stands.
    pub status: Status,
    /// The price that it is sold at.
    pub price_id: String,
    /// When the current period began.
    pub period_start: DateTime<Utc>,
    /// When the current period ends.
    pub period_end: DateTime<Utc>,
    /// Whether it ends with this period.
    pub cancel_at_period_end: bool,
}

/// Why the provider did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// No key is configured.
    #[error("payment is not configured; set STRIPE_SECRET_KEY")]
    NotConfigured,
    /// It cannot be reached, or stumbled; try again.
    #[error("the payment provider cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It refused; an operator must act.
    #[error("the payment provider refused the request")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum WebhookRejected {
    #[error("the signature header is missing or malformed")]
    Malformed,
    #[error("the signature does not match")]
    Forged,
    #[error("the signature is more than 5 minutes from now")]
    Stale,
}

/// The payment provider.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Makes the customer that belongs to a user; the same key and address give the same customer on a retry.
    async fn create_customer(
        &self,
        user: UserId,
        email: Option<&str>,
        idempotency_key: &str,
    ) -> Result<String, PaymentError>;

    /// Makes a page where the customer can subscribe.
    async fn create_checkout(&self, order: &CheckoutOrder)
    -> Result<CheckoutSession, PaymentError>;

    /// Makes sure that nobody can pay on that page any more.
    async fn close_checkout(&self, session_id: &str) -> Result<CheckoutEnd, PaymentError>;

    /// Makes a short-lived way into the page where a customer can see and change what they pay, and with what.
    async fn create_portal(
        &self,
        customer_id: &str,
        return_url: &str,
    ) -> Result<String, PaymentError>;

    /// Lets a subscription end with its period (`true`) or go on after all; none when it is over, or was never there.
    /// Twice changes nothing.
    async fn end_with_period(
        &self,
        id: &str,
        ends: bool,
        survey: Option<&Survey>,
    ) -> Result<Option<ProviderSubscription>, PaymentError>;

    /// Ends a subscription now; what was paid for is not given back. One that is over, or was never there, is no error.
    async fn end_at_once(&self, id: &str) -> Result<(), PaymentError>;

    /// A customer's invoices, newest first: `limit` (1 to 100) of them, those that follow the invoice `after`.
    /// None when the customer has no such invoice.
    async fn invoices(
        &self,
        customer_id: &str,
        limit: u32,
        after: Option<&str>,
    ) -> Result<Option<InvoicePage>, PaymentError>;

    /// The customer who made that payment; none when the provider does not know it.
    async fn customer_of_charge(&self, charge_id: &str) -> Result<Option<String>, PaymentError>;

    /// A part of all subscriptions that are not over: the first, or the one that begins at `from`.
    async fn subscriptions(&self, from: Option<&str>) -> Result<SubscriptionPage, PaymentError>;

    /// A customer's subscriptions that are not over, newest first: 10 at most.
    async fn subscriptions_of(&self, customer_id: &str) -> Result<SubscriptionPage, PaymentError>;

    /// A subscription as it stands now; none when the provider does not know it.
    async fn subscription(&self, id: &str) -> Result<Option<ProviderSubscription>, PaymentError>;

    /// Checks a webhook's signature over the raw body.
    fn verify_webhook(
        &self,
        body: &[u8],
        signature: &str,
        now: DateTime<Utc>,
    ) -> Result<(), WebhookRejected>;

    /// Reads a webhook's body whose signature was checked; both old and new field shapes.
    ///
    /// # Errors
    /// When the body is not an event at all.
    fn read_webhook(&self, body: &[u8]) -> Result<PaymentNotice, PaymentError>;
}
