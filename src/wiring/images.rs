//! Who draws: the configured services, or the sandbox in their place.

use std::sync::Arc;

use application::ports::{ImageProvider, ImageProviders};
use infrastructure::{
    image::{
        openai::{OpenAiImages, OpenAiImagesConfig},
        replicate::{Replicate, ReplicateConfig},
    },
    settings::{Environment, ImageService, SANDBOX_IMAGES_KEY, SANDBOX_REPLICATE_TOKEN, Settings},
    standard_webhooks::WebhookSecret,
};
use url::Url;

use super::{Secrets, Surroundings};
use crate::failure::Failure;

/// What Replicate's messages are signed with; the sandbox's secret while that plays Replicate.
pub(super) fn webhook_secrets(
    settings: &Settings,
    secrets: &Secrets,
) -> Result<Vec<WebhookSecret>, Failure> {
    match &secrets.generated {
        Some(generated) if settings.replicate.api_token.is_none() => {
            let secret = generated.sandbox_replicate_webhook_secret.parse();
            Ok(vec![secret.map_err(Failure::other)?])
        }
        Some(_) | None => Ok(settings.replicate.webhook_secrets.clone()),
    }
}

/// Where Replicate can tell us of its predictions: at an https address, whose messages we can check; the sandbox at
/// this machine's.
fn webhook_base(settings: &Settings, surroundings: &Surroundings) -> Option<Url> {
    if settings.replicate.api_token.is_none() {
        return Some(surroundings.api_url.clone());
    }
    let public = settings.public_url.clone();
    public.filter(|url| url.scheme() == "https" && !settings.replicate.webhook_secrets.is_empty())
}

/// Who draws, in the order in which they are asked.
pub(super) fn providers(
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<ImageProviders, Failure> {
    let mut services = Vec::new();
    for service in &settings.image_services {
        let service: Arc<dyn ImageProvider> = match service {
            ImageService::Replicate => replicate(settings, surroundings)?,
            ImageService::OpenAi => images_api(settings, &surroundings.sandbox_url)?,
        };
        services.push(service);
    }
    let mut services = services.into_iter();
    let first = services
        .next()
        .ok_or_else(|| Failure::usage("IMAGE_PROVIDER names nobody"))?;
    Ok(ImageProviders::new(first, services))
}

/// An images API itself, or the sandbox in its place.
fn images_api(settings: &Settings, sandbox: &Url) -> Result<Arc<OpenAiImages>, Failure> {
    let configured = &settings.images_api;
    let key = configured.key.as_ref();
    let mut config = OpenAiImagesConfig::new(key.map_or(SANDBOX_IMAGES_KEY, |key| key.reveal()));
    config.allow_http = settings.environment != Environment::Production;
    if let Some(base) = &configured.api_base {
        config.api_base = base.clone();
    } else if configured.key.is_none() {
        config.api_base = sandbox.clone();
    }
    if let Some(model) = &configured.model {
        config.model.clone_from(model);
    }
    config
        .file_domains
        .extend(configured.file_domains.iter().cloned());
    if let Some(orders) = configured.orders_per_minute {
        config.orders_per_minute = orders;
    }
    Ok(Arc::new(OpenAiImages::new(config).map_err(Failure::usage)?))
}

/// Replicate itself, or the sandbox in its place.
fn replicate(settings: &Settings, surroundings: &Surroundings) -> Result<Arc<Replicate>, Failure> {
    let configured = &settings.replicate;
    let token = configured
        .api_token
        .as_ref()
        .map_or(SANDBOX_REPLICATE_TOKEN, |token| token.reveal());
    let mut config = ReplicateConfig::new(token);
    config.allow_http = settings.environment != Environment::Production;
    if let Some(base) = &configured.api_base {
        config = config.at(base.clone());
    } else if configured.api_token.is_none() {
        config = config.at(surroundings.sandbox_url.clone());
    }
    if let Some(model) = &configured.reference_model {
        config.reference_model = model.clone();
    }
    if let Some(model) = &configured.scene_model {
        config.scene_model = model.clone();
    }
    config.webhook_base = webhook_base(settings, surroundings);
    if let Some(creates) = configured.creates_per_minute {
        config.creates_per_minute = creates;
    }
    Ok(Arc::new(Replicate::new(config).map_err(Failure::usage)?))
}
