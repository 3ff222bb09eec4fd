//! Idempotency keys: the first answer is given again for a day.

use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::Error;
use super::params::Params;
use super::state::State;

const LONGEST_KEY: usize = 255;

/// The first answer to a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredAnswer {
    fingerprint: String,
    status: u16,
    json: Value,
    /// By the movable clock, in seconds.
    pub(super) at: i64,
}

/// What a key brought to light.
pub(super) enum Found {
    Nothing,
    Earlier(StatusCode, Value),
}

/// What must be equal when a key comes again: method, path and parameters.
pub(super) fn fingerprint(method: &str, path: &str, params: &Params) -> String {
    hex::encode(Sha256::digest(format!("{method} {path} {}", params.json())))
}

/// Looks for the earlier answer to a key.
pub(super) fn find(state: &State, key: Option<&str>, fingerprint: &str) -> Result<Found, Error> {
    let Some(key) = key else {
        return Ok(Found::Nothing);
    };
    if key.len() > LONGEST_KEY {
        return Err(Error::refused(
            "Idempotency keys can be at most 255 characters long.",
        ));
    }
    match state.idempotency.get(key) {
        None => Ok(Found::Nothing),
        Some(stored) if stored.fingerprint != fingerprint => Err(Error::idempotency_mismatch(key)),
        Some(stored) => {
            let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
            Ok(Found::Earlier(status, stored.json.clone()))
        }
    }
}

/// Keeps an answer, unless the request was refused before it began.
pub(super) fn keep(
    state: &mut State,
    key: Option<&str>,
    fingerprint: String,
    status: StatusCode,
    json: &Value,
) {
    let began = status.is_success() || status.is_server_error();
    if let Some(key) = key.filter(|_| began) {
        let at = state.now();
        let stored = StoredAnswer {
            fingerprint,
            status: status.as_u16(),
            json: json.clone(),
            at,
        };
        state.idempotency.insert(key.to_owned(), stored);
    }
}
