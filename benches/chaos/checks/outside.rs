//! The sandbox's ledgers: what was bought, and what people pay.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::log::Log;
use crate::run::Run;

/// How many orders a picture may take, by the worker's own rule.
const MOST_ATTEMPTS: usize = 5;

/// Every order of a picture that nobody needed is listed; none is made again and again.
pub async fn look_at_orders(run: &mut Run, log: &Log) -> anyhow::Result<()> {
    let orders = run.sandbox.orders().await?;
    let known: HashSet<&str> = log
        .of_type("PredictionAccepted")
        .filter_map(|event| event.payload["provider_id"].as_str())
        .collect();
    let bought: Vec<&Value> = orders
        .iter()
        .filter(|order| order["id"].is_string())
        .collect();
    let unknown: Vec<String> = bought
        .iter()
        .filter(|order| !known.contains(order["id"].as_str().unwrap_or_default()))
        .map(|order| {
            format!(
                "{} at {} ({})",
                order["id"], order["at"], order["behaviour"]
            )
        })
        .collect();
    let mut attempts: BTreeMap<&str, usize> = BTreeMap::new();
    for event in log.of_type("GenerationStarted") {
        *attempts.entry(&event.aggregate_id).or_default() += 1;
    }
    let repeated = attempts.values().filter(|attempts| **attempts > 1).count();
    run.verdicts
        .count("orders at the image provider", orders.len() as u64);
    run.verdicts.count("pictures bought", bought.len() as u64);
    run.verdicts.count(
        "pictures bought in vain, unknown to the log",
        unknown.len() as u64,
    );
    for order in &unknown {
        run.verdicts.note(&format!("bought in vain: {order}"));
    }
    let storms = attempts
        .iter()
        .filter(|(_, attempts)| **attempts > MOST_ATTEMPTS);
    let storms: Vec<String> = storms
        .map(|(photo, attempts)| format!("photo {photo} had {attempts} attempts"))
        .collect();
    let seen = format!(
        "{} bought for {} requests, {repeated} of which took more than one attempt; {} in vain",
        bought.len(),
        attempts.len(),
        unknown.len()
    );
    run.verdicts.no_exception(
        "the image provider is not asked again and again",
        seen,
        &storms,
    );
    Ok(())
}

/// Each person has one subscription, here as there.
pub async fn look_at_payments(run: &mut Run) -> anyhow::Result<()> {
    let ledger = run.sandbox.ledger("stripe").await?;
    let payers = run.people.len() + run.others_who_paid;
    let mut exceptions = Vec::new();
    for (what, count) in [
        ("customers", "customers"),
        ("subscriptions", "subscriptions"),
    ] {
        let there = ledger["counts"][count].as_u64().unwrap_or_default();
        if there != payers as u64 {
            exceptions.push(format!("{payers} people have {there} {what}"));
        }
    }
    for person in &run.people {
        let shown = person.until("/billing/subscription", |_| true).await?;
        if shown["open"] != true || shown["status"] != "active" {
            exceptions.push(format!("{} has {shown}", person.user));
        }
    }
    let parked: Vec<(String, Option<String>)> =
        sqlx::query_as("SELECT kind, error FROM webhook_inbox WHERE state <> 'done'")
            .fetch_all(&run.system.pool)
            .await?;
    exceptions.extend(
        parked
            .iter()
            .map(|(kind, error)| format!("{kind} is not done: {error:?}")),
    );
    let notices: i64 = sqlx::query_scalar("SELECT count(*) FROM webhook_inbox")
        .fetch_one(&run.system.pool)
        .await?;
    let seen = format!("{payers} people, {notices} notices");
    run.verdicts.no_exception(
        "who pays has one subscription, here as at the payment provider",
        seen,
        &exceptions,
    );
    Ok(())
}
