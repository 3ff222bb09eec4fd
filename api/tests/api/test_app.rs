//! Starts, calls and drains the application: one test's own system on its own database and port.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use api::App;
use application::{
    avatars::Avatars,
    conduct::Conducts,
    context::Context,
    conversations::{Answered, Conversations, photo_id},
    dispatcher::Dispatcher,
    people::People,
    photos::Photos,
    ports::{Clock, ObjectStorage, Plans, TokenIssuer},
    reports::Reports,
    stewardship::Stewardships,
    subscriptions::Subscriptions,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    conduct::Limits,
    conversation::{Mode, Segment},
    values::{Position, UserId},
};
use infrastructure::{
    database::DatabaseRole,
    event_log::PostgresEventLog,
    identity::{DevelopmentIssuer, SharedSecret, TokenSettings, TokenVerifier},
    image::replicate::ReplicateWebhook,
    inbox::WebhookInbox,
    prediction_notices::PostgresPredictionNotices,
    rate_limits::InProcessRateLimits,
    reply_drafts::SharedReplyDrafts,
    scratch_database::{ScratchDatabase, master_keys},
    stand_in_clock::StandInClock,
    storage::LocalStorage,
    stripe::{Stripe, StripeSettings},
    wake_ups::WakeUps,
};
use projections::engine::{Checkpoints, Engine, Follower};
use provenance::Marker;
use reqwest::Method;
use sandbox::{RunningSandbox, SandboxConfig};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use transparency::Tree;
use uuid::Uuid;
use worker::{WorkerParts, WorkerSettings, ground::Ground};

pub use crate::options::Options;
use crate::{
    outside::{Customers, chat_model, plan, replicate, replicate_secret, stripe},
    person::{Answer, Call, Person},
};

/// Longer than anything takes, even on a machine with much to do.
const PATIENCE: Duration = Duration::from_secs(60);

pub const SECRET: &str = "a secret of thirty-two bytes or more";

pub struct TestApp {
    pub url: String,
    pub database: ScratchDatabase,
    pub log: Arc<PostgresEventLog>,
    pub dispatcher: Dispatcher,
    pub avatars: Avatars,
    pub photos: Photos,
    pub storage: Arc<LocalStorage>,
    pub clock: Arc<MovableClock>,
    pub sandbox: RunningSandbox,
    pub client: reqwest::Client,
    pub parts: App,
    /// Whether a worker runs.
    pub worker: bool,
    inbox: WebhookInbox,
    engine: Option<Engine>,
    objects: PathBuf,
    /// Ends everything that runs for it.
    pub stop: CancellationToken,
    serving: JoinSet<std::io::Result<()>>,
    working: JoinSet<()>,
}

/// The machine's clock, which a test sets ahead.
pub struct MovableClock(Mutex<TimeDelta>);

impl MovableClock {
    pub fn set_ahead(&self, by: TimeDelta) {
        *self.0.lock().unwrap() = by;
    }
}

impl Clock for MovableClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + *self.0.lock().unwrap()
    }
}

