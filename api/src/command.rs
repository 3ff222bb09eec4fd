//! A command's request: who gives it, under which conditions, and what came with it.

use actix_web::{
    FromRequest, HttpRequest, dev,
    http::header::{ACCEPT_LANGUAGE, HeaderMap},
    web::{Bytes, Data, Payload},
};
use application::{
    context::{Context, DEFAULT_LOCALE, Seen},
    ports::{IdempotencyClaim, SignedIn},
};
use domain::values::UserId;
use futures::future::LocalBoxFuture;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::{
    app::State,
    body::{self, Fields},
    limits,
    parameters::Parameters,
    problem::{Code, Problem},
    rate_limits,
    read::authenticate,
    request_id::RequestId,
};

/// A command's request.
pub(crate) struct CommandRequest {
    /// Who gives it.
    pub(crate) caller: SignedIn,
    ids: RequestId,
    headers: HeaderMap,
    body: Bytes,
    claim: Option<IdempotencyClaim>,
    if_match: Option<Seen>,
    /// The language that the caller reads, as a BCP 47 tag.
    pub(crate) locale: String,
    until: Option<Instant>,
}

impl CommandRequest {
    /// The fields of its JSON body.
    pub(crate) fn fields(&self) -> Result<Fields, Problem> {
        body::fields(&self.headers, &self.body)
    }

    /// The fields of its JSON body, which may be left out altogether.
    pub(crate) fn optional_fields(&self) -> Result<Fields, Problem> {
        body::optional_fields(&self.headers, &self.body)
    }

    /// By when its answer must be there; none for one that takes as long as it takes.
    pub(crate) const fn until(&self) -> Option<Instant> {
        self.until
    }

    /// The same command, of which nothing is cut short: it asks somebody else on the way, whose time is not ours, or has
    /// more to do after it was recorded.
    pub(crate) fn unhurried(self) -> Self {
        Self {
            until: None,
            ..self
        }
    }

    /// The claim that its `Idempotency-Key` makes, when there is one.
    pub(crate) const fn claim(&self) -> Option<&IdempotencyClaim> {
        self.claim.as_ref()
    }

    /// The context of a command on the resource that `If-Match` speaks of.
    pub(crate) fn context(&self) -> Context {
        Context {
            if_match: self.if_match.clone(),
            ..self.unconditional_context()
        }
    }

    /// The context of a command on a resource that does not exist yet, so that `If-Match` says nothing about it.
    pub(crate) fn unconditional_context(&self) -> Context {
        Context {
            trace_id: self.ids.trace_id.clone(),
            idempotency: self.claim.clone(),
            locale: self.locale.clone(),
            ..Context::of_user(self.caller.user, self.ids.uuid)
        }
    }
}

impl FromRequest for CommandRequest {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let request = request.clone();
        let payload = Payload::from_request(&request, payload);
        Box::pin(async move {
            let caller = authenticate(&request).await?;
            rate_limits::take_command(&request, caller.user).await?;
            let begun = Instant::now();
            refuse_the_erased(&request, caller.user).await?;
            let mut parameters = Parameters::of(&request);
            let key = parameters.header("Idempotency-Key", idempotency_key);
            let if_match = parameters.list_header("If-Match", if_match).flatten();
            parameters.finish()?;
            let payload = payload
                .await
                .map_err(|_| Problem::plain(Code::InvalidJson))?;
            let before_body = Instant::now();
            let body = body::read(payload, limits::JSON_BODY).await?;
            let until = begun + before_body.elapsed() + limits::ANSWER_TIME;
            let claim = key.map(|key| IdempotencyClaim {
                scope: format!("user:{}", caller.user),
                key,
                request_hash: request_hash(&request, &body),
            });
            Ok(Self {
                caller,
                ids: RequestId::of_request(&request),
                locale: locale(request.headers()),
                headers: request.headers().clone(),
                body,
                claim,
                if_match,
                until: Some(until),
            })
        })
    }
}

/// Whoever was erased gives no commands any more, whatever else would be said to them.
async fn refuse_the_erased(request: &HttpRequest, caller: UserId) -> Result<(), Problem> {
    let Some(app) = request.app_data::<Data<State>>() else {
        return Err(Problem::plain(Code::InternalError));
    };
    if app.people.is_erased(caller).await? {
        return Err(Problem::plain(Code::PersonErased));
    }
    Ok(())
}

