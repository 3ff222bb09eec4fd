//! What other services say went wrong, as far as it surely is not what somebody asked them.
//!
//! A service may repeat the words that it was sent, whole, in part, escaped or translated; they are personal, and what it
//! says gets into events and logs. So of its messages only words on a list are kept, which say what is wrong with a
//! request, an account or a machine (decision 57).

/// The most characters of a message that are kept.
const LONGEST: usize = 300;

/// Stands for words that are left out.
const LEFT_OUT: &str = "…";

/// The words that are kept, in lower case and in order.
#[rustfmt::skip]
const KNOWN: [&str; 427] = [
    "a", "about", "above", "accept", "accepted", "access", "account", "active", "again", "all", "allowed", "already",
    "amount", "an", "and", "another", "any", "api", "are", "argument", "arguments", "array", "as", "at", "attempt",
    "attempts", "audio", "authentication", "authorization", "available", "aws", "azure", "b64", "backend", "bad",
    "be", "because", "been", "before", "below", "between", "billing", "blocked", "body", "boolean", "broken",
    "budget", "busy", "but", "by", "bytes", "call", "calls", "can", "cancel", "canceled", "cancelled", "cannot",
    "capacity", "card", "charge", "check", "checker", "checkout", "code", "complete", "completed", "completion",
    "completions", "configuration", "connect", "connection", "contact", "contained", "contains", "content",
    "context", "could", "coupon", "create", "created", "credit", "credits", "cuda", "currency", "current",
    "currently", "customer", "data", "deadline", "deadlines", "declined", "default", "denied", "deployment",
    "deprecated", "details", "detected", "device", "did", "different", "disabled", "disk", "does", "download", "due",
    "either", "elsewhere", "empty", "enabled", "endpoint", "engine", "enough", "error", "errors", "exceed",
    "exceeded", "exceeds", "exception", "executing", "exist", "existing", "exists", "expected", "expired", "expires",
    "fail", "failed", "failure", "feature", "field", "fields", "file", "filter", "filtered", "flagged", "for",
    "forbidden", "format", "found", "from", "full", "function", "gateway", "generate", "generated", "generating",
    "generation", "gpu", "had", "hard", "has", "have", "header", "headers", "health", "host", "http", "https", "id",
    "idempotency", "idempotent", "if", "image", "images", "in", "inactive", "incorrect", "inference", "input",
    "inputs", "insufficient", "integer", "internal", "interrupted", "invalid", "invoice", "is", "issue", "it", "its",
    "job", "jobs", "json", "key", "keys", "killed", "later", "length", "less", "limit", "limited", "limits", "live",
    "load", "loaded", "loading", "log", "logs", "long", "longer", "lost", "made", "maximum", "may", "memory",
    "message", "messages", "method", "minimum", "minute", "minutes", "missing", "mode", "model", "models",
    "moderation", "more", "must", "name", "needs", "network", "no", "none", "not", "nsfw", "null", "number",
    "object", "of", "off", "offline", "on", "one", "only", "operation", "option", "or", "order", "organization",
    "our", "out", "output", "outputs", "over", "overloaded", "own", "parameter", "parameters", "parse", "pass",
    "path", "payment", "pending", "per", "permission", "permissions", "permitted", "picture", "pictures", "plan",
    "please", "policies", "policy", "portal", "possible", "prediction", "predictions", "price", "problem", "process",
    "processed", "processing", "product", "prohibited", "project", "prompt", "provided", "provider", "proxy",
    "quality", "queue", "queued", "quota", "rate", "reached", "read", "reason", "received", "region", "rejected",
    "removed", "request", "requested", "requests", "required", "requires", "reset", "resets", "resource", "response",
    "restart", "result", "results", "resume", "retry", "revoked", "run", "running", "runtime", "safety", "same",
    "schema", "second", "seconds", "secret", "seed", "sensitive", "server", "servers", "service", "session",
    "sessions", "setup", "shutdown", "signature", "since", "size", "slow", "some", "spend", "start", "started",
    "starting", "state", "status", "stopped", "stream", "string", "subscription", "subscriptions", "succeeded",
    "successful", "such", "support", "supported", "system", "temporarily", "temporary", "terminated", "test", "than",
    "that", "the", "there", "they", "this", "throttled", "time", "timed", "timeout", "timeouts", "times", "to",
    "token", "tokens", "too", "tool", "tools", "traffic", "trial", "try", "trying", "type", "types", "unable",
    "unauthorized", "unavailable", "under", "unexpected", "unhealthy", "unknown", "unprocessable", "unsafe",
    "unsupported", "until", "up", "update", "upgrade", "upload", "upstream", "url", "urls", "usage", "use", "used",
    "user", "using", "valid", "validate", "validation", "value", "values", "version", "violated", "violates",
    "violation", "violations", "wait", "waiting", "warning", "was", "webhook", "were", "when", "which", "while",
    "width", "will", "with", "within", "without", "worker", "would", "wrong", "you", "your",
];

