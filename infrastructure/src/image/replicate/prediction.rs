//! Replicate's prediction object, and what it means to us.

use application::ports::{Prediction, PredictionState, ProviderError, ProviderErrorKind};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::refusal::failure;

/// A prediction, as far as it is used. The answer to a create is shorter than that to a poll.
#[derive(Debug, Deserialize)]
pub(super) struct PredictionObject {
    pub(super) id: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(super) input: Value,
    #[serde(default)]
    output: Value,
    #[serde(default)]
    error: Value,
    /// Replicate removes inputs and outputs an hour after the end.
    #[serde(default)]
    data_removed: Option<bool>,
}

impl PredictionObject {
    pub(super) fn into_prediction(self) -> Prediction {
        Prediction {
            state: self.state(),
            id: self.id,
        }
    }

    /// A status that we do not know is none that ends it; the attempt's deadline bounds the wait.
    pub(super) fn state(&self) -> PredictionState {
        match self.status.as_str() {
            "succeeded" => self.success(),
            "failed" => PredictionState::Failed(self.failure()),
            // `aborted`: its deadline passed, or it was canceled, before it had started.
            "canceled" | "aborted" => PredictionState::Canceled,
            _ => PredictionState::Working,
        }
    }

    fn success(&self) -> PredictionState {
        match urls(&self.output) {
            Some(urls) if !urls.is_empty() => PredictionState::Succeeded { urls },
            // FLUX leaves flagged pictures out of its list, so an empty list means that all were flagged.
            Some(_) => PredictionState::Failed(ProviderError {
                kind: ProviderErrorKind::Content,
                detail: "every picture was flagged and left out".to_owned(),
            }),
            None => PredictionState::Failed(ProviderError {
                kind: ProviderErrorKind::Retryable { after: None },
                detail: match self.data_removed {
                    Some(true) => "the picture was removed before it was fetched".to_owned(),
                    Some(false) | None => "the prediction succeeded without a picture".to_owned(),
                },
            }),
        }
    }

    fn failure(&self) -> ProviderError {
        match &self.error {
            Value::String(words) => failure(words),
            Value::Null => failure(""),
            other => failure(&other.to_string()),
        }
    }
}

/// One address or a list of them, as models differ; `None` when there is no output of either form.
fn urls(output: &Value) -> Option<Vec<String>> {
    match output {
        Value::String(url) => Some(vec![url.clone()]),
        Value::Array(list) => Some(
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use serde_json::json;

    use super::*;

    fn state(object: Value) -> PredictionState {
        let mut whole = json!({"id": "p1", "status": "succeeded", "output": null});
        for (name, value) in object.as_object().into_iter().flatten() {
            whole[name] = value.clone();
        }
        serde_json::from_value::<PredictionObject>(whole)
            .unwrap()
            .state()
    }

    fn failed_kind(object: Value) -> ProviderErrorKind {
        match state(object) {
            PredictionState::Failed(error) => error.kind,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_of_replicates_statuses_has_a_meaning() {
        for working in ["starting", "processing", "queued", "defrosting"] {
            assert_eq!(
                state(json!({"status": working})),
                PredictionState::Working,
                "{working}"
            );
        }
        for over in ["canceled", "aborted"] {
            assert_eq!(
                state(json!({"status": over})),
                PredictionState::Canceled,
                "{over}"
            );
        }
        let urls = vec!["https://replicate.delivery/a.png".to_owned()];
        let succeeded = state(json!({"output": urls[0]}));
        assert_eq!(succeeded, PredictionState::Succeeded { urls });
        let retryable = ProviderErrorKind::Retryable { after: None };
        assert_eq!(failed_kind(json!({"status": "failed"})), retryable);
    }

    #[test]
    fn an_empty_list_means_that_all_pictures_were_flagged_and_none_at_all_that_they_are_gone() {
        assert_eq!(
            failed_kind(json!({"output": []})),
            ProviderErrorKind::Content
        );
        let retryable = ProviderErrorKind::Retryable { after: None };
        assert_eq!(failed_kind(json!({"data_removed": true})), retryable);
        assert_eq!(failed_kind(json!({})), retryable);
    }

    #[test]
    fn a_failures_words_do_not_repeat_the_prompt() {
        let object = json!({"status": "failed", "error": "Prediction failed: no lake is as quiet", "input": {"prompt": "a quiet lake"}});
        let PredictionState::Failed(error) = state(object) else {
            panic!("it failed");
        };
        assert_eq!(error.detail, "Prediction failed: no … is as …");
    }
}
