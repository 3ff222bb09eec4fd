//! What is counted of the companion's answers, in this process since it started.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::conversation::FailureReason;
use tokio::time::Instant;

use crate::{
    conversations::Answered,
    ports::{ChatAnswer, ChatError, ChatModel, ChatOrder, Listener},
};

/// The upper bounds of the histogram of waits for the first word, in seconds.
pub const FIRST_WORD_BOUNDS: [f64; 8] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The counts. Shared by whoever answers and whoever tells the figures.
#[derive(Debug, Default)]
pub struct ChatFigures(Mutex<ChatCounts>);

/// The counts at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatCounts {
    /// Turns that ended here, by how they did: `replied`, `unavailable` and so on.
    pub turns: BTreeMap<&'static str, u64>,
    /// Tokens that models were given to read.
    pub prompt_tokens: u64,
    /// Tokens that models wrote.
    pub completion_tokens: u64,
    /// How many first words came within each of [`FIRST_WORD_BOUNDS`], and not within the one before.
    pub first_words: [u64; FIRST_WORD_BOUNDS.len()],
    /// How many first words came at all.
    pub first_words_count: u64,
    /// How long they were waited for together.
    pub first_words_sum: Duration,
}

impl ChatFigures {
    /// A turn has ended, unless it had before.
    pub fn turn_ended(&self, answered: Answered) {
        let outcome = match answered {
            Answered::Replied => "replied",
            Answered::Failed(FailureReason::Refused) => "refused",
            Answered::Failed(FailureReason::Filtered) => "filtered",
            Answered::Failed(FailureReason::AgainstTheRules) => "against_the_rules",
            Answered::Failed(FailureReason::TooLong) => "too_long",
            Answered::Failed(FailureReason::Unavailable) => "unavailable",
            Answered::Failed(FailureReason::Operator) => "operator",
            Answered::Earlier => return,
        };
        *self.counts().turns.entry(outcome).or_default() += 1;
    }

    /// The counts as they are now.
    pub fn now(&self) -> ChatCounts {
        self.counts().clone()
    }

    fn first_word_after(&self, wait: Duration) {
        let mut counts = self.counts();
        let bucket = FIRST_WORD_BOUNDS
            .iter()
            .position(|bound| wait.as_secs_f64() <= *bound);
        if let Some(bucket) = bucket {
            counts.first_words[bucket] += 1;
        }
        counts.first_words_count += 1;
        counts.first_words_sum += wait;
    }

    fn answered(&self, answer: &ChatAnswer) {
        if let Some(usage) = answer.usage {
            let mut counts = self.counts();
            counts.prompt_tokens += u64::from(usage.prompt_tokens);
            counts.completion_tokens += u64::from(usage.completion_tokens);
        }
    }

    fn counts(&self) -> MutexGuard<'_, ChatCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A chat model whose answers are counted, also those that come to nothing.
pub struct CountedModel {
    model: Arc<dyn ChatModel>,
    figures: Arc<ChatFigures>,
}

impl CountedModel {
    /// That model, counted there.
    pub fn new(model: Arc<dyn ChatModel>, figures: Arc<ChatFigures>) -> Self {
        Self { model, figures }
    }
}

#[async_trait]
impl ChatModel for CountedModel {
    fn model(&self) -> &str {
        self.model.model()
    }

    async fn answer(
        &self,
        order: &ChatOrder,
        listener: &mut dyn Listener,
    ) -> Result<ChatAnswer, ChatError> {
        let mut waiting = Waiting {
            listener,
            figures: &self.figures,
            since: Some(Instant::now()),
        };
        let answer = self.model.answer(order, &mut waiting).await?;
        self.figures.answered(&answer);
        Ok(answer)
    }
}

/// Waits for the first word.
struct Waiting<'a> {
    listener: &'a mut dyn Listener,
    figures: &'a ChatFigures,
    since: Option<Instant>,
}

impl Listener for Waiting<'_> {
    fn begin(&mut self) {
        self.listener.begin();
    }

    fn hear(&mut self, words: &str) {
        if let Some(since) = self.since.take() {
            self.figures.first_word_after(since.elapsed());
        }
        self.listener.hear(words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_counted_by_their_end_and_once() {
        let figures = ChatFigures::default();
        for answered in [
            Answered::Replied,
            Answered::Earlier,
            Answered::Failed(FailureReason::Unavailable),
            Answered::Replied,
        ] {
            figures.turn_ended(answered);
        }
        let turns = figures.now().turns;
        assert_eq!(turns, BTreeMap::from([("replied", 2), ("unavailable", 1)]));
    }

    #[test]
    fn waits_fall_into_the_bucket_that_they_fit() {
        let figures = ChatFigures::default();
        for millis in [100, 101, 60_000] {
            figures.first_word_after(Duration::from_millis(millis));
        }
        let counts = figures.now();
        assert_eq!(counts.first_words[..3], [1, 1, 0]);
        assert_eq!(counts.first_words_count, 3);
        assert_eq!(counts.first_words_sum, Duration::from_millis(60_201));
    }
}
