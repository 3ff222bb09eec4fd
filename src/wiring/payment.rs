//! Who is paid, by which clock, and whose customer is whose.

use std::sync::Arc;

use application::{
    dispatcher::Dispatcher,
    photos::Photos,
    ports::{Clock, CustomerDirectory, LogUnavailable, PaymentGateway, SystemClock},
};
use async_trait::async_trait;
use domain::values::UserId;
use infrastructure::{
    settings::{Environment, SANDBOX_STRIPE_KEY, Settings},
    stand_in_clock::StandInClock,
    stripe::{Stripe, StripeSettings},
};
use sqlx::PgPool;
use url::Url;

use super::Secrets;
use crate::failure::Failure;

/// The use cases of photos, for which people pay or not.
pub(super) fn photos(
    dispatcher: Dispatcher,
    clock: Arc<dyn Clock>,
    free_of_charge: bool,
) -> Photos {
    let photos = Photos::new(dispatcher, clock);
    if free_of_charge {
        photos.free_of_charge()
    } else {
        photos
    }
}

/// The world's time; where the sandbox plays Stripe, the sandbox's, whose clock a tester may move.
pub(super) fn clock(settings: &Settings, sandbox: &Url) -> Result<Arc<dyn Clock>, Failure> {
    let real = settings.payment.secret_key.is_some();
    match settings.environment {
        Environment::Development | Environment::Test if !real => {
            let base = settings.payment.api_base.as_ref().unwrap_or(sandbox);
            let clock = StandInClock::follow(base).map_err(Failure::other)?;
            Ok(Arc::new(clock))
        }
        Environment::Development | Environment::Test | Environment::Production => {
            Ok(Arc::new(SystemClock))
        }
    }
}

/// Stripe itself, or the sandbox in its place.
pub(super) fn gateway(
    settings: &Settings,
    secrets: &Secrets,
    sandbox: &Url,
) -> Result<Arc<dyn PaymentGateway>, Failure> {
    let configured = &settings.payment;
    let generated = secrets
        .generated
        .as_ref()
        .filter(|_| configured.secret_key.is_none());
    let chosen = match (&configured.secret_key, generated) {
        (None, Some(generated)) => StripeSettings {
            secret_key: Some(SANDBOX_STRIPE_KEY.to_owned()),
            webhook_secrets: vec![generated.sandbox_stripe_webhook_secret.clone()],
            api_base: Some(
                configured
                    .api_base
                    .clone()
                    .unwrap_or_else(|| sandbox.clone()),
            ),
            ..StripeSettings::default()
        },
        (key, _) => StripeSettings {
            secret_key: key.as_ref().map(|key| key.reveal().to_owned()),
            webhook_secrets: configured
                .webhook_secrets
                .iter()
                .map(|secret| secret.reveal().to_owned())
                .collect(),
            api_base: configured.api_base.clone(),
            ..StripeSettings::default()
        },
    };
    Ok(Arc::new(Stripe::new(chosen).map_err(Failure::usage)?))
}

/// The read model that knows whose payment customer is whose.
pub(super) struct Customers(pub(super) PgPool);

#[async_trait]
impl CustomerDirectory for Customers {
    async fn owner_of(&self, customer_id: &str) -> Result<Option<UserId>, LogUnavailable> {
        let owner = projections::gate::owner_of_customer(&self.0, customer_id).await;
        owner.map_err(|error| LogUnavailable(error.into()))
    }
}
