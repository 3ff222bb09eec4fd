//! One test's own system: log, projectors, reactions and workers on one database, and the sandbox outside.

use std::{ops::Deref, path::PathBuf, sync::Arc, time::Duration};

use application::{
    chat_figures::ChatFigures,
    context::Context,
    photos,
    ports::{EventLog, SystemClock},
};
use domain::{
    avatar::{Avatar, Profile},
    personal::Personal,
    photo_request::{Event, Image},
    values::{Age, AvatarId, Personality, PhotoId, UserId},
};
use infrastructure::{
    database::DatabaseRole, inbox::WebhookInbox, prediction_notices::PostgresPredictionNotices,
    reply_drafts::SharedReplyDrafts, scratch_database::ScratchDatabase, storage::LocalStorage,
    stripe::Stripe, wake_ups::WakeUps,
};
use projections::engine::{Checkpoints, Engine, Follower};
use provenance::Marker;
use sandbox::{RunningSandbox, SandboxConfig};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use worker::{
    ChatSettings, FileSettings, InboxSettings, LeaseTimes, PhotoSettings, WorkerParts,
    WorkerSettings, file_notes::Looks, ground::Ground,
};

use crate::{
    history::is_end,
    patience::{until, until_equal},
    payment_provider::stripe,
    provider::{chat_model, replicate},
    uses::Uses,
};

/// Pictures per period of the plan that tests subscribe to.
pub const QUOTA: u32 = 5;

pub struct System {
    pub database: ScratchDatabase,
    uses: Uses,
    pub storage: Arc<LocalStorage>,
    pub stripe: Arc<Stripe>,
    pub inbox: WebhookInbox,
    pub notices: PostgresPredictionNotices,
    pub drafts: SharedReplyDrafts,
    pub figures: Arc<ChatFigures>,
    pub sandbox: RunningSandbox,
    pub client: reqwest::Client,
    objects: PathBuf,
    checkpoints: Checkpoints,
    followers: Option<JoinSet<()>>,
}

impl Deref for System {
    type Target = Uses;

    fn deref(&self) -> &Uses {
        &self.uses
    }
}

/// A worker process, played by a task.
pub struct RunningWorker {
    task: JoinSet<()>,
    stop: CancellationToken,
}

impl RunningWorker {
    /// What SIGKILL does: nothing is finished, nothing given back.
    pub async fn kill(mut self) {
        self.task.abort_all();
        while self.task.join_next().await.is_some() {}
    }

    /// What SIGTERM does.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.task.join_next().await.is_some() {}
    }
}

/// Everything runs but a worker.
pub async fn start() -> System {
    start_drawing_for(Duration::from_millis(60)).await
}

/// The same, with predictions that take that long.
pub async fn start_drawing_for(drawing_time: Duration) -> System {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let database = ScratchDatabase::create().await;
    let sandbox = sandbox::start(SandboxConfig {
        addr: "127.0.0.1:0".parse().unwrap(),
        drawing_time,
        ..SandboxConfig::default()
    });
    let sandbox = sandbox.await.unwrap();
    let stripe = Arc::new(stripe(&sandbox));
    let uses = Uses::over(database.pool_as(DatabaseRole::Worker), stripe.clone());
    let engine = Engine::new(
        database.pool_as(DatabaseRole::Projector),
        uses.log.clone(),
        format!("engine-{}", Uuid::now_v7()),
    );
    let objects = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(Uuid::now_v7().to_string());
    let mut system = System {
        storage: Arc::new(LocalStorage::open(&objects).unwrap()),
        inbox: WebhookInbox::new(database.pool_as(DatabaseRole::Worker)),
        notices: PostgresPredictionNotices::new(database.pool_as(DatabaseRole::Worker)),
        drafts: SharedReplyDrafts::start(WakeUps::Postgres(database.pool_as(DatabaseRole::Worker))),
        figures: Arc::default(),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
        checkpoints: engine.checkpoints(),
        followers: None,
        database,
        uses,
        stripe,
        sandbox,
        objects,
    };
    system.follow(engine);
    system
}

