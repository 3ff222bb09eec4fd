//! What a subscription remembers, and how it answers each command.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

use super::{Command, Event, Gate, Rejection, Snapshot, Survey, gate, money::Money, news::news};
use crate::values::{PhotoId, PlanId};

/// All that the provider told about one user's subscriptions, and what the user took from them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    checkout: Option<Checkout>,
    /// The checkouts whose pages may still be paid.
    #[serde(default)]
    open_pages: BTreeSet<String>,
    /// The snapshot that counts, for each provider subscription.
    snapshots: BTreeMap<String, Snapshot>,
    /// What the user ordered since the provider last spoke about that subscription.
    ordered: Option<Order>,
    /// Whether the user said why, since the end was last scheduled.
    #[serde(default)]
    end_explained: bool,
    #[serde(default)]
    money: Money,
    /// The pictures taken in each period. Past periods stay: a retried reservation may come late,
    /// and the provider may move a period back.
    reservations: BTreeMap<DateTime<Utc>, BTreeSet<PhotoId>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Checkout {
    session_id: String,
    customer_id: String,
    plan: PlanId,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    provider_id: String,
    cancel_at_period_end: bool,
}

/// How many pictures of the current period are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Taken: reserved and not given back.
    pub used: u32,
    /// The most that can be taken; 0 without a subscription.
    pub limit: u32,
}

impl Subscription {
    /// Answers a command with the events that follow from it.
    ///
    /// # Errors
    /// The [`Rejection`] says which rule stands against it.
    pub fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::StartCheckout {
                session_id,
                customer_id,
                plan,
                at,
            } => {
                let known = self.checkout.as_ref();
                if known.is_some_and(|known| known.session_id == session_id) {
                    return Ok(Vec::new());
                }
                if self.gate(at) == Gate::Open {
                    return Err(Rejection::AlreadySubscribed);
                }
                Ok(vec![Event::CheckoutStarted {
                    session_id,
                    customer_id,
                    plan,
                }])
            }
            Command::CloseCheckout { session_id } => Ok(news_if(
                self.open_pages.contains(&session_id),
                Event::CheckoutClosed { session_id },
            )),

            Command::ApplyProviderSnapshot { snapshot } => Ok(self.learn(snapshot)),
            Command::RecordPaymentFailure { .. }
            | Command::RecordRefund { .. }
            | Command::RecordDispute { .. } => Ok(self.note(command)),

            Command::ScheduleCancellation { survey } => {
                let ends_at = self.running().ok_or(Rejection::NoSubscription)?.period_end;
                let explained = survey.and_then(Survey::explained);
                // The provider's word of what the user just ordered may be here before the order.
                if self.cancels_at_period_end() {
                    let news = explained.filter(|_| !self.end_explained);
                    return Ok(news.into_iter().collect());
                }
                let scheduled = Event::CancellationScheduled { ends_at };
                Ok([scheduled].into_iter().chain(explained).collect())
            }
            Command::ResumeSubscription => {
                self.running().ok_or(Rejection::NoSubscription)?;
                Ok(news_if(
                    self.cancels_at_period_end(),
                    Event::CancellationRevoked,
                ))
            }

