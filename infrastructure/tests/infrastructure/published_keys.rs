//! An issuer's keys: read, kept while the issuer is away, read again when it signs with another one.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use application::ports::{Authenticator, NotAuthenticated};
use chrono::Utc;
use infrastructure::identity::{
    KeyAddress, KeySource, Pace, PublishedAt, RolesClaim, TokenSettings, TokenVerifier,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    canned_service::{Asked, CannedService, answer, json_answer},
    signing_keys::SigningKey,
};

/// Long enough to be told from no time at all, on a machine that is busy.
const APART: Duration = Duration::from_millis(400);

/// An issuer whose answer about its keys can be changed.
struct Issuer {
    server: CannedService,
    jwks: Arc<Mutex<Vec<u8>>>,
}

fn keys(of: &[(&SigningKey, &str)]) -> Vec<u8> {
    let keys: Vec<Value> = of.iter().map(|(key, kid)| key.jwk(kid)).collect();
    json_answer("200 OK", "", &json!({"keys": keys}))
}

impl Issuer {
    async fn start(jwks: Vec<u8>) -> Self {
        Self::start_as(
            jwks,
            |address| json!({"issuer": address, "jwks_uri": format!("{address}/keys")}),
        )
        .await
    }

    /// `metadata` makes them from the issuer's address.
    async fn start_as(jwks: Vec<u8>, metadata: fn(&str) -> Value) -> Self {
        let jwks = Arc::new(Mutex::new(jwks));
        let now = jwks.clone();
        let answer = move |asked: &Asked| match asked.line() {
            "GET /keys" => now.lock().unwrap().clone(),
            "GET /.well-known/openid-configuration" => {
                let address = format!("http://{}", asked.header("host").unwrap());
                json_answer("200 OK", "", &metadata(&address))
            }
            _ => json_answer("404 Not Found", "", &json!({})),
        };
        let server = CannedService::start_with(answer).await;
        Self { server, jwks }
    }

    fn now_answers(&self, jwks: Vec<u8>) {
        *self.jwks.lock().unwrap() = jwks;
    }

    fn questions(&self) -> usize {
        let asked = self.server.asked();
        asked
            .iter()
            .filter(|asked| asked.line() == "GET /keys")
            .count()
    }

    fn verifier(&self, pace: Pace) -> TokenVerifier {
        let address = format!("{}/keys", self.server.url()).parse().unwrap();
        self.verifier_at(KeyAddress::Jwks(address), pace, true)
    }

    fn verifier_at(&self, address: KeyAddress, pace: Pace, allow_http: bool) -> TokenVerifier {
        let settings = TokenSettings {
            issuer: self.server.url(),
            audience: "ava".to_owned(),
            roles: RolesClaim::default(),
            keys: KeySource::Published(PublishedAt {
                address,
                allow_http,
                pace,
            }),
        };
        // Another test may have installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        TokenVerifier::start(settings).unwrap()
    }

    fn token(&self, key: &SigningKey, kid: &str) -> String {
        key.token(kid, &self.claims())
    }

    fn claims(&self) -> Value {
        json!({"sub": "ada", "iss": self.server.url(), "aud": "ava", "exp": Utc::now().timestamp() + 600})
    }
}

/// Asked again only when a token wants it.
fn patient() -> Pace {
    Pace {
        apart: APART,
        ..Pace::default()
    }
}

fn is_unavailable<T>(answer: Result<T, NotAuthenticated>) -> bool {
    matches!(answer, Err(NotAuthenticated::KeysUnavailable(_)))
}

fn is_rejected<T>(answer: Result<T, NotAuthenticated>) -> bool {
    matches!(answer, Err(NotAuthenticated::Rejected(_)))
}

#[tokio::test]
async fn the_first_token_waits_for_the_keys_and_the_next_ones_do_not() {
    let (key, rsa, ed) = (SigningKey::p256(), SigningKey::rsa(), SigningKey::ed25519());
    let issuer = Issuer::start(keys(&[(&key, "1"), (&rsa, "2"), (&ed, "3")])).await;
    let verifier = issuer.verifier(patient());
    verifier
        .authenticate(&issuer.token(&key, "1"))
        .await
        .unwrap();
    for (key, kid) in [(&key, "1"), (&rsa, "2"), (&ed, "3")] {
        let known = verifier.authenticate_at_once(&issuer.token(key, kid));
        known.unwrap().unwrap();
    }
}

