//! What the payment provider tells us by itself.

use chrono::{DateTime, Utc};
use domain::values::UserId;

use super::ProviderSubscription;

/// A message of the provider whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentNotice {
    /// The provider's event id; unique.
    pub id: String,
    /// The provider's event type.
    pub kind: String,
    /// When the provider made it (whole seconds).
    pub created: DateTime<Utc>,
    /// The subscription that it is about, when it is about one.
    pub subscription_id: Option<String>,
    /// The subscription as the message itself tells it, when it holds it in a readable shape.
    pub subscription: Option<ProviderSubscription>,
    /// The invoice that it is about, when it is about one.
    pub invoice_id: Option<String>,
    /// The checkout that it is about, when it is about one.
    pub session_id: Option<String>,
    /// What it tells of money that goes back.
    pub money_back: Option<MoneyBack>,
    /// The user that it names (client reference or metadata).
    pub user: Option<UserId>,
    /// The customer that it names.
    pub customer_id: Option<String>,
}

/// Money that goes back, or that a bank asks back. Amounts are in the currency's smallest unit (cents).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoneyBack {
    /// We gave a payment back.
    Refunded {
        /// The payment.
        charge_id: String,
        /// All refunds of it together.
        amount_refunded: u64,
        /// ISO 4217, lower case.
        currency: String,
    },
    /// The cardholder's bank asks a payment back.
    Disputed {
        /// The dispute.
        dispute_id: String,
        /// The payment.
        charge_id: String,
        /// How much is disputed.
        amount: u64,
        /// ISO 4217, lower case.
        currency: String,
        /// In the provider's words, as `fraudulent`.
        reason: String,
    },
}

impl MoneyBack {
    /// The payment that it is about.
    pub fn charge_id(&self) -> &str {
        match self {
            Self::Refunded { charge_id, .. } | Self::Disputed { charge_id, .. } => charge_id,
        }
    }
}
