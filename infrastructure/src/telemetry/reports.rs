//! What is reported to Sentry, and what of it is not.
//!
//! Reported are panics, errors, which somebody must act on (a reaction that parks is one), and answers with a status of 5xx.
//! Nothing of a person is: no address, no token, no words; what could be either is removed before it leaves the process.

use std::borrow::Cow;

use sentry::{
    ClientInitGuard, ClientOptions,
    integrations::tracing::{BreadcrumbLayer, ErrorLayer},
    protocol::{Context, Event, TraceContext, Value},
};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, filter_fn},
    registry::LookupSpan,
};

use super::current_request::{self, CurrentRequest};
use crate::settings::Settings;

/// Where the API says that it answers with a 5xx since something is away.
const ANSWERS: &str = "api::problem";

/// Fields that may hold words, addresses or secrets of people, whatever they hold this time.
const PRIVATE: [&str; 16] = [
    "address",
    "appearance",
    "authorization",
    "body",
    "email",
    "name",
    "owner",
    "password",
    "personality",
    "prompt",
    "scene",
    "secret",
    "text",
    "token",
    "user",
    "words",
];

const REMOVED: &str = "[removed]";

/// Begins to report, where a project is configured.
pub(super) fn start(settings: &Settings) -> Option<ClientInitGuard> {
    let dsn = settings.sentry_dsn.as_ref()?;
    let options = ClientOptions::new()
        .release(concat!("ava@", env!("CARGO_PKG_VERSION")))
        .environment(settings.environment.to_string())
        .before_send(|event| Some(scrubbed(event)));
    Some(sentry::init((dsn.reveal(), options)))
}

/// What makes reports of log lines.
pub(super) fn layers<S>() -> Vec<Box<dyn Layer<S> + Send + Sync>>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    let trail = BreadcrumbLayer::new().with_filter(LevelFilter::INFO);
    let reports = ErrorLayer::new().with_filter(filter_fn(is_reported));
    vec![Box::new(CurrentRequest), trail.boxed(), reports.boxed()]
}

fn is_reported(metadata: &Metadata<'_>) -> bool {
    let answers = metadata.target() == ANSWERS && *metadata.level() == Level::WARN;
    metadata.is_event() && (*metadata.level() == Level::ERROR || answers)
}

