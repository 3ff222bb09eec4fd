//! The configuration: environment variables, read once, checked together.

mod audit;
mod crisis;
mod environment;
mod generated;
mod identity;
mod json_lines;
mod keys;
mod outside;
mod plans;
mod played;
mod production;
mod rate_limits;
mod reader;
mod redis;
mod safety;
mod secret;
mod signing;
mod storage;
mod traces;
mod variables;

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use application::{crisis::CrisisAnswers, ports::Plans};
use provenance::SigningKeys;
use sentry::types::Dsn;
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::sealing::MasterKeys;
use reader::Reader;

pub use audit::AuditSettings;
pub use environment::{Environment, LogFormat};
pub use generated::{GeneratedSecrets, SecretsUnusable};
pub use identity::{IdentitySettings, Issuer, TokenKeys};
pub use keys::{derived_key, parse_key};
pub use outside::{
    Billing, ChatSettings, ImageService, ImagesApiSettings, PaymentSettings, ReplicateSettings,
};
pub use played::{
    SANDBOX_CHAT_KEY, SANDBOX_IMAGES_KEY, SANDBOX_REPLICATE_TOKEN, SANDBOX_STRIPE_KEY,
};
pub use rate_limits::RateLimitSettings;
pub use redis::RedisSettings;
pub use safety::SafetySettings;
pub use secret::Secret;
pub use storage::StorageSettings;
pub use traces::TraceSettings;
pub use variables::{Unset, VARIABLES, Variable};

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `APP_ENV`.
    pub environment: Environment,
    /// `HTTP_ADDR`: where the API listens.
    pub http_addr: SocketAddr,
    /// `METRICS_ADDR`: where Prometheus finds the figures; none for nowhere.
    pub metrics_addr: Option<SocketAddr>,
    /// `SANDBOX_ADDR`: where the stand-ins listen.
    pub sandbox_addr: SocketAddr,
    /// `PUBLIC_URL`: how the outside reaches us; none for the API's own address.
    pub public_url: Option<Url>,
    /// `DATA_DIR`: what is kept on this machine.
    pub data_dir: PathBuf,
    /// `DATABASE_URL`; none for the private PostgreSQL.
    pub database_url: Option<Secret>,
    /// `READ_DATABASE_URL`: a replica of it that answers reads; none where it answers all of them itself.
    pub read_database_url: Option<Secret>,
    /// `WEB_DIR`: the web client's built files; none where only the API is served.
    pub web_dir: Option<PathBuf>,
    /// `STORAGE_URL` and what belongs to it; none for pictures in `DATA_DIR/objects`.
    pub storage: Option<StorageSettings>,
    /// `REDIS_URL`, `REDIS_PREFIX`: what processes tell each other and count together; none for what one process can.
    pub redis: Option<RedisSettings>,
    /// `RATE_LIMITS`, `TRUSTED_PROXIES` and their like: how much anybody may ask for.
    pub rate_limits: RateLimitSettings,
    /// `PG_BIN`: where the private PostgreSQL's binaries are.
    pub pg_bin: Option<PathBuf>,
    /// `PLANS_FILE`, `STRIPE_PRICE_ID`: what is sold; at least one plan.
    pub plans: Plans,
    /// `CRISIS_ANSWERS_FILE`: what people hear who may be in danger.
    pub crisis_answers: CrisisAnswers,
    /// `REPORT_ANSWER_HOURS`, `COOL_DOWN_REFUSALS` and their like: what is owed to those who report, and to whom no more is.
    pub safety: SafetySettings,
    /// Stripe.
    pub payment: PaymentSettings,
    /// `IMAGE_PROVIDER`: who draws, in the order in which they are asked; at least one.
    pub image_services: Vec<ImageService>,
    /// Replicate.
    pub replicate: ReplicateSettings,
    /// An OpenAI-compatible images API.
    pub images_api: ImagesApiSettings,
    /// `C2PA_CERTIFICATE`, `C2PA_PRIVATE_KEY`: what pictures are signed with.
    pub signing_keys: Option<SigningKeys>,
    /// Who speaks for the companion.
    pub chat: ChatSettings,
    /// Access tokens.
    pub identity: IdentitySettings,
    /// `URL_SIGNING_KEY`: a text that [`parse_key`] understands; none for the generated one.
    pub url_signing_key: Option<Secret>,
    /// `AVA_MASTER_KEY`: what people's data keys are wrapped with; none for one that is made from the generated secrets.
    pub master_keys: Option<MasterKeys>,
    /// `AUDIT_SIGNING_KEY` and its like: what lets auditors check the log.
    pub audit: AuditSettings,
    /// `PROJECTIONS_SELF_CHECK_HOURS`: how old a comparison of a read model with the log may become; none for never.
    pub self_check_every: Option<Duration>,
    /// `SENTRY_DSN`; none for no reports.
    pub sentry_dsn: Option<Secret>,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` and its like: who collects traces; none for nobody.
    pub traces: Option<TraceSettings>,
    /// `LOG_FORMAT`.
    pub log_format: LogFormat,
    /// `RUST_LOG`: which log lines are written; none for what the command finds fit.
    pub log_filter: Option<String>,
}

/// The configuration cannot be used; all that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSettings {
    /// Each begins with the variable's name.
    pub problems: Vec<String>,
}

impl std::error::Error for InvalidSettings {}

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        f.write_str("\n.env.example explains every variable")
    }
}

impl Settings {
    /// Reads this process's environment.
    ///
    /// # Errors
    /// Everything that is wrong, not just the first.
    pub fn from_environment() -> Result<Self, InvalidSettings> {
        Self::read(&|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Reads variables from wherever `look_up` finds them.
    ///
    /// # Errors
    /// Everything that is wrong, not just the first.
    pub fn read(look_up: &dyn Fn(&str) -> Option<String>) -> Result<Self, InvalidSettings> {
        Self::read_for(look_up, provenance::SIGNS)
    }

    /// The same for a program that was built to sign pictures, or was not.
    ///
    /// # Errors
    /// Everything that is wrong, not just the first.
    pub fn read_for(
        look_up: &dyn Fn(&str) -> Option<String>,
        signs: bool,
    ) -> Result<Self, InvalidSettings> {
        let mut reader = Reader::new(look_up);
        let environment = reader
            .value("APP_ENV", "production")
            .unwrap_or(Environment::Development);
        let payment = outside::payment(&mut reader);
        let replicate = outside::replicate(&mut reader);
        let settings = Self {
            environment,
            http_addr: listener(&mut reader, "HTTP_ADDR", 8080),
            metrics_addr: reader.value("METRICS_ADDR", "127.0.0.1:9464"),
            sandbox_addr: listener(&mut reader, "SANDBOX_ADDR", 8090),
            public_url: reader.address("PUBLIC_URL", "https://ava.example.com"),
            data_dir: reader
                .text("DATA_DIR")
                .unwrap_or_else(|| ".data".to_owned())
                .into(),
            database_url: reader.secret("DATABASE_URL"),
            read_database_url: read_database_url(&mut reader),
            pg_bin: reader.text("PG_BIN").map(PathBuf::from),
            storage: storage::read(&mut reader, environment),
            redis: redis::read(&mut reader),
            rate_limits: rate_limits::read(&mut reader),
            web_dir: web_dir(&mut reader),
            plans: plans::read(&mut reader, environment, payment.secret_key.is_some()),
            image_services: outside::image_services(&mut reader),
            images_api: outside::images_api(&mut reader),
            chat: outside::chat(&mut reader),
            crisis_answers: crisis::read(&mut reader),
            signing_keys: signing::keys(&mut reader, environment, signs),
            safety: safety::read(&mut reader),
            identity: identity::read(&mut reader, environment),
            url_signing_key: keys::secret_key(&mut reader, "URL_SIGNING_KEY"),
            master_keys: keys::master_keys(&mut reader),
            audit: audit::read(&mut reader, environment),
            self_check_every: self_check_every(&mut reader),
            sentry_dsn: sentry_dsn(&mut reader),
            traces: traces::read(&mut reader),
            log_format: reader
                .value("LOG_FORMAT", "json")
                .unwrap_or(LogFormat::Pretty),
            log_filter: log_filter(&mut reader),
            payment,
            replicate,
        };
        if environment == Environment::Production {
            settings.refuse_defaults(&mut reader);
        }
        settings.finish(reader)
    }

    fn finish(self, reader: Reader<'_>) -> Result<Self, InvalidSettings> {
        let problems = reader.into_problems();
        if problems.is_empty() {
            Ok(self)
        } else {
            Err(InvalidSettings { problems })
        }
    }

    /// Whether a part of the outside world is played by the sandbox.
    pub fn needs_sandbox(&self) -> bool {
        self.payment.secret_key.is_none()
            || self.chat.key.is_none()
            || self.identity.issuer == Issuer::Sandbox
            || self.image_services.iter().any(|one| !self.is_real(*one))
    }

    /// Whether a service is asked itself, and not the sandbox in its place.
    fn is_real(&self, service: ImageService) -> bool {
        match service {
            ImageService::Replicate => self.replicate.api_token.is_some(),
            ImageService::OpenAi => self.images_api.key.is_some(),
        }
    }
}

fn listener(reader: &mut Reader<'_>, name: &str, port: u16) -> SocketAddr {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    reader.value(name, &default.to_string()).unwrap_or(default)
}

/// A replica is one of a database that somebody looks after.
fn read_database_url(reader: &mut Reader<'_>) -> Option<Secret> {
    let url = reader.secret("READ_DATABASE_URL")?;
    if reader.text("DATABASE_URL").is_none() {
        reader.problem(
            "READ_DATABASE_URL",
            "is set, and DATABASE_URL is not: the private PostgreSQL has no replica",
        );
        return None;
    }
    Some(url)
}

/// Where `make` puts the built web client, unless it says otherwise.
fn web_dir(reader: &mut Reader<'_>) -> Option<PathBuf> {
    let is_built = |directory: &Path| directory.join("index.html").is_file();
    match reader.text("WEB_DIR").map(PathBuf::from) {
        Some(directory) if is_built(&directory) => Some(directory),
        Some(directory) => {
            reader.problem(
                "WEB_DIR",
                format_args!(
                    "is {}, which has no index.html; build the web client with `make web`, or leave it empty",
                    directory.display()
                ),
            );
            None
        }
        None => Some(PathBuf::from("web/dist")).filter(|directory| is_built(directory)),
    }
}

/// A day, unless it says otherwise; 0 for never.
fn self_check_every(reader: &mut Reader<'_>) -> Option<Duration> {
    let hours: u16 = reader
        .value("PROJECTIONS_SELF_CHECK_HOURS", "24")
        .unwrap_or(24);
    (hours > 0).then(|| Duration::from_secs(u64::from(hours) * 3600))
}

/// Sentry itself would ignore an address that it cannot read.
fn sentry_dsn(reader: &mut Reader<'_>) -> Option<Secret> {
    let dsn = reader.secret("SENTRY_DSN")?;
    if dsn.reveal().parse::<Dsn>().is_err() {
        reader.problem(
            "SENTRY_DSN",
            "is not a Sentry address; copy it from the project's settings, or leave it empty",
        );
        return None;
    }
    Some(dsn)
}

fn log_filter(reader: &mut Reader<'_>) -> Option<String> {
    let filter = reader.text("RUST_LOG")?;
    if let Err(error) = EnvFilter::builder().parse(&filter) {
        reader.problem(
            "RUST_LOG",
            format_args!(
                "is {filter:?}, which is no filter ({error}); write something like info,sqlx=debug"
            ),
        );
        return None;
    }
    Some(filter)
}
