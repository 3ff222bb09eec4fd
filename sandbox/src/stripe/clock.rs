//! The movable clock: renewals, failures, recoveries, ends of trials, and what falls due by itself.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::checkout::{self, SessionStatus};
use super::customers::Card;
use super::invoices::{self, InvoiceStatus, Reason};
use super::state::State;
use super::subscriptions::{self, Status, Subscription};
use crate::world::World;

/// After this many failed attempts the subscription is canceled.
const MOST_ATTEMPTS: u32 = 4;

/// A failed payment is tried again after three days.
const RETRY_AFTER_S: i64 = 3 * 86_400;

/// The end of a trial is announced three days ahead.
const TRIAL_NOTICE_S: i64 = 3 * 86_400;

/// Whoever does not complete their first payment within 23 hours has lost it.
const FIRST_PAYMENT_S: i64 = 23 * 3_600;

/// How the payment goes that a clock's step leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payment {
    Paid,
    Failed,
    /// There is no card: a trial that ends so is paused.
    NoCard,
}

impl Payment {
    /// As the card of the subscription's customer has it.
    pub(super) fn by_card(state: &State, subscription: &str) -> Self {
        let customer = state
            .subscription(subscription)
            .and_then(|one| state.customer(&one.customer));
        match customer.map(|customer| customer.card) {
            Some(Card::Declined) => Self::Failed,
            Some(Card::Missing) => Self::NoCard,
            Some(Card::Good) | None => Self::Paid,
        }
    }
}

/// What becomes of a subscription whose renewal could not be paid after the last retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AfterLastRetry {
    #[default]
    Cancel,
    LeaveUnpaid,
}