            Command::ReservePhoto { photo_id, at } => self.reserve(photo_id, at),
            Command::ReleasePhoto { photo_id } => Ok(news_if(
                self.taken()
                    .is_some_and(|photos| photos.contains(&photo_id)),
                Event::PhotoReleased { photo_id },
            )),
        }
    }

    /// What the provider tells of payments, each piece once.
    fn note(&self, command: Command) -> Vec<Event> {
        match command {
            Command::RecordPaymentFailure { invoice_id } => news_if(
                !self.money.knows_failure(&invoice_id),
                Event::PaymentFailed { invoice_id },
            ),
            Command::RecordRefund {
                charge_id,
                amount_refunded,
                currency,
            } => news_if(
                !self.money.knows_refund(&charge_id, amount_refunded),
                Event::PaymentRefunded {
                    charge_id,
                    amount_refunded,
                    currency,
                },
            ),
            Command::RecordDispute {
                dispute_id,
                charge_id,
                amount,
                currency,
                reason,
            } => news_if(
                !self.money.knows_dispute(&dispute_id),
                Event::PaymentDisputed {
                    dispute_id,
                    charge_id,
                    amount,
                    currency,
                    reason,
                },
            ),
            Command::StartCheckout { .. }
            | Command::CloseCheckout { .. }
            | Command::ApplyProviderSnapshot { .. }
            | Command::ScheduleCancellation { .. }
            | Command::ResumeSubscription
            | Command::ReservePhoto { .. }
            | Command::ReleasePhoto { .. } => Vec::new(),
        }
    }

    fn reserve(&self, photo_id: PhotoId, at: DateTime<Utc>) -> Result<Vec<Event>, Rejection> {
        let mut periods = self.reservations.values();
        if periods.any(|photos| photos.contains(&photo_id)) {
            return Ok(Vec::new());
        }
        let period_start = self.room_for_one_more(at)?;
        Ok(vec![Event::PhotoReserved {
            photo_id,
            period_start,
        }])
    }

    /// Whether gated operations are allowed at that time, and if not, why.
    pub fn gate(&self, now: DateTime<Utc>) -> Gate {
        let current = self.current();
        gate(
            current.map(|snapshot| snapshot.status),
            current.and_then(Snapshot::grace_until),
            now,
        )
    }

    /// How many pictures of the current period are taken.
    pub fn usage(&self) -> Usage {
        Usage {
            used: self
                .taken()
                .map_or(0, |photos| u32::try_from(photos.len()).unwrap_or(u32::MAX)),
            limit: self
                .current()
                .map_or(0, |snapshot| snapshot.terms.photos_per_period),
        }
    }

    /// The provider's id of the user: as it last said, else as the checkout was opened with.
    pub fn customer_id(&self) -> Option<&str> {
        let told = self.current().map(|snapshot| &snapshot.customer_id);
        let asked = self.checkout.as_ref().map(|checkout| &checkout.customer_id);
        told.or(asked).map(String::as_str)
    }

    /// The snapshot that people see: a pure function of what the provider told, in any order.
    ///
    /// Its `cancel_at_period_end` is the provider's word; the user's may be newer, see
    /// [`Self::cancels_at_period_end`].
    pub fn current(&self) -> Option<&Snapshot> {
        self.snapshots
            .values()
            .max_by(|a, b| a.precedence().cmp(&b.precedence()))
    }

    /// The snapshot that counts of one provider subscription.
    pub fn snapshot_of(&self, provider_id: &str) -> Option<&Snapshot> {
        self.snapshots.get(provider_id)
    }

    /// The plan that the user was last sent to pay for.
    pub fn checkout_plan(&self) -> Option<&PlanId> {
        self.checkout.as_ref().map(|checkout| &checkout.plan)
    }

    /// The checkout that the user was sent to last.
    pub fn checkout_session(&self) -> Option<&str> {
        self.checkout
            .as_ref()
            .map(|checkout| checkout.session_id.as_str())
    }

    /// The checkouts whose pages may still be paid; more than one only for a moment.
    pub fn open_pages(&self) -> impl Iterator<Item = &str> {
        self.open_pages.iter().map(String::as_str)
    }

    /// Whether a trial may begin: everybody has one, before their first subscription.
    pub fn may_begin_trial(&self) -> bool {
        self.snapshots.is_empty()
    }

    /// Whether the running subscription ends with its period.
    pub fn cancels_at_period_end(&self) -> bool {
        self.running().is_some_and(|snapshot| match &self.ordered {
            Some(order) if order.provider_id == snapshot.provider_id => order.cancel_at_period_end,
            Some(_) | None => snapshot.cancel_at_period_end,
        })
    }

    /// The snapshot that people see, while it gives access, if only on credit.
    pub fn running(&self) -> Option<&Snapshot> {
        self.current()
            .filter(|snapshot| snapshot.status.is_paid_for())
    }

    fn taken(&self) -> Option<&BTreeSet<PhotoId>> {
        self.reservations.get(&self.current()?.period_start)
    }

    fn room_for_one_more(&self, at: DateTime<Utc>) -> Result<DateTime<Utc>, Rejection> {
        if let Gate::Closed(reason) = self.gate(at) {
            return Err(Rejection::GateClosed(reason));
        }
        let current = self.current().ok_or(Rejection::NoSubscription)?;
        let Usage { used, limit } = self.usage();
        if used >= limit {
            return Err(Rejection::QuotaExhausted { limit });
        }
        Ok(current.period_start)
    }

    fn learn(&self, snapshot: Snapshot) -> Vec<Event> {
        let known = self.snapshots.get(&snapshot.provider_id);
        if known.is_some_and(|known| !snapshot.supersedes(known)) {
            return Vec::new();
        }
        let mut after = self.clone();
        after.keep(snapshot.clone());

        let seen = after
            .current()
            .is_some_and(|now| now.provider_id == snapshot.provider_id);
        let grace = snapshot
            .grace_until()
            .filter(|until| seen && self.current().and_then(Snapshot::grace_until) != Some(*until));
        let mut events = vec![if seen {
            news(self.current(), snapshot)
        } else {
            Event::SnapshotRecorded { snapshot }
        }];
        events.extend(grace.map(|until| Event::GraceStarted { until }));
        events.extend(after.running().and_then(|now| {
            match (self.cancels_at_period_end(), after.cancels_at_period_end()) {
                (false, true) => Some(Event::CancellationScheduled {
                    ends_at: now.period_end,
                }),
                (true, false) => Some(Event::CancellationRevoked),
                (true, true) | (false, false) => None,
            }
        }));
        events
    }

    fn keep(&mut self, snapshot: Snapshot) {
        self.ordered
            .take_if(|order| order.provider_id == snapshot.provider_id);
        self.snapshots
            .insert(snapshot.provider_id.clone(), snapshot);
    }

    fn order(&mut self, cancel_at_period_end: bool) {
        self.ordered = self
            .running()
            .filter(|snapshot| snapshot.cancel_at_period_end != cancel_at_period_end)
            .map(|snapshot| Order {
                provider_id: snapshot.provider_id.clone(),
                cancel_at_period_end,
            });
    }
}

