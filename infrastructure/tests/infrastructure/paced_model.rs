//! A chat model that is asked no more often than its account may be.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use application::{
    paced_model::PacedModel,
    ports::{ChatAnswer, ChatError, ChatErrorKind, ChatModel, ChatOrder, Listener},
    rate_limits::{Bounds, Policy, Quota},
};
use async_trait::async_trait;
use infrastructure::rate_limits::InProcessRateLimits;

/// A service that answers at once.
struct Ready;

#[async_trait]
impl ChatModel for Ready {
    fn model(&self) -> &str {
        "ready"
    }

    async fn answer(
        &self,
        _order: &ChatOrder,
        _listener: &mut dyn Listener,
    ) -> Result<ChatAnswer, ChatError> {
        Ok(ChatAnswer {
            text: Some("Yes?".to_owned()),
            call: None,
            calls_too_many: 0,
            cut_off: false,
            model: "ready".to_owned(),
            usage: None,
        })
    }
}

fn paced(quota: Option<Quota>) -> PacedModel {
    let bounds = Bounds::NONE.with(Policy::ChatModel, quota);
    PacedModel::new(Arc::new(Ready), Arc::new(InProcessRateLimits::new(bounds)))
}

async fn ask(model: &PacedModel) -> Result<ChatAnswer, ChatError> {
    let order = ChatOrder {
        messages: Vec::new(),
        tools: Vec::new(),
        max_tokens: 10,
    };
    model.answer(&order, &mut ()).await
}

#[tokio::test]
async fn answers_wait_for_their_turn() {
    let model = paced(Quota::new(2, 1));
    let begun = Instant::now();
    let answers = futures::future::join_all((0..4).map(|_| ask(&model))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert!(
        begun.elapsed() >= Duration::from_millis(990),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_turn_that_is_far_away_is_named() {
    let model = paced(Quota::new(1, 3_600));
    assert!(ask(&model).await.is_ok());
    let begun = Instant::now();
    let error = ask(&model).await.unwrap_err();
    let ChatErrorKind::Retryable { after: Some(after) } = error.kind else {
        panic!("{error:?}");
    };
    assert!(after > Duration::from_secs(3_500), "{after:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "nobody waits in vain"
    );
}

#[tokio::test]
async fn without_a_bound_nobody_waits() {
    let model = paced(None);
    for _ in 0..100 {
        assert!(ask(&model).await.is_ok());
    }
}
