//! What became of the messages that providers sent.

use application::figures::WEBHOOKS;

use crate::problem::{Code, Problem};

/// Counts a provider's message.
pub(crate) fn count(provider: &str, kept: &Result<(), Problem>) {
    let outcome = match kept.as_ref().map_err(Problem::code) {
        Ok(()) => "kept",
        Err(Code::InvalidSignature) => "bad_signature",
        Err(Code::InvalidJson) => "unreadable",
        Err(code) if code.status_number() < 500 => "refused",
        Err(_) => "failed",
    };
    WEBHOOKS.count([provider, outcome]);
}
