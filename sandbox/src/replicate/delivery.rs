//! Following each prediction and sending its webhooks, with a few retries.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use super::behaviour::Behaviour;
use super::ledger::WebhookAttempt;
use super::prediction::{Hook, Moment, Prediction, rfc3339};
use crate::signatures::standard_webhook_signature;
use crate::world::{World, now_ms};

/// Pauses before the second and later attempts of one webhook.
const RETRY_PAUSES_MS: [u64; 6] = [500, 1_000, 2_000, 4_000, 8_000, 16_000];

/// The order in which webhooks of one prediction are sent.
const ORDER: [Hook; 4] = [Hook::Start, Hook::Logs, Hook::Output, Hook::Completed];

/// Signs where `bad_signature` is asked for.
const WRONG_SECRET: &str = "whsec_dGhpcyBpcyBub3QgdGhlIHNlY3JldA==";

/// Gives each unfinished prediction a task of its own; also those that an earlier run left.
pub(crate) async fn deliver_webhooks(world: Arc<World>) {
    let mut changes = world.changes();
    let mut followed = HashSet::new();
    let mut tasks = JoinSet::new();
    loop {
        let waiting = world.read(|state| {
            let all = state.replicate.predictions.iter();
            let open =
                all.filter(|one| one.webhook.is_some() && !one.sent.contains(&Hook::Completed));
            open.map(|one| one.id.clone()).collect::<Vec<_>>()
        });
        for id in waiting {
            if followed.insert(id.clone()) {
                tasks.spawn(follow(Arc::clone(&world), id));
            }
        }
        while tasks.try_join_next().is_some() {}
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Sends one prediction's webhooks as they fall due.
async fn follow(world: Arc<World>, id: String) {
    let mut changes = world.changes();
    while let Some(prediction) = world.read(|state| state.replicate.prediction(&id).cloned()) {
        let now = now_ms();
        let moment = prediction.at(now);
        for hook in ORDER {
            if !prediction.sent.contains(&hook) && is_due(hook, &moment) {
                send(&world, &prediction, hook, &moment).await;
            }
        }
        if moment.is_over() {
            return;
        }
        let pause = prediction
            .next_change_after(now)
            .map_or(1_000, |at| (at - now).max(1));
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(pause.unsigned_abs())) => {}
            _ = changes.changed() => {}
        }
    }
}

fn is_due(hook: Hook, moment: &Moment) -> bool {
    match hook {
        Hook::Start => moment.started_at.is_some() || moment.is_over(),
        Hook::Logs | Hook::Output | Hook::Completed => moment.is_over(),
    }
}

fn is_wanted(hook: Hook, prediction: &Prediction, moment: &Moment) -> bool {
    let filter = &prediction.webhook_events_filter;
    let asked_for = filter.is_empty() || filter.contains(&hook);
    let happened = match hook {
        Hook::Start | Hook::Logs => moment.started_at.is_some(),
        Hook::Output => moment.status == "succeeded",
        Hook::Completed => true,
    };
    asked_for && happened && prediction.behaviour != Behaviour::WebhookNever
}

/// Sends one webhook until it is taken or the retries are used up, and remembers that.
async fn send(world: &World, prediction: &Prediction, hook: Hook, moment: &Moment) {
    if is_wanted(hook, prediction, moment) {
        if hook == Hook::Completed {
            announce(world, prediction);
        }
        let body = body(world, prediction, hook, moment);
        let mut taken = attempt(world, prediction, hook, &body).await;
        for pause in RETRY_PAUSES_MS {
            if taken {
                break;
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
            taken = attempt(world, prediction, hook, &body).await;
        }
        if hook == Hook::Completed && prediction.behaviour == Behaviour::WebhookTwice {
            attempt(world, prediction, hook, &body).await;
        }
    }
    world.change(|state| {
        if let Some(prediction) = state.replicate.prediction_mut(&prediction.id) {
            prediction.sent.push(hook);
        }
    });
}

fn announce(world: &World, prediction: &Prediction) {
    world.change(|state| {
        if let Some(prediction) = state.replicate.prediction_mut(&prediction.id) {
            prediction.announced = true;
        }
    });
}

fn body(world: &World, prediction: &Prediction, hook: Hook, moment: &Moment) -> String {
    let now = now_ms();
    let mut object = prediction.object(moment, now, &world.url);
    if hook != Hook::Completed {
        let running = Moment {
            status: "processing",
            started_at: moment.started_at,
            ended_at: None,
        };
        let output = object["output"].take();
        object = prediction.object(&running, now, &world.url);
        if hook == Hook::Output {
            object["output"] = output;
        }
    }
    object.to_string()
}

/// One delivery; true when the receiver answered with 2xx. Redirects are not followed.
async fn attempt(world: &World, prediction: &Prediction, hook: Hook, body: &str) -> bool {
    let Some(url) = &prediction.webhook else {
        return true;
    };
    let message_id = message_id(&prediction.id, hook);
    let mut timestamp = now_ms() / 1_000;
    let mut secret = world.config.replicate_webhook_secret.as_str();
    match prediction.behaviour {
        Behaviour::BadSignature => secret = WRONG_SECRET,
        Behaviour::StaleTimestamp => timestamp -= 3_600,
        _ => {}
    }
    let signature = standard_webhook_signature(secret, &message_id, timestamp, body);
    let answer = world
        .client
        .post(url)
        .header("content-type", "application/json")
        .header("webhook-id", &message_id)
        .header("webhook-timestamp", timestamp.to_string())
        .header("webhook-signature", signature)
        .body(body.to_owned())
        .send()
        .await;
    let status = answer.ok().map(|answer| answer.status());
    world.change(|state| {
        if let Some(entry) = state.replicate.ledger_entry(&prediction.id) {
            entry.webhooks.push(WebhookAttempt {
                at: rfc3339(now_ms()),
                event: hook.name().to_owned(),
                message_id,
                status: status.map(|status| status.as_u16()),
            });
        }
    });
    status.is_some_and(|status| status.is_success())
}

/// The same for each retry, also after a restart, so that receivers can tell duplicates.
fn message_id(prediction_id: &str, hook: Hook) -> String {
    let digest = Sha256::digest(format!("{prediction_id}.{}", hook.name()));
    format!("msg_{}", &hex::encode(digest)[..27])
}
