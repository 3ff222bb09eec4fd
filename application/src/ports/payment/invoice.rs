//! What somebody was charged.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// A part of a customer's invoices, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoicePage {
    /// The invoices.
    pub items: Vec<Invoice>,
    /// Whether older ones follow.
    pub has_more: bool,
}

/// What somebody was charged for one period. Amounts are in the currency's smallest unit (cents).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// The provider's id.
    pub id: String,
    /// What people know it by, once it is final.
    pub number: Option<String>,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// What is, or was, to be paid.
    pub amount_due: u64,
    /// What was paid of it.
    pub amount_paid: u64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// When it was drawn up.
    pub created: DateTime<Utc>,
    /// The beginning of what it is for.
    pub period_start: DateTime<Utc>,
    /// The end of what it is for.
    pub period_end: DateTime<Utc>,
    /// Where a person can see it, and pay it while it is open.
    pub page_url: Option<String>,
    /// Where it is to be had as a PDF.
    pub pdf_url: Option<String>,
}

/// Where an invoice stands, in the payment provider's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum InvoiceStatus {
    Draft,
    Open,
    Paid,
    Uncollectible,
    Void,
}
