//! A chat model that is not asked more often than its account may.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    ports::{
        ChatAnswer, ChatError, ChatErrorKind, ChatModel, ChatOrder, Listener, RateLimits, Subject,
    },
    rate_limits::Policy,
};

/// Who is asked, whatever its name.
const ACCOUNT: Subject = Subject::Provider("chat");

/// How long an answer waits for its turn; after that, whoever asked decides when to ask again.
const PATIENCE: Duration = Duration::from_secs(5);

/// A model whose turns are counted under [`Policy::ChatModel`], by all processes together.
pub struct PacedModel {
    model: Arc<dyn ChatModel>,
    rate_limits: Arc<dyn RateLimits>,
}

impl PacedModel {
    /// That model, counted there.
    #[must_use]
    pub fn new(model: Arc<dyn ChatModel>, rate_limits: Arc<dyn RateLimits>) -> Self {
        Self { model, rate_limits }
    }

    async fn turn(&self) -> Result<(), ChatError> {
        let begun = tokio::time::Instant::now();
        loop {
            let verdict = self.rate_limits.take(ACCOUNT, &[Policy::ChatModel]).await;
            if verdict.allowed {
                return Ok(());
            }
            let wait = verdict.retry_after();
            if begun.elapsed() + wait > PATIENCE {
                return Err(ChatError {
                    kind: ChatErrorKind::Retryable { after: Some(wait) },
                    detail: "the chat model is asked as often as it may be".to_owned(),
                });
            }
            // Those who wait for the same turn come one after the other.
            tokio::time::sleep(wait + Duration::from_millis(rand::random_range(0..20))).await;
        }
    }
}

#[async_trait]
impl ChatModel for PacedModel {
    fn model(&self) -> &str {
        self.model.model()
    }

    async fn answer(
        &self,
        order: &ChatOrder,
        listener: &mut dyn Listener,
    ) -> Result<ChatAnswer, ChatError> {
        self.turn().await?;
        self.model.answer(order, listener).await
    }
}
