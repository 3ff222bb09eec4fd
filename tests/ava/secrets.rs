//! What must be known to nobody: secrets, tokens and people's words, while whatever can go wrong does.

mod rude_services;

use std::{
    fs,
    net::TcpListener,
    time::{Duration, Instant},
};

use infrastructure::scratch_database::ScratchDatabase;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use url::Url;

use self::rude_services::RudeServices;
use crate::{
    person::Person,
    running::{PATIENCE, RunningAva, ava, data_dir},
};

/// Every secret there is, as what is configured; none stands anywhere else.
const SECRETS: [(&str, &str); 12] = [
    (
        "AVA_MASTER_KEY",
        "ca9a7100000000000000000000000000000000000000000000000000000000a1",
    ),
    (
        "URL_SIGNING_KEY",
        "ca9a7100000000000000000000000000000000000000000000000000000000a2",
    ),
    (
        "AUDIT_SIGNING_KEY",
        "ca9a7100000000000000000000000000000000000000000000000000000000a3",
    ),
    (
        "CONTENT_HASH_KEY",
        "ca9a7100000000000000000000000000000000000000000000000000000000a4",
    ),
    ("AUTH_JWT_SECRET", "canary-of-the-tokens-secret-of-32-bytes"),
    ("STRIPE_SECRET_KEY", "sk_test_canaryOfStripe"),
    ("STRIPE_WEBHOOK_SECRET", "whsec_canaryOfStripesMessages"),
    ("REPLICATE_API_TOKEN", "r8_canaryOfReplicate"),
    ("REPLICATE_WEBHOOK_SECRET", "whsec_Y2FuYXJ5T2ZSZXBsaWNhdGU="),
    ("IMAGES_API_KEY", "sk-canaryOfTheImages"),
    ("CHAT_API_KEY", "sk-canaryOfTheChat"),
    ("REDIS_URL", "redis://ava:canaryOfRedis@127.0.0.1:1"),
];

/// What people write, which nobody needs to know to keep the service running.
const WORDS: [&str; 5] = [
    "canarymail@example.com",
    "Canaryname",
    "canaryhair",
    "canaryletter",
    "canarycomplaint",
];

