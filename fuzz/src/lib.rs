//! What must hold for any bytes from outside. Each function takes what a fuzzer makes up, and panics when something does
//! not hold.

use std::{str, sync::LazyLock};

use application::ports::{PaymentGateway, PredictionWebhook, WebhookHeaders};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::DateTime;
use domain::{
    policy::{self, Field, Input, Pack, Scores, Stage},
    recorded::AnyEvent,
    upcasting::Upcasters,
    values::{Age, UserId},
};
use hmac::{Hmac, Mac};
use infrastructure::{
    image::replicate::ReplicateWebhook,
    sealing::{DataKey, Home, Opener, seal_event},
    standard_webhooks::WebhookSecret,
    stripe::{Stripe, StripeSettings},
};
use sha2::Sha256;
use uuid::Uuid;

/// When messages arrive: the seconds in the corpus are these.
const NOW: i64 = 1_700_000_000;
/// The secret of both providers, as Stripe takes it.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A picture is decoded within its limits, or refused; its marks are read or not.
pub fn picture(bytes: &[u8]) {
    if let Ok(picture) = provenance::decode(bytes) {
        let (width, height) = (picture.width(), picture.height());
        assert!(width.max(height) <= provenance::MAX_SIDE);
        assert!(u64::from(width) * u64::from(height) <= provenance::MAX_PIXELS);
        assert!(!picture.color().has_alpha());
    }
    let _ = provenance::digital_source_type(bytes);
}

/// Lines of a header and a body: nobody is believed who cannot sign.
pub fn webhook(bytes: &[u8]) {
    let Some((head, body)) = split(bytes, b"\n\n") else {
        return;
    };
    let Ok(head) = str::from_utf8(head) else {
        return;
    };
    let mut lines = head.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let headers = WebhookHeaders {
        id: line(),
        timestamp: line(),
        signature: line(),
    };
    let now = DateTime::from_timestamp(NOW, 0).unwrap_or_default();
    if PROVIDERS.prediction.read(headers, body, now).is_ok() {
        let key = STANDARD.decode(&SECRET["whsec_".len()..]);
        let signed = [headers.id, headers.timestamp, ""].join(".");
        let code = STANDARD.encode(mac(&key.unwrap_or_default(), &signed, body));
        assert!(headers.signature.contains(&code));
    }
    let signature = headers.id;
    if PROVIDERS
        .payment
        .verify_webhook(body, signature, now)
        .is_ok()
    {
        let believed = signature.split(',').any(|part| {
            let time = part.trim().strip_prefix("t=");
            let code =
                time.map(|time| hex::encode(mac(SECRET.as_bytes(), &format!("{time}."), body)));
            code.is_some_and(|code| signature.to_lowercase().contains(&code))
        });
        assert!(believed);
    }
    let _ = PROVIDERS.payment.read_webhook(body);
}

/// A body is read field by field; whatever is wrong with it is named by a pointer that leads there.
pub fn body(bytes: &[u8]) {
    api::fuzzing::body(bytes);
}

/// Cursors and positions: what is taken comes out again as it went in.
pub fn cursor(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes) {
        api::fuzzing::cursor(text);
    }
}

/// Whatever somebody writes gets a verdict, and the same one each time; nothing hidden is left of it.
pub fn policy(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let visible = policy::without_hidden(text);
    assert_eq!(policy::without_hidden(&visible), visible);
    for (stage, name) in [
        (Stage::AvatarFields, "appearance"),
        (Stage::FinalPrompt, "prompt"),
        (Stage::ChatUser, "text"),
        (Stage::ChatReply, "text"),
    ] {
        let fields = [Field { name, text }];
        let input = Input {
            stage,
            fields: &fields,
            avatar_age: Age::YOUNGEST,
            locale: "en",
            external_scores: &Scores::NotAsked,
        };
        let verdict = policy::evaluate(Pack::current(), &input);
        assert_eq!(policy::evaluate(Pack::current(), &input), verdict);
    }
}

/// A line with aggregate, event and version, and a payload: it is an event or it is not, and what is sealed in it comes
/// out as it went in.
pub fn event(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let Some((line, payload)) = text.split_once('\n') else {
        return;
    };
    let mut words = line.split(' ');
    let mut word = || words.next().unwrap_or_default();
    let (aggregate, event, version) = (word(), word(), word());
    let _ = AnyEvent::decode(Upcasters::OURS, aggregate, event, version, payload);

    let person = UserId(Uuid::nil());
    let home = Home {
        aggregate_type: aggregate,
        aggregate_id: event,
        sequence: 1,
    };
    let key = || DataKey::new(Uuid::nil(), &[7; 32]);
    let opener = Opener::of(person, key());
    let _ = opener.open(person, home, payload);
    if payload.contains("sealed") {
        return;
    }
    if let Ok(sealed) = seal_event(&key(), home, payload) {
        let opened = opener
            .open(person, home, &sealed)
            .map(|text| squeezed(&text));
        assert_eq!(opened, Ok(squeezed(payload)));
    }
}

/// Both providers' messages, checked with a secret that the fuzzer does not know.
struct Providers {
    prediction: ReplicateWebhook,
    payment: Stripe,
}

static PROVIDERS: LazyLock<Providers> = LazyLock::new(|| {
    // Whoever comes second finds one installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let secret: Result<WebhookSecret, _> = SECRET.parse();
    let settings = StripeSettings {
        secret_key: Some("sk_test".to_owned()),
        webhook_secrets: vec![SECRET.to_owned()],
        ..StripeSettings::default()
    };
    Providers {
        prediction: ReplicateWebhook::new(secret.into_iter().collect()),
        payment: Stripe::new(settings).expect("a client"),
    }
});

fn mac(key: &[u8], before: &str, body: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("keys of every length are taken");
    let mac = mac.chain_update(before).chain_update(body);
    mac.finalize().into_bytes().to_vec()
}

fn split<'a>(bytes: &'a [u8], between: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes
        .windows(between.len())
        .position(|part| part == between)?;
    Some((&bytes[..place], &bytes[place + between.len()..]))
}

/// A JSON text without the white space between its parts, which sealing may take out around what it seals.
fn squeezed(json: &str) -> String {
    let (mut squeezed, mut quoted, mut escaped) = (String::new(), false, false);
    for character in json.chars() {
        if quoted || !character.is_ascii_whitespace() {
            squeezed.push(character);
        }
        quoted ^= character == '"' && !escaped;
        escaped = character == '\\' && quoted && !escaped;
    }
    squeezed
}
