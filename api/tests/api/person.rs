//! People who use the API, and what they get: every answer is checked against the OpenAPI document.

use std::sync::Arc;

use application::{
    context::{Actor, Context},
    photos, subscriptions,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    photo_request::{self, FailureClass, Image, Marks},
    subscription::{self, Snapshot, Status, Subscription},
    values::{PhotoId, UserId},
};
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    conformance,
    outside::plan,
    test_app::{TestApp, until},
};

/// The bytes that stand for every delivered picture.
pub const PICTURE: &[u8] = b"0123456789 the bytes of a picture";
/// The bytes that stand for every thumbnail.
pub const THUMBNAIL: &[u8] = b"the bytes of a thumbnail";

/// Somebody who is signed in.
pub struct Person<'a> {
    pub app: &'a TestApp,
    pub token: String,
    pub id: UserId,
}

/// A request that is being made up.
pub struct Call<'a> {
    method: Method,
    path: String,
    request: reqwest::RequestBuilder,
    _app: std::marker::PhantomData<&'a ()>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Arc<[u8]>,
}

impl<'a> Call<'a> {
    pub fn new(client: &'a reqwest::Client, base: &str, method: Method, path: &str) -> Self {
        Self {
            request: client.request(method.clone(), format!("{base}{path}")),
            method,
            path: path.to_owned(),
            _app: std::marker::PhantomData,
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn json(mut self, body: Value) -> Self {
        self.request = self.request.json(&body);
        self
    }

    pub fn body(mut self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.header("content-type", content_type).body(body);
        self
    }

    /// Sends it, and checks the answer against the OpenAPI document.
    pub async fn send(self) -> Answer {
        let response = self.request.send().await.unwrap();
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec().into(),
        };
        conformance::check(&self.method, &self.path, &answer);
        answer
    }

    /// Sends it for an answer that does not end.
    pub async fn open(self) -> reqwest::Response {
        self.request.send().await.unwrap()
    }
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }

    /// Expects a problem of that kind.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        let problem = self.expect(status).json();
        assert_eq!(problem["code"], code, "{problem}");
        problem
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .to_str()
            .unwrap()
    }

    /// The fields that a 422 names.
    pub fn bad_fields(&self) -> Vec<String> {
        let problem = self.json();
        let errors = problem["errors"].as_array().unwrap().iter();
        errors
            .map(|error| error["pointer"].as_str().unwrap().to_owned())
            .collect()
    }

    pub fn position(&self) -> u64 {
        self.header("log-position").parse().unwrap()
    }
}

