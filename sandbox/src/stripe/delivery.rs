//! Delivering events: signed, retried for three days, and as badly as the switches say.

use std::sync::Arc;
use std::time::Duration;

use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};

use super::state::State;
use crate::signatures::stripe_signature_header;
use crate::world::{World, now_ms};

/// Pauses grow from one second to this, in milliseconds.
const LONGEST_PAUSE_MS: i64 = 60_000;

/// Deliveries are given up after three days.
const GIVE_UP_AFTER_MS: i64 = 3 * 24 * 3_600 * 1_000;

/// One event on its way; times are in milliseconds of the real clock.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Delivery {
    event: String,
    #[serde(rename = "type")]
    kind: String,
    created_ms: i64,
    next_attempt_ms: i64,
    /// How often it must still be taken: twice for a duplicate.
    times: u32,
    attempts: Vec<Attempt>,
    gave_up: bool,
}

/// One try; without a status when the receiver could not be reached or the attempt was dropped on purpose.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Attempt {
    at_ms: i64,
    status: Option<u16>,
    dropped: bool,
}

impl Delivery {
    pub(super) fn new(event: &str, kind: &str, delay_ms: i64) -> Self {
        let now = now_ms();
        Self {
            event: event.to_owned(),
            kind: kind.to_owned(),
            created_ms: now,
            next_attempt_ms: now + delay_ms,
            times: 1,
            attempts: Vec::new(),
            gave_up: false,
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.times == 0 || self.gave_up
    }

    fn record(&mut self, status: Option<u16>, dropped: bool) {
        let now = now_ms();
        self.attempts.push(Attempt {
            at_ms: now,
            status,
            dropped,
        });
        if status.is_some_and(|status| (200..300).contains(&status)) {
            self.times -= 1;
            return;
        }
        let failures = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        let pause = 1_000_i64.saturating_mul(1 << failures.saturating_sub(1).min(10));
        self.next_attempt_ms = now + pause.min(LONGEST_PAUSE_MS);
        self.gave_up = now - self.created_ms > GIVE_UP_AFTER_MS;
    }
}

/// Delivers what is due, again and again; also what an earlier run left.
pub(crate) async fn deliver_webhooks(world: Arc<World>) {
    let mut changes = world.changes();
    loop {
        give_up_without_a_receiver(&world);
        let due = due(&world);
        if due.is_empty() {
            let pause = world.read(|state| until_next(&state.stripe));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = changes.changed() => {}
            }
        }
        for event in due {
            deliver(&world, &event).await;
        }
    }
}

/// As long as nobody is named to tell, events are only recorded.
fn give_up_without_a_receiver(world: &World) {
    let nobody = world.read(|state| {
        let mut all = state.stripe.deliveries.iter();
        target(world, &state.stripe).is_none() && all.any(|one| !one.is_settled())
    });
    if nobody {
        world.change(|state| {
            for delivery in &mut state.stripe.deliveries {
                delivery.gave_up |= delivery.times > 0;
            }
        });
    }
}

/// The events that are due, in order of their creation unless shuffled.
fn due(world: &World) -> Vec<String> {
    let now = now_ms();
    world.read(|state| {
        let open = state
            .stripe
            .deliveries
            .iter()
            .filter(|one| !one.is_settled());
        let due = open.filter(|one| one.next_attempt_ms <= now);
        let mut events: Vec<String> = due.map(|one| one.event.clone()).collect();
        if state.stripe.switches.shuffle {
            events.shuffle(&mut rand::rng());
        }
        events
    })
}

fn until_next(state: &State) -> Duration {
    let open = state.deliveries.iter().filter(|one| !one.is_settled());
    let next = open.map(|one| one.next_attempt_ms).min();
    let pause = next.map_or(60_000, |at| (at - now_ms()).clamp(20, 60_000));
    Duration::from_millis(pause.unsigned_abs())
}

/// Where events go and with which secret they are signed: the switches win over the configuration.
fn target(world: &World, state: &State) -> Option<(String, String)> {
    let url = state
        .switches
        .url
        .clone()
        .or_else(|| world.config.stripe_webhook_url.clone())?;
    let secret = state.switches.secret.clone();
    Some((
        url,
        secret.unwrap_or_else(|| world.config.stripe_webhook_secret.clone()),
    ))
}

async fn deliver(world: &World, event: &str) {
    let dropped = world.change(|state| state.stripe.switches.drops_one());
    let status = if dropped {
        None
    } else {
        send(world, event).await
    };
    world.change(|state| {
        let duplicate = state.stripe.switches.duplicate;
        let mut all = state.stripe.deliveries.iter_mut();
        if let Some(delivery) = all.find(|one| one.event == event) {
            let first = delivery
                .attempts
                .iter()
                .all(|attempt| attempt.status.is_none_or(|status| status >= 300));
            delivery.times +=
                u32::from(duplicate && first && status.is_some_and(|status| status < 300));
            delivery.record(status, dropped);
        }
    });
}

async fn send(world: &World, event: &str) -> Option<u16> {
    let (body, (url, secret)) = world.read(|state| {
        let found = state.stripe.events.iter().find(|one| one.id == event)?;
        Some((found.json.to_string(), target(world, &state.stripe)?))
    })?;
    // The real time, not the movable clock's: receivers refuse signatures of another day.
    let signature = stripe_signature_header(&secret, now_ms() / 1_000, &body);
    let answer = world
        .client
        .post(url)
        .header("content-type", "application/json; charset=utf-8")
        .header(
            "user-agent",
            "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        )
        .header("stripe-signature", signature)
        .body(body)
        .send()
        .await;
    answer.ok().map(|answer| answer.status().as_u16())
}
