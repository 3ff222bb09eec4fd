//! Who speaks for the companion: the configured service, or the sandbox in its place.

use std::sync::Arc;

use infrastructure::{
    chat::{ChatCompletions, ChatConfig},
    settings::{Environment, SANDBOX_CHAT_KEY, Settings},
};
use url::Url;

use crate::failure::Failure;

/// Where chat completions are asked for unless another address is configured.
const OPENAI: &str = "https://api.openai.com/v1";
/// What the sandbox's companion is called; it answers to any name.
const SANDBOX_MODEL: &str = "sandbox-companion";

/// The chat service itself, or the sandbox in its place.
pub(super) fn model(settings: &Settings, sandbox: &Url) -> Result<Arc<ChatCompletions>, Failure> {
    let configured = &settings.chat;
    let api_base = match (&configured.api_base, &configured.key) {
        (Some(base), _) => base.clone(),
        (None, Some(_)) => Url::parse(OPENAI).map_err(Failure::other)?,
        (None, None) => sandbox.clone(),
    };
    let key = configured.key.as_ref();
    let config = ChatConfig {
        allow_http: settings.environment != Environment::Production,
        ..ChatConfig::new(
            api_base,
            key.map_or(SANDBOX_CHAT_KEY, |key| key.reveal()),
            configured.model.as_deref().unwrap_or(SANDBOX_MODEL),
        )
    };
    Ok(Arc::new(
        ChatCompletions::new(config).map_err(Failure::usage)?,
    ))
}
