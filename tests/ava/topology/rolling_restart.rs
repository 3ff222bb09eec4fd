//! Every process is restarted, one after another, while people use all of it: they notice nothing, and miss nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{StreamExt as _, future::join_all};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::json;
use tokio::{
    task::{JoinSet, block_in_place},
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::{
    Topology, avatar,
    processes::{Running, free_address},
};
use crate::person::Person;

/// How long a process may take to stop.
const STOPS_WITHIN: Duration = Duration::from_secs(10);
/// How long people may take to hear of the last change.
const HEARD_WITHIN: Duration = Duration::from_secs(30);

/// Where somebody goes with their requests.
#[derive(Clone)]
enum Way {
    /// To nginx, which knows where to go.
    Nginx(String),
    /// To the processes themselves: to the next one when nobody listens.
    Straight(Arc<[String]>, usize),
}

impl Way {
    fn url(&self, path: &str) -> String {
        match self {
            Self::Nginx(public) => format!("{public}{path}"),
            Self::Straight(apis, turn) => format!("{}{path}", apis[turn % apis.len()]),
        }
    }

    /// Goes elsewhere, when nobody listened; whether that is possible.
    fn turn(&mut self) -> bool {
        match self {
            Self::Nginx(_) => false,
            Self::Straight(_, turn) => {
                *turn += 1;
                true
            }
        }
    }
}

/// Somebody who asks for one thing after another, over connections that are kept as long as they are.
struct User {
    client: Client,
    token: String,
    way: Way,
}

impl User {
    async fn work(mut self, stop: Arc<AtomicBool>, answers: Arc<AtomicUsize>) -> Vec<String> {
        let mut failures = Vec::new();
        for number in 0.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let key = Uuid::now_v7().to_string();
            let change = |client: &Client, url| {
                let change = client.patch(url).header("Idempotency-Key", &key);
                change.json(&json!({ "name": format!("Ava {number}") }))
            };
            failures.extend(self.ask("/avatars/me", change).await);
            let look = |client: &Client, url| client.get(url);
            failures.extend(self.ask("/avatars/me", look).await);
            answers.fetch_add(2, Ordering::Relaxed);
        }
        failures
    }

    /// What was wrong with the answer, if anything was.
    async fn ask(
        &mut self,
        path: &str,
        request: impl Fn(&Client, String) -> RequestBuilder,
    ) -> Option<String> {
        loop {
            let request = request(&self.client, self.way.url(path)).bearer_auth(&self.token);
            let answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) if error.is_connect() && self.way.turn() => continue,
                Err(error) => return Some(format!("{path}: {error:?}")),
            };
            let status = answer.status();
            let body = match answer.text().await {
                Ok(body) => body,
                Err(error) => return Some(format!("{path}: cut short: {error:?}")),
            };
            if status.is_success() {
                return None;
            }
            // It is done, and its answer comes with the next projector, which this machine may be slow to start.
            if !body.contains("\"read-model-behind\"") {
                return Some(format!("{path}: {status} {body}"));
            }
        }
    }
}

