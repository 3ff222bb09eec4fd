//! Every environment variable of ours; `.env.example` explains each.

/// Whether this version reads a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It is read.
    Read,
    /// It belongs to a part that this version does not have; when set, a warning at start-up names it.
    NotYet,
}

/// The variables, with what becomes of each.
pub const VARIABLES: &[(&str, Support)] = &[
    ("APP_ENV", Support::Read),
    ("HTTP_ADDR", Support::Read),
    ("METRICS_ADDR", Support::Read),
    ("SANDBOX_ADDR", Support::Read),
    ("PUBLIC_URL", Support::Read),
    ("DATA_DIR", Support::Read),
    ("DATABASE_URL", Support::Read),
    ("PG_BIN", Support::Read),
    ("WEB_DIR", Support::Read),
    ("REDIS_URL", Support::NotYet),
    ("STORAGE_URL", Support::NotYet),
    ("STRIPE_SECRET_KEY", Support::Read),
    ("STRIPE_WEBHOOK_SECRET", Support::Read),
    ("STRIPE_PRICE_ID", Support::Read),
    ("STRIPE_API_BASE", Support::Read),
    ("PLANS_FILE", Support::Read),
    ("BILLING", Support::Read),
    ("BILLING_RECONCILE_MINUTES", Support::Read),
    ("CRISIS_ANSWERS_FILE", Support::Read),
    ("REPORT_ANSWER_HOURS", Support::Read),
    ("COOL_DOWN_REFUSALS", Support::Read),
    ("COOL_DOWN_WINDOW_MINUTES", Support::Read),
    ("COOL_DOWN_MINUTES", Support::Read),
    ("CONTENT_HASH_KEY", Support::Read),
    ("IMAGE_PROVIDER", Support::Read),
    ("REPLICATE_API_TOKEN", Support::Read),
    ("REPLICATE_API_BASE", Support::Read),
    ("REPLICATE_WEBHOOK_SECRET", Support::Read),
    ("REPLICATE_CREATES_PER_MINUTE", Support::Read),
    ("REPLICATE_REFERENCE_MODEL", Support::Read),
    ("REPLICATE_SCENE_MODEL", Support::Read),
    ("IMAGES_API_BASE", Support::Read),
    ("IMAGES_API_KEY", Support::Read),
    ("IMAGES_MODEL", Support::Read),
    ("IMAGES_FILE_HOSTS", Support::Read),
    ("IMAGES_ORDERS_PER_MINUTE", Support::Read),
    ("C2PA_CERTIFICATE", Support::Read),
    ("C2PA_PRIVATE_KEY", Support::Read),
    ("CHAT_API_BASE", Support::Read),
    ("CHAT_API_KEY", Support::Read),
    ("CHAT_MODEL", Support::Read),
    ("CHAT_BREAK_AFTER_MINUTES", Support::Read),
    ("AUTH_JWT_SECRET", Support::Read),
    ("AUTH_JWKS_URL", Support::Read),
    ("AUTH_ISSUER", Support::Read),
    ("AUTH_AUDIENCE", Support::Read),
    ("AUTH_ROLES_CLAIM", Support::Read),
    ("AUTH_WEB_CLIENT_ID", Support::Read),
    ("URL_SIGNING_KEY", Support::Read),
    ("AUDIT_SIGNING_KEY", Support::Read),
    ("AUDIT_OLDER_KEYS", Support::Read),
    ("AUDIT_ORIGIN", Support::Read),
    ("AUDIT_CHECKPOINT_SECONDS", Support::Read),
    ("AUDIT_PUBLISH_DIR", Support::Read),
    ("AVA_MASTER_KEY", Support::Read),
    ("PROJECTIONS_SELF_CHECK_HOURS", Support::Read),
    ("SENTRY_DSN", Support::Read),
    ("LOG_FORMAT", Support::Read),
    ("RUST_LOG", Support::Read),
];

/// Whether a variable of that name is read.
pub(super) fn is_read(name: &str) -> bool {
    VARIABLES.contains(&(name, Support::Read))
}
