//! The only place where adapters meet ports.

pub mod audit;
mod chat;
mod identity;
mod images;
pub mod keys;
mod payment;
mod pictures;
mod processes;
mod secrets;
mod storage;
mod tasks;

use std::{path::PathBuf, sync::Arc, time::Duration};

use api::WebClient;
use application::{
    avatars::Avatars,
    chat_figures::{ChatFigures, CountedModel},
    conduct::Conducts,
    conversations::Conversations,
    crisis::CrisisAnswers,
    dispatcher::Dispatcher,
    paced_model::PacedModel,
    people::People,
    photos::Photos,
    ports::{Clock, ImageProviders, PaymentGateway, Plans},
    reports::Reports,
    stewardship::Stewardships,
    subscriptions::{ApplyNoticeError, Reconciliation, Repair, Subscriptions},
};
use infrastructure::{
    database_clock::DatabaseClock,
    event_log::PostgresEventLog,
    image::replicate::ReplicateWebhook,
    inbox::WebhookInbox,
    prediction_notices::PostgresPredictionNotices,
    reply_drafts::SharedReplyDrafts,
    settings::{Billing, Settings},
};
use projections::{
    engine::{Checkpoints, Engine, Follower},
    replica::Replica,
};
use provenance::Credentials;
use transparency::{Growing, KeyRing, Tree};
use url::Url;
use worker::{WorkerParts, WorkerSettings, ground::Ground, sights::PostgresSights};

use self::{
    identity::Identity,
    images::{providers, webhook_secrets},
    processes::Processes,
    storage::Storage,
};
pub use secrets::Secrets;

use crate::{
    database::{Pools, ReplicaPools},
    failure::Failure,
};

/// What is known only once everything around us listens.
pub struct Surroundings {
    /// Where the sandbox answers, when it plays anybody.
    pub sandbox_url: Url,
    /// Where the API answers on this machine, for the sandbox.
    pub api_url: Url,
    /// How browsers reach us.
    pub public_url: Url,
    /// A name that no other living process has.
    pub node: String,
}

/// Every adapter, and the use cases over them.
pub struct Wiring {
    pools: Pools,
    log: Arc<PostgresEventLog>,
    clock: Arc<dyn Clock>,
    billing_clock: Arc<dyn Clock>,
    free_of_charge: bool,
    reconcile_every: Option<Duration>,
    engine: Arc<Engine>,
    avatars: Avatars,
    photos: Photos,
    conversations: Conversations,
    drafts: Arc<SharedReplyDrafts>,
    chat_figures: Arc<ChatFigures>,
    reports: Reports,
    conducts: Conducts,
    stewardships: Stewardships,
    people: People,
    subscriptions: Subscriptions,
    plans: Arc<Plans>,
    crisis: Arc<CrisisAnswers>,
    payment: Arc<dyn PaymentGateway>,
    providers: ImageProviders,
    image_webhook: Arc<ReplicateWebhook>,
    notices: Arc<PostgresPredictionNotices>,
    storage: Storage,
    processes: Processes,
    trusted_proxies: usize,
    api_checkpoints: Checkpoints,
    replica: Option<Replica>,
    credentials: Option<Arc<Credentials>>,
    inbox: Arc<WebhookInbox>,
    identity: Identity,
    url_signing_key: [u8; 32],
    surroundings: Surroundings,
    self_check_every: Option<Duration>,
    audit_keys: Arc<KeyRing>,
    growing: Growing,
    web_dir: Option<PathBuf>,
}