/// The message without the words that are not on the list; empty when there is none that is.
pub(crate) fn known_words(message: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for word in message.split_whitespace() {
        match is_known(word) {
            true => kept.push(word),
            false if kept.last() == Some(&LEFT_OUT) => {}
            false => kept.push(LEFT_OUT),
        }
    }
    if kept == [LEFT_OUT] {
        return String::new();
    }
    let line = kept.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}{LEFT_OUT}", &line[..end]),
        None => line,
    }
}

/// Whether all parts of a word are on the list, as those of `input.seed:` and `content_policy_violation`.
fn is_known(word: &str) -> bool {
    word.split(|character: char| character.is_ascii_punctuation())
        .all(|part| part.is_empty() || is_code(part) || is_listed(part))
}

fn is_listed(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    KNOWN.binary_search(&part.as_str()).is_ok()
}

/// Replicate's codes, as `E005`.
fn is_code(part: &str) -> bool {
    let digits = part.strip_prefix('E').unwrap_or_default();
    (3..=5).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_request_an_account_or_a_machine_is_kept() {
        for message in [
            "You did not pass a valid authentication token",
            "Insufficient credit",
            "The requested resource could not be found.",
            "- input.seed: Invalid type",
            "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
            "All generated images contained NSFW content. Try running it again with a different prompt.",
            "CUDA out of memory (E1001)",
            "Prediction failed to start in time. (E6716)",
            "Request was throttled. Your rate limit resets in",
            "invalid_request_error: Your request was rejected by our safety system. (content_policy_violation)",
            "You exceeded your current quota, please check your plan and billing details.",
            "Internal server error",
            "No such customer",
            "You cannot use a live mode price in a test mode checkout session (resource_missing)",
        ] {
            assert_eq!(known_words(message), message);
        }
    }

    #[test]
    fn what_somebody_asked_for_is_left_out_however_it_is_repeated() {
        for (message, kept) in [
            ("cannot draw a quiet lake", "cannot … a …"),
            ("Blocked word: 'strapless'", "Blocked …"),
            (r#"{"prompt":"auburn\u0020hair"}"#, ""),
            ("prompt=auburn%20hair was rejected", "… was rejected"),
            ("Ein stiller See", ""),
            (
                "key sk-123abc is invalid for mara@example.com",
                "key … is invalid for …",
            ),
            ("limit\u{7}\u{202e}", ""),
            ("", ""),
        ] {
            assert_eq!(known_words(message), kept, "{message}");
        }
    }

    #[test]
    fn a_long_message_is_cut() {
        let kept = known_words(&"request was throttled\n".repeat(100));
        assert!(kept.starts_with("request was throttled request"));
        assert_eq!(kept.chars().count(), LONGEST + 1);
    }

    #[test]
    fn the_list_is_in_order() {
        assert!(KNOWN.is_sorted_by(|one, next| one < next));
    }
}
