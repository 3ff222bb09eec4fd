//! Every environment variable of ours; `.env.example` explains each.

/// A variable, and what it is when nobody sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Whether production goes without it.
    pub unset: Unset,
}

/// What becomes of a variable that nobody sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unset {
    /// Its default is as good in production.
    Fine,
    /// Its default is for development alone, or there is none: production refuses to start wherever it needs the variable.
    Refused,
}

const fn fine(name: &'static str) -> Variable {
    let unset = Unset::Fine;
    Variable { name, unset }
}

const fn refused(name: &'static str) -> Variable {
    let unset = Unset::Refused;
    Variable { name, unset }
}

/// All of them. Whoever adds one says here whether its default could harm anybody in production.
pub const VARIABLES: &[Variable] = &[
    fine("APP_ENV"),
    fine("HTTP_ADDR"),
    fine("METRICS_ADDR"),
    fine("SANDBOX_ADDR"),
    refused("PUBLIC_URL"),
    refused("DATA_DIR"),
    refused("DATABASE_URL"),
    fine("READ_DATABASE_URL"),
    fine("PG_BIN"),
    fine("WEB_DIR"),
    fine("TRUSTED_PROXIES"),
    fine("RATE_LIMITS"),
    fine("RATE_LIMIT_REQUESTS"),
    fine("RATE_LIMIT_SIGN_INS"),
    fine("RATE_LIMIT_COMMANDS"),
    fine("RATE_LIMIT_MESSAGES"),
    fine("RATE_LIMIT_PICTURES"),
    fine("RATE_LIMIT_REFERENCE_PICTURES"),
    fine("RATE_LIMIT_CHAT_MODEL"),
    fine("REDIS_URL"),
    fine("REDIS_PREFIX"),
    fine("STORAGE_URL"),
    fine("STORAGE_ENDPOINT"),
    fine("STORAGE_REGION"),
    fine("STORAGE_ACCESS_KEY_ID"),
    fine("STORAGE_SECRET_ACCESS_KEY"),
    fine("STORAGE_CREDENTIALS_FILE"),
    fine("STORAGE_REDIRECT"),
    refused("STRIPE_SECRET_KEY"),
    refused("STRIPE_WEBHOOK_SECRET"),
    refused("STRIPE_PRICE_ID"),
    fine("STRIPE_API_BASE"),
    fine("PLANS_FILE"),
    fine("BILLING"),
    fine("BILLING_RECONCILE_MINUTES"),
    fine("CRISIS_ANSWERS_FILE"),
    fine("REPORT_ANSWER_HOURS"),
    fine("COOL_DOWN_REFUSALS"),
    fine("COOL_DOWN_WINDOW_MINUTES"),
    fine("COOL_DOWN_MINUTES"),
    fine("CONTENT_HASH_KEY"),
    fine("IMAGE_PROVIDER"),
    refused("REPLICATE_API_TOKEN"),
    fine("REPLICATE_API_BASE"),
    fine("REPLICATE_WEBHOOK_SECRET"),
    fine("REPLICATE_CREATES_PER_MINUTE"),
    fine("REPLICATE_REFERENCE_MODEL"),
    fine("REPLICATE_SCENE_MODEL"),
    fine("IMAGES_API_BASE"),
    refused("IMAGES_API_KEY"),
    fine("IMAGES_MODEL"),
    fine("IMAGES_FILE_HOSTS"),
    fine("IMAGES_ORDERS_PER_MINUTE"),
    refused("C2PA_CERTIFICATE"),
    refused("C2PA_PRIVATE_KEY"),
    fine("CHAT_API_BASE"),
    refused("CHAT_API_KEY"),
    refused("CHAT_MODEL"),
    fine("CHAT_BREAK_AFTER_MINUTES"),
    refused("AUTH_JWT_SECRET"),
    fine("AUTH_JWKS_URL"),
    refused("AUTH_ISSUER"),
    fine("AUTH_AUDIENCE"),
    fine("AUTH_ROLES_CLAIM"),
    fine("AUTH_WEB_CLIENT_ID"),
    refused("URL_SIGNING_KEY"),
    refused("AUDIT_SIGNING_KEY"),
    fine("AUDIT_OLDER_KEYS"),
    fine("AUDIT_ORIGIN"),
    fine("AUDIT_CHECKPOINT_SECONDS"),
    fine("AUDIT_PUBLISH_DIR"),
    refused("AVA_MASTER_KEY"),
    fine("PROJECTIONS_SELF_CHECK_HOURS"),
    fine("SENTRY_DSN"),
    fine("OTEL_EXPORTER_OTLP_ENDPOINT"),
    fine("OTEL_EXPORTER_OTLP_HEADERS"),
    fine("OTEL_TRACES_SAMPLER_ARG"),
    fine("LOG_FORMAT"),
    fine("RUST_LOG"),
];

/// Whether there is a variable of that name.
pub(super) fn is_known(name: &str) -> bool {
    VARIABLES.iter().any(|variable| variable.name == name)
}
