//! Several processes on one database and one Redis: they wake each other, count together, and go on without it.

use std::{
    fs::{self, File},
    process::Child,
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use infrastructure::{embedded_postgres::EmbeddedPostgres, scratch_redis::ScratchRedis};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::running::{RunningAva, ava, data_dir, until};

/// An `ava api` of its own; ends with the test.
struct Api {
    child: Child,
    url: String,
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `ava up`, which fills the read models, and two `ava api` beside it, all with that Redis.
struct System {
    first: Api,
    second: Api,
    client: Client,
    token: String,
    // The last to end: the others are on its database.
    _up: RunningAva,
}

impl System {
    async fn start(directory: &tempfile::TempDir, variables: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut command = ava(directory.path(), &["up", "--json"]);
        command.envs(variables.iter().copied());
        let up = RunningAva::start_from(command, directory.path());
        let start = |name: &str| {
            let log = directory.path().join(format!("{name}.log"));
            let mut command = ava(directory.path(), &["api"]);
            command
                .envs(variables.iter().copied())
                .env(
                    "DATABASE_URL",
                    EmbeddedPostgres::running(directory.path()).unwrap(),
                )
                .stderr(File::create(&log).unwrap());
            let child = command.spawn().unwrap();
            let mut url = None;
            until("the API answers", || {
                let said = fs::read_to_string(&log).unwrap();
                let address = said.split("The API answers at ").nth(1);
                url = address
                    .and_then(|rest| rest.split_whitespace().next())
                    .map(|text| text.trim_end_matches('/').to_owned());
                url.is_some()
            });
            Api {
                child,
                url: url.unwrap(),
            }
        };
        let mut system = Self {
            first: start("first"),
            second: start("second"),
            client: Client::builder().no_proxy().build().unwrap(),
            token: String::new(),
            _up: up,
        };
        let email = json!({ "email": "mira@example.com" });
        let token = system
            .ask(&system.first, Method::POST, "/dev/token", email)
            .await;
        let token: Value = token.json().await.unwrap();
        token["access_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut system.token);
        system
    }

    async fn ask(&self, api: &Api, method: Method, path: &str, body: Value) -> Response {
        let url = format!("{}{path}", api.url);
        let request = self.client.request(method, url).bearer_auth(&self.token);
        request.json(&body).send().await.unwrap()
    }

    async fn create_avatar(&self, api: &Api) {
        let avatar = json!({
            "name": "Mira", "age": 27, "gender": "woman", "nationality": "Portuguese",
            "appearance": "short dark hair, green eyes", "personality": "caring",
        });
        let made = self.ask(api, Method::POST, "/avatars", avatar).await;
        assert_eq!(made.status(), 201);
    }

    async fn rename(&self, api: &Api, name: &str) -> Response {
        self.ask(api, Method::PATCH, "/avatars/me", json!({ "name": name }))
            .await
    }

    async fn ready(&self, api: &Api) -> (u16, Value) {
        let answer = self
            .client
            .get(format!("{}/ready", api.url))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Waits until Redis is to an API what it should be; it must serve all the while.
    async fn until_redis_is(&self, api: &Api, wanted: &str) -> Value {
        let begun = Instant::now();
        loop {
            let (status, ready) = self.ready(api).await;
            assert_eq!(status, 200, "{ready}");
            if ready["checks"]["redis"] == wanted {
                return ready;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{wanted}: {ready}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What an API tells of updates, as it comes.
struct Updates {
    answer: std::pin::Pin<Box<dyn futures::Stream<Item = String> + Send>>,
    heard: String,
}

impl Updates {
    async fn of(system: &System, api: &Api) -> Self {
        let url = format!("{}/updates", api.url);
        let answer = system
            .client
            .get(url)
            .bearer_auth(&system.token)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        let chunks = answer
            .bytes_stream()
            .map(|chunk| String::from_utf8_lossy(&chunk.unwrap()).into_owned());
        let mut updates = Self {
            answer: Box::pin(chunks),
            heard: String::new(),
        };
        updates.until("retry: 2000").await;
        updates
    }

    /// Waits until a text is told.
    async fn until(&mut self, text: &str) {
        let hears = async {
            while !self.heard.contains(text) {
                self.heard += &self.answer.next().await.unwrap();
            }
        };
        let heard = tokio::time::timeout(Duration::from_secs(60), hears).await;
        assert!(heard.is_ok(), "{text:?} was not told: {}", self.heard);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_at_one_api_is_told_at_another_with_redis_and_without() {
    let directory = data_dir();
    let mut redis = ScratchRedis::start();
    let system = System::start(&directory, &[("REDIS_URL", &redis.url())]).await;
    let (first, second) = (&system.first, &system.second);
    system.until_redis_is(first, "ok").await;
    system.until_redis_is(second, "ok").await;
    system.create_avatar(first).await;
    let mut updates = Updates::of(&system, second).await;
    let mut times = Vec::new();
    for turn in 0..10 {
        // Long enough for polls to become rare.
        tokio::time::sleep(Duration::from_millis(600)).await;
        let (name, begun) = (format!("Mira {turn}"), Instant::now());
        let (renamed, ()) = tokio::join!(system.rename(first, &name), updates.until(&name));
        assert_eq!(renamed.status(), 200);
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    eprintln!("command at one API → update at the other: {times:?}");

    redis.kill();
    let ready = system.until_redis_is(second, "degraded").await;
    assert_eq!(ready["status"], "degraded");
    assert!(
        ready["reasons"][0].as_str().unwrap().starts_with("redis"),
        "{ready}"
    );
    for turn in 10..13 {
        let name = format!("Mira {turn}");
        let (renamed, ()) = tokio::join!(system.rename(first, &name), updates.until(&name));
        assert_eq!(renamed.status(), 200);
    }

    redis.start_again();
    let ready = system.until_redis_is(second, "ok").await;
    assert_eq!(ready["status"], "ok", "{ready}");
    system.until_redis_is(first, "ok").await;
    let (renamed, ()) = tokio::join!(system.rename(first, "Mara"), updates.until("Mara"));
    assert_eq!(renamed.status(), 200);
    for turn in 0..13 {
        let told = updates.heard.matches(&format!("\"Mira {turn}\"")).count();
        assert!(told >= 1, "Mira {turn} is missing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_over_both_apis_and_each_counts_on_when_redis_stands_still() {
    let directory = data_dir();
    let redis = ScratchRedis::start();
    let variables = [
        ("REDIS_URL", redis.url()),
        ("RATE_LIMIT_COMMANDS", "6/86400".to_owned()),
    ];
    let variables = variables
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let system = System::start(&directory, &variables).await;
    let (first, second) = (&system.first, &system.second);
    system.until_redis_is(first, "ok").await;
    system.until_redis_is(second, "ok").await;
    system.create_avatar(first).await;
    for (turn, api) in [first, second, first, second].into_iter().enumerate() {
        let answer = system.rename(api, &format!("Mira {turn}")).await;
        assert_eq!(answer.status(), 200);
        let left = format!("\"commands\";r={};", 4 - turn);
        let told = answer.headers()["ratelimit"].to_str().unwrap();
        assert!(told.starts_with(&left), "{told}");
    }

    redis.signal("STOP");
    system.until_redis_is(first, "degraded").await;
    // The last one is counted here, on what was learnt before.
    assert_eq!(system.rename(first, "Mia").await.status(), 200);
    redis.signal("CONT");
    system.until_redis_is(first, "ok").await;
    system.until_redis_is(second, "ok").await;
    assert_eq!(system.rename(second, "Mila").await.status(), 200);
    for api in [first, second] {
        let refused = system.rename(api, "Mona").await;
        assert_eq!(refused.status(), 429);
        assert!(refused.headers().contains_key("retry-after"));
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body["code"], "rate-limited");
        assert_eq!(body["violated-policies"], json!(["commands"]));
    }
}
