//! How made-up people reach the system: over HTTP, as everybody does.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use super::Plan;
use crate::failure::Failure;

/// How long something may take to happen: pictures that have to fail are tried several times.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks whether it has.
const GLANCE: Duration = Duration::from_millis(100);

/// The system and its stand-ins.
pub(super) struct Stage {
    client: Client,
    api: Url,
    sandbox: Url,
    seed: u64,
}

impl Stage {
    /// Finds them.
    ///
    /// # Errors
    /// When one of them does not run there, or it is not in development.
    pub(super) async fn at(plan: &Plan) -> Result<Self, Failure> {
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build();
        let stage = Self {
            client: client.map_err(Failure::other)?,
            api: plan.api.clone(),
            sandbox: plan.sandbox.clone(),
            seed: plan.seed,
        };
        for (url, what, setting) in [
            (&stage.api, "the API", "HTTP_ADDR"),
            (&stage.sandbox, "the sandbox", "SANDBOX_ADDR"),
        ] {
            let found = stage.client.get(url.clone()).send().await;
            found.map_err(|_| {
                Failure::try_again(format!(
                    "{what} does not answer at {url}; start it with `ava up`, or set {setting} to where it is"
                ))
            })?;
        }
        Ok(stage)
    }

    /// Signs somebody in.
    ///
    /// # Errors
    /// When that is not possible with an e-mail address alone.
    pub(super) async fn sign_in(&self, email: &str) -> Result<Person<'_>, Failure> {
        let request = self.client.post(self.of_api("dev/token")?);
        let answer = sent(request.json(&json!({ "email": email }))).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(Failure::usage(
                "nobody can sign in with an e-mail address alone there: it is not a system in development",
            ));
        }
        let token = body(answer).await?;
        let token = token["access_token"].as_str().unwrap_or_default();
        Ok(Person {
            stage: self,
            token: token.to_owned(),
            email: email.to_owned(),
        })
    }

    /// Lets the stand-ins do something.
    ///
    /// # Errors
    /// When they refuse.
    pub(super) async fn control(&self, path: &str, order: &Value) -> Result<Value, Failure> {
        let url = self.sandbox.join("control/").and_then(|url| url.join(path));
        let request = self.client.post(url.map_err(Failure::other)?);
        body(sent(request.json(order)).await?).await
    }

    fn of_api(&self, path: &str) -> Result<Url, Failure> {
        self.api
            .join(path.trim_start_matches('/'))
            .map_err(Failure::other)
    }
}

/// Somebody who is signed in.
pub(super) struct Person<'a> {
    pub(super) stage: &'a Stage,
    token: String,
    email: String,
}

impl Person<'_> {
    /// What is there; none when nothing is.
    ///
    /// # Errors
    /// When it is refused for another reason.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Value>, Failure> {
        let answer = sent(self.ask(Method::GET, path)?).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        body(answer).await.map(Some)
    }

    /// Gives a command, once for all runs with the same seed: `step` says which of this person's it is.
    /// None when it was given so long ago that its key is forgotten, and what it asks for is there already.
    ///
    /// # Errors
    /// When it is refused for another reason.
    pub(super) async fn order(
        &self,
        step: &str,
        method: Method,
        path: &str,
        order: &Value,
    ) -> Result<Option<Value>, Failure> {
        let key = format!("demo/{}/{}/{step}", self.stage.seed, self.email);
        let request = self.ask(method, path)?.header("Idempotency-Key", key);
        let answer = sent(request.json(order)).await?;
        if answer.status() != StatusCode::CONFLICT {
            return body(answer).await.map(Some);
        }
        let problem = answer.text().await.map_err(Failure::try_again)?;
        let known: Value = serde_json::from_str(&problem).unwrap_or_default();
        match known["code"].as_str() {
            Some("avatar-exists" | "subscription-active") => Ok(None),
            Some(_) | None => Err(Failure::other(format!("{path} answers 409: {problem}"))),
        }
    }

    /// What is there, once it is as wanted.
    ///
    /// # Errors
    /// When it is refused, or does not become so.
    pub(super) async fn wait_for(
        &self,
        path: &str,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(shown) = self.get(path).await?.filter(&wanted) {
                return Ok(shown);
            }
            if Instant::now() > deadline {
                return Err(Failure::try_again(format!(
                    "{} has waited {} s at {path} for {what}; does a worker run?",
                    self.email,
                    PATIENCE.as_secs()
                )));
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    fn ask(&self, method: Method, path: &str) -> Result<RequestBuilder, Failure> {
        let url = self.stage.of_api(path)?;
        Ok(self
            .stage
            .client
            .request(method, url)
            .bearer_auth(&self.token))
    }
}

async fn sent(request: RequestBuilder) -> Result<Response, Failure> {
    request.send().await.map_err(Failure::try_again)
}

/// The body of a good answer.
async fn body(answer: Response) -> Result<Value, Failure> {
    let (status, url) = (answer.status(), answer.url().clone());
    let text = answer.text().await.map_err(Failure::try_again)?;
    if status.is_success() {
        return Ok(serde_json::from_str(&text).unwrap_or_default());
    }
    Err(Failure::other(format!("{url} answers {status}: {text}")))
}