/// Follows somebody's updates until `last`, and comes back for the rest whenever the stream ends; what was heard.
async fn follow(client: Client, token: String, mut way: Way, last: Arc<AtomicI64>) -> Vec<i64> {
    let (mut heard, mut seen) = (Vec::new(), 0);
    let is_over = |heard: &[i64]| {
        let last = last.load(Ordering::Relaxed);
        last > 0 && heard.last().is_some_and(|position| *position >= last)
    };
    while !is_over(&heard) {
        let asked = client
            .get(way.url("/updates"))
            .header("Last-Event-ID", seen)
            .bearer_auth(&token);
        let answer = asked.send().await.and_then(Response::error_for_status);
        let Ok(answer) = answer else {
            way.turn();
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (mut stream, mut text) = (answer.bytes_stream(), String::new());
        while !is_over(&heard) {
            match timeout(Duration::from_millis(300), stream.next()).await {
                Ok(Some(Ok(part))) => text += &String::from_utf8_lossy(&part),
                Ok(Some(Err(_)) | None) => break,
                Err(_) => continue,
            }
            while let Some((update, rest)) = text.split_once("\n\n") {
                let id = update.lines().find_map(|line| line.strip_prefix("id: "));
                if let Some(id) = id.filter(|_| update.contains("event: ")) {
                    seen = id.parse().unwrap();
                    heard.push(seen);
                }
                text = rest.to_owned();
            }
        }
    }
    heard
}

/// Stops a process as a supervisor does; how long that took.
fn stopped(process: &mut Running) -> Duration {
    let begun = Instant::now();
    let ended = block_in_place(|| process.end("TERM"));
    assert!(ended.success(), "{ended}: {}", process.log());
    begun.elapsed()
}

async fn restart_everything(topology: &mut Topology) -> Vec<Duration> {
    let mut times = Vec::new();
    for number in 0..topology.apis.len() {
        let (address, api) = &mut topology.apis[number];
        let address = address.clone();
        times.push(stopped(api));
        let mut next = topology.api(number, &address);
        block_in_place(|| next.listens(&address));
        topology.apis[number].1 = next;
        sleep(Duration::from_millis(300)).await;
    }
    for number in 0..topology.workers.len() {
        times.push(stopped(&mut topology.workers[number]));
        topology.workers[number] = topology.worker(number);
    }
    // As docs/OPERATIONS.md says: the new one beside the old one.
    let mut successor = topology.projector("projector-1", &free_address());
    block_in_place(|| successor.says("The projectors follow the log"));
    times.push(stopped(&mut topology.projectors[0]));
    topology.projectors[0] = successor;
    times
}

#[tokio::test(flavor = "multi_thread")]
async fn people_notice_nothing_of_a_rolling_restart() {
    // A few people do here what nobody does.
    let mut topology = Topology::start_with(&[("RATE_LIMITS", "off")]).await;
    let public = topology.public();
    let apis: Arc<[String]> = topology
        .apis
        .iter()
        .map(|(address, _)| format!("http://{address}"))
        .collect();
    let people = (0..4).map(|number| {
        let public = public.clone();
        async move {
            let email = format!("person-{number}@example.com");
            let person = Person::sign_in_at(&public, &email).await;
            person.post(&format!("{public}/avatars"), &avatar()).await;
            person
        }
    });
    let people = join_all(people).await;

    let (stop, answers) = (Arc::default(), Arc::default());
    let last: Vec<Arc<AtomicI64>> = people.iter().map(|_| Arc::default()).collect();
    let (mut users, mut followers) = (JoinSet::new(), JoinSet::new());
    for (number, person) in people.iter().enumerate() {
        let nginx = Way::Nginx(public.clone());
        let straight = Way::Straight(Arc::clone(&apis), number);
        for way in [&nginx, &nginx, &straight, &straight] {
            let user = User {
                client: Client::builder().no_proxy().build().unwrap(),
                token: person.token().to_owned(),
                way: way.clone(),
            };
            users.spawn(user.work(Arc::clone(&stop), Arc::clone(&answers)));
        }
        for way in [nginx, straight] {
            let (client, token) = (person.client.clone(), person.token().to_owned());
            let heard = follow(client, token, way, Arc::clone(&last[number]));
            followers.spawn(async move { (number, heard.await) });
        }
    }

    let times = restart_everything(&mut topology).await;
    stop.store(true, Ordering::Relaxed);
    let failures: Vec<String> = users.join_all().await.into_iter().flatten().collect();
    assert!(
        failures.is_empty(),
        "{} of {answers:?} failed: {:#?}",
        failures.len(),
        failures.iter().take(8).collect::<Vec<_>>()
    );
    assert!(times.iter().all(|time| *time < STOPS_WITHIN), "{times:?}");
    println!("{answers:?} requests; processes stopped after {times:?}");

    // Nobody has missed anything, or was told anything twice.
    let mut told = Vec::new();
    for (person, last) in people.iter().zip(&last) {
        let change = person.client.patch(format!("{public}/avatars/me"));
        let change = change.bearer_auth(person.token());
        let changed = change.json(&json!({ "name": "Eva" })).send().await.unwrap();
        let position = &changed.headers()["log-position"];
        let position: i64 = position.to_str().unwrap().parse().unwrap();
        last.store(position, Ordering::Relaxed);
        told.push(updates_until(&topology, position).await);
    }
    let heard = timeout(HEARD_WITHIN, followers.join_all()).await;
    for (number, heard) in heard.expect("everybody hears the last change") {
        assert_eq!(heard, told[number]);
    }
}

/// The updates of whoever has one at that position, once it is there.
async fn updates_until(topology: &Topology, position: i64) -> Vec<i64> {
    let pool = topology.database.pool();
    let begun = Instant::now();
    loop {
        let found: Vec<i64> = sqlx::query_scalar(
            "SELECT position FROM updates
              WHERE owner = (SELECT owner FROM updates WHERE position = $1) ORDER BY position",
        )
        .bind(position)
        .fetch_all(&pool)
        .await
        .unwrap();
        if !found.is_empty() {
            return found;
        }
        assert!(begun.elapsed() < HEARD_WITHIN, "nothing at {position}");
        sleep(Duration::from_millis(20)).await;
    }
}