/// An event as it may leave the process, with the request that it came from.
fn scrubbed(mut event: Event<'static>) -> Event<'static> {
    event.user = None;
    event.request = None;
    event.server_name = None;
    for text in [
        &mut event.message,
        &mut event.culprit,
        &mut event.transaction,
    ] {
        text.iter_mut().for_each(clean);
    }
    if let Some(entry) = &mut event.logentry {
        clean(&mut entry.message);
        entry.params.iter_mut().for_each(clean_value);
    }
    for exception in &mut event.exception.values {
        exception.value.iter_mut().for_each(clean);
    }
    for breadcrumb in &mut event.breadcrumbs.values {
        breadcrumb.message.iter_mut().for_each(clean);
        breadcrumb
            .data
            .iter_mut()
            .for_each(|(name, value)| clean_field(name, value));
    }
    for (name, value) in &mut event.extra {
        clean_field(name, value);
    }
    for context in event.contexts.values_mut() {
        if let Context::Other(fields) = context {
            fields
                .iter_mut()
                .for_each(|(name, value)| clean_field(name, value));
        }
    }
    with_request(event)
}

fn with_request(mut event: Event<'static>) -> Event<'static> {
    let ids = current_request::ids();
    if let Some(request_id) = ids.request_id {
        event.tags.insert("request_id".to_owned(), request_id);
    }
    if let Some(trace_id) = ids.trace_id {
        if let Ok(trace_id) = trace_id.parse() {
            let trace = TraceContext {
                trace_id,
                ..TraceContext::default()
            };
            let trace = Context::Trace(Box::new(trace));
            event.contexts.insert("trace".to_owned(), trace);
        }
        event.tags.insert("trace_id".to_owned(), trace_id);
    }
    event
}

fn clean_field(name: &str, value: &mut Value) {
    let last = name.rsplit('.').next().unwrap_or(name);
    if PRIVATE
        .iter()
        .any(|private| last.eq_ignore_ascii_case(private) || name.eq_ignore_ascii_case(private))
    {
        *value = REMOVED.into();
    } else {
        clean_value(value);
    }
}

fn clean_value(value: &mut Value) {
    match value {
        Value::String(text) => clean(text),
        Value::Array(list) => list.iter_mut().for_each(clean_value),
        Value::Object(object) => object
            .iter_mut()
            .for_each(|(name, value)| clean_field(name, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn clean(text: &mut String) {
    if let Cow::Owned(cleaned) = cleaned(text) {
        *text = cleaned;
    }
}

/// A text without what looks like an e-mail address, a token, a user's id or an address's query.
fn cleaned(text: &str) -> Cow<'_, str> {
    let ends = |c: char| c.is_whitespace() || "\"'`<>()[]{},;|".contains(c);
    let mut cleaned = String::with_capacity(text.len());
    let mut changed = false;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(ends).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match cleaned_word(word) {
            Some(shown) => {
                changed = true;
                cleaned.push_str(&shown);
            }
            None => cleaned.push_str(word),
        }
        let separator = after.chars().next().map_or(0, char::len_utf8);
        cleaned.push_str(&after[..separator]);
        rest = &after[separator..];
    }
    if changed {
        Cow::Owned(cleaned)
    } else {
        Cow::Borrowed(text)
    }
}

/// What stands in place of a word; none when it may stand as it is.
fn cleaned_word(word: &str) -> Option<String> {
    if let Some((before, query)) = word
        .split_once('?')
        .filter(|(before, _)| before.contains("://"))
        && !query.is_empty()
    {
        return Some(format!(
            "{}?{REMOVED}",
            cleaned_word(before).unwrap_or_else(|| before.to_owned())
        ));
    }
    let is_address = word.split_once('@').is_some_and(|(mailbox, host)| {
        !mailbox.is_empty() && host.contains(|c: char| c.is_alphanumeric())
    });
    // A JSON object in base64url begins like this, and so do both parts of a JWT.
    let is_token = word.contains("eyJ") && word.len() > 20;
    let is_key = ["sk_", "sk-", "rk_", "r8_", "whsec_", "v4.local."]
        .iter()
        .any(|prefix| word.starts_with(prefix));
    let is_user = word.contains("user:");
    (is_address || is_token || is_key || is_user).then(|| REMOVED.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_persons_is_removed() {
        for (said, shown) in [
            (
                "no avatar of mara@example.com here",
                "no avatar of [removed] here",
            ),
            ("<mara@example.com>", "<[removed]>"),
            (
                "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x",
                "Bearer [removed]",
            ),
            ("key \"sk_live_123\"", "key \"[removed]\""),
            (
                "actor=user:0198f3a0-0000-7000-8000-000000000001",
                "[removed]",
            ),
            (
                "fetching https://files.example/a.png?signature=1 failed",
                "fetching https://files.example/a.png?[removed] failed",
            ),
            (
                "photo 0198f3a0 at 12:30, what now?",
                "photo 0198f3a0 at 12:30, what now?",
            ),
        ] {
            assert_eq!(cleaned(said), shown);
        }
    }

    #[test]
    fn fields_that_may_hold_anything_hold_nothing() {
        let mut value: Value =
            serde_json::json!({"user": {"id": 1}, "photo.id": "p", "list": ["a@b.c", 2]});
        clean_value(&mut value);
        let shown =
            serde_json::json!({"user": "[removed]", "photo.id": "p", "list": ["[removed]", 2]});
        assert_eq!(value, shown);
    }
}