/// The settings of tests: as the defaults, but quicker.
pub fn settings() -> WorkerSettings {
    WorkerSettings {
        reconcile_every: None,
        photos: PhotoSettings {
            slots: 4,
            deadline: Duration::from_secs(120),
            max_attempts: 5,
            settle: Duration::from_millis(800),
            first_retry: Duration::from_millis(20),
            longest_retry: Duration::from_millis(200),
            first_poll: Duration::from_millis(20),
            longest_poll: Duration::from_millis(100),
            announced_poll: (Duration::from_secs(20), Duration::from_secs(20)),
            lease: LeaseTimes {
                lasts: Duration::from_millis(1500),
                heartbeat: Duration::from_millis(300),
            },
        },
        chat: ChatSettings {
            first_retry: Duration::from_millis(20),
            longest_retry: Duration::from_millis(200),
            lease: LeaseTimes {
                lasts: Duration::from_millis(1500),
                heartbeat: Duration::from_millis(300),
            },
            ..ChatSettings::default()
        },
        inbox: InboxSettings {
            first_retry: Duration::from_millis(20),
            longest_retry: Duration::from_millis(200),
            ..InboxSettings::default()
        },
        files: FileSettings {
            ask_every: Duration::from_millis(50),
            looks: Looks {
                first: Duration::from_millis(200),
                enough: 12,
            },
        },
        stop_within: Duration::from_secs(4),
    }
}

