//! Plans from a file, the payment provider's messages on the command line, and drift that is found and mended.

use std::{fs, process::Command, time::Duration};

use serde_json::{Value, json};

use crate::{
    person::Person,
    running::{Ended, RunningAva, ava, data_dir, until},
};

/// The payment provider's page for that plan.
async fn page(person: &Person, plan: &str) -> String {
    let url = format!("{}/billing/checkout", person.api);
    let checkout = person.post(&url, &json!({ "plan": plan })).await;
    checkout["checkout_url"].as_str().unwrap().to_owned()
}

async fn until_status(person: &Person, running: &RunningAva, status: &str) {
    let waiting = person.wait_for("/billing/subscription", status);
    let became = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert!(
        became.is_ok(),
        "it never became {status}\n{}",
        running.log()
    );
}

fn command(running: &RunningAva, arguments: &[&str]) -> Command {
    let mut command = ava(&running.data_dir, arguments);
    let sandbox = running.sandbox.trim_start_matches("http://");
    command.env("SANDBOX_ADDR", sandbox);
    command
}

fn answered(running: &RunningAva, arguments: &[&str]) -> Value {
    let ended = Ended::of(command(running, arguments));
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|_| panic!("{arguments:?}: {}{}", ended.stdout, ended.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_plan_appears_through_the_file_alone() {
    let directory = data_dir();
    let file = directory.path().join("plans.json");
    let plans = json!([
        {"id": "monthly", "name": "Monthly", "price_id": "price_m", "amount": 1_200, "currency": "eur",
         "interval": "month", "photos_per_period": 40},
        {"id": "gold", "name": "Ava Gold", "price_id": "price_g", "amount": 9_900, "currency": "eur",
         "interval": "year", "photos_per_period": 900, "trial_days": 14, "grace_days": 10},
    ]);
    fs::write(&file, plans.to_string()).unwrap();
    let mut up = ava(directory.path(), &["up", "--json"]);
    up.env("PLANS_FILE", &file);
    let running = RunningAva::start_from(up, directory.path());
    let mara = Person::sign_in(&running, "mara@example.com").await;
    let offered = mara.get("/billing/plans").await;
    assert_eq!(offered["items"][1]["id"], "gold");
    assert_eq!(
        offered["items"][1]["price"],
        json!({"amount": 9_900, "currency": "eur", "interval": "year"})
    );
    let page = page(&mara, "gold").await;
    let page = mara.client.get(page).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(
        page.contains("Ava Gold") && page.contains("99.00"),
        "{page}"
    );
    running.terminate();

    fs::write(&file, plans.to_string().replace("1200", "\"much\"")).unwrap();
    let mut up = ava(directory.path(), &["up"]);
    up.env("PLANS_FILE", &file);
    Ended::of(up).refuses(2, &["PLANS_FILE", "line 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_listed_and_handed_out_again_and_drift_is_found_and_mended() {
    let directory = data_dir();
    let running = RunningAva::start(directory.path());
    let mara = Person::sign_in(&running, "mara@example.com").await;
    let page = page(&mara, "monthly").await;
    let form = mara.client.post(page).body("outcome=paid");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    // The way back leads to a web client that is not there.
    let _ = form.send().await;
    until_status(&mara, &running, "active").await;

    let settled = || {
        let listed = answered(&running, &["webhooks", "list", "--json"]);
        let items = listed["items"].as_array().unwrap().clone();
        let all_done = items.iter().all(|item| item["state"] == "done");
        (all_done && items.len() > 4).then_some(items)
    };
    let mut items = None;
    until("all messages are done", || {
        items = settled();
        items.is_some()
    });
    let items = items.unwrap();
    let completed = items
        .iter()
        .find(|item| item["type"] == "checkout.session.completed")
        .unwrap();
    let id = completed["id"].as_str().unwrap();
    let again = answered(&running, &["webhooks", "replay", id, "--json"]);
    assert_eq!(again, json!({"replayed": 1}));
    until("it was done again", || {
        settled().is_some_and(|items| {
            let item = items.iter().find(|item| item["id"] == id).unwrap();
            item["replays"] == 1
        })
    });
    let none = answered(&running, &["webhooks", "replay", "--parked", "--json"]);
    assert_eq!(none, json!({"replayed": 0}));
    let unknown = command(&running, &["webhooks", "replay", "evt_none"]);
    Ended::of(unknown).refuses(3, &["evt_none", "ava webhooks list"]);
    let parked = Ended::of(command(
        &running,
        &["webhooks", "list", "--state", "parked"],
    ));
    assert_eq!(parked.stdout, "No such message has come.\n");

    // Nobody hears of the end.
    let control = format!("{}/control/stripe", running.sandbox);
    let nowhere = json!({"url": "http://127.0.0.1:9/"});
    mara.post(&format!("{control}/webhooks"), &nowhere).await;
    let known = answered(&running, &["billing", "reconcile", "--json"]);
    assert_eq!(known, json!({"checked": 1, "findings": []}));
    let url = format!("{}/v1/subscriptions", running.sandbox);
    let list = mara
        .client
        .get(url)
        .bearer_auth("sk_test")
        .send()
        .await
        .unwrap();
    let list: Value = list.json().await.unwrap();
    let subscription = list["data"][0]["id"].as_str().unwrap();
    let cancel = format!("{control}/subscriptions/{subscription}/cancel");
    mara.post(&cancel, &json!({})).await;
    let reported = Ended::of(command(
        &running,
        &["billing", "reconcile", "--report-only"],
    ));
    assert_eq!(reported.code, Some(1), "{}", reported.stderr);
    assert!(
        reported
            .stdout
            .contains("status: active here, canceled there"),
        "{}",
        reported.stdout
    );
    let mended = answered(&running, &["billing", "reconcile", "--json"]);
    assert_eq!(mended["findings"][0]["mended"], true, "{mended}");
    until_status(&mara, &running, "canceled").await;
    running.terminate();
}
