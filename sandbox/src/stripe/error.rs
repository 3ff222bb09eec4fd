//! Stripe's errors.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

/// An error as Stripe words it.
#[derive(Debug, Clone)]
pub(super) struct Error {
    pub(super) status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    message: String,
    param: Option<String>,
}

impl Error {
    /// 400, about one parameter.
    pub(super) fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            code: None,
            message: message.into(),
            param: Some(param.to_owned()),
        }
    }

    /// 400, for a required parameter that is absent.
    pub(super) fn missing_param(param: &str) -> Self {
        Self {
            code: Some("parameter_missing"),
            ..Self::invalid(param, format!("Missing required param: {param}."))
        }
    }

    /// 404 for an id in the path, as in `No such customer: 'cus_1'`.
    pub(super) fn not_found(what: &str, id: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            ..Self::no_such(what, id, "id")
        }
    }

    /// 400 for an id in a parameter.
    pub(super) fn no_such(what: &str, id: &str, param: &str) -> Self {
        Self {
            code: Some("resource_missing"),
            ..Self::invalid(param, format!("No such {what}: '{id}'"))
        }
    }

    /// 400 without a parameter, for what the state of an object forbids.
    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self {
            param: None,
            ..Self::invalid("", message)
        }
    }

    /// 401, with and without a key.
    pub(super) fn unauthenticated(key: Option<&str>) -> Self {
        let message = match key {
            None => "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').".to_owned(),
            Some(key) => {
                let shown: String = key.chars().take(8).collect();
                format!("Invalid API Key provided: {shown}****")
            }
        };
        Self {
            status: StatusCode::UNAUTHORIZED,
            ..Self::refused(message)
        }
    }

    /// 400, for a key that was first used with other parameters.
    pub(super) fn idempotency_mismatch(key: &str) -> Self {
        Self {
            kind: "idempotency_error",
            ..Self::refused(format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{key}' if you meant to execute a different request."
            ))
        }
    }

    /// An error of Stripe's own, on request of a test.
    pub(super) fn outage(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            kind: if status == 429 {
                "invalid_request_error"
            } else {
                "api_error"
            },
            code: (status == 429).then_some("rate_limit"),
            ..Self::refused("An unknown error occurred")
        }
    }

    /// The body of the answer.
    pub(super) fn json(&self) -> Value {
        let mut error = json!({"type": self.kind, "message": self.message});
        if let Some(code) = self.code {
            error["code"] = json!(code);
            error["doc_url"] = json!(format!("https://stripe.com/docs/error-codes/{code}"));
        }
        if let Some(param) = &self.param {
            error["param"] = json!(param);
        }
        json!({"error": error})
    }
}
