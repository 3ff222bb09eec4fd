//! `ava sandbox`: the stand-ins alone.

use std::{net::SocketAddr, path::PathBuf};

use ::sandbox::{PriceInterval, RunningSandbox, SandboxConfig, SandboxError, StripePrice};
use application::ports::{Plan, PlanInterval};
use infrastructure::settings::{Environment, GeneratedSecrets, Settings};
use url::Url;

use crate::{failure::Failure, listener::url_of, stop};

pub const HELP: &str = "\
Examples:
  ava sandbox                                        plays Stripe and Replicate on 127.0.0.1:8090
  ava sandbox --in-memory                            forgets everything when it ends
  SANDBOX_ADDR=127.0.0.1:9090 ava sandbox            on another port
  curl -s http://127.0.0.1:8090/v1/prices -u sk_test_any:

It speaks the real wire formats, believes any key, and forgets nothing that is in DATA_DIR/sandbox.json.";

pub async fn run(settings: Settings, in_memory: bool) -> Result<(), Failure> {
    if settings.environment == Environment::Production {
        return Err(Failure::usage(
            "APP_ENV is production, and the sandbox is for development",
        ));
    }
    let stop = stop::on_signals()?;
    let secrets = GeneratedSecrets::open(&settings.data_dir).map_err(Failure::other)?;
    let api_url = match &settings.public_url {
        Some(url) => url.clone(),
        None => url_of(settings.http_addr)?,
    };
    let state_file = (!in_memory).then(|| state_file(&settings));
    let sandbox = start(&settings, &secrets, &api_url, state_file).await?;
    stop.cancelled().await;
    sandbox.stop().await;
    Ok(())
}

/// Where it keeps what it remembers.
pub fn state_file(settings: &Settings) -> PathBuf {
    settings.data_dir.join("sandbox.json")
}

/// Starts the sandbox, which sends Stripe's messages to the API at `api_url`.
pub async fn start(
    settings: &Settings,
    secrets: &GeneratedSecrets,
    api_url: &Url,
    state_file: Option<PathBuf>,
) -> Result<RunningSandbox, Failure> {
    let webhook_url = api_url.join("/billing/webhook").map_err(Failure::other)?;
    let standard = SandboxConfig::default();
    let quota = settings.replicate.creates_per_minute;
    let config = SandboxConfig {
        addr: settings.sandbox_addr,
        replicate_creates_per_minute: quota.unwrap_or(standard.replicate_creates_per_minute),
        replicate_webhook_secret: secrets.sandbox_replicate_webhook_secret.clone(),
        stripe_webhook_secret: secrets.sandbox_stripe_webhook_secret.clone(),
        stripe_webhook_url: Some(webhook_url.into()),
        stripe_prices: settings.plans.0.iter().map(price).collect(),
        state_file,
        ..standard
    };
    ::sandbox::start(config).await.map_err(told)
}

/// What a plan is sold at, so that the sandbox's pages show what the plans say.
fn price(plan: &Plan) -> StripePrice {
    let interval = match plan.interval {
        PlanInterval::Day => PriceInterval::Day,
        PlanInterval::Week => PriceInterval::Week,
        PlanInterval::Month => PriceInterval::Month,
        PlanInterval::Year => PriceInterval::Year,
    };
    let amount = i64::from(plan.amount);
    StripePrice::recurring(&plan.price_id, &plan.name, amount, &plan.currency, interval)
}

fn told(error: SandboxError) -> Failure {
    match error {
        SandboxError::AddressTaken(addr) => Failure::conflict(taken(addr)),
        SandboxError::Listen(..) => Failure::usage(error),
        SandboxError::StateFile(..) | SandboxError::Client(_) => Failure::other(error),
    }
}

fn taken(addr: SocketAddr) -> String {
    format!(
        "{addr}, where the sandbox should listen, is taken by another program; stop that one, or set SANDBOX_ADDR to \
         another address, as in `SANDBOX_ADDR=127.0.0.1:8091 ava up`"
    )
}
