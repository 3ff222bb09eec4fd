//! A Stripe account in a test: the sandbox plays Stripe, over HTTP, and delivers its webhooks.

use std::time::Duration;

use application::ports::{
    CheckoutOrder, CheckoutSession, PaymentGateway, PaymentNotice, Plan, PlanInterval,
};
use chrono::Utc;
use domain::values::UserId;
use infrastructure::stripe::{Stripe, StripeSettings};
use sandbox::{RunningSandbox, SandboxConfig};
use serde_json::{Value, json};
use url::Url;

use crate::webhook_receiver::{Webhook, WebhookReceiver};

pub const KEY: &str = "sk_test_ava_0123456789";
pub const WEBHOOK_SECRET: &str = "whsec_of_the_test";

/// The account, our gateway to it, and the address that its webhooks go to.
pub struct StripeAccount {
    pub sandbox: RunningSandbox,
    pub stripe: Stripe,
    receiver: WebhookReceiver,
    http: reqwest::Client,
}

impl StripeAccount {
    pub async fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let receiver = WebhookReceiver::start().await;
        let sandbox = sandbox::start(SandboxConfig {
            addr: ([127, 0, 0, 1], 0).into(),
            stripe_secret_key: Some(KEY.to_owned()),
            stripe_webhook_secret: WEBHOOK_SECRET.to_owned(),
            stripe_webhook_url: Some(receiver.url().to_owned()),
            ..SandboxConfig::default()
        })
        .await
        .unwrap();
        let stripe = Stripe::new(settings(sandbox.url())).unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            sandbox,
            stripe,
            receiver,
            http,
        }
    }

    /// What an operator of the sandbox can do.
    pub async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/control/stripe/{path}", self.sandbox.url());
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap_or(Value::Null)
    }

    /// Every request and delivery so far.
    pub async fn ledger(&self) -> Value {
        let url = format!("{}/control/stripe/ledger", self.sandbox.url());
        self.http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// How many requests that change something reached the account.
    pub async fn posts(&self) -> usize {
        let ledger = self.ledger().await;
        let requests = ledger["requests"].as_array().unwrap();
        requests
            .iter()
            .filter(|request| request["method"] == "POST")
            .count()
    }

    /// A person pays on the hosted page, and is sent on to this address.
    pub async fn pay(&self, session: &CheckoutSession) -> String {
        let form = self
            .http
            .post(&session.url)
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = form.body("outcome=paid").send().await.unwrap();
        assert_eq!(answer.status(), 303);
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// The next webhook, whatever it is about.
    pub async fn webhook(&self) -> Webhook {
        self.receiver.next().await
    }

    /// The next message, checked and read.
    pub async fn message(&self) -> PaymentNotice {
        let webhook = self.webhook().await;
        self.stripe
            .verify_webhook(&webhook.body, &webhook.signature, Utc::now())
            .unwrap();
        self.stripe.read_webhook(&webhook.body).unwrap()
    }

    /// The next message of that type; others are passed over.
    pub async fn message_of(&self, kind: &str) -> PaymentNotice {
        loop {
            let message = self.message().await;
            if message.kind == kind {
                return message;
            }
        }
    }

    /// A user with a customer, on the way to pay for `plan`.
    pub async fn checkout(&self, user: UserId, plan: Plan) -> (CheckoutOrder, CheckoutSession) {
        let customer_id = self
            .stripe
            .create_customer(user, Some("ada@example.com"), &user.to_string())
            .await
            .unwrap();
        let order = CheckoutOrder {
            user,
            customer_id,
            plan,
            success_url: "http://ava.test/welcome?session={CHECKOUT_SESSION_ID}".to_owned(),
            cancel_url: "http://ava.test/plans".to_owned(),
            idempotency_key: format!("checkout-of-{user}"),
        };
        let session = self.stripe.create_checkout(&order).await.unwrap();
        (order, session)
    }

    /// Every message so far that nobody has taken, in the order in which they came, once all have come.
    pub async fn messages(&self) -> Vec<PaymentNotice> {
        let pending = async || self.ledger().await["deliveries_pending"].as_u64().unwrap();
        let all_have_come = async {
            while pending().await > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(20), all_have_come).await;
        in_time.expect("not all webhooks came within 20 s");
        let arrived = self.receiver.all().await;
        let read = |webhook: Webhook| self.stripe.read_webhook(&webhook.body).unwrap();
        arrived.into_iter().map(read).collect()
    }

    /// Asks Stripe's API for something that the gateway never asks for.
    pub async fn api(&self, path: &str, form: &str) -> Value {
        let url = format!("{}/v1/{path}", self.sandbox.url());
        let request = self.http.post(url).bearer_auth(KEY);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(form.to_owned()).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// The shape of the fields in later webhooks: `old` or `new`.
    pub async fn deliver_in_shape(&self, shape: &str) {
        self.control("webhooks", json!({"shape": shape})).await;
    }
}

/// How the gateway reaches an account at that address.
pub fn settings(base: &str) -> StripeSettings {
    StripeSettings {
        secret_key: Some(KEY.to_owned()),
        webhook_secrets: vec![WEBHOOK_SECRET.to_owned()],
        api_base: Some(Url::parse(base).unwrap()),
        timeout: Duration::from_secs(10),
    }
}

/// 14.99 dollars a month, without a trial.
pub fn monthly() -> Plan {
    Plan {
        id: "monthly".parse().unwrap(),
        name: "Monthly".to_owned(),
        price_id: "price_ava_monthly".to_owned(),
        amount: 1_499,
        currency: "usd".to_owned(),
        interval: PlanInterval::Month,
        photos_per_period: 100,
        trial_days: 0,
        grace_days: 7,
    }
}
