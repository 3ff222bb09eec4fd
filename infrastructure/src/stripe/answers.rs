//! What Stripe answers when it does not do what was asked.

use application::ports::PaymentError;
use serde_json::Value;
use stripe::StripeError;

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
    /// What async-stripe says, without the key, should anybody have echoed it.
    pub(super) fn of(error: StripeError, secret_key: &str) -> Self {
        let (kind, detail) = match error {
            StripeError::Stripe(error, status) => {
                let code = error.code.as_ref().map_or("no code", |code| code.as_str());
                let message = error.message.as_deref().unwrap_or("no message");
                let detail = format!(
                    "Stripe answered {status} ({}, {code}): {message}",
                    error.type_.as_str()
                );
                (kind_of(status, code), detail)
            }
            // Also an error page of something in between: async-stripe keeps no status of it.
            StripeError::JSONDeserialize(detail) => (
                Kind::Passing,
                format!("the answer is not Stripe's: {detail}"),
            ),
            StripeError::ClientError(detail) => (Kind::Passing, format!("no answer: {detail}")),
            StripeError::Timeout => (Kind::Passing, "no answer in time".to_owned()),
            StripeError::ConfigError(detail) => (Kind::Lasting, detail),
        };
        Self {
            kind,
            detail: detail.replace(secret_key, "…"),
        }
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
    fn a_key_that_somebody_echoes_does_not_reach_the_log() {
        let error = StripeError::ClientError("cannot send Bearer sk_test_secret to x".to_owned());
        let failure = Failure::of(error, "sk_test_secret");
        assert_eq!(failure.to_string(), "no answer: cannot send Bearer … to x");
        assert!(!format!("{:?}", PaymentError::from(failure)).contains("sk_test_secret"));
    }
}
