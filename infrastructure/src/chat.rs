//! Any service with OpenAI-compatible chat completions, streamed, with tools.

mod failure;
mod gathering;
mod lines;
mod wire;

use std::{fmt, time::Duration};

use application::ports::{ChatAnswer, ChatError, ChatModel, ChatOrder, Listener};
use async_trait::async_trait;
use futures::StreamExt as _;
use reqwest::{
    Client, Response,
    header::{ACCEPT, AUTHORIZATION, HeaderValue},
};
use url::Url;

use self::{failure::Failure, gathering::Gathering, lines::Lines};
use crate::{
    limits::{CHAT_SILENCE, CHAT_TIME},
    web_service::{api_base, bearer, client, send},
};

/// What [`ChatCompletions`] is told.
#[derive(Clone)]
pub struct ChatConfig {
    /// The API's base, with or without `/v1` at its end.
    pub api_base: Url,
    /// The API key. It goes to the base's host only: redirects are not followed.
    pub api_key: String,
    /// The model's name, as the service calls it.
    pub model: String,
    /// Whether `http` will do: in development, where the sandbox plays the service.
    pub allow_http: bool,
    /// The longest silence: before the first word, and between two.
    pub silence: Duration,
    /// How long a whole answer may take.
    pub deadline: Duration,
}

impl ChatConfig {
    /// That service, with 30 s of silence and two minutes for a whole answer at most.
    pub fn new(api_base: Url, api_key: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            api_base,
            api_key: api_key.into(),
            model: model.into(),
            allow_http: false,
            silence: CHAT_SILENCE,
            deadline: CHAT_TIME,
        }
    }
}

impl fmt::Debug for ChatConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatConfig")
            .field("api_base", &self.api_base.as_str())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// Why a chat service cannot be reached with that configuration.
#[derive(Debug, thiserror::Error)]
pub enum InvalidChatConfig {
    /// No usable address.
    #[error("CHAT_API_BASE must be an https address without a user (in development http will do)")]
    ApiBase,
    /// No usable key.
    #[error("CHAT_API_KEY must be a key as it can stand in a header")]
    ApiKey,
    /// No model.
    #[error("CHAT_MODEL must name a model")]
    Model,
    /// The HTTP client cannot be built.
    #[error("the HTTP client for the chat model cannot be built")]
    Client(#[source] reqwest::Error),
}

/// A chat-completions service.
pub struct ChatCompletions {
    client: Client,
    endpoint: Url,
    authorization: HeaderValue,
    config: ChatConfig,
}

impl ChatCompletions {
    /// The way to that service.
    ///
    /// # Errors
    /// As `InvalidChatConfig` says.
    pub fn new(config: ChatConfig) -> Result<Self, InvalidChatConfig> {
        let authorization = bearer(&config.api_key).ok_or(InvalidChatConfig::ApiKey)?;
        if config.model.trim().is_empty() {
            return Err(InvalidChatConfig::Model);
        }
        let client = client(config.allow_http)
            .read_timeout(config.silence)
            .timeout(config.deadline);
        Ok(Self {
            client: client.build().map_err(InvalidChatConfig::Client)?,
            endpoint: endpoint(&config)?,
            authorization,
            config,
        })
    }

    async fn ask(&self, order: &ChatOrder) -> Result<Response, Failure> {
        let request = self
            .client
            .post(self.endpoint.clone())
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "text/event-stream")
            .json(&wire::body(&self.config.model, order));
        let response = send("chat", request)
            .await
            .map_err(|error| Failure::of(&error))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(Failure::answered(response).await)
        }
    }

    async fn gather(
        &self,
        response: Response,
        listener: &mut dyn Listener,
    ) -> Result<Gathering, Failure> {
        let (mut lines, mut gathering) = (Lines::default(), Gathering::default());
        let mut bytes = response.bytes_stream();
        while let Some(piece) = bytes.next().await {
            let piece = piece.map_err(|error| Failure::of(&error))?;
            for data in lines.take(&piece)? {
                if data == wire::DONE {
                    return Ok(gathering);
                }
                if let Some(words) = gathering.take(&data)? {
                    listener.hear(&words);
                }
            }
        }
        // Some services end without `[DONE]`; a finish reason says as much.
        if gathering.is_whole() {
            Ok(gathering)
        } else {
            Err(Failure::cut_off())
        }
    }
}

#[async_trait]
impl ChatModel for ChatCompletions {
    fn model(&self) -> &str {
        &self.config.model
    }

    async fn answer(
        &self,
        order: &ChatOrder,
        listener: &mut dyn Listener,
    ) -> Result<ChatAnswer, ChatError> {
        let response = self.ask(order).await?;
        let gathered = self.gather(response, listener).await?;
        Ok(gathered.finish(&self.config.model)?)
    }
}

impl fmt::Debug for ChatCompletions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt(f)
    }
}

/// Where completions are asked for.
fn endpoint(config: &ChatConfig) -> Result<Url, InvalidChatConfig> {
    let mut url =
        api_base(&config.api_base, config.allow_http).map_err(|_| InvalidChatConfig::ApiBase)?;
    url.path_segments_mut()
        .map_err(|()| InvalidChatConfig::ApiBase)?
        .pop_if_empty()
        .extend(["chat", "completions"]);
    Ok(url)
}