impl<'a> Person<'a> {
    pub fn call(&self, method: Method, path: &str) -> Call<'a> {
        self.call_at(&self.app.url, method, path)
    }

    /// The same at another process.
    pub fn call_at(&self, base: &str, method: Method, path: &str) -> Call<'a> {
        Call::new(&self.app.client, base, method, path)
            .header("authorization", &format!("Bearer {}", self.token))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path).json(body).send().await
    }

    /// A command without a body.
    pub async fn order(&self, path: &str) -> Answer {
        self.call(Method::POST, path).send().await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path).json(body).send().await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path).send().await
    }

    /// Designs an avatar.
    pub async fn with_avatar(self) -> Self {
        self.post("/avatars", avatar()).await.expect(201);
        self
    }

    /// Designs an avatar and approves a reference picture of it.
    pub async fn with_face(self) -> Self {
        self.with_avatar().await.with_face_of_avatar().await
    }

    /// Approves a reference picture.
    pub async fn with_face_of_avatar(self) -> Self {
        let photo = self.delivered_reference().await;
        let body = json!({ "photo_id": photo });
        let path = "/avatars/me/reference-image/approval";
        self.post(path, body).await.expect(200);
        self
    }

    /// Designs an avatar and approves a reference picture of it that a worker has drawn.
    pub async fn with_drawn_face(self) -> Self {
        self.with_avatar().await.with_drawn_face_of_avatar().await
    }

    /// Approves a reference picture that a worker has drawn.
    pub async fn with_drawn_face_of_avatar(self) -> Self {
        let mara = self;
        mara.order("/avatars/me/reference-image").await.expect(202);
        let avatar = until("the avatar has its picture", async || {
            let shown = mara.get("/avatars/me").await.expect(200).json();
            (shown["reference_image"]["status"] == "ready").then_some(shown)
        })
        .await;
        let body = json!({ "photo_id": avatar["reference_image"]["photo_id"] });
        let path = "/avatars/me/reference-image/approval";
        mara.post(path, body).await.expect(200);
        mara
    }

    /// The payment provider's page for the plan.
    pub async fn payment_page(&self) -> String {
        let asked = self.post("/billing/checkout", json!({"plan": "monthly"}));
        let checkout = asked.await.expect(201).json();
        checkout["checkout_url"].as_str().unwrap().to_owned()
    }

    /// Pays on the payment provider's page, of which a worker must hear.
    pub async fn pays(&self) {
        self.app.pay(&self.payment_page().await).await;
        self.shown("the gate opens", |shown| shown["open"] == true)
            .await;
    }

    /// Has paid on the payment provider's page.
    pub async fn paying(self) -> Self {
        self.pays().await;
        self
    }

    /// The subscription, once it is as `wanted`.
    pub async fn shown(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(what, async || {
            let shown = self.get("/billing/subscription").await.expect(200).json();
            wanted(&shown).then_some(shown)
        })
        .await
    }

    /// With a subscription.
    pub async fn subscribed(self) -> Self {
        self.subscription(Status::Active, Utc::now()).await;
        self
    }

    /// The payment provider says how the subscription stands.
    pub async fn subscription(&self, status: Status, as_of: DateTime<Utc>) {
        let name = format!("sub_{}", self.id);
        self.subscription_named(&name, status, as_of).await;
    }

    /// The same of the subscription that the provider calls so.
    pub async fn subscription_named(&self, name: &str, status: Status, as_of: DateTime<Utc>) {
        let user = self.id;
        let snapshot = Snapshot {
            provider_id: name.to_owned(),
            customer_id: format!("cus_{user}"),
            status,
            terms: plan().terms(),
            period_start: as_of - TimeDelta::days(1),
            period_end: as_of + TimeDelta::days(29),
            cancel_at_period_end: false,
            source_event: "evt_1".to_owned(),
            as_of,
        };
        let context = Context {
            actor: Actor::Provider("stripe"),
            ..self.context()
        };
        let command = subscription::Command::ApplyProviderSnapshot { snapshot };
        let stream = subscriptions::stream(user);
        let done = self
            .app
            .dispatcher
            .execute::<Subscription>(stream, command, context);
        done.await.unwrap();
        self.app.settle().await;
    }

    /// Asks for a reference picture and has it delivered; its id.
    pub async fn delivered_reference(&self) -> String {
        let answer = self.order("/avatars/me/reference-image").await.expect(202);
        let photo = answer.json()["id"].as_str().unwrap().to_owned();
        self.deliver(&photo).await;
        until("the avatar has the picture", async || {
            let avatar = self.get("/avatars/me").await.expect(200).json();
            let history = avatar["reference_history"].as_array().unwrap();
            history
                .iter()
                .any(|picture| picture["photo_id"] == photo.as_str())
                .then_some(())
        })
        .await;
        photo
    }

    /// Asks for a picture of a scene; its id.
    pub async fn scene(&self) -> String {
        let body = json!({ "scene": "reading on a balcony" });
        let answer = self.post("/photos", body).await.expect(202);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// What a worker does with a request, without drawing.
    pub async fn deliver(&self, photo: &str) {
        self.start_attempt(photo).await;
        let hash = hex::encode(Sha256::digest(PICTURE));
        let (key, thumbnail_key) = (format!("{hash}.jpg"), format!("{hash}-thumbnail.jpg"));
        self.app.store(&key, PICTURE).await;
        self.app.store(&thumbnail_key, THUMBNAIL).await;
        let image = Image {
            key,
            thumbnail_key,
            sha256: hash.clone(),
            width: 1024,
            height: 768,
            media_type: "image/jpeg".to_owned(),
            bytes: PICTURE.len() as u64,
        };
        let marks = Marks {
            sha256: hash,
            visible: true,
            xmp: "trainedAlgorithmicMedia".to_owned(),
            c2pa: None,
        };
        let deliver = photo_request::Command::Deliver {
            attempt: 1,
            image,
            marks,
        };
        self.work(photo, deliver).await;
    }

    /// A worker gives up.
    pub async fn fail(&self, photo: &str, class: FailureClass) {
        self.start_attempt(photo).await;
        let fail = photo_request::Command::Fail {
            attempt: 1,
            class,
            reason: "E005 of the provider's".to_owned(),
        };
        self.work(photo, fail).await;
    }

    async fn start_attempt(&self, photo: &str) {
        let id: PhotoId = photo.parse().unwrap();
        until("the request is recorded", async || {
            self.app.photos.job(id).await.unwrap()
        })
        .await;
        let start = photo_request::Command::StartAttempt {
            attempt: 1,
            provider: "test".to_owned(),
            model: "test".to_owned(),
        };
        self.work(photo, start).await;
    }

    pub async fn work(&self, photo: &str, command: photo_request::Command) {
        let id = photo.parse().unwrap();
        let context = self.context();
        let done = self.app.dispatcher.execute::<photo_request::PhotoRequest>(
            photos::stream(id),
            command,
            context,
        );
        done.await.unwrap();
        self.app.settle().await;
    }

    fn context(&self) -> Context {
        Context::of_user(self.id, Uuid::now_v7())
    }
}

pub fn avatar() -> Value {
    json!({
        "name": "Ava",
        "age": 25,
        "gender": "woman",
        "nationality": "Portuguese",
        "appearance": "auburn hair, freckles",
        "personality": "caring",
    })
}
