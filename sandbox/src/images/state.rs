//! What the images API remembers: the orders, which are its ledger, and the script of the next ones.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::behaviour::Behaviour;

/// Older orders are forgotten.
const MOST_ORDERS: usize = 2_000;

/// Orders and the script of the next ones.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// Oldest first.
    pub(super) orders: Vec<Order>,
    pub(super) script: VecDeque<Behaviour>,
}

/// One order that was understood.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    /// Names the files.
    pub(super) id: String,
    /// `generations` or `edits`.
    pub(super) route: String,
    pub(super) model: String,
    pub(super) prompt: String,
    pub(super) width: u32,
    pub(super) height: u32,
    /// The picture's kind: `png`, `jpeg` or `webp`.
    pub(super) format: String,
    /// The length and SHA-256 of each picture that came along.
    pub(super) pictures: Vec<String>,
    /// What the caller named it.
    pub(super) client_request_id: Option<String>,
    pub(super) behaviour: Behaviour,
    /// Whether a picture was drawn, and so would be paid for.
    pub(super) drawn: bool,
    pub(super) redirects_followed: u32,
}

impl State {
    pub(super) fn add(&mut self, order: Order) {
        let extra = (self.orders.len() + 1).saturating_sub(MOST_ORDERS);
        self.orders.drain(..extra);
        self.orders.push(order);
    }

    pub(super) fn order_mut(&mut self, id: &str) -> Option<&mut Order> {
        self.orders.iter_mut().rev().find(|order| order.id == id)
    }
}
