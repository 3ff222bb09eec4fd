//! Every way that a subscription can go, told by messages in any order, twice, late or lost, while the payment provider
//! cannot always be asked; and messages that are not the provider's.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::Utc;
use futures::future::try_join_all;
use infrastructure::settings::GeneratedSecrets;
use rand::{RngExt as _, seq::IndexedRandom as _};
use reqwest::{Client, Method};
use sandbox::stripe_signature_header;
use serde_json::{Value, json};

use crate::{ledgers::Sandbox, person::Person, run::Run};

/// How old a message may be, in seconds; and as far ahead of us may its clock be.
const TOLERANCE_S: i64 = 300;
/// How long it may take until the last message of the provider, which sends again what was not taken, has arrived.
const DELIVERED_WITHIN: Duration = Duration::from_secs(120);

/// What becomes of a subscription, and how it stands in the end.
#[derive(Debug, Clone, Copy)]
struct Life {
    name: &'static str,
    checkout: &'static str,
    steps: &'static [&'static str],
    status: &'static str,
    open: bool,
}

const fn life(
    name: &'static str,
    checkout: &'static str,
    steps: &'static [&'static str],
    status: &'static str,
    open: bool,
) -> Life {
    Life {
        name,
        checkout,
        steps,
        status,
        open,
    }
}

const LIVES: [Life; 12] = [
    life("paid", "paid", &[], "active", true),
    life("renewed", "paid", &["renew"], "active", true),
    life("renewal failed", "paid", &["fail"], "past_due", true),
    life("recovered", "paid", &["fail", "recover"], "active", true),
    life(
        "recovered, and renewed",
        "paid",
        &["fail", "recover", "renew"],
        "active",
        true,
    ),
    life(
        "given up",
        "paid",
        &["fail", "fail", "fail", "fail"],
        "canceled",
        false,
    ),
    life("incomplete", "incomplete", &[], "incomplete", false),
    life(
        "lapsed",
        "incomplete",
        &["lapse"],
        "incomplete_expired",
        false,
    ),
    life(
        "transfer arrived",
        "incomplete",
        &["succeed_async"],
        "active",
        true,
    ),
    life("canceled", "paid", &["renew", "cancel"], "canceled", false),
    life("refunded", "paid", &["refund"], "active", true),
    life("disputed", "paid", &["renew", "dispute"], "active", true),
];

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let (mut differing, mut accepted, mut forged) = (Vec::new(), Vec::new(), 0);
    for round in 0..run.scale.payment_rounds {
        let shape = *["old", "new"].choose(&mut run.dice).unwrap_or(&"new");
        let disorder = json!({
            "shuffle": true,
            "duplicate": run.dice.random::<bool>(),
            "delay_ms": run.dice.random_range(0..1_500),
            "drop_first": run.dice.random_range(0..6),
            "shape": shape,
        });
        run.sandbox.switch("stripe/webhooks", &disorder).await?;
        let lives = LIVES.iter().enumerate().map(|(number, life)| {
            let email = format!("payer-{round}-{number}@example.com");
            let (apis, journal, sandbox) =
                (run.system.api_urls(), run.journal.clone(), &run.sandbox);
            async move {
                let person = Person::sign_in(apis, &email, journal).await?;
                let subscription = live(&person, sandbox, life).await;
                let subscription = subscription.with_context(|| life.name.to_owned())?;
                anyhow::Ok((person, life, subscription))
            }
        });
        let lived = try_join_all(lives).await?;
        run.others_who_paid += lived.len();
        // The next questions about what became of them are not answered.
        let outage = json!({"status": 503, "times": run.dice.random_range(0..12)});
        run.sandbox.switch("stripe/fail_next", &outage).await?;
        let victim = &lived[0].2;
        let (sent, taken) = forge(run, victim).await?;
        forged += sent;
        accepted.extend(taken);
        let in_order =
            json!({"shuffle": false, "duplicate": false, "delay_ms": 0, "drop_first": 0});
        run.sandbox.switch("stripe/webhooks", &in_order).await?;
        for (person, life, _) in &lived {
            let ends_so = |shown: &Value| is_so(shown, life);
            person.until("/billing/subscription", ends_so).await?;
        }
        // What comes late changes nothing of it.
        until_delivered(run).await?;
        drop(run.rest().await);
        for (person, life, _) in &lived {
            let shown = person.until("/billing/subscription", |_| true).await?;
            if !is_so(&shown, life) {
                differing.push(format!("{} ends as {shown}", life.name));
            }
        }
    }
    let ledger = run.sandbox.ledger("stripe").await?;
    let attempts = ledger["deliveries"].as_array().into_iter().flatten();
    let attempts = attempts.map(|delivery| delivery["attempts"].as_array().map_or(0, Vec::len));
    run.verdicts.count(
        "messages that the payment provider sent, with those again",
        attempts.sum::<usize>() as u64,
    );
    let lives = u64::from(run.scale.payment_rounds) * LIVES.len() as u64;
    run.verdicts.count("subscriptions through a life", lives);
    run.verdicts.count("messages that somebody forged", forged);
    run.verdicts.no_exception(
        "a subscription stands here as at the payment provider, in whatever order its messages come",
        format!("{lives} of {} kinds", LIVES.len()),
        &differing,
    );
    run.verdicts.no_exception(
        "what the payment provider did not sign, or long ago, is not taken",
        format!("{forged} messages"),
        &accepted,
    );
    Ok(())
}

