//! What to do about an answer that is none, or a no.

use std::time::Duration;

use application::ports::{ProviderError, ProviderErrorKind};
use reqwest::StatusCode;
use serde::Deserialize;

use super::{api::Answer, operator};
use crate::web_service::known_words;

/// What words about flagged content hold, in lower case: FLUX's own message, and those of hosted checkers.
const CONTENT_WORDS: [&str; 5] = ["nsfw", "sensitive", "flagged", "safety", "content policy"];

/// Whether a call buys something: then a lost answer may hide a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// A create.
    Purchase,
    /// Anything that may be asked again.
    Question,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Our own request cannot be made.
    NotAsked(String),
    /// No connection: surely nothing arrived.
    NotSent(String),
    /// It may have arrived.
    Unanswered(String),
}

impl Trouble {
    pub(super) fn while_asking_for(self, asking: Asking) -> ProviderError {
        let retryable = ProviderErrorKind::Retryable { after: None };
        let (kind, why) = match (self, asking) {
            (Self::NotAsked(why), _) => (ProviderErrorKind::Operator, why),
            (Self::NotSent(why), _) | (Self::Unanswered(why), Asking::Question) => (retryable, why),
            (Self::Unanswered(why), Asking::Purchase) => (ProviderErrorKind::MaybeAccepted, why),
        };
        ProviderError {
            kind,
            detail: format!("Replicate gave no answer: {why}"),
        }
    }
}

/// RFC 9457, as far as it is used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
}

/// Sorts an answer that is not a success.
pub(super) fn refusal(answer: &Answer, asking: Asking) -> ProviderError {
    let problem: Problem = answer.json().unwrap_or_default();
    let words = problem.detail.or(problem.title).unwrap_or_default();
    let status = answer.status;
    let retryable = |after| ProviderErrorKind::Retryable { after };
    let lost = match asking {
        Asking::Purchase => ProviderErrorKind::MaybeAccepted,
        Asking::Question => retryable(answer.retry_after),
    };
    let kind = match status {
        StatusCode::TOO_MANY_REQUESTS => retryable(answer.retry_after.or_else(|| pause_in(&words))),
        StatusCode::REQUEST_TIMEOUT => lost,
        _ if status.is_server_error() => lost,
        // A sum that is due or a key that is wrong is never about the content.
        StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN => {
            ProviderErrorKind::Operator
        }
        _ if status.is_client_error() && is_about_content(&words) => ProviderErrorKind::Content,
        _ => ProviderErrorKind::Operator,
    };
    let detail = match known_words(&words) {
        words if words.is_empty() => format!("Replicate answered {}", status.as_u16()),
        words => format!("Replicate answered {}: {words}", status.as_u16()),
    };
    ProviderError { kind, detail }
}

/// Sorts what a failed prediction says of itself. Unknown words are taken for trouble that may pass.
pub(super) fn failure(words: &str) -> ProviderError {
    let kind = match is_about_content(words) {
        true => ProviderErrorKind::Content,
        false => ProviderErrorKind::Retryable { after: None },
    };
    let detail = match known_words(words) {
        words if words.is_empty() => "Replicate says that the prediction failed".to_owned(),
        words => words,
    };
    ProviderError { kind, detail }
}

/// Replicate's code E005 stands for input or output that was flagged.
fn is_about_content(words: &str) -> bool {
    let words = words.to_lowercase();
    words.contains("(e005)") || CONTENT_WORDS.iter().any(|content| words.contains(content))
}

/// The pause in "Expected available in 1 second." and "Your rate limit resets in ~30s."
fn pause_in(words: &str) -> Option<Duration> {
    words.match_indices("in ").find_map(|(place, found)| {
        let rest = words[place + found.len()..].trim_start_matches('~');
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let number: u64 = rest[..end].parse().ok()?;
        let unit = match rest[end..].trim_start().chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            _ => return None,
        };
        Some(Duration::from_secs(number.saturating_mul(unit).min(3600)))
    })
}

/// The configured model cannot be asked.
pub(super) fn unusable_input(why: &str) -> ProviderError {
    operator(format!("the order cannot be sent to Replicate: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_is_read_from_both_of_replicates_sentences() {
        let seconds = |words| pause_in(words).map(|pause| pause.as_secs());
        assert_eq!(
            seconds("Request was throttled. Expected available in 1 second."),
            Some(1)
        );
        assert_eq!(
            seconds("Request was throttled. Your rate limit resets in ~30s."),
            Some(30)
        );
        assert_eq!(seconds("Expected available in 2 minutes."), Some(120));
        assert_eq!(seconds("In a while, in 7 hours or in time."), None);
        assert_eq!(seconds(""), None);
    }

    #[test]
    fn flagged_content_is_told_from_a_machine_that_broke() {
        for content in [
            "All generated images contained NSFW content. Try running it again with a different prompt.",
            "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
        ] {
            assert_eq!(
                failure(content).kind,
                ProviderErrorKind::Content,
                "{content}"
            );
        }
        for passing in [
            "CUDA out of memory (E1001)",
            "Prediction failed to start in time. (E6716)",
            "",
        ] {
            let kind = ProviderErrorKind::Retryable { after: None };
            assert_eq!(failure(passing).kind, kind, "{passing}");
        }
    }
}
