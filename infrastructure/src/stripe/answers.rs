//! What Stripe answers when it does not do what was asked.

use application::ports::PaymentError;
use serde_json::Value;

use crate::web_service::known_words;

/// Why a request failed, in words that may go to a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub(super) struct Failure {
    kind: Kind,
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It may work later: no answer, a conflict, too many requests, trouble on their side.
    Passing,
    /// The thing does not exist.
    Missing,
    /// It does not go together with how things stand there.
    Refused,
    /// It will not work until somebody changes something.
    Lasting,
}

impl Failure {
    /// No answer came, or not a whole one.
    pub(super) fn unanswered(why: &str) -> Self {
        Self {
            kind: Kind::Passing,
            detail: format!("no answer: {why}"),
        }
    }

    /// Somebody answered who is not Stripe.
    pub(super) fn foreign(status: u16) -> Self {
        Self {
            kind: Kind::Passing,
            detail: format!("the answer ({status}) is not Stripe's"),
        }
    }

    /// Stripe says why not.
    pub(super) fn told(status: u16, answer: &Value) -> Self {
        let told = |field| {
            let told = answer.get("error").and_then(|error| error.get(field));
            told.and_then(Value::as_str)
        };
        let code = told("code").unwrap_or("no code");
        // It may repeat what it was sent, a person's address for one.
        let [kind, message] = ["type", "message"].map(|field| match told(field) {
            Some(words) => known_words(words),
            None => format!("no {field}"),
        });
        let said = known_words(code);
        Self {
            kind: kind_of(status, code),
            detail: format!("Stripe answered {status} ({kind}, {said}): {message}"),
        }
    }

    /// The word that figures count it under.
    pub(super) const fn outcome(&self) -> &'static str {
        match self.kind {
            Kind::Missing => "done",
            Kind::Refused | Kind::Lasting => "refused",
            Kind::Passing => "unavailable",
        }
    }

    /// The same without the key, should anybody have echoed it.
    pub(super) fn without(mut self, secret_key: &str) -> Self {
        self.detail = self.detail.replace(secret_key, "…");
        self
    }

    /// Stripe answered with success, and `what` came.
    pub(super) fn unreadable(what: &str) -> Self {
        Self {
            kind: Kind::Lasting,
            detail: format!("Stripe answered with {what}"),
        }
    }
}

/// The statuses that Stripe's own libraries try again: <https://docs.stripe.com/error-low-level>.
fn kind_of(status: u16, code: &str) -> Kind {
    match status {
        409 | 424 | 429 | 500..=599 => Kind::Passing,
        404 if code == "resource_missing" => Kind::Missing,
        400 => Kind::Refused,
        _ => Kind::Lasting,
    }
}

/// Whether the thing that was asked for does not exist.
pub(super) fn is_missing(failure: &Failure) -> bool {
    failure.kind == Kind::Missing
}

/// Whether it was understood, and does not go together with how things stand.
pub(super) fn is_refused(failure: &Failure) -> bool {
    failure.kind == Kind::Refused
}

impl From<Failure> for PaymentError {
    fn from(failure: Failure) -> Self {
        match failure.kind {
            Kind::Passing => Self::Unavailable(Box::new(failure)),
            Kind::Missing | Kind::Refused | Kind::Lasting => Self::Refused(Box::new(failure)),
        }
    }
}

/// A text that every such answer has.
pub(super) fn required(answer: &Value, field: &str) -> Result<String, Failure> {
    let text = answer.get(field).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| Failure::unreadable(&format!("an object without {field:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_that_pass_by_themselves_are_worth_another_try() {
        for status in [409, 424, 429, 500, 502, 503, 504, 529] {
            assert_eq!(kind_of(status, "no code"), Kind::Passing, "{status}");
        }
        for status in [401, 402, 403, 422] {
            assert_eq!(
                kind_of(status, "resource_missing"),
                Kind::Lasting,
                "{status}"
            );
        }
        assert_eq!(kind_of(400, "no code"), Kind::Refused);
        assert_eq!(kind_of(404, "resource_missing"), Kind::Missing);
        // A wrong STRIPE_API_BASE, for one: the subscription may well exist.
        assert_eq!(kind_of(404, "no code"), Kind::Lasting);
    }

    #[test]
    fn of_its_words_those_are_told_that_are_not_what_it_was_sent() {
        let told = |message: &str| {
            let error = serde_json::json!({
                "type": "invalid_request_error", "code": "resource_missing", "message": message,
            });
            Failure::told(404, &serde_json::json!({ "error": error })).to_string()
        };
        assert_eq!(
            told("No such customer: 'cus_1'"),
            "Stripe answered 404 (invalid_request_error, resource_missing): No such customer: …"
        );
        let repeated = told("Invalid email address: mara@example.com, sk_test_secret");
        assert!(
            !repeated.contains("mara") && !repeated.contains("sk_test"),
            "{repeated}"
        );
    }

    #[test]
    fn a_key_that_somebody_echoes_does_not_reach_the_log() {
        let failure = Failure::unanswered("cannot send Bearer sk_test_secret to x");
        let failure = failure.without("sk_test_secret");
        assert_eq!(failure.to_string(), "no answer: cannot send Bearer … to x");
        assert!(!format!("{:?}", PaymentError::from(failure)).contains("sk_test_secret"));
    }
}