#[tokio::test]
async fn keys_are_found_where_the_issuer_says() {
    let key = SigningKey::p256();
    let issuer = Issuer::start(keys(&[(&key, "1")])).await;
    let verifier = issuer.verifier_at(KeyAddress::Discovered, patient(), true);
    verifier
        .authenticate(&issuer.token(&key, "1"))
        .await
        .unwrap();
    assert_eq!(
        issuer.server.asked()[0].line(),
        "GET /.well-known/openid-configuration"
    );
}

#[tokio::test]
async fn metadata_of_another_issuer_are_not_believed() {
    let key = SigningKey::p256();
    for metadata in [
        (|_| json!({"issuer": "https://attacker.example", "jwks_uri": "https://attacker.example/keys"}))
            as fn(&str) -> Value,
        |address| json!({"issuer": format!("{address}/"), "jwks_uri": format!("{address}/keys")}),
        |address| json!({"jwks_uri": format!("{address}/keys")}),
        |address| json!({"issuer": address}),
        |address| json!({"issuer": address, "jwks_uri": "file:///etc/passwd"}),
    ] {
        let issuer = Issuer::start_as(keys(&[(&key, "1")]), metadata).await;
        let verifier = issuer.verifier_at(KeyAddress::Discovered, patient(), true);
        let answer = verifier.authenticate(&issuer.token(&key, "1")).await;
        assert!(is_unavailable(answer));
        assert_eq!(issuer.questions(), 0);
    }
}

#[tokio::test]
async fn a_new_key_counts_at_once_and_a_withdrawn_one_no_longer() {
    let (old, new) = (SigningKey::p256(), SigningKey::ed25519());
    let issuer = Issuer::start(keys(&[(&old, "old")])).await;
    let verifier = issuer.verifier(patient());
    let (before, after) = (issuer.token(&old, "old"), issuer.token(&new, "new"));
    verifier.authenticate(&before).await.unwrap();

    issuer.now_answers(keys(&[(&old, "old"), (&new, "new")]));
    verifier.authenticate(&after).await.unwrap();
    verifier.authenticate(&before).await.unwrap();

    issuer.now_answers(keys(&[(&new, "new")]));
    // Whatever makes the issuer be asked: here a token of a key that nobody has.
    let nobody = issuer.token(&SigningKey::p256(), "nobody's");
    assert!(is_rejected(verifier.authenticate(&nobody).await));
    // Although it was remembered.
    assert!(is_rejected(verifier.authenticate(&before).await));
    verifier.authenticate(&after).await.unwrap();
}