fn news_if(is_news: bool, event: Event) -> Vec<Event> {
    is_news.then_some(event).into_iter().collect()
}

impl Aggregate for Subscription {
    const TYPE: &'static str = "Subscription";
    type Command = Command;
    type Event = Event;
    type Error = Rejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Rejection> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::CheckoutStarted {
                session_id,
                customer_id,
                plan,
            } => {
                self.open_pages.insert(session_id.clone());
                self.checkout = Some(Checkout {
                    session_id,
                    customer_id,
                    plan,
                });
            }
            Event::SubscriptionActivated { snapshot }
            | Event::SubscriptionRenewed { snapshot }
            | Event::PlanChanged { snapshot }
            | Event::RenewalFailed { snapshot }
            | Event::PaymentRecovered { snapshot }
            | Event::SubscriptionEnded {
                reason: _,
                snapshot,
            }
            | Event::SnapshotRecorded { snapshot } => self.keep(snapshot),
            Event::CheckoutClosed { session_id } => {
                self.open_pages.remove(&session_id);
            }
            Event::PaymentFailed { invoice_id } => self.money.keep_failure(invoice_id),
            Event::PaymentRefunded {
                charge_id,
                amount_refunded,
                currency: _,
            } => self.money.keep_refund(charge_id, amount_refunded),
            Event::PaymentDisputed { dispute_id, .. } => self.money.keep_dispute(dispute_id),
            Event::GraceStarted { until: _ } => {}
            Event::CancellationExplained { .. } => self.end_explained = true,
            Event::CancellationScheduled { ends_at: _ } => {
                self.order(true);
                self.end_explained = false;
            }
            Event::CancellationRevoked => self.order(false),
            Event::PhotoReserved {
                photo_id,
                period_start,
            } => {
                self.reservations
                    .entry(period_start)
                    .or_default()
                    .insert(photo_id);
            }
            Event::PhotoReleased { photo_id } => {
                self.reservations.retain(|_, photos| {
                    photos.remove(&photo_id);
                    !photos.is_empty()
                });
            }
        }
    }
}