impl Wiring {
    /// Connects everything.
    pub fn new(
        settings: &Settings,
        secrets: &Secrets,
        surroundings: Surroundings,
        pools: Pools,
        replica: Option<ReplicaPools>,
    ) -> Result<Self, Failure> {
        let log = Arc::new(PostgresEventLog::start(
            pools.work.clone(),
            keys::master_keys(settings)?,
        ));
        let clock: Arc<dyn Clock> = Arc::new(DatabaseClock::follow(pools.work.clone()));
        let billing_clock = payment::clock(settings, &surroundings.sandbox_url)?;
        let free_of_charge = settings.payment.billing == Billing::Off;
        let plans = Arc::new(settings.plans.clone());
        let payment = payment::gateway(settings, secrets, &surroundings.sandbox_url)?;
        let dispatcher = Dispatcher::new(log.clone(), log.clone());
        let subscriptions = Subscriptions::new(
            dispatcher.clone(),
            billing_clock.clone(),
            plans.clone(),
            payment.clone(),
            Arc::new(payment::Customers(pools.work.clone())),
        );
        let conducts = Conducts::new(
            dispatcher.clone(),
            clock.clone(),
            settings.safety.cool_down,
            secrets.content_hash_key,
        );
        let stewardships = Stewardships::new(dispatcher.clone(), clock.clone());
        let people = People::new(dispatcher.clone(), stewardships.clone());
        let photos = payment::photos(dispatcher.clone(), billing_clock.clone(), free_of_charge)
            .watched_by(conducts.clone());
        let reports = Reports::new(
            dispatcher.clone(),
            photos.clone(),
            stewardships.clone(),
            clock.clone(),
            settings.safety.answer_within,
        );
        let processes = Processes::join(settings, pools.work.clone())?;
        let model = PacedModel::new(
            chat::model(settings, &surroundings.sandbox_url)?,
            processes.rate_limits.clone(),
        );
        let chat_figures = Arc::<ChatFigures>::default();
        let crisis = Arc::new(settings.crisis_answers.clone());
        let growing = growing(settings, &surroundings);
        Ok(Self {
            engine: Arc::new(Engine::new(
                pools.following.clone(),
                log.clone(),
                surroundings.node.clone(),
            )),
            avatars: Avatars::new(dispatcher.clone()).watched_by(conducts.clone()),
            conversations: Conversations::new(
                dispatcher,
                photos.clone(),
                clock.clone(),
                Arc::new(CountedModel::new(Arc::new(model), chat_figures.clone())),
                crisis.clone(),
            )
            .reminding_after(settings.chat.break_after)
            .watched_by(conducts.clone()),
            photos,
            drafts: Arc::new(SharedReplyDrafts::start(processes.wake_ups.clone())),
            chat_figures,
            reports,
            conducts,
            stewardships,
            people,
            image_webhook: Arc::new(ReplicateWebhook::new(webhook_secrets(settings, secrets)?)),
            providers: providers(settings, &surroundings)?,
            notices: Arc::new(PostgresPredictionNotices::waking_by(
                processes.wake_ups.clone(),
                pools.work.clone(),
            )),
            storage: Storage::open(settings)?,
            trusted_proxies: settings.rate_limits.trusted_proxies,
            api_checkpoints: Checkpoints::new(pools.requests.clone()),
            replica: replica.map(|replica| replica_beside(&pools, replica)),
            credentials: pictures::credentials(settings)?,
            inbox: Arc::new(WebhookInbox::new(pools.work.clone())),
            identity: Identity::of(settings, secrets.jwt.clone(), &surroundings.sandbox_url)?,
            url_signing_key: secrets.url_signing_key,
            processes,
            pools,
            log,
            clock,
            billing_clock,
            free_of_charge,
            reconcile_every: settings.payment.reconcile_every,
            subscriptions,
            plans,
            crisis,
            payment,
            surroundings,
            self_check_every: settings.self_check_every,
            audit_keys: secrets.audit.clone(),
            growing,
            web_dir: settings.web_dir.clone(),
        })
    }