impl TestApp {
    /// With projectors and reactions, without a worker.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub async fn start_with(options: Options) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let database = ScratchDatabase::create().await;
        let sandbox = sandbox::start(SandboxConfig {
            addr: "127.0.0.1:0".parse().unwrap(),
            drawing_time: options.drawing_time,
            stripe_webhook_url: Some(format!("{url}/billing/webhook")),
            ..SandboxConfig::default()
        });
        let sandbox = sandbox.await.unwrap();
        let objects = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(Uuid::now_v7().to_string());
        let mut app = Self::assemble(url, database, sandbox, objects, &options);
        if options.followers {
            app.follow(options.worker);
        }
        let serving = api::serve(listener, app.parts.clone(), app.stop.clone());
        app.serving.spawn(serving);
        app
    }

    #[expect(clippy::too_many_lines, reason = "a line for each part")]
    fn assemble(
        url: String,
        database: ScratchDatabase,
        sandbox: RunningSandbox,
        objects: PathBuf,
        options: &Options,
    ) -> Self {
        let pool = |role| database.pool_as(role);
        let log = Arc::new(PostgresEventLog::start(
            pool(DatabaseRole::Api),
            master_keys(),
        ));
        let followed = Arc::new(log.reading_through(pool(DatabaseRole::Projector)));
        let dispatcher = Dispatcher::new(log.clone(), log.clone());
        let clock = Arc::new(MovableClock(Mutex::new(TimeDelta::zero())));
        let billing_clock: Arc<dyn Clock> = match options.sandbox_clock {
            true => Arc::new(StandInClock::follow(&sandbox.url().parse().unwrap()).unwrap()),
            false => clock.clone(),
        };
        let stripe = Arc::new(match options.payment_configured {
            true => stripe(&sandbox),
            false => Stripe::new(StripeSettings::default()).unwrap(),
        });
        let plans = Arc::new(Plans(vec![plan()]));
        let storage = Arc::new(LocalStorage::open(&objects).unwrap());
        let engine = Engine::new(
            pool(DatabaseRole::Projector),
            followed.clone(),
            "test".to_owned(),
        );
        let inbox = WebhookInbox::new(pool(DatabaseRole::Api));
        let stop = CancellationToken::new();
        let customers = Arc::new(Customers(pool(DatabaseRole::Api)));
        let conducts = conducts(&dispatcher, &clock);
        let stewardships = Stewardships::new(dispatcher.clone(), clock.clone());
        let avatars = Avatars::new(dispatcher.clone()).watched_by(conducts.clone());
        let photos =
            Photos::new(dispatcher.clone(), billing_clock.clone()).watched_by(conducts.clone());
        let photos = match options.free_of_charge {
            true => photos.free_of_charge(),
            false => photos,
        };
        let secret = || SharedSecret::new(SECRET).unwrap();
        let issuer = options
            .issuer
            .then(|| -> Arc<dyn TokenIssuer> { Arc::new(DevelopmentIssuer::new(secret())) });
        let parts = App {
            pool: pool(DatabaseRole::Api),
            replica: None,
            steward_pool: pool(DatabaseRole::Steward),
            rebuild_pool: pool(DatabaseRole::Projector),
            rebuild_log: followed,
            reports: reports(&dispatcher, &photos, &stewardships, &clock),
            conducts: conducts.clone(),
            people: People::new(dispatcher.clone(), stewardships.clone()),
            stewardships,
            avatars: avatars.clone(),
            photos: photos.clone(),
            conversations: Conversations::new(
                dispatcher.clone(),
                photos.clone(),
                clock.clone(),
                Arc::new(chat_model(&sandbox)),
                Arc::default(),
            )
            .watched_by(conducts.clone()),
            subscriptions: Subscriptions::new(
                dispatcher.clone(),
                billing_clock.clone(),
                plans.clone(),
                stripe.clone(),
                customers,
            ),
            checkpoints: engine.checkpoints(),
            tree: Tree::new(pool(DatabaseRole::Api)),
            log: log.clone(),
            idempotency: log.clone(),
            storage: storage.clone(),
            inspector: Arc::new(Marker::new()),
            payment: stripe,
            inbox: Arc::new(inbox.clone()),
            steward_inbox: Arc::new(inbox.working_through(pool(DatabaseRole::Steward))),
            image_webhook: Arc::new(ReplicateWebhook::new(vec![replicate_secret()])),
            notices: Arc::new(PostgresPredictionNotices::new(pool(DatabaseRole::Worker))),
            drafts: Arc::new(SharedReplyDrafts::start(WakeUps::Postgres(pool(
                DatabaseRole::Api,
            )))),
            rate_limits: Arc::new(InProcessRateLimits::new(options.bounds)),
            trusted_proxies: options.trusted_proxies,
            redis: None,
            chat_figures: Arc::default(),
            plans,
            crisis: Arc::default(),
            clock: clock.clone(),
            billing_clock,
            free_of_charge: options.free_of_charge,
            identity: Arc::new(
                TokenVerifier::start(TokenSettings::of_development(secret())).unwrap(),
            ),
            issuer,
            url_signing_key: [7; 32],
            public_url: "https://ava.test/".parse().unwrap(),
            web: options.web.clone(),
        };
        Self {
            url,
            // A test looks at everything.
            log: Arc::new(log.reading_through(database.pool())),
            inbox,
            database,
            dispatcher,
            avatars,
            photos,
            storage,
            clock,
            sandbox,
            client: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            parts,
            worker: options.worker,
            engine: Some(engine),
            objects,
            stop,
            serving: JoinSet::new(),
            working: JoinSet::new(),
        }
    }

    /// Runs the projectors and reactions from now on, in this process.
    pub fn follow(&mut self, with_worker: bool) {
        let engine = self.engine.take().unwrap();
        let parts = self.worker_parts(engine.checkpoints());
        let projectors = projections::all().into_iter().map(Follower::Projector);
        let reactions = worker::reactions(&parts)
            .into_iter()
            .map(Follower::Reaction);
        let followers: Vec<_> = projectors.chain(reactions).collect();
        let stop = self.stop.clone();
        self.working
            .spawn(async move { engine.run(followers, stop).await });
        if with_worker {
            self.working.spawn(worker::run(parts, self.stop.clone()));
        }
    }

    /// A worker from now on, in this process.
    pub fn start_worker(&self) {
        let parts = self.worker_parts(self.parts.checkpoints.clone());
        tokio::spawn(worker::run(parts, self.stop.clone()));
    }

    /// The payment provider's messages as a worker gets them.
    pub fn worker_inbox(&self) -> WebhookInbox {
        self.inbox
            .working_through(self.database.pool_as(DatabaseRole::Worker))
    }

    fn worker_parts(&self, checkpoints: Checkpoints) -> WorkerParts {
        WorkerParts {
            node: "test-worker".to_owned(),
            ground: Ground::postgres(self.database.pool_as(DatabaseRole::Worker), checkpoints),
            log: Arc::new(
                self.log
                    .reading_through(self.database.pool_as(DatabaseRole::Worker)),
            ),
            clock: self.clock.clone(),
            avatars: self.avatars.clone(),
            photos: self.photos.clone(),
            people: self.parts.people.clone(),
            idempotency: self.log.clone(),
            conversations: self.parts.conversations.clone(),
            drafts: self.parts.drafts.clone(),
            chat_figures: self.parts.chat_figures.clone(),
            subscriptions: self.parts.subscriptions.clone(),
            providers: replicate(&self.sandbox, Some(&self.url)).into(),
            notices: self.parts.notices.clone(),
            finisher: Arc::new(Marker::new()),
            inspector: self.parts.inspector.clone(),
            storage: self.storage.clone(),
            payment: self.parts.payment.clone(),
            inbox: Arc::new(self.worker_inbox()),
            settings: WorkerSettings::default(),
            observer: None,
        }
    }

    /// A second process of the API on the same database; ends with the test.
    pub fn second_process(&mut self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(PostgresEventLog::start(
            self.database.pool_as(DatabaseRole::Api),
            master_keys(),
        ));
        let dispatcher = Dispatcher::new(log.clone(), log.clone());
        let conducts = conducts(&dispatcher, &self.clock);
        let stewardships = Stewardships::new(dispatcher.clone(), self.clock.clone());
        let parts = App {
            avatars: Avatars::new(dispatcher.clone()).watched_by(conducts.clone()),
            photos: Photos::new(dispatcher.clone(), self.clock.clone())
                .watched_by(conducts.clone()),
            conducts,
            people: People::new(dispatcher, stewardships.clone()),
            stewardships,
            checkpoints: Checkpoints::new(self.database.pool_as(DatabaseRole::Api)),
            idempotency: log.clone(),
            log,
            ..self.parts.clone()
        };
        self.serving
            .spawn(api::serve(listener, parts, self.stop.clone()));
        url
    }

    /// Somebody who is signed in.
    pub async fn sign_in(&self, email: &str) -> Person<'_> {
        self.sign_in_as(email, &[]).await
    }

    /// Somebody who runs the system.
    pub async fn operator(&self) -> Person<'_> {
        self.sign_in_as("olga@example.com", &["operator"]).await
    }

    /// Somebody who is signed in with roles.
    pub async fn sign_in_as(&self, email: &str, roles: &[&str]) -> Person<'_> {
        let answer = self
            .call(Method::POST, "/dev/token")
            .json(json!({ "email": email, "roles": roles }))
            .send()
            .await;
        let token = answer.expect(200).json();
        Person {
            app: self,
            token: token["access_token"].as_str().unwrap().to_owned(),
            id: UserId(token["user"]["id"].as_str().unwrap().parse().unwrap()),
        }
    }

    /// A call without a token.
    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        Call::new(&self.client, &self.url, method, path)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    /// Asks the sandbox for something.
    pub async fn control(&self, path: &str, body: Value) {
        let url = format!("{}/control{path}", self.sandbox.url());
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{path}: {}",
            answer.text().await.unwrap()
        );
    }

    /// Pays on the payment provider's hosted page; answers with the way back.
    pub async fn pay(&self, page: &str) -> reqwest::Response {
        self.submit(page, "outcome=paid").await
    }

    /// Submits the form of a hosted page.
    pub async fn submit(&self, page: &str, form: &'static str) -> reqwest::Response {
        let request = self
            .client
            .post(page)
            .header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send().await.unwrap()
    }

    /// Asks the payment provider's API.
    pub async fn stripe(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}/v1/{path}", self.sandbox.url()));
        let answer = request.bearer_auth("sk_test_sandbox").send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// How many events of that type the log holds.
    pub async fn count(&self, event_type: &str) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = $1")
            .bind(event_type)
            .fetch_one(&self.database.pool())
            .await
            .unwrap()
    }

    /// How many events of that aggregate the log holds.
    pub async fn count_of(&self, aggregate_type: &str) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM events WHERE aggregate_type = $1")
            .bind(aggregate_type)
            .fetch_one(&self.database.pool())
            .await
            .unwrap()
    }

    /// What stewards did, in order, and who each one was.
    pub async fn stewardship(&self) -> Vec<(String, Value)> {
        sqlx::query_as(
            "SELECT metadata ->> 'actor', payload FROM events
              WHERE aggregate_type = 'Stewardship' ORDER BY position",
        )
        .fetch_all(&self.database.pool())
        .await
        .unwrap()
    }

    /// A message of the payment provider's that waits.
    pub async fn message(&self, id: &str) {
        let kept = self.parts.inbox.keep("stripe", id, "invoice.paid", b"{}");
        kept.await.unwrap();
    }

    /// From now on the log takes nothing more, as when its disk is full.
    pub async fn refuse_appends(&self) {
        for statement in [
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$",
            "CREATE TRIGGER no_room BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION no_room()",
        ] {
            let pool = self.database.pool();
            sqlx::query(statement).execute(&pool).await.unwrap();
        }
    }

    /// The log's last position.
    pub async fn head(&self) -> Position {
        application::ports::EventLog::head(self.log.as_ref())
            .await
            .unwrap()
    }

    /// Who caused the events after that position, in order.
    pub async fn log_between(&self, after: Position) -> Vec<String> {
        let events = application::ports::EventLog::read(self.log.as_ref(), after, 1000).await;
        events
            .unwrap()
            .into_iter()
            .map(|event| event.metadata.actor)
            .collect()
    }

    /// What a crash between append and answer leaves behind: used keys without answers.
    pub async fn forget_answers(&self) {
        let forget = sqlx::query("UPDATE idempotency_keys SET answer = NULL");
        forget.execute(&self.database.pool()).await.unwrap();
    }

    /// How often the chat model was asked.
    pub async fn asked_of_the_model(&self) -> usize {
        let url = format!("{}/control/chat/ledger", self.sandbox.url());
        let ledger: Value = self
            .client
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        ledger["completions"].as_array().unwrap().len()
    }

    /// The companion answers a message with the promise of a picture, as a worker has it do; the picture's id.
    pub async fn promise(&self, person: &Person<'_>, message: &Value) -> String {
        let message_id = message["id"].as_str().unwrap().parse().unwrap();
        let segment = Segment {
            owner: person.id,
            mode: Mode::Intimate,
            day: Utc::now().date_naive(),
        };
        let context = Context::of_user(person.id, Uuid::now_v7());
        let answered = self
            .parts
            .conversations
            .answer(&context, segment, message_id, &mut ())
            .await;
        assert_eq!(answered.unwrap(), Answered::Replied);
        self.settle().await;
        photo_id(message_id).to_string()
    }

    /// Waits until the projectors have seen everything that is in the log now.
    pub async fn settle(&self) {
        let head = self.head().await;
        let projectors: Vec<_> = projections::all()
            .iter()
            .map(|projector| projector.name())
            .collect();
        let seen = self
            .parts
            .checkpoints
            .await_position(&projectors, head, PATIENCE);
        seen.await.unwrap();
    }

    /// Stops the server and everything behind it, and says how the server ended.
    pub async fn stop(mut self) -> std::io::Result<()> {
        self.stop.cancel();
        let served = self.serving.join_next().await.unwrap().unwrap();
        while self.working.join_next().await.is_some() {}
        served
    }

    /// What the object storage has under a key.
    pub async fn stored(&self, key: &str) -> Option<bytes::Bytes> {
        let read = self.storage.get(key, None).await;
        read.ok().map(|object| object.bytes)
    }

    /// Where the object storage's files are.
    pub fn objects(&self) -> &Path {
        &self.objects
    }

    /// Puts bytes into the object storage.
    pub async fn store(&self, key: &str, bytes: &'static [u8]) {
        self.storage.put(key, bytes.into()).await.unwrap();
    }
}

/// Three grave refusals within half an hour lead to a pause of ten minutes.
fn reports(
    dispatcher: &Dispatcher,
    photos: &Photos,
    stewardships: &Stewardships,
    clock: &Arc<MovableClock>,
) -> Reports {
    let due_within = TimeDelta::hours(24);
    Reports::new(
        dispatcher.clone(),
        photos.clone(),
        stewardships.clone(),
        clock.clone(),
        due_within,
    )
}

fn conducts(dispatcher: &Dispatcher, clock: &Arc<MovableClock>) -> Conducts {
    let limits = Limits {
        refusals: 3,
        window: TimeDelta::minutes(30),
        pause: TimeDelta::minutes(10),
    };
    Conducts::new(dispatcher.clone(), clock.clone(), limits, [9; 32])
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
        let _ = std::fs::remove_dir_all(&self.objects);
    }
}

/// Asks again and again until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let patient_until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            Instant::now() < patient_until,
            "it never came true that {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
