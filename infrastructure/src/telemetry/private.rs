//! What is a person's, or secret, and must not leave the process for those who watch it.

use std::borrow::Cow;

use serde_json::Value;

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

/// What stands in its place.
pub(super) const REMOVED: &str = "[removed]";

/// Removes what a field of that name must not hold.
pub(super) fn clean_field(name: &str, value: &mut Value) {
    if is_private(name) {
        *value = REMOVED.into();
    } else {
        clean_value(value);
    }
}

/// Whether a field of that name may hold words of people.
pub(super) fn is_private(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    PRIVATE
        .iter()
        .any(|private| last.eq_ignore_ascii_case(private) || name.eq_ignore_ascii_case(private))
}

/// The same for a value whose field is known to be harmless.
pub(super) fn clean_value(value: &mut Value) {
    match value {
        Value::String(text) => clean(text),
        Value::Array(list) => list.iter_mut().for_each(clean_value),
        Value::Object(object) => object
            .iter_mut()
            .for_each(|(name, value)| clean_field(name, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The same for a text.
pub(super) fn clean(text: &mut String) {
    if let Cow::Owned(cleaned) = cleaned(text) {
        *text = cleaned;
    }
}

/// A text without what looks like an e-mail address, a token, a user's id or an address's query.
pub(super) fn cleaned(text: &str) -> Cow<'_, str> {
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