    /// What the API is made of. `here` says whether the followers run in this process, which makes waiting for them
    /// quicker.
    ///
    /// # Errors
    /// When the web client's files cannot be read.
    pub fn api(&self, here: bool) -> Result<api::App, Failure> {
        let checkpoints = if here {
            self.engine.checkpoints()
        } else {
            self.api_checkpoints.clone()
        };
        let log = Arc::new(self.log.reading_through(self.pools.requests.clone()));
        let web = self.web_client()?;
        Ok(api::App {
            pool: self.pools.requests.clone(),
            replica: self.replica.clone(),
            steward_pool: self.pools.stewards.clone(),
            rebuild_pool: self.pools.following.clone(),
            rebuild_log: Arc::new(self.log.reading_through(self.pools.following.clone())),
            avatars: self.avatars.clone(),
            photos: self.photos.clone(),
            people: self.people.clone(),
            conversations: self.conversations.clone(),
            reports: self.reports.clone(),
            conducts: self.conducts.clone(),
            stewardships: self.stewardships.clone(),
            subscriptions: self.subscriptions.clone(),
            checkpoints,
            tree: Tree::new(self.pools.requests.clone()),
            log: log.clone(),
            idempotency: log,
            storage: self.storage.objects.clone(),
            rate_limits: self.processes.rate_limits.clone(),
            trusted_proxies: self.trusted_proxies,
            redis: self.processes.redis(),
            inspector: Arc::new(pictures::inspector(self.credentials.clone())),
            payment: self.payment.clone(),
            inbox: self.inbox.clone(),
            steward_inbox: Arc::new(self.inbox.working_through(self.pools.stewards.clone())),
            image_webhook: self.image_webhook.clone(),
            notices: self.notices.clone(),
            drafts: self.drafts.clone(),
            chat_figures: self.chat_figures.clone(),
            plans: self.plans.clone(),
            crisis: self.crisis.clone(),
            clock: self.clock.clone(),
            billing_clock: self.billing_clock.clone(),
            free_of_charge: self.free_of_charge,
            identity: self.identity.verifier()?,
            issuer: self.identity.issuer.clone(),
            url_signing_key: self.url_signing_key,
            public_url: self.surroundings.public_url.clone(),
            web,
        })
    }

    /// The web client, and how people sign in with it.
    fn web_client(&self) -> Result<Option<WebClient>, Failure> {
        let Some(directory) = &self.web_dir else {
            return Ok(None);
        };
        let ways = self.identity.ways();
        let client = WebClient::read(directory, &ways, self.storage.origin.as_ref());
        client.map(Some).map_err(Failure::other)
    }

    /// What the worker and the reactions are made of.
    pub fn worker(&self) -> WorkerParts {
        let marker = Arc::new(pictures::marker(self.credentials.clone()));
        WorkerParts {
            node: self.surroundings.node.clone(),
            ground: Ground::postgres(self.pools.work.clone(), self.engine.checkpoints()),
            log: self.log.clone(),
            clock: self.clock.clone(),
            avatars: self.avatars.clone(),
            photos: self.photos.clone(),
            people: self.people.clone(),
            idempotency: self.log.clone(),
            conversations: self.conversations.clone(),
            drafts: self.drafts.clone(),
            chat_figures: self.chat_figures.clone(),
            subscriptions: self.subscriptions.clone(),
            providers: self.providers.clone(),
            notices: self.notices.clone(),
            finisher: marker.clone(),
            inspector: marker,
            storage: self.storage.objects.clone(),
            payment: self.payment.clone(),
            inbox: self.inbox.clone(),
            settings: WorkerSettings {
                reconcile_every: self.reconcile_every,
                ..WorkerSettings::default()
            },
            observer: None,
        }
    }

    /// Compares all subscriptions with the payment provider's, now.
    pub async fn reconcile(&self, repair: Repair) -> Result<Reconciliation, ApplyNoticeError> {
        let sights = PostgresSights::new(self.pools.work.clone(), self.engine.checkpoints());
        worker::reconcile_subscriptions(&self.subscriptions, Arc::new(sights), repair).await
    }

    /// A name that no other living process has: as it holds leases.
    pub fn node(&self) -> &str {
        &self.surroundings.node
    }

    /// Every projector.
    pub fn projectors(&self) -> Vec<Follower> {
        projections::all()
            .into_iter()
            .map(Follower::Projector)
            .collect()
    }

    /// Every reaction.
    pub fn reactions(&self) -> Vec<Follower> {
        worker::reactions(&self.worker())
            .into_iter()
            .map(Follower::Reaction)
            .collect()
    }
}

/// Reads through a replica, and through the primary where it has not seen enough.
fn replica_beside(pools: &Pools, ReplicaPools { people, stewards }: ReplicaPools) -> Replica {
    Replica::new(people, stewards, pools.requests.clone())
}

/// How the transparency tree grows here.
fn growing(settings: &Settings, surroundings: &Surroundings) -> Growing {
    Growing {
        holder: surroundings.node.clone(),
        every: settings.audit.checkpoint_every,
        published_to: audit::publish_dir(settings),
    }
}
