//! What people, and those outside, do.

use application::{
    context::Context,
    conversations::{Answered, photo_id},
};
use chrono::Utc;
use domain::{
    conversation::{Mode, Segment},
    values::UserId,
};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::TestApp;
use crate::person::{Answer, Call, Person};

impl TestApp {
    /// Somebody who is signed in.
    pub async fn sign_in(&self, email: &str) -> Person<'_> {
        self.sign_in_as(email, &[]).await
    }

    /// Somebody who may ask for pictures: with a companion whose face is approved, and a subscription.
    pub async fn subscriber(&self) -> Person<'_> {
        let mara = self.sign_in("mara@example.com").await;
        mara.with_face().await.subscribed().await
    }

    /// Somebody who runs the system.
    pub async fn operator(&self) -> Person<'_> {
        self.sign_in_as("olga@example.com", &["operator"]).await
    }

    /// Somebody who is signed in with roles.
    pub async fn sign_in_as(&self, email: &str, roles: &[&str]) -> Person<'_> {
        let answer = self
            .call(Method::POST, "/dev/token")
            .json(json!({ "email": email, "roles": roles }))
            .send()
            .await;
        let token = answer.expect(200).json();
        Person {
            app: self,
            token: token["access_token"].as_str().unwrap().to_owned(),
            id: UserId(token["user"]["id"].as_str().unwrap().parse().unwrap()),
        }
    }

    /// A call without a token.
    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        Call::new(&self.client, &self.url, method, path)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    /// Asks the sandbox for something.
    pub async fn control(&self, path: &str, body: Value) {
        let url = format!("{}/control{path}", self.sandbox.url());
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{path}: {}",
            answer.text().await.unwrap()
        );
    }

    /// Pays on the payment provider's hosted page; answers with the way back.
    pub async fn pay(&self, page: &str) -> reqwest::Response {
        self.submit(page, "outcome=paid").await
    }

    /// Submits the form of a hosted page.
    pub async fn submit(&self, page: &str, form: &'static str) -> reqwest::Response {
        let request = self
            .client
            .post(page)
            .header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send().await.unwrap()
    }

    /// Asks the payment provider's API.
    pub async fn stripe(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}/v1/{path}", self.sandbox.url()));
        let answer = request.bearer_auth("sk_test_sandbox").send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// How often the chat model was asked.
    pub async fn asked_of_the_model(&self) -> usize {
        let url = format!("{}/control/chat/ledger", self.sandbox.url());
        let ledger: Value = self
            .client
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        ledger["completions"].as_array().unwrap().len()
    }

    /// The companion answers a message with the promise of a picture, as a worker has it do; the picture's id.
    pub async fn promise(&self, person: &Person<'_>, message: &Value) -> String {
        let message_id = message["id"].as_str().unwrap().parse().unwrap();
        let segment = Segment {
            owner: person.id,
            mode: Mode::Intimate,
            day: Utc::now().date_naive(),
        };
        let context = Context::of_user(person.id, Uuid::now_v7());
        let answered = self
            .parts
            .conversations
            .answer(&context, segment, message_id, &mut ())
            .await;
        assert_eq!(answered.unwrap(), Answered::Replied);
        self.settle().await;
        photo_id(message_id).to_string()
    }
}