fn is_so(shown: &Value, life: &Life) -> bool {
    shown["status"] == life.status && shown["open"] == life.open
}

/// Goes through it at the payment provider; the subscription's id.
async fn live(person: &Person, sandbox: &Sandbox, life: &Life) -> anyhow::Result<String> {
    let checkout = json!({"plan": "monthly"});
    let checkout = person
        .order(Method::POST, "/billing/checkout", &checkout)
        .await?;
    let session = checkout["session_id"].as_str().context("no session")?;
    let path = format!("stripe/sessions/{session}/complete");
    let outcome = json!({"outcome": life.checkout});
    let session = sandbox.control(&path, &outcome).await?;
    let subscription = session["subscription"]
        .as_str()
        .context("no subscription")?;
    for step in life.steps {
        let path = format!("stripe/subscriptions/{subscription}/{step}");
        sandbox.switch(&path, &json!({})).await?;
    }
    Ok(subscription.to_owned())
}

async fn until_delivered(run: &Run) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let pending = run.sandbox.ledger("stripe").await?["deliveries_pending"].take();
        if pending == 0 {
            return Ok(());
        }
        anyhow::ensure!(
            begun.elapsed() < DELIVERED_WITHIN,
            "{pending} messages are still not delivered"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Says that somebody's subscription is over, in every way that must not be believed; how many times, and what was taken.
async fn forge(run: &mut Run, subscription: &str) -> anyhow::Result<(u64, Vec<String>)> {
    let secret = GeneratedSecrets::open(run.system.data_dir())?.sandbox_stripe_webhook_secret;
    let client = Client::builder().no_proxy().build()?;
    let now = Utc::now().timestamp();
    let number: u64 = run.dice.random();
    let body = |id: u64| {
        json!({
            "id": format!("evt_forged_{number}_{id}"), "object": "event", "type": "customer.subscription.deleted",
            "created": now, "livemode": false,
            "data": {"object": {"id": subscription, "object": "subscription", "status": "canceled"}},
        })
        .to_string()
    };
    let right = |at: i64, id: u64| Some(stripe_signature_header(&secret, at, &body(id)));
    let of_others = |secret: &str, id: u64| Some(stripe_signature_header(secret, now, &body(id)));
    let cut = |header: Option<String>| {
        header.map(|mut header| header.drain(..header.len() - 1).collect())
    };
    let stale = now - TOLERANCE_S - run.dice.random_range(5..100_000);
    let ahead = now + TOLERANCE_S + run.dice.random_range(5..100_000);
    let signatures = [
        ("nothing", None),
        ("an empty signature", Some(String::new())),
        ("another secret", of_others("whsec_of_somebody_else", 2)),
        ("no secret", of_others("", 3)),
        ("the signature of another message", right(now, 999)),
        ("a message of long ago", right(stale, 5)),
        ("a message of the future", right(ahead, 6)),
        ("half of a signature", cut(right(now, 7))),
        (
            "a scheme that is none",
            right(now, 8).map(|header| header.replace("v1=", "v0=")),
        ),
        (
            "another time than the signed one",
            right(stale, 9).map(|header| header.replace(&stale.to_string(), &now.to_string())),
        ),
    ];
    let (sent, mut accepted) = (signatures.len() as u64, Vec::new());
    for (id, (what, signature)) in signatures.into_iter().enumerate() {
        let url = format!("{}/billing/webhook", run.system.api_urls()[id % 2]);
        let mut request = client
            .post(url)
            .header("content-type", "application/json")
            .body(body(id as u64));
        if let Some(signature) = signature {
            request = request.header("stripe-signature", signature);
        }
        let status = request.send().await?.status();
        if status != 400 {
            accepted.push(format!("{what}: {status}"));
        }
    }
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM webhook_inbox WHERE event_id LIKE 'evt_forged_%'")
            .fetch_one(&run.system.pool)
            .await?;
    if kept > 0 {
        accepted.push(format!("{kept} are in the inbox"));
    }
    Ok((sent, accepted))
}
