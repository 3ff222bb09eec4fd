//! Those outside who are paid, draw, or speak.

use std::{str::FromStr, time::Duration};

use url::Url;

use super::{Secret, reader::Reader};
use crate::{image::replicate::ModelName, standard_webhooks::WebhookSecret};

/// Whether anybody has to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billing {
    /// Operations for subscribers need an open subscription.
    On,
    /// The gate stands open and no quota is counted; never in production.
    Off,
}

impl FromStr for Billing {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err("it is one of on, off"),
        }
    }
}

/// Stripe, or the sandbox when there is no key.
#[derive(Debug, Clone)]
pub struct PaymentSettings {
    /// `BILLING`.
    pub billing: Billing,
    /// `BILLING_RECONCILE_MINUTES`: how often we compare ourselves with the provider; none for never.
    pub reconcile_every: Option<Duration>,
    /// `STRIPE_SECRET_KEY`.
    pub secret_key: Option<Secret>,
    /// `STRIPE_WEBHOOK_SECRET`: several, with commas between, while the secret is being rotated.
    pub webhook_secrets: Vec<Secret>,
    /// `STRIPE_API_BASE`; none for Stripe itself.
    pub api_base: Option<Url>,
}

/// Replicate, or the sandbox when there is no token.
#[derive(Debug, Clone)]
pub struct ReplicateSettings {
    /// `REPLICATE_API_TOKEN`.
    pub api_token: Option<Secret>,
    /// `REPLICATE_API_BASE`; none for Replicate itself.
    pub api_base: Option<Url>,
    /// `REPLICATE_REFERENCE_MODEL`; none for the default.
    pub reference_model: Option<ModelName>,
    /// `REPLICATE_SCENE_MODEL`; none for the default.
    pub scene_model: Option<ModelName>,
    /// `REPLICATE_WEBHOOK_SECRET`: several, with commas between, while the secret is being rotated.
    pub webhook_secrets: Vec<WebhookSecret>,
    /// `REPLICATE_CREATES_PER_MINUTE`; none for what Replicate takes.
    pub creates_per_minute: Option<u32>,
}

/// A service that draws pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageService {
    /// Replicate, or the sandbox when there is no token.
    Replicate,
    /// An OpenAI-compatible images API, or the sandbox when there is no key.
    OpenAi,
}

impl std::str::FromStr for ImageService {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "replicate" => Ok(Self::Replicate),
            "openai" => Ok(Self::OpenAi),
            _ => Err("it is one of replicate, openai"),
        }
    }
}

/// An OpenAI-compatible images API, or the sandbox when there is no key.
#[derive(Debug, Clone)]
pub struct ImagesApiSettings {
    /// `IMAGES_API_KEY`.
    pub key: Option<Secret>,
    /// `IMAGES_API_BASE`; none for OpenAI itself.
    pub api_base: Option<Url>,
    /// `IMAGES_MODEL`; none for the default.
    pub model: Option<String>,
    /// `IMAGES_FILE_HOSTS`: more domains that pictures may come from.
    pub file_domains: Vec<String>,
    /// `IMAGES_ORDERS_PER_MINUTE`; none for the default.
    pub orders_per_minute: Option<u32>,
}

/// A service with OpenAI-compatible chat completions, or the sandbox when there is no key.
#[derive(Debug, Clone)]
pub struct ChatSettings {
    /// `CHAT_API_KEY`.
    pub key: Option<Secret>,
    /// `CHAT_API_BASE`; none for OpenAI itself.
    pub api_base: Option<Url>,
    /// `CHAT_MODEL`; there is one whenever there is a key.
    pub model: Option<String>,
    /// `CHAT_BREAK_AFTER_MINUTES`: after how much talk a person is reminded of a break; none for never.
    pub break_after: Option<Duration>,
}

pub(super) fn payment(reader: &mut Reader<'_>) -> PaymentSettings {
    let secrets = reader.list("STRIPE_WEBHOOK_SECRET");
    let settings = PaymentSettings {
        billing: reader.value("BILLING", "on").unwrap_or(Billing::On),
        reconcile_every: reconcile_every(reader),
        secret_key: reader.secret("STRIPE_SECRET_KEY"),
        webhook_secrets: secrets.into_iter().map(Secret::new).collect(),
        api_base: reader.address("STRIPE_API_BASE", "https://api.stripe.com"),
    };
    if settings.secret_key.is_some() && settings.webhook_secrets.is_empty() {
        reader.problem(
            "STRIPE_WEBHOOK_SECRET",
            "is missing although STRIPE_SECRET_KEY is set: without it no payment would ever be heard of",
        );
    }
    settings
}

