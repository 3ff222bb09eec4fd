//! What a subscription remembers, and how it answers each command.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

use super::{Command, Event, Gate, Rejection, Snapshot, Status, gate, snapshot::Standing};
use crate::values::{PhotoId, PlanId};

/// All that the provider told about one user's subscriptions, and what the user took from them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    checkout: Option<Checkout>,
    /// The snapshot that counts, for each provider subscription.
    snapshots: BTreeMap<String, Snapshot>,
    /// What the user ordered since the provider last spoke about that subscription.
    ordered: Option<Order>,
    failed_invoices: BTreeSet<String>,
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
        let event = match command {
            Command::StartCheckout {
                session_id,
                customer_id,
                plan,
                at,
            } => {
                if self
                    .checkout
                    .as_ref()
                    .is_some_and(|known| known.session_id == session_id)
                {
                    return Ok(Vec::new());
                }
                if self.gate(at) == Gate::Open {
                    return Err(Rejection::AlreadySubscribed);
                }
                Event::CheckoutStarted {
                    session_id,
                    customer_id,
                    plan,
                }
            }

            Command::ApplyProviderSnapshot { snapshot } => return Ok(self.learn(snapshot)),

            Command::RecordPaymentFailure { invoice_id } => {
                if self.failed_invoices.contains(&invoice_id) {
                    return Ok(Vec::new());
                }
                Event::PaymentFailed { invoice_id }
            }

            Command::ScheduleCancellation { at: _ } => {
                let ends_at = self.running().ok_or(Rejection::NoSubscription)?.period_end;
                if self.cancels_at_period_end() {
                    return Ok(Vec::new());
                }
                Event::CancellationScheduled { ends_at }
            }
            Command::ResumeSubscription { at: _ } => {
                self.running().ok_or(Rejection::NoSubscription)?;
                if !self.cancels_at_period_end() {
                    return Ok(Vec::new());
                }
                Event::CancellationRevoked
            }

            Command::ReservePhoto { photo_id, at } => {
                if self
                    .reservations
                    .values()
                    .any(|photos| photos.contains(&photo_id))
                {
                    return Ok(Vec::new());
                }
                let period_start = self.room_for_one_more(at)?;
                Event::PhotoReserved {
                    photo_id,
                    period_start,
                }
            }
            Command::ReleasePhoto { photo_id } => {
                if !self
                    .taken()
                    .is_some_and(|photos| photos.contains(&photo_id))
                {
                    return Ok(Vec::new());
                }
                Event::PhotoReleased { photo_id }
            }
        };
        Ok(vec![event])
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

    /// Whether the running subscription ends with its period.
    pub fn cancels_at_period_end(&self) -> bool {
        self.running().is_some_and(|snapshot| match &self.ordered {
            Some(order) if order.provider_id == snapshot.provider_id => order.cancel_at_period_end,
            Some(_) | None => snapshot.cancel_at_period_end,
        })
    }

    fn running(&self) -> Option<&Snapshot> {
        self.current()
            .filter(|snapshot| match snapshot.status.standing() {
                Standing::Active | Standing::PastDue => true,
                Standing::Closed => false,
            })
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

/// What a snapshot that people see changes in their eyes.
fn news(before: Option<&Snapshot>, snapshot: Snapshot) -> Event {
    let same = before.filter(|before| before.provider_id == snapshot.provider_id);
    let before_standing = before.map_or(Standing::Closed, |before| before.status.standing());
    let new_period = before.is_none_or(|before| before.period_start != snapshot.period_start);
    let new_terms = before.is_none_or(|before| before.terms != snapshot.terms);

    match (before_standing, snapshot.status.standing()) {
        (Standing::PastDue, Standing::Active) if same.is_some() => {
            Event::PaymentRecovered { snapshot }
        }
        (Standing::Closed, Standing::Active)
            if same.is_some_and(|before| before.status == Status::Unpaid) =>
        {
            Event::PaymentRecovered { snapshot }
        }
        (Standing::Closed | Standing::PastDue, Standing::Active) => {
            Event::SubscriptionActivated { snapshot }
        }
        (Standing::Active, Standing::Active) if new_terms => Event::PlanChanged { snapshot },
        (Standing::Active, Standing::Active) if new_period => {
            Event::SubscriptionRenewed { snapshot }
        }
        (Standing::Active, Standing::Active) => Event::SnapshotRecorded { snapshot },

        (Standing::Closed | Standing::Active, Standing::PastDue) => {
            Event::RenewalFailed { snapshot }
        }
        (Standing::PastDue, Standing::PastDue) if same.is_none() || new_period => {
            Event::RenewalFailed { snapshot }
        }
        (Standing::PastDue, Standing::PastDue) if new_terms => Event::PlanChanged { snapshot },
        (Standing::PastDue, Standing::PastDue) => Event::SnapshotRecorded { snapshot },

        (Standing::Active | Standing::PastDue, Standing::Closed) => Event::SubscriptionEnded {
            reason: snapshot.status,
            snapshot,
        },
        // It was closed before, but perhaps not for ever, or not for this reason.
        (Standing::Closed, Standing::Closed)
            if snapshot.status != Status::Incomplete
                && same.is_none_or(|before| before.status != snapshot.status) =>
        {
            Event::SubscriptionEnded {
                reason: snapshot.status,
                snapshot,
            }
        }
        (Standing::Closed, Standing::Closed) => Event::SnapshotRecorded { snapshot },
    }
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
            Event::PaymentFailed { invoice_id } => {
                self.failed_invoices.insert(invoice_id);
            }
            Event::GraceStarted { until: _ } => {}
            Event::CancellationScheduled { ends_at: _ } => self.order(true),
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
