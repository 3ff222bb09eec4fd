//! The dashboard and the alerts: they name what a running system tells.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::TcpListener,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    person::Person,
    running::{RunningAva, ava, data_dir},
};

fn file(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Every name of ours in a text.
fn names(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c: char| !is_name(c));
    let ours = words.filter(|word| word.starts_with("ava_"));
    ours.map(str::to_owned).collect()
}

/// What a scrape told: the kinds of its families, and the labels of its series with their values.
struct Scrape {
    families: BTreeMap<String, String>,
    labels: BTreeMap<String, BTreeSet<String>>,
}

impl Scrape {
    fn of(text: &str) -> Self {
        let mut scrape = Self {
            families: BTreeMap::new(),
            labels: BTreeMap::new(),
        };
        for line in text.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                let (name, kind) = family.split_once(' ').unwrap();
                let before = scrape.families.insert(name.to_owned(), kind.to_owned());
                assert_eq!(before, None, "{name} is told twice");
            } else if let Some((name, rest)) = line.split_once('{') {
                let labels = rest.split_once('}').unwrap().0;
                let known = scrape.labels.entry(name.to_owned()).or_default();
                for label in labels.split("\",") {
                    known.insert(label.trim_end_matches('"').to_owned() + "\"");
                }
            }
        }
        scrape
    }

    /// Whether a series of that name can come of a family.
    fn tells(&self, name: &str) -> bool {
        let of_histogram = ["_bucket", "_sum", "_count"].iter().any(|ending| {
            let family = name.strip_suffix(ending);
            family.is_some_and(|family| {
                self.families
                    .get(family)
                    .is_some_and(|kind| kind == "histogram")
            })
        });
        let itself = self.families.get(name);
        of_histogram || itself.is_some_and(|kind| kind != "histogram")
    }
}

/// A system in which something has happened, and what it tells.
async fn scrape() -> (TempDir, RunningAva, Scrape) {
    let directory = data_dir();
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut up = ava(directory.path(), &["up", "--json"]);
    up.env("METRICS_ADDR", address.to_string());
    let running = RunningAva::start_from(up, directory.path());
    let mara = Person::sign_in(&running, "mara@example.com").await;
    let avatar = serde_json::json!({
        "name": "Ava", "age": 27, "gender": "woman", "nationality": "French", "appearance": "auburn hair",
        "personality": "caring",
    });
    mara.post(&format!("{}/avatars", mara.api), &avatar).await;
    mara.post(
        &format!("{}/avatars/me/reference-image", mara.api),
        &Value::Null,
    )
    .await;
    let url = format!("http://{address}/metrics");
    let told = || async {
        mara.client
            .get(&url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    // Until the picture was drawn and what follows from it is done.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let text = told().await;
        let done = [
            "call=\"fetch\"",
            "reaction=\"record_reference_results\"",
            "ava_checkpoint_size ",
        ]
        .iter()
        .all(|sign| text.contains(sign));
        if done {
            return (directory, running, Scrape::of(&text));
        }
        assert!(
            std::time::Instant::now() < deadline,
            "not so after a minute:\n{text}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dashboard_and_alerts_name_what_a_running_system_tells() {
    let (_directory, running, scrape) = scrape().await;
    for path in ["deploy/grafana/ava.json", "deploy/prometheus/alerts.yml"] {
        let named = names(&file(path));
        assert!(named.len() >= 15, "{path} names {named:?}");
        for name in named {
            assert!(
                scrape.tells(&name),
                "{path} names {name}, which is not told"
            );
        }
    }
    // And nothing is told that nobody looks at.
    let dashboard = names(&file("deploy/grafana/ava.json"));
    for (family, kind) in &scrape.families {
        let shown = |ending: &str| dashboard.contains(&format!("{family}{ending}"));
        let is_shown = match kind.as_str() {
            "histogram" => shown("_bucket") || shown("_count"),
            _ => shown(""),
        };
        let is_detail = family == "ava_projection_check_rows";
        assert!(is_shown || is_detail, "{family} is on no panel");
    }
    // Labels that are compared with a word exist, with words of that kind.
    for (series, label) in [
        ("ava_queue_depth", "queue=\"photos_due\""),
        ("ava_queue_depth", "queue=\"messages\""),
        ("ava_queue_depth", "queue=\"payment_notices_parked\""),
        ("ava_append_seconds_count", "outcome=\"done\""),
        ("ava_command_seconds_count", "outcome=\"done\""),
        ("ava_command_seconds_count", "command=\"CreateAvatar\""),
        ("ava_reaction_seconds_count", "outcome=\"done\""),
        ("ava_provider_call_seconds_count", "call=\"order\""),
        ("ava_provider_call_seconds_count", "outcome=\"accepted\""),
        ("ava_http_request_seconds_count", "route=\"/avatars\""),
        ("ava_http_request_seconds_count", "status=\"201\""),
    ] {
        let known = &scrape.labels[series];
        assert!(known.contains(label), "{series} has no {label}: {known:?}");
    }
    running.terminate();
}

#[test]
fn every_alert_says_what_is_wrong_and_what_to_do() {
    let text = file("deploy/prometheus/alerts.yml");
    let alerts: Vec<&str> = text.split("      - alert: ").skip(1).collect();
    assert!(alerts.len() >= 15);
    let mut known = BTreeSet::new();
    for alert in alerts {
        let name = alert.lines().next().unwrap();
        assert!(known.insert(name), "{name} comes twice");
        for part in ["expr: ", "severity: ", "summary: ", "runbook: "] {
            assert!(alert.contains(part), "{name} has no {part}");
        }
    }
}

#[test]
fn every_panel_of_the_dashboard_has_a_place_and_a_question() {
    let dashboard: Value = serde_json::from_str(&file("deploy/grafana/ava.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(
                    x < 24 && taken.insert((x, y)),
                    "{title} lies on another panel"
                );
            }
        }
        if panel["type"] != "row" {
            let targets = panel["targets"].as_array().unwrap();
            let asks = |target: &Value| {
                target["expr"]
                    .as_str()
                    .is_some_and(|expr| expr.contains("ava_"))
            };
            assert!(!targets.is_empty() && targets.iter().all(asks), "{title}");
        }
    }
}
