//! Starts, calls and drains the application: one test's own system on its own database and port.

mod calls;
mod kept;

use std::{
    net::TcpListener,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use api::App;
use application::{
    avatars::Avatars,
    conduct::Conducts,
    conversations::Conversations,
    dispatcher::Dispatcher,
    people::People,
    photos::Photos,
    ports::{Clock, Plans, TokenIssuer},
    reports::Reports,
    stewardship::Stewardships,
    subscriptions::Subscriptions,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::conduct::Limits;
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
use sandbox::{RunningSandbox, SandboxConfig};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use transparency::Tree;
use uuid::Uuid;
use worker::{WorkerParts, WorkerSettings, ground::Ground};

pub use crate::options::Options;
use crate::outside::{Customers, chat_model, plan, replicate, replicate_secret, stripe};

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

    /// Stops the server and everything behind it but the database, and says how the server ended.
    pub async fn stop(&mut self) -> std::io::Result<()> {
        self.stop.cancel();
        let served = self.serving.join_next().await.unwrap().unwrap();
        while self.working.join_next().await.is_some() {}
        served
    }
}

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

/// Three grave refusals within half an hour lead to a pause of ten minutes.
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
