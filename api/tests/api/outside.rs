//! The world outside a test's system: what is sold, and the sandbox as its adapters see it.

use application::ports::{CustomerDirectory, LogUnavailable, Plan, PlanInterval};
use async_trait::async_trait;
use domain::values::UserId;
use infrastructure::{
    chat::{ChatCompletions, ChatConfig},
    image::replicate::{Replicate, ReplicateConfig},
    standard_webhooks::WebhookSecret,
    stripe::{Stripe, StripeSettings},
};
use sandbox::{RunningSandbox, SandboxConfig};
use sqlx::PgPool;

/// Pictures per period of the plan that tests subscribe to.
pub const QUOTA: u32 = 50;

pub fn plan() -> Plan {
    Plan {
        id: "monthly".parse().unwrap(),
        name: "Monthly".to_owned(),
        price_id: "price_monthly".to_owned(),
        amount: 990,
        currency: "eur".to_owned(),
        interval: PlanInterval::Month,
        photos_per_period: QUOTA,
        trial_days: 0,
        grace_days: 7,
    }
}

/// Told of its predictions at `webhook_base`, if there is one.
pub fn replicate(sandbox: &RunningSandbox, webhook_base: Option<&str>) -> Replicate {
    let config = ReplicateConfig::new("r8_test").at(sandbox.url().parse().unwrap());
    Replicate::new(ReplicateConfig {
        allow_http: true,
        webhook_base: webhook_base.map(|base| base.parse().unwrap()),
        ..config
    })
    .unwrap()
}

/// What the sandbox signs Replicate's messages with.
pub fn replicate_secret() -> WebhookSecret {
    let secret = SandboxConfig::default().replicate_webhook_secret;
    secret.parse().unwrap()
}

/// The sandbox's companion.
pub fn chat_model(sandbox: &RunningSandbox) -> ChatCompletions {
    let base = sandbox.url().parse().unwrap();
    ChatCompletions::new(ChatConfig {
        allow_http: true,
        ..ChatConfig::new(base, "sk-test", "companion")
    })
    .unwrap()
}

pub fn stripe(sandbox: &RunningSandbox) -> Stripe {
    Stripe::new(StripeSettings {
        secret_key: Some("sk_test_sandbox".to_owned()),
        webhook_secrets: vec![SandboxConfig::default().stripe_webhook_secret],
        api_base: Some(sandbox.url().parse().unwrap()),
        ..StripeSettings::default()
    })
    .unwrap()
}

/// The read model, as wiring offers it to the use cases.
pub struct Customers(pub PgPool);

#[async_trait]
impl CustomerDirectory for Customers {
    async fn owner_of(&self, customer_id: &str) -> Result<Option<UserId>, LogUnavailable> {
        let found = projections::gate::owner_of_customer(&self.0, customer_id).await;
        found.map_err(|error| LogUnavailable(error.into()))
    }
}