impl System {
    fn follow(&mut self, engine: Engine) {
        let parts = self.parts("reactions");
        let projectors = projections::all().into_iter().map(Follower::Projector);
        let reactions = worker::reactions(&parts)
            .into_iter()
            .map(Follower::Reaction);
        let followers: Vec<_> = projectors.chain(reactions).collect();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { engine.run(followers, CancellationToken::new()).await });
        self.followers = Some(tasks);
    }

    /// What a worker process of that name is made of; its connections to the provider are its own.
    pub fn parts(&self, node: &str) -> WorkerParts {
        WorkerParts {
            node: format!("{node}-{}", Uuid::now_v7()),
            ground: Ground::postgres(
                self.database.pool_as(DatabaseRole::Worker),
                self.checkpoints.clone(),
            ),
            log: self.log.clone(),
            clock: Arc::new(SystemClock),
            avatars: self.avatars.clone(),
            photos: self.photos.clone(),
            people: self.people(),
            idempotency: self.log.clone(),
            conversations: self.conversations(Arc::new(chat_model(&self.sandbox))),
            drafts: Arc::new(self.drafts.clone()),
            chat_figures: self.figures.clone(),
            subscriptions: self.subscriptions.clone(),
            providers: replicate(&self.sandbox).into(),
            notices: Arc::new(self.notices.clone()),
            finisher: Arc::new(Marker::new()),
            inspector: Arc::new(Marker::new()),
            storage: self.storage.clone(),
            payment: self.stripe.clone(),
            inbox: Arc::new(self.inbox.clone()),
            settings: settings(),
            observer: None,
        }
    }

    pub fn worker(&self) -> RunningWorker {
        self.worker_of(self.parts("worker"))
    }

    pub fn worker_of(&self, parts: WorkerParts) -> RunningWorker {
        let stop = CancellationToken::new();
        let mut task = JoinSet::new();
        task.spawn(worker::run(parts, stop.clone()));
        RunningWorker { task, stop }
    }

    /// A new user with an avatar.
    pub async fn user(&self) -> UserId {
        let user = UserId(Uuid::now_v7());
        let profile = Profile {
            name: Personal::new("Mira".parse().unwrap()),
            age: Age::try_from(27).unwrap(),
            gender: Personal::new("woman".parse().unwrap()),
            nationality: Personal::new("Portuguese".parse().unwrap()),
            appearance: Personal::new("short dark hair, green eyes".parse().unwrap()),
            personality: Personality::Caring,
        };
        let avatar_id = AvatarId(Uuid::now_v7());
        self.avatars
            .create(of(user), avatar_id, profile)
            .await
            .unwrap();
        user
    }

    /// Wishes for a reference picture.
    pub async fn request_reference(&self, user: UserId) -> PhotoId {
        let photo_id = PhotoId(Uuid::now_v7());
        self.avatars
            .request_reference_image(of(user), photo_id)
            .await
            .unwrap();
        photo_id
    }

    /// A new user who may ask for scenes, with an approved reference picture; a worker must be running.
    pub async fn subscriber(&self) -> (UserId, PhotoId) {
        let user = self.user().await;
        let reference = self.request_reference(user).await;
        until("the reference picture is ready", async || {
            let avatar = self.avatar(user).await;
            let ready = avatar.reference_status(reference);
            (ready == Some(domain::avatar::ReferenceStatus::Ready)).then_some(())
        })
        .await;
        self.avatars
            .approve_reference_image(of(user), reference)
            .await
            .unwrap();
        self.subscribe(user).await;
        (user, reference)
    }

    pub async fn request_scene(&self, user: UserId, scene: &str) -> PhotoId {
        let photo_id = PhotoId(Uuid::now_v7());
        self.photos
            .request_scene(of(user), photo_id, scene.parse().unwrap())
            .await
            .unwrap();
        photo_id
    }

    pub async fn avatar(&self, user: UserId) -> Avatar {
        self.avatars.load(user).await.unwrap().state
    }

    /// Everything that happened to a photo request.
    pub async fn history(&self, photo_id: PhotoId) -> Vec<Event> {
        let stored = self.log.load(&photos::stream(photo_id)).await.unwrap();
        stored
            .iter()
            .map(|event| serde_json::from_str(&event.payload).unwrap())
            .collect()
    }

    /// Waits for the end of a request; then looks, after a worker has had time to do wrong, whether it ended once.
    pub async fn end_of(&self, photo_id: PhotoId) -> Event {
        let end = until("the request has ended", async || {
            self.history(photo_id).await.into_iter().find(is_end)
        })
        .await;
        self.work_is_done(photo_id).await;
        let ends = self
            .history(photo_id)
            .await
            .iter()
            .filter(|event| is_end(event))
            .count();
        assert_eq!(ends, 1, "a request ends once");
        end
    }

    pub async fn delivered(&self, photo_id: PhotoId) -> Image {
        match self.end_of(photo_id).await {
            Event::PhotoDelivered { image, .. } => image,
            other => panic!("not delivered: {other:?}"),
        }
    }

    /// Waits until the to-do list no longer holds the photo and nobody works on it.
    pub async fn work_is_done(&self, photo_id: PhotoId) {
        until_equal(Vec::new(), async || self.work_on(photo_id).await).await;
    }

    /// What is still to be done for a photo, and who has its lease for longer than a moment; with followers that are behind.
    async fn work_on(&self, photo_id: PhotoId) -> Vec<String> {
        sqlx::query_scalar(
            "WITH work AS (
                SELECT to_jsonb(photo_work)::text AS told FROM photo_work WHERE photo_id = $1
                 UNION ALL
                SELECT to_jsonb(leases)::text FROM leases
                 WHERE name = 'photo:' || $1 AND until > now() + interval '2 s')
             SELECT told FROM work
              UNION ALL
             SELECT to_jsonb(followers)::text FROM followers
              WHERE EXISTS (SELECT FROM work) AND position < (SELECT max(position) FROM events)",
        )
        .bind(photo_id.0)
        .fetch_all(&self.database.pool())
        .await
        .unwrap()
    }

    /// How many pictures of the period are taken, by the log.
    pub async fn used(&self, user: UserId) -> u32 {
        let subscription = self.subscriptions.load(user).await.unwrap().state;
        subscription.usage().used
    }

    /// How many files the storage holds.
    pub fn stored_objects(&self) -> usize {
        self.stored_files().len()
    }

    /// The files of the objects that are stored.
    pub fn stored_files(&self) -> Vec<PathBuf> {
        files(&self.objects)
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.objects);
    }
}

/// A command of the user's own.
pub fn of(user: UserId) -> Context {
    Context::of_user(user, Uuid::now_v7())
}

fn files(directory: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect()
}