/// Lets everything fall due that is due, once a second.
pub(crate) async fn follow_the_clock(world: Arc<World>) {
    loop {
        let due = world.read(|state| is_anything_due(&state.stripe));
        if due {
            world.change(|state| catch_up(&mut state.stripe, &world.url));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn is_anything_due(state: &State) -> bool {
    let now = state.now();
    let expired = |session: &checkout::Session| {
        session.status == SessionStatus::Open && session.expires_at <= now
    };
    state.sessions.iter().any(expired)
        || state
            .subscriptions
            .iter()
            .any(|one| step_due(state, one, now).is_some())
}

/// What a subscription's time has come for.
enum Step {
    AnnounceTrialEnd,
    EndTrial,
    End,
    Renew,
    RetryPayment,
    Lapse,
}

fn step_due(state: &State, subscription: &Subscription, now: i64) -> Option<Step> {
    let period_over = subscription.period_end <= now;
    match subscription.status {
        Status::Canceled | Status::IncompleteExpired | Status::Paused | Status::Unpaid => None,
        Status::Incomplete => {
            let over = subscription.created + FIRST_PAYMENT_S <= now;
            over.then_some(Step::Lapse)
        }
        _ if period_over && subscription.cancel_at_period_end => Some(Step::End),
        Status::Trialing if period_over => Some(Step::EndTrial),
        Status::Trialing => {
            let soon = subscription.period_end - TRIAL_NOTICE_S <= now;
            (soon && !subscription.trial_end_announced).then_some(Step::AnnounceTrialEnd)
        }
        Status::Active => period_over.then_some(Step::Renew),
        Status::PastDue => {
            let invoice = state.invoice(subscription.latest_invoice.as_deref()?)?;
            invoice
                .next_attempt
                .filter(|at| *at <= now)
                .map(|_| Step::RetryPayment)
        }
    }
}

/// Does all that is due by now; a subscription takes at most forty steps, for clocks that jumped years.
pub(super) fn catch_up(state: &mut State, url: &str) {
    let now = state.now();
    let open = state
        .sessions
        .iter()
        .filter(|one| one.status == SessionStatus::Open);
    let expired: Vec<String> = open
        .filter(|one| one.expires_at <= now)
        .map(|one| one.id.clone())
        .collect();
    for id in expired {
        checkout::expire_session(state, &id, url, now);
    }
    let ids: Vec<String> = state
        .subscriptions
        .iter()
        .map(|one| one.id.clone())
        .collect();
    for id in ids {
        for _ in 0..40 {
            let due = state
                .subscription(&id)
                .and_then(|one| step_due(state, one, now));
            match due {
                None => break,
                Some(Step::AnnounceTrialEnd) => announce_trial_end(state, &id, now),
                Some(Step::EndTrial) => {
                    let payment = Payment::by_card(state, &id);
                    end_trial(state, &id, payment, now);
                }
                Some(Step::End) => end(state, &id, now),
                Some(Step::Lapse) => lapse(state, &id, now),
                Some(Step::Renew) => match Payment::by_card(state, &id) {
                    Payment::Paid => renew(state, &id, now),
                    Payment::Failed | Payment::NoCard => fail(state, &id, now),
                },
                Some(Step::RetryPayment) => match Payment::by_card(state, &id) {
                    Payment::Paid => {
                        recover(state, &id, now);
                    }
                    Payment::Failed | Payment::NoCard => fail(state, &id, now),
                },
            }
        }
    }
}

fn announce_trial_end(state: &mut State, id: &str, now: i64) {
    if let Some(subscription) = state.subscription_mut(id) {
        subscription.trial_end_announced = true;
    }
    subscriptions::announce(state, id, "customer.subscription.trial_will_end", None, now);
}

/// Begins the next period and pays for it.
pub(super) fn renew(state: &mut State, id: &str, now: i64) {
    begin_next_period(state, id, Status::Active, now);
    let invoice = invoices::draw_up(state, id, Reason::Cycle, now);
    invoices::announce_new(state, &invoice, now);
    invoices::settle(state, &invoice, now);
}

/// Begins the next period without getting paid, or fails once more; the last failure cancels.
pub(super) fn fail(state: &mut State, id: &str, now: i64) {
    let open = open_invoice(state, id);
    let invoice = match open {
        Some(invoice) => invoice,
        None => {
            begin_next_period(state, id, Status::PastDue, now);
            let invoice = invoices::draw_up(state, id, Reason::Cycle, now);
            invoices::announce_new(state, &invoice, now);
            invoice
        }
    };
    let attempts = state.invoice(&invoice).map_or(0, |one| one.attempts) + 1;
    let is_last = attempts >= MOST_ATTEMPTS;
    // A step that was taken by hand may have begun the period before its time.
    let failed_at = state
        .subscription(id)
        .map_or(now, |one| one.period_start.max(now));
    let next = (!is_last).then_some(failed_at + RETRY_AFTER_S);
    invoices::fail(state, &invoice, next, now);
    match (is_last, state.switches.after_last_retry) {
        (false, _) => {}
        (true, AfterLastRetry::Cancel) => end(state, id, now),
        (true, AfterLastRetry::LeaveUnpaid) => {
            subscriptions::change(state, id, now, |one| one.status = Status::Unpaid);
        }
    }
}

/// The first payment was never completed.
pub(super) fn lapse(state: &mut State, id: &str, now: i64) {
    void_open_invoice(state, id);
    subscriptions::change(state, id, now, |one| {
        one.status = Status::IncompleteExpired;
        one.ended_at = Some(now);
    });
}

/// Lets a paused subscription go on, with a new period that is paid now.
pub(super) fn resume(state: &mut State, id: &str, now: i64) {
    if let Some(subscription) = state.subscription_mut(id) {
        subscription.period_end = now;
    }
    renew(state, id, now);
    subscriptions::announce(state, id, "customer.subscription.resumed", None, now);
}

fn void_open_invoice(state: &mut State, subscription: &str) {
    if let Some(invoice) = open_invoice(state, subscription)
        && let Some(invoice) = state.invoice_mut(&invoice)
    {
        invoice.status = InvoiceStatus::Void;
        invoice.next_attempt = None;
    }
}

/// Pays the invoice that is open; false when there is none.
pub(super) fn recover(state: &mut State, id: &str, now: i64) -> bool {
    let Some(invoice) = open_invoice(state, id) else {
        return false;
    };
    invoices::settle(state, &invoice, now);
    subscriptions::change(state, id, now, |subscription| {
        subscription.status = Status::Active
    });
    true
}

/// Ends a trial at once.
pub(super) fn end_trial(state: &mut State, id: &str, payment: Payment, now: i64) {
    if let Some(subscription) = state.subscription_mut(id) {
        subscription.trial_end = Some(subscription.trial_end.map_or(now, |end| end.min(now)));
        subscription.period_end = subscription.period_end.min(now);
    }
    match payment {
        Payment::Paid => renew(state, id, now),
        Payment::Failed => fail(state, id, now),
        Payment::NoCard => {
            if let Some(subscription) = state.subscription_mut(id) {
                subscription.status = Status::Paused;
            }
            subscriptions::announce(state, id, "customer.subscription.paused", None, now);
        }
    }
}

/// Ends a subscription for good.
pub(super) fn end(state: &mut State, id: &str, now: i64) {
    if let Some(subscription) = state.subscription_mut(id) {
        subscription.status = Status::Canceled;
        subscription.canceled_at.get_or_insert(now);
        subscription.ended_at = Some(now);
    }
    void_open_invoice(state, id);
    subscriptions::announce(state, id, "customer.subscription.deleted", None, now);
}

fn begin_next_period(state: &mut State, id: &str, status: Status, now: i64) {
    let price = state
        .subscription(id)
        .and_then(|one| state.price(&one.price));
    let interval = price.map(|price| price.interval).unwrap_or_default();
    subscriptions::change(state, id, now, |subscription| {
        subscription.status = status;
        subscription.period_start = subscription.period_end;
        subscription.period_end = interval.after(subscription.period_start);
    });
}

fn open_invoice(state: &State, subscription: &str) -> Option<String> {
    let id = state.subscription(subscription)?.latest_invoice.clone()?;
    let invoice = state.invoice(&id)?;
    (invoice.status == InvoiceStatus::Open).then_some(id)
}
