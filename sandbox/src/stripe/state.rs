//! What Stripe remembers.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::catalogue::StripePrice;
use super::charges::Charge;
use super::checkout::Session;
use super::control::Switches;
use super::customers::Customer;
use super::delivery::Delivery;
use super::events::Event;
use super::idempotency::StoredAnswer;
use super::invoices::Invoice;
use super::ledger::RequestEntry;
use super::portal::PortalSession;
use super::subscriptions::Subscription;
use crate::world::{now_ms, random_text};

const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Older requests, events and settled deliveries are forgotten, so that the state file stays small.
const MOST_KEPT: usize = 3_000;

/// All objects of the account, each list oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(super) customers: Vec<Customer>,
    pub(super) prices: Vec<StripePrice>,
    /// Whether only configured prices exist.
    pub(super) strict_prices: bool,
    pub(super) sessions: Vec<Session>,
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) invoices: Vec<Invoice>,
    pub(super) charges: Vec<Charge>,
    pub(super) portal_sessions: Vec<PortalSession>,
    pub(super) events: Vec<Event>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) idempotency: HashMap<String, StoredAnswer>,
    pub(super) requests: Vec<RequestEntry>,
    /// How far the clock was moved ahead, in seconds.
    pub(super) clock_ahead_s: i64,
    /// Back to their defaults at each start.
    #[serde(skip)]
    pub(super) switches: Switches,
}

impl State {
    /// Now by the movable clock, in seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        now_ms() / 1_000 + self.clock_ahead_s
    }

    pub(super) fn customer(&self, id: &str) -> Option<&Customer> {
        self.customers.iter().find(|one| one.id == id)
    }

    pub(super) fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.iter().find(|one| one.id == id)
    }

    pub(super) fn session_mut(&mut self, id: &str) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|one| one.id == id)
    }

    pub(super) fn subscription(&self, id: &str) -> Option<&Subscription> {
        self.subscriptions.iter().find(|one| one.id == id)
    }

    pub(super) fn subscription_mut(&mut self, id: &str) -> Option<&mut Subscription> {
        self.subscriptions.iter_mut().find(|one| one.id == id)
    }

    pub(super) fn invoice(&self, id: &str) -> Option<&Invoice> {
        self.invoices.iter().find(|one| one.id == id)
    }

    pub(super) fn invoice_mut(&mut self, id: &str) -> Option<&mut Invoice> {
        self.invoices.iter_mut().find(|one| one.id == id)
    }

    /// Forgets the oldest of what only grows.
    pub(super) fn trim(&mut self) {
        let now = self.now();
        self.idempotency
            .retain(|_, stored| now - stored.at < 24 * 3_600);
        let extra = self.requests.len().saturating_sub(MOST_KEPT);
        self.requests.drain(..extra);
        let extra = self.events.len().saturating_sub(MOST_KEPT);
        self.events.drain(..extra);
        let mut extra = self.deliveries.len().saturating_sub(MOST_KEPT);
        self.deliveries.retain(|delivery| {
            let forgotten = extra > 0 && delivery.is_settled();
            extra -= usize::from(forgotten);
            !forgotten
        });
    }
}

/// A new id, as in `cus_` and 24 characters.
pub(super) fn new_id(prefix: &str) -> String {
    let length = if prefix.starts_with("cs_") { 58 } else { 24 };
    format!("{prefix}{}", random_text(ID_ALPHABET, length))
}