#[tokio::test]
async fn keys_are_read_again_by_themselves() {
    let (old, new) = (SigningKey::p256(), SigningKey::p256());
    let issuer = Issuer::start(keys(&[(&old, "1")])).await;
    let verifier = issuer.verifier(Pace {
        every: Duration::from_millis(50),
        apart: Duration::from_millis(10),
        ..Pace::default()
    });
    let before = issuer.token(&old, "1");
    verifier.authenticate(&before).await.unwrap();
    // The same name for another key, which no token could give away.
    issuer.now_answers(keys(&[(&new, "1")]));
    let gone = async {
        while matches!(verifier.authenticate_at_once(&before), Some(Ok(_))) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), gone).await.unwrap();
    verifier
        .authenticate(&issuer.token(&new, "1"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_flood_of_unknown_keys_asks_once_in_a_while() {
    let key = SigningKey::p256();
    let issuer = Issuer::start(keys(&[(&key, "1")])).await;
    let verifier = Arc::new(issuer.verifier(patient()));
    let good = issuer.token(&key, "1");
    verifier.authenticate(&good).await.unwrap();
    let begun = Instant::now();
    let flood = (0..100).map(|number| {
        let (verifier, token) = (verifier.clone(), issuer.token(&key, &format!("{number}")));
        async move { verifier.authenticate(&token).await }
    });
    // `1` is among them.
    let answers = futures::future::join_all(flood).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let most = 2 + begun.elapsed().as_millis() / APART.as_millis();
    assert!(
        issuer.questions() as u128 <= most,
        "{} questions, at most {most}",
        issuer.questions()
    );
    // Nobody else waits for them.
    assert!(verifier.authenticate_at_once(&good).unwrap().is_ok());
}

#[tokio::test]
async fn what_is_known_stays_while_the_issuer_is_away() {
    let (key, new) = (SigningKey::p256(), SigningKey::p256());
    let issuer = Issuer::start(keys(&[(&key, "1")])).await;
    let verifier = issuer.verifier(Pace {
        every: Duration::from_millis(20),
        retry: Duration::from_millis(20),
        apart: Duration::from_millis(20),
        ..Pace::default()
    });
    verifier
        .authenticate(&issuer.token(&key, "1"))
        .await
        .unwrap();
    for broken in [
        json_answer("503 Service Unavailable", "", &json!({})),
        Vec::new(),
        answer("200 OK", "", b"<html>Please sign in</html>"),
        answer("200 OK", "", b"{\"keys\":"),
        json_answer("200 OK", "", &json!({"key": []})),
        json_answer("302 Found", "location: http://127.0.0.1:9/\r\n", &json!({})),
        answer("200 OK", "", &vec![b' '; 300 * 1024]),
    ] {
        issuer.now_answers(broken);
        // A key that nobody knows may be a new one: nobody can tell.
        let unknown = verifier.authenticate(&issuer.token(&new, "2")).await;
        assert!(is_unavailable(unknown));
        let known = verifier.authenticate_at_once(&issuer.token(&key, "1"));
        known.unwrap().unwrap();
    }
    issuer.now_answers(keys(&[(&key, "1"), (&new, "2")]));
    verifier
        .authenticate(&issuer.token(&new, "2"))
        .await
        .unwrap();
}

#[tokio::test]
async fn while_nothing_was_ever_read_nobody_can_tell() {
    let key = SigningKey::p256();
    let empty = json_answer("200 OK", "", &json!({"keys": []}));
    for nothing in [Vec::new(), empty, keys(&[(&SigningKey::p384(), "1")])] {
        let issuer = Issuer::start(nothing).await;
        let verifier = issuer.verifier(Pace {
            apart: Duration::ZERO,
            ..Pace::default()
        });
        assert!(is_unavailable(
            verifier.authenticate(&issuer.token(&key, "1")).await
        ));
    }
}

#[tokio::test]
async fn an_issuer_that_says_nothing_is_not_waited_for_long() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/keys", silent.local_addr().unwrap());
    let issuer = Issuer::start(Vec::new()).await;
    let pace = Pace {
        apart: Duration::from_millis(50),
        patience: Duration::from_millis(200),
        ..Pace::default()
    };
    let verifier = issuer.verifier_at(KeyAddress::Jwks(address.parse().unwrap()), pace, true);
    let token = issuer.token(&SigningKey::p256(), "1");
    let answer = timeout(Duration::from_secs(10), verifier.authenticate(&token)).await;
    assert!(is_unavailable(answer.unwrap()));
}

#[tokio::test]
async fn keys_come_over_https_only_outside_development() {
    let key = SigningKey::p256();
    let issuer = Issuer::start(keys(&[(&key, "1")])).await;
    let address = format!("{}/keys", issuer.server.url()).parse().unwrap();
    for address in [KeyAddress::Jwks(address), KeyAddress::Discovered] {
        let verifier = issuer.verifier_at(address, patient(), false);
        assert!(is_unavailable(
            verifier.authenticate(&issuer.token(&key, "1")).await
        ));
    }
    assert!(issuer.server.asked().is_empty());
}

#[tokio::test]
async fn of_two_keys_with_one_name_either_may_have_signed() {
    let (first, second) = (SigningKey::p256(), SigningKey::p256());
    let (rsa, third) = (SigningKey::rsa(), SigningKey::p256());
    let issuer = Issuer::start(keys(&[
        (&first, "1"),
        (&second, "1"),
        (&rsa, "1"),
        (&first, "1"),
    ]))
    .await;
    let verifier = issuer.verifier(patient());
    for key in [&first, &second, &rsa] {
        verifier
            .authenticate(&issuer.token(key, "1"))
            .await
            .unwrap();
    }
    assert!(is_rejected(
        verifier.authenticate(&issuer.token(&third, "1")).await
    ));
    // Which of two is meant by no name at all, nobody guesses.
    let unnamed = first.token_with(r#"{"alg":"ES256"}"#, &issuer.claims().to_string());
    assert!(is_rejected(verifier.authenticate(&unnamed).await));
}