/// The first language of `Accept-Language`; English when there is none that can be read.
fn locale(headers: &HeaderMap) -> String {
    headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split([',', ';']).next())
        .map(str::trim)
        .filter(|tag| (2..=35).contains(&tag.len()))
        .filter(|tag| tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        .unwrap_or(DEFAULT_LOCALE)
        .to_owned()
}

/// SHA-256 of method, path and body: what the same key must come with again.
fn request_hash(request: &HttpRequest, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(request.method().as_str());
    hash.update([0]);
    hash.update(request.path());
    hash.update([0]);
    hash.update(body);
    hash.finalize().into()
}

fn idempotency_key(text: &str) -> Result<String, String> {
    let readable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if (1..=255).contains(&text.len()) && readable {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 255 printable ASCII characters".to_owned())
    }
}

/// The sequences that an `If-Match` names (RFC 9110, 13.1.1); none for `*`, which any existing resource matches.
fn if_match(text: &str) -> Result<Option<Seen>, String> {
    if text.trim() == "*" {
        return Ok(None);
    }
    let malformed = || "must be ETags as the resource came with, or *".to_owned();
    let (mut rest, mut tags, mut seen) = (text, 0, Vec::new());
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            break;
        }
        let strong = !rest.starts_with("W/");
        let tag = rest.strip_prefix("W/").unwrap_or(rest);
        let (opaque, after) = tag
            .strip_prefix('"')
            .and_then(|tag| tag.split_once('"'))
            .ok_or_else(malformed)?;
        let after = after.trim_start_matches([' ', '\t']);
        if opaque.contains(char::is_whitespace) || !(after.is_empty() || after.starts_with(',')) {
            return Err(malformed());
        }
        // A weak tag, or one that this service never made, names no state of this resource.
        let named = opaque.parse().ok().filter(|_| strong);
        seen.extend(named.filter(|sequence: &u64| sequence.to_string() == opaque));
        (rest, tags) = (after, tags + 1);
    }
    if tags == 0 {
        return Err(malformed());
    }
    Ok(Some(Seen::any_of(seen)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_first_that_the_caller_reads() {
        for (header, language) in [
            ("de-AT,de;q=0.9,en;q=0.8", "de-AT"),
            ("fr;q=0.5", "fr"),
            ("*", "en"),
            ("<script>", "en"),
            ("", "en"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, header.parse().expect("a header"));
            assert_eq!(locale(&headers), language, "{header}");
        }
        assert_eq!(locale(&HeaderMap::new()), "en");
    }

    #[test]
    fn an_if_match_names_states_or_any_or_none() {
        let named = |sequences: &[u64]| Ok(Some(Seen::any_of(sequences.to_vec())));
        assert_eq!(if_match("\"7\""), named(&[7]));
        assert_eq!(if_match("\"7\", \"8\""), named(&[7, 8]));
        assert_eq!(if_match(",\"7\",, W/\"8\" ,\t\"9\","), named(&[7, 9]));
        assert_eq!(if_match("*"), Ok(None));
        for never in [
            "W/\"7\"",
            "\"07\"",
            "\"abc\"",
            "\"\"",
            "\"+7\"",
            "\"a,b\", W/\"7\"",
            "\"99999999999999999999\"",
        ] {
            assert_eq!(if_match(never), named(&[]), "{never}");
        }
        for malformed in [
            "7",
            "\"7",
            "7\"",
            "\"7\" \"8\"",
            "\"7\"8",
            "\"7\", 8",
            "\"7\", *",
            "*, \"7\"",
            "w/\"7\"",
            "\"7 8\"",
            ",",
            "",
        ] {
            assert!(if_match(malformed).is_err(), "{malformed}");
        }
    }

    #[test]
    fn an_idempotency_key_has_1_to_255_printable_characters() {
        assert!(idempotency_key("a b-7").is_ok());
        assert!(idempotency_key(&"k".repeat(255)).is_ok());
        for bad in ["", &"k".repeat(256), "tab\t", "ü"] {
            assert!(idempotency_key(bad).is_err(), "{bad}");
        }
    }
}
