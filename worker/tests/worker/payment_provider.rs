//! The payment provider, as the sandbox plays it: its plan, ways to pay it, and a way to reach it.

use application::{
    context::{Actor, Context},
    ports::{Plan, PlanInterval},
    subscriptions,
};
use chrono::{TimeDelta, Utc};
use domain::{
    subscription::{self, Gate, Snapshot, Status, Subscription},
    values::UserId,
};
use infrastructure::stripe::{Stripe, StripeSettings};
use sandbox::{RunningSandbox, SandboxConfig};
use serde_json::json;

use crate::system::{QUOTA, System, of};

impl System {
    /// The provider says that the user has paid, without anybody having done so.
    pub async fn subscribe(&self, user: UserId) {
        let now = Utc::now();
        let snapshot = Snapshot {
            provider_id: format!("sub_{user}"),
            customer_id: format!("cus_{user}"),
            status: Status::Active,
            terms: plan().terms(),
            period_start: now - TimeDelta::days(1),
            period_end: now + TimeDelta::days(29),
            cancel_at_period_end: false,
            source_event: "evt_1".to_owned(),
            as_of: now,
        };
        let context = Context {
            actor: Actor::Provider("stripe"),
            ..of(user)
        };
        let command = subscription::Command::ApplyProviderSnapshot { snapshot };
        let stream = subscriptions::stream(user);
        self.dispatcher
            .execute::<Subscription>(stream, command, context)
            .await
            .unwrap();
    }

    /// Lets the user pay on the provider's page; its messages do not come by themselves.
    pub async fn pay(&self, user: UserId) {
        let price = json!({"id": plan().price_id, "unit_amount": plan().amount, "currency": "eur", "interval": "month"});
        self.control("/stripe/prices", json!({ "prices": [price] }))
            .await;
        let back = "https://example.com/back".to_owned();
        let page = self
            .subscriptions
            .start_checkout(of(user), None, "monthly", back.clone(), back);
        let (session, _) = page.await.unwrap();
        let path = format!("/stripe/sessions/{}/complete", session.id);
        self.control(&path, json!({"outcome": "paid"})).await;
    }

    pub async fn gate(&self, user: UserId) -> Gate {
        let subscription = self.subscriptions.load(user).await.unwrap().state;
        subscription.gate(Utc::now())
    }
}

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

pub fn stripe(sandbox: &RunningSandbox) -> Stripe {
    Stripe::new(StripeSettings {
        secret_key: Some("sk_test_sandbox".to_owned()),
        webhook_secrets: vec![SandboxConfig::default().stripe_webhook_secret],
        api_base: Some(sandbox.url().parse().unwrap()),
        ..StripeSettings::default()
    })
    .unwrap()
}
