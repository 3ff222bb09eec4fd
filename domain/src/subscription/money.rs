//! Money that went back, or that somebody asks back: what is known of it, so that each piece of news counts once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What is known of payments that did not stay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Money {
    failed_invoices: BTreeSet<String>,
    /// How much of each payment was given back so far.
    refunded: BTreeMap<String, u64>,
    disputes: BTreeSet<String>,
}

impl Money {
    pub(super) fn knows_failure(&self, invoice_id: &str) -> bool {
        self.failed_invoices.contains(invoice_id)
    }

    /// Whether as much of that payment, or more, is known to be given back.
    ///
    /// The provider tells the sum of all refunds, which only grows: so news that come late or twice are known.
    pub(super) fn knows_refund(&self, charge_id: &str, amount_refunded: u64) -> bool {
        self.refunded
            .get(charge_id)
            .is_some_and(|known| *known >= amount_refunded)
    }

    pub(super) fn knows_dispute(&self, dispute_id: &str) -> bool {
        self.disputes.contains(dispute_id)
    }

    pub(super) fn keep_failure(&mut self, invoice_id: String) {
        self.failed_invoices.insert(invoice_id);
    }

    pub(super) fn keep_refund(&mut self, charge_id: String, amount_refunded: u64) {
        self.refunded.insert(charge_id, amount_refunded);
    }

    pub(super) fn keep_dispute(&mut self, dispute_id: String) {
        self.disputes.insert(dispute_id);
    }
}
