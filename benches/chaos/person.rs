//! Somebody who uses Ava over HTTP, does not give up, and writes down every answer.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use domain::values::UserId;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    companion::companion,
    journal::{Entry, Journal, Told},
};

/// How long they ask for something before they say that it is not to be had.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long they wait for one answer.
const ONE_ANSWER: Duration = Duration::from_secs(20);
/// How long they wait before they ask again, whatever they are told: nobody is less patient.
const AGAIN: Duration = Duration::from_millis(60);
/// How long at most before they look again whether something has become so.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How a command ended.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It is done.
    Done(Value),
    /// It is refused for good.
    Refused(u16, String),
}

/// Somebody who is signed in. Clones are the same person at another screen.
#[derive(Debug, Clone)]
pub struct Person {
    pub user: UserId,
    client: Client,
    /// For what goes on as long as somebody listens.
    streaming: Client,
    apis: Arc<[String]>,
    turn: Arc<AtomicUsize>,
    token: String,
    journal: Journal,
}

impl Person {
    /// Signs in at any of those processes of the API.
    ///
    /// # Errors
    /// When that is refused.
    pub async fn sign_in(
        apis: Arc<[String]>,
        email: &str,
        journal: Journal,
    ) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().timeout(ONE_ANSWER).build()?;
        let asked = client
            .post(format!("{}/dev/token", apis[0]))
            .json(&json!({"email": email, "roles": ["operator"]}));
        let told: Value = asked.send().await?.error_for_status()?.json().await?;
        let user = told["user"]["id"].as_str().context("no id")?;
        Ok(Self {
            user: UserId(Uuid::try_parse(user)?),
            client,
            streaming: Client::builder().no_proxy().build()?,
            apis,
            turn: Arc::default(),
            token: told["access_token"]
                .as_str()
                .context("no token")?
                .to_owned(),
            journal,
        })
    }

    /// The next process's address: they take turns, as a proxy lets them.
    fn next_api(&self) -> &str {
        &self.apis[self.turn.fetch_add(1, Ordering::Relaxed) % self.apis.len()]
    }

    /// Gives a command under a key of its own, again and again until it has an answer.
    ///
    /// # Errors
    /// When there is none for minutes.
    pub async fn command(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Answer> {
        self.command_under(&Uuid::now_v7().to_string(), method, path, body)
            .await
    }

    /// The same under that key.
    ///
    /// # Errors
    /// When there is no answer for minutes.
    pub async fn command_under(
        &self,
        key: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Answer> {
        let begun = Instant::now();
        let what = format!("{method} {path}");
        loop {
            let request = self
                .client
                .request(method.clone(), format!("{}{path}", self.next_api()))
                .header("Idempotency-Key", key)
                .json(body);
            let (told, body) = self.ask(Some(key), &what, request).await;
            match told {
                Told::Done { .. } => return Ok(Answer::Done(body)),
                Told::Refused { status, code } => return Ok(Answer::Refused(status, code)),
                Told::Shown | Told::Later { .. } | Told::NobodyThere | Told::Nothing(_) => {}
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "{what} has no answer: {told:?}");
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Gives a command that must be done.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn order(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        match self.command(method, path, body).await? {
            Answer::Done(told) => Ok(told),
            Answer::Refused(status, code) => anyhow::bail!("{path}: {status} {code}"),
        }
    }

    /// Designs a companion.
    ///
    /// # Errors
    /// When that is refused.
    pub async fn design_companion(&self) -> anyhow::Result<()> {
        self.order(Method::POST, "/avatars", &companion()).await?;
        Ok(())
    }

    /// Gives a command once, to that process; whether it is done.
    pub async fn try_once(&self, api: &str, method: Method, path: &str, body: &Value) -> bool {
        let what = format!("{method} {path}");
        let key = Uuid::now_v7().to_string();
        let request = self.client.request(method, format!("{api}{path}"));
        let request = request.header("Idempotency-Key", &key).json(body);
        matches!(
            self.ask(Some(&key), &what, request).await.0,
            Told::Done { .. }
        )
    }

    /// Reads something once; none when it is not to be had now.
    pub async fn read(&self, path: &str) -> Option<Value> {
        let request = self.client.get(format!("{}{path}", self.next_api()));
        let (told, body) = self.ask(None, &format!("GET {path}"), request).await;
        (told == Told::Shown).then_some(body)
    }

    /// Reads something until it is so.
    ///
    /// # Errors
    /// When it is not so for minutes.
    pub async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let (begun, mut pause) = (Instant::now(), AGAIN);
        loop {
            let seen = self.read(path).await;
            if let Some(seen) = seen.as_ref().filter(|seen| is_so(seen)) {
                return Ok(seen.clone());
            }
            anyhow::ensure!(begun.elapsed() < PATIENCE, "{path} is still {seen:?}");
            tokio::time::sleep(pause).await;
            pause = LOOK_AGAIN.min(pause * 2);
        }
    }

    /// A file, whatever it is.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn file(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let asked = self.client.get(format!("{}{path}", self.next_api()));
        let told = asked.bearer_auth(&self.token).send().await?;
        Ok(told.error_for_status()?.bytes().await?.to_vec())
    }

    /// Follows the updates after a position, at that process.
    ///
    /// # Errors
    /// When nobody is there.
    pub async fn updates(&self, api: usize, after: u64) -> anyhow::Result<Response> {
        let url = format!("{}/updates", self.apis[api % self.apis.len()]);
        let asked = self.streaming.get(url).header("Last-Event-ID", after);
        Ok(asked
            .bearer_auth(&self.token)
            .send()
            .await?
            .error_for_status()?)
    }

    /// Asks once, and writes down what came of it.
    async fn ask(&self, key: Option<&str>, what: &str, request: RequestBuilder) -> (Told, Value) {
        let (scenario, asked) = (self.journal.scenario(), Instant::now());
        let (told, body) = match request.bearer_auth(&self.token).send().await {
            Ok(answer) => understood(answer, key.is_some()).await,
            Err(error) if error.is_connect() => (Told::NobodyThere, Value::Null),
            Err(error) => (Told::Nothing(chain(&error)), Value::Null),
        };
        self.journal.write(Entry {
            scenario,
            user: self.user,
            key: key.map(str::to_owned),
            what: what.to_owned(),
            asked,
            took: asked.elapsed(),
            told: told.clone(),
        });
        (told, body)
    }
}

async fn understood(answer: Response, is_command: bool) -> (Told, Value) {
    let status = answer.status().as_u16();
    let number = |name: &str| {
        answer
            .headers()
            .get(name)?
            .to_str()
            .ok()?
            .parse::<u64>()
            .ok()
    };
    let (position, after) = (number("log-position"), number("retry-after"));
    let text = match answer.text().await {
        Ok(text) => text,
        Err(error) => return (Told::Nothing(chain(&error)), Value::Null),
    };
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let code = body["code"].as_str().unwrap_or("none").to_owned();
    let told = match (status, position) {
        (200..300, Some(position)) if is_command => {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            Told::Done {
                position,
                body: hasher.finish(),
            }
        }
        (200..300, None) if is_command => Told::Nothing(format!("{status} without Log-Position")),
        (200..300, _) => Told::Shown,
        (429 | 503, _) => Told::Later { status, after },
        // Its twin is on its way.
        (409, _) if code == "idempotency-key-in-use" => Told::Later {
            status,
            after: after.or(Some(0)),
        },
        _ => Told::Refused { status, code },
    };
    (told, body)
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}
