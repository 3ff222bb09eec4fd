//! The only place where adapters meet ports.

use std::{sync::Arc, time::Duration};

use application::{
    avatars::Avatars,
    crisis::CrisisAnswers,
    dispatcher::Dispatcher,
    photos::Photos,
    ports::{
        Clock, CustomerDirectory, IdempotencyStore, ImageProvider, LogUnavailable, PaymentGateway,
        Plans, SystemClock, TokenIssuer,
    },
    subscriptions::Subscriptions,
};
use async_trait::async_trait;
use domain::values::UserId;
use infrastructure::{
    event_log::PostgresEventLog,
    identity::{
        DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, DevelopmentIssuer, KeySource, SharedSecret,
        TokenSettings, TokenVerifier,
    },
    image::{
        marking::Marker,
        replicate::{Replicate, ReplicateConfig},
    },
    inbox::WebhookInbox,
    settings::{Environment, GeneratedSecrets, Settings, parse_key},
    storage::LocalStorage,
    stripe::{Stripe, StripeSettings},
};
use projections::{
    engine::{Checkpoints, Engine, Follower},
    rebuild::SelfCheck,
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use url::Url;
use worker::{WorkerParts, WorkerSettings};

use crate::{database::Pools, failure::Failure};

/// What the sandbox is told instead of a real key; it believes any.
const SANDBOX_STRIPE_KEY: &str = "sk_test_sandbox";
/// What the sandbox is told instead of a real token; it believes any.
const SANDBOX_REPLICATE_TOKEN: &str = "r8_sandbox";
/// How often old idempotency keys are forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(3600);

/// What is known only once everything around us listens.
pub struct Surroundings {
    /// Where the sandbox answers, when it plays anybody.
    pub sandbox_url: Url,
    /// How browsers reach us.
    pub public_url: Url,
    /// A name that no other living process has.
    pub node: String,
}

/// The secrets that a process works with, whether configured or made for development.
pub struct Secrets {
    jwt: SharedSecret,
    url_signing_key: [u8; 32],
    /// The secrets that the sandbox signs with; none in production.
    pub generated: Option<GeneratedSecrets>,
}

impl Secrets {
    /// Those of the settings; in development the missing ones come from the data directory.
    pub fn of(settings: &Settings) -> Result<Self, Failure> {
        let generated = match settings.environment {
            Environment::Production => None,
            Environment::Development | Environment::Test => {
                Some(GeneratedSecrets::open(&settings.data_dir).map_err(Failure::other)?)
            }
        };
        let jwt = match (&settings.identity.jwt_secret, &generated) {
            (Some(secret), _) => secret.clone(),
            (None, Some(generated)) => {
                SharedSecret::new(generated.jwt_secret.clone()).map_err(Failure::other)?
            }
            (None, None) => return Err(Failure::usage("AUTH_JWT_SECRET is missing")),
        };
        let made = generated
            .as_ref()
            .map(|generated| generated.url_signing_key.as_str());
        let key = settings
            .url_signing_key
            .as_ref()
            .map(|key| key.reveal())
            .or(made);
        let url_signing_key = key.and_then(parse_key).ok_or_else(|| {
            Failure::usage(
                "URL_SIGNING_KEY is missing, and there is no usable one in DATA_DIR/secrets.json",
            )
        })?;
        Ok(Self {
            jwt,
            url_signing_key,
            generated,
        })
    }
}

/// Every adapter, and the use cases over them.
pub struct Wiring {
    pools: Pools,
    log: Arc<PostgresEventLog>,
    clock: Arc<dyn Clock>,
    engine: Arc<Engine>,
    avatars: Avatars,
    photos: Photos,
    subscriptions: Subscriptions,
    plans: Arc<Plans>,
    crisis: Arc<CrisisAnswers>,
    payment: Arc<dyn PaymentGateway>,
    provider: Arc<dyn ImageProvider>,
    storage: Arc<LocalStorage>,
    inbox: Arc<WebhookInbox>,
    identity: Arc<TokenVerifier>,
    issuer: Option<Arc<dyn TokenIssuer>>,
    url_signing_key: [u8; 32],
    surroundings: Surroundings,
    self_check_every: Option<Duration>,
}

impl Wiring {
    /// Connects everything.
    pub fn new(
        settings: &Settings,
        secrets: &Secrets,
        surroundings: Surroundings,
        pools: Pools,
    ) -> Result<Self, Failure> {
        let log = Arc::new(PostgresEventLog::start(pools.work.clone()));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let plans = Arc::new(settings.plans.clone());
        let payment = payment(settings, secrets, &surroundings.sandbox_url)?;
        let dispatcher = Dispatcher::new(log.clone(), log.clone());
        let subscriptions = Subscriptions::new(
            dispatcher.clone(),
            clock.clone(),
            plans.clone(),
            payment.clone(),
            Arc::new(Customers(pools.work.clone())),
        );
        let objects = settings.data_dir.join("objects");
        Ok(Self {
            engine: Arc::new(Engine::new(
                pools.following.clone(),
                log.clone(),
                surroundings.node.clone(),
            )),
            avatars: Avatars::new(dispatcher.clone()),
            photos: Photos::new(dispatcher, clock.clone()),
            provider: provider(settings, &surroundings.sandbox_url)?,
            storage: Arc::new(LocalStorage::open(objects).map_err(Failure::other)?),
            inbox: Arc::new(WebhookInbox::new(pools.work.clone())),
            identity: Arc::new(TokenVerifier::new(TokenSettings {
                issuer: settings.identity.issuer.clone(),
                audience: settings.identity.audience.clone(),
                keys: KeySource::SharedSecret(secrets.jwt.clone()),
            })),
            issuer: issuer(settings, secrets),
            url_signing_key: secrets.url_signing_key,
            pools,
            log,
            clock,
            subscriptions,
            plans,
            crisis: Arc::new(settings.crisis_answers.clone()),
            payment,
            surroundings,
            self_check_every: settings.self_check_every,
        })
    }

    /// What the API is made of. `here` says whether the followers run in this process, which makes waiting for them
    /// quicker.
    pub fn api(&self, here: bool, stop: CancellationToken) -> api::App {
        let checkpoints = if here {
            self.engine.checkpoints()
        } else {
            Checkpoints::new(self.pools.requests.clone())
        };
        let log = Arc::new(self.log.reading_through(self.pools.requests.clone()));
        api::App {
            pool: self.pools.requests.clone(),
            avatars: self.avatars.clone(),
            photos: self.photos.clone(),
            subscriptions: self.subscriptions.clone(),
            checkpoints,
            log: log.clone(),
            idempotency: log,
            storage: self.storage.clone(),
            payment: self.payment.clone(),
            inbox: self.inbox.clone(),
            plans: self.plans.clone(),
            crisis: self.crisis.clone(),
            clock: self.clock.clone(),
            identity: self.identity.clone(),
            issuer: self.issuer.clone(),
            url_signing_key: self.url_signing_key,
            public_url: self.surroundings.public_url.clone(),
            stop,
        }
    }

    /// What the worker and the reactions are made of.
    pub fn worker(&self) -> WorkerParts {
        WorkerParts {
            node: self.surroundings.node.clone(),
            pool: self.pools.work.clone(),
            log: self.log.clone(),
            clock: self.clock.clone(),
            checkpoints: self.engine.checkpoints(),
            avatars: self.avatars.clone(),
            photos: self.photos.clone(),
            subscriptions: self.subscriptions.clone(),
            provider: self.provider.clone(),
            finisher: Arc::new(Marker::new()),
            storage: self.storage.clone(),
            payment: self.payment.clone(),
            inbox: self.inbox.clone(),
            settings: WorkerSettings::default(),
            observer: None,
        }
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

    /// Runs followers until `stop`.
    pub fn follow(
        &self,
        followers: Vec<Follower>,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + use<> {
        let engine = self.engine.clone();
        async move { engine.run(followers, stop).await }
    }

    /// Compares the read models with the log from time to time, until `stop`; only waits when that is not wanted.
    pub fn check_read_models(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let check = self.self_check_every.map(|every| {
            SelfCheck::new(
                self.pools.following.clone(),
                self.log.clone(),
                format!("{}-check", self.surroundings.node),
                projections::all(),
                every,
            )
        });
        async move {
            match check {
                Some(check) => check.run(stop).await,
                None => stop.cancelled().await,
            }
        }
    }

    /// Forgets idempotency keys that are too old, every hour until `stop`.
    pub fn keep_house(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let log = self.log.clone();
        async move {
            let mut hours = tokio::time::interval(HOUSEKEEPING);
            while stop.run_until_cancelled(hours.tick()).await.is_some() {
                if let Err(error) = log.expire().await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "Old idempotency keys were not forgotten"
                    );
                }
            }
        }
    }
}

/// Stripe itself, or the sandbox in its place.
fn payment(
    settings: &Settings,
    secrets: &Secrets,
    sandbox: &Url,
) -> Result<Arc<dyn PaymentGateway>, Failure> {
    let configured = &settings.payment;
    let generated = secrets
        .generated
        .as_ref()
        .filter(|_| configured.secret_key.is_none());
    let chosen = match (&configured.secret_key, generated) {
        (None, Some(generated)) => StripeSettings {
            secret_key: Some(SANDBOX_STRIPE_KEY.to_owned()),
            webhook_secrets: vec![generated.sandbox_stripe_webhook_secret.clone()],
            api_base: Some(
                configured
                    .api_base
                    .clone()
                    .unwrap_or_else(|| sandbox.clone()),
            ),
            ..StripeSettings::default()
        },
        (key, _) => StripeSettings {
            secret_key: key.as_ref().map(|key| key.reveal().to_owned()),
            webhook_secrets: configured
                .webhook_secrets
                .iter()
                .map(|secret| secret.reveal().to_owned())
                .collect(),
            api_base: configured.api_base.clone(),
            ..StripeSettings::default()
        },
    };
    Ok(Arc::new(Stripe::new(chosen).map_err(Failure::usage)?))
}

/// Replicate itself, or the sandbox in its place.
fn provider(settings: &Settings, sandbox: &Url) -> Result<Arc<dyn ImageProvider>, Failure> {
    let configured = &settings.replicate;
    let token = configured
        .api_token
        .as_ref()
        .map_or(SANDBOX_REPLICATE_TOKEN, |token| token.reveal());
    let mut config = ReplicateConfig::new(token);
    config.allow_http = settings.environment != Environment::Production;
    if let Some(base) = &configured.api_base {
        config = config.at(base.clone());
    } else if configured.api_token.is_none() {
        config = config.at(sandbox.clone());
    }
    if let Some(model) = &configured.reference_model {
        config.reference_model = model.clone();
    }
    if let Some(model) = &configured.scene_model {
        config.scene_model = model.clone();
    }
    Ok(Arc::new(Replicate::new(config).map_err(Failure::usage)?))
}

/// `/dev/token`, in development only, and only while its tokens are the accepted ones. Never where others can reach it
/// and its tokens would be signed with a secret that somebody configured: that secret may guard more than a trial.
fn issuer(settings: &Settings, secrets: &Secrets) -> Option<Arc<dyn TokenIssuer>> {
    let ours = settings.identity.issuer == DEVELOPMENT_ISSUER
        && settings.identity.audience == DEVELOPMENT_AUDIENCE;
    let trusted = settings.identity.jwt_secret.is_some();
    let exposed = trusted && !settings.http_addr.ip().is_loopback();
    match settings.environment {
        Environment::Development if ours && !exposed => {
            Some(Arc::new(DevelopmentIssuer::new(secrets.jwt.clone())))
        }
        Environment::Development | Environment::Production | Environment::Test => None,
    }
}

/// The read model that knows whose payment customer is whose.
struct Customers(PgPool);

#[async_trait]
impl CustomerDirectory for Customers {
    async fn owner_of(&self, customer_id: &str) -> Result<Option<UserId>, LogUnavailable> {
        let owner = projections::gate::owner_of_customer(&self.0, customer_id).await;
        owner.map_err(|error| LogUnavailable(error.into()))
    }
}