/// An hour, unless it says otherwise; 0 for never.
fn reconcile_every(reader: &mut Reader<'_>) -> Option<Duration> {
    let minutes: u16 = reader
        .value("BILLING_RECONCILE_MINUTES", "60")
        .unwrap_or(60);
    (minutes > 0).then(|| Duration::from_secs(u64::from(minutes) * 60))
}

pub(super) fn replicate(reader: &mut Reader<'_>) -> ReplicateSettings {
    ReplicateSettings {
        api_token: reader.secret("REPLICATE_API_TOKEN"),
        api_base: reader.address("REPLICATE_API_BASE", "https://api.replicate.com/v1"),
        reference_model: reader.value(
            "REPLICATE_REFERENCE_MODEL",
            "black-forest-labs/flux-schnell",
        ),
        scene_model: reader.value(
            "REPLICATE_SCENE_MODEL",
            "black-forest-labs/flux-kontext-pro",
        ),
        webhook_secrets: webhook_secrets(reader),
        creates_per_minute: reader.value("REPLICATE_CREATES_PER_MINUTE", "600"),
    }
}

fn webhook_secrets(reader: &mut Reader<'_>) -> Vec<WebhookSecret> {
    let secrets = reader.list("REPLICATE_WEBHOOK_SECRET");
    let read: Result<Vec<_>, _> = secrets.iter().map(|secret| secret.parse()).collect();
    read.unwrap_or_else(|error| {
        reader.problem(
            "REPLICATE_WEBHOOK_SECRET",
            format_args!("is not usable: {error}; GET /v1/webhooks/default/secret tells it"),
        );
        Vec::new()
    })
}

/// Who draws, in the order in which they are asked; at least one.
pub(super) fn image_services(reader: &mut Reader<'_>) -> Vec<ImageService> {
    let text = reader
        .text("IMAGE_PROVIDER")
        .unwrap_or_else(|| "replicate".to_owned());
    let read: Result<Vec<ImageService>, _> =
        text.split(',').map(|one| one.trim().parse()).collect();
    let services = read.unwrap_or_else(|error| {
        reader.problem(
            "IMAGE_PROVIDER",
            format_args!("is {text:?}; {error}, or both with a comma between"),
        );
        Vec::new()
    });
    let twice = |(place, service)| services[..place].contains(service);
    if services.iter().enumerate().any(twice) {
        reader.problem(
            "IMAGE_PROVIDER",
            format_args!("is {text:?}, which names one twice"),
        );
    }
    services
}

pub(super) fn images_api(reader: &mut Reader<'_>) -> ImagesApiSettings {
    let hosts = reader.list("IMAGES_FILE_HOSTS");
    ImagesApiSettings {
        key: reader.secret("IMAGES_API_KEY"),
        api_base: reader.address("IMAGES_API_BASE", "https://api.openai.com/v1"),
        model: reader.text("IMAGES_MODEL"),
        file_domains: hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        orders_per_minute: reader.value("IMAGES_ORDERS_PER_MINUTE", "50"),
    }
}

pub(super) fn chat(reader: &mut Reader<'_>) -> ChatSettings {
    let settings = ChatSettings {
        key: reader.secret("CHAT_API_KEY"),
        api_base: reader.address("CHAT_API_BASE", "https://api.openai.com/v1"),
        model: reader.text("CHAT_MODEL"),
        break_after: break_after(reader),
    };
    if settings.key.is_some() && settings.model.is_none() {
        reader.problem(
            "CHAT_MODEL",
            "is missing although CHAT_API_KEY is set: name the model, as the service calls it",
        );
    }
    settings
}

/// Two hours, unless it says otherwise; 0 for never.
fn break_after(reader: &mut Reader<'_>) -> Option<Duration> {
    let minutes: u16 = reader
        .value("CHAT_BREAK_AFTER_MINUTES", "120")
        .unwrap_or(120);
    (minutes > 0).then(|| Duration::from_secs(u64::from(minutes) * 60))
}