/// While the sandbox plays the providers, which is the only way to a face that can be approved.
async fn give_somebody_a_face(directory: &tempfile::TempDir, database: &ScratchDatabase) {
    let provided = ["STRIPE", "REPLICATE", "IMAGES", "CHAT"];
    let mut command = ava(directory.path(), &["up", "--json"]);
    command.envs(
        SECRETS
            .iter()
            .filter(|(name, _)| !provided.iter().any(|provider| name.starts_with(provider)))
            .copied(),
    );
    command.env("DATABASE_URL", database.url());
    let mut up = RunningAva::start_from(command, directory.path());
    let person = Person::sign_in(&up, WORDS[0]).await;
    let avatar = json!({
        "name": WORDS[1], "age": 25, "gender": "woman", "nationality": "Portuguese",
        "appearance": format!("auburn hair, {}", WORDS[2]), "personality": "caring",
    });
    person.post(&format!("{}/avatars", up.api), &avatar).await;
    let face = format!("{}/avatars/me/reference-image", up.api);
    let photo = person.post(&face, &json!({})).await["id"].clone();
    let path = format!("/photos/{}", photo.as_str().unwrap());
    person.wait_for(&path, "delivered").await;
    let deadline = Instant::now() + PATIENCE;
    while person.get("/avatars/me").await["reference_image"]["status"] != "ready" {
        assert!(Instant::now() < deadline, "the avatar has no picture");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let approval = json!({ "photo_id": photo });
    person.post(&format!("{face}/approval"), &approval).await;
    up.signal("TERM");
    up.wait();
}

/// A running system whose secrets are canaries and whose providers repeat whatever they are told.
struct Leaky {
    up: RunningAva,
    database: ScratchDatabase,
    services: RudeServices,
    client: Client,
    figures: String,
    /// Whatever was answered, with what was asked.
    answers: Vec<(String, String)>,
}

impl Leaky {
    async fn start(directory: &tempfile::TempDir, log_format: &str) -> Self {
        let database = ScratchDatabase::create().await;
        give_somebody_a_face(directory, &database).await;
        let services = RudeServices::start();
        let figures = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let mut command = ava(directory.path(), &["up", "--json"]);
        command.envs(SECRETS);
        command.envs([
            ("DATABASE_URL", database.url()),
            ("LOG_FORMAT", log_format),
            // Everything that any crate says, but for what PostgreSQL and HTTP say byte by byte.
            ("RUST_LOG", "debug"),
            ("METRICS_ADDR", &figures.to_string()),
            ("SENTRY_DSN", &services.dsn),
            ("BILLING", "off"),
            ("STRIPE_PRICE_ID", "price_1"),
            ("IMAGE_PROVIDER", "replicate,openai"),
            ("CHAT_MODEL", "rude"),
        ]);
        for base in ["STRIPE", "REPLICATE", "IMAGES", "CHAT"] {
            command.env(format!("{base}_API_BASE"), &services.url);
        }
        Self {
            up: RunningAva::start_from(command, directory.path()),
            database,
            services,
            client: Client::builder().no_proxy().build().unwrap(),
            figures: format!("http://{figures}/metrics"),
            answers: Vec::new(),
        }
    }

    fn call(&self, method: &str, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.up.api);
        self.client.request(method.parse().unwrap(), url)
    }

    /// The status and the body; what was answered is kept, with its headers.
    async fn sent(&mut self, request: RequestBuilder) -> (u16, Value) {
        let request = request.build().unwrap();
        let asked = format!("{} {}", request.method(), request.url());
        let answer = self.client.execute(request).await.unwrap();
        let (status, headers) = (answer.status().as_u16(), format!("{:?}", answer.headers()));
        let body = answer.text().await.unwrap();
        let read = serde_json::from_str(&body).unwrap_or_default();
        self.answers
            .push((format!("{asked}: {status}"), headers + &body));
        (status, read)
    }

    /// Somebody's token, which is told to them and to nobody else.
    async fn token(&self, email: &str, roles: &[&str]) -> String {
        let body = json!({"email": email, "roles": roles});
        let answer = self.call("POST", "/dev/token").json(&body).send().await;
        let token: Value = answer.unwrap().json().await.unwrap();
        token["access_token"].as_str().unwrap().to_owned()
    }

    /// Asks until an answer is as it should be.
    async fn until(&mut self, path: &str, token: &str, is_so: impl Fn(&Value) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let request = self.call("GET", path).bearer_auth(token);
            let (status, shown) = self.sent(request).await;
            if is_so(&shown) {
                return;
            }
            let now = Instant::now();
            assert!(now < deadline, "{path}: {status} {shown}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A person uses everything, and every provider fails them.
    async fn fail_somebody(&mut self, token: &str) {
        let wish = json!({"scene": "reading a letter by the window"});
        let wished = self.call("POST", "/photos").bearer_auth(token).json(&wish);
        let (status, photo) = self.sent(wished).await;
        assert_eq!(status, 202, "{photo}");
        let said = json!({"text": format!("hello, {}", WORDS[3])});
        let said = self
            .call("POST", "/chat/messages")
            .bearer_auth(token)
            .json(&said);
        let (status, said) = self.sent(said).await;
        assert_eq!(status, 202, "{said}");
        let path = format!("/photos/{}", photo["id"].as_str().unwrap());
        // Refused, when what is repeated reads like a refusal of content.
        self.until(&path, token, |shown| {
            shown["status"] == "failed" || shown["status"] == "refused"
        })
        .await;
        self.until("/chat/messages", token, |shown| {
            shown["items"]
                .as_array()
                .is_some_and(|items| items.iter().any(|one| one["in_reply_to"] == said["id"]))
        })
        .await;
        for path in ["/billing/checkout", "/billing/portal", "/billing/sync"] {
            let request = self.call("POST", path).bearer_auth(token);
            let (status, problem) = self.sent(request.json(&json!({"plan": "monthly"}))).await;
            assert!(status < 500 || status == 502, "{path}: {status} {problem}");
        }
        let complaint = json!({
            "subject": {"kind": "message", "id": said["id"]}, "reason": "other", "text": WORDS[4],
        });
        let complaint = self
            .call("POST", "/reports")
            .bearer_auth(token)
            .json(&complaint);
        self.sent(complaint).await;
    }

    /// Whoever is not allowed to, with what is nearly right.
    async fn knock(&mut self, token: &str) {
        let forged = &token[..token.len() - 4];
        for authorization in [
            format!("Bearer {forged}"),
            format!("Basic {token}"),
            format!("Bearer {token} {token}"),
            format!("bearer{token}"),
        ] {
            let request = self.call("GET", "/me/export");
            let (status, _) = self
                .sent(request.header("authorization", authorization))
                .await;
            assert_eq!(status, 401);
        }
        let message =
            json!({"id": "evt_1", "type": WORDS[0], "data": {"object": {"email": WORDS[0]}}});
        let photo = "/webhooks/replicate/0199f0c0-0000-7000-8000-000000000003/1";
        for (path, header) in [
            ("/billing/webhook", "stripe-signature"),
            (photo, "webhook-signature"),
        ] {
            let request = self.call("POST", path).json(&message);
            let request = request
                .header(header, "t=1700000000,v1=00")
                .header("webhook-id", "msg_1")
                .header("webhook-timestamp", "1700000000");
            assert_eq!(self.sent(request).await.0, 400);
        }
        let odd = [
            ("GET", format!("/photos?cursor={}", WORDS[3])),
            ("GET", format!("/photos/{}", WORDS[3])),
            ("GET", format!("/updates?last_event_id={}", WORDS[3])),
            ("PUT", format!("/{}?access_token={token}", WORDS[3])),
            ("GET", format!("/config.json?access_token={token}")),
        ];
        for (method, path) in odd {
            let request = self.call(method, &path).bearer_auth(token);
            // The answer may repeat to somebody what they asked; the log may not.
            request.send().await.unwrap();
        }
        for body in [
            format!("{{\"name\": \"{}\"", WORDS[1]),
            format!("{{\"{}\": 1}}", WORDS[1]),
        ] {
            let request = self.call("PATCH", "/avatars/me").bearer_auth(token);
            let request = request
                .header("content-type", "application/json")
                .body(body);
            request.send().await.unwrap();
        }
    }

    /// The database lets nobody in any more.
    async fn lose_the_database(&mut self, token: &str) {
        let name = self.database.name();
        let away = [
            format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
            format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
            ),
        ];
        // Nobody can shut out a database that they are connected to.
        let mut elsewhere = Url::parse(self.database.url()).unwrap();
        elsewhere.set_path("postgres");
        let mut connection = PgConnection::connect(elsewhere.as_str()).await.unwrap();
        for order in &away {
            sqlx::query(order).execute(&mut connection).await.unwrap();
        }
        for (method, path) in [
            ("GET", "/avatars/me"),
            ("POST", "/avatars/me/reference-image"),
            ("GET", "/ready"),
        ] {
            let request = self.call(method, path).bearer_auth(token);
            assert_eq!(self.sent(request).await.0, 503);
        }
    }

    /// What the log of events holds, as text.
    async fn events(&self) -> String {
        let rows: Vec<String> = sqlx::query_scalar("SELECT row_to_json(events)::text FROM events")
            .fetch_all(&self.database.pool())
            .await
            .unwrap();
        rows.concat()
    }
}

async fn nothing_is_told(log_format: &str) {
    let directory = data_dir();
    let mut system = Leaky::start(&directory, log_format).await;
    let token = system.token(WORDS[0], &[]).await;
    let operator = system
        .token("olga@example.com", &["operator", "auditor"])
        .await;
    system.fail_somebody(&token).await;
    system.knock(&token).await;
    for path in [
        "/ready",
        "/admin/photos?status=failed",
        "/admin/metrics",
        "/audit/projections",
    ] {
        let request = system.call("GET", path).bearer_auth(&operator);
        assert_eq!(system.sent(request).await.0, 200, "{path}");
    }
    let figures = system.client.get(&system.figures).send().await.unwrap();
    let figures = figures.text().await.unwrap();
    let events = system.events().await;
    let asked = system.services.asked();
    system.lose_the_database(&token).await;
    let reports = system.services.reports_once_there_are(1);
    system.up.signal("TERM");
    system.up.wait();
    let log = fs::read_to_string(directory.path().join("stderr.log")).unwrap();

    // The providers did see what they repeated.
    for seen in [
        SECRETS[5].1,
        SECRETS[7].1,
        SECRETS[9].1,
        SECRETS[10].1,
        WORDS[2],
        WORDS[3],
    ] {
        assert!(asked.contains(seen), "no provider was told {seen}");
    }
    let password = Url::parse(system.database.url()).unwrap();
    let password = password.password().unwrap().to_owned();
    let mut secrets: Vec<&str> = SECRETS.iter().map(|(_, value)| *value).collect();
    secrets.extend([token.as_str(), &operator, "canaryOfRedis", &password]);
    let outside = [
        ("the log", &log),
        ("the figures", &figures),
        ("the reports", &reports),
        ("the events", &events),
    ];
    for (place, told) in outside {
        for private in secrets.iter().chain(&WORDS) {
            assert!(
                !told.contains(private),
                "{private} in {place}: {}",
                around(told, private)
            );
        }
    }
    for (asked, answer) in &system.answers {
        for secret in &secrets {
            assert!(
                !answer.contains(secret),
                "{secret} in the answer to {asked}: {answer}"
            );
        }
    }
}

/// Where a text stands.
fn around(text: &str, part: &str) -> String {
    let place = text.find(part).unwrap_or_default();
    let before: String = text[..place].chars().rev().take(300).collect();
    let before: String = before.chars().rev().collect();
    before + &text[place..].chars().take(200).collect::<String>()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_nobodys_words_are_told_to_who_reads_the_log() {
    nothing_is_told("pretty").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_nobodys_words_are_told_to_what_reads_the_log_as_json() {
    nothing_is_told("json").await;
}
