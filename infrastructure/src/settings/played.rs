//! What the sandbox is told, and believes, in place of credentials.

use super::reader::Reader;

/// For `STRIPE_SECRET_KEY`.
pub const SANDBOX_STRIPE_KEY: &str = "sk_test_sandbox";
/// For `REPLICATE_API_TOKEN`.
pub const SANDBOX_REPLICATE_TOKEN: &str = "r8_sandbox";
/// For `IMAGES_API_KEY`.
pub const SANDBOX_IMAGES_KEY: &str = "sk-sandbox";
/// For `CHAT_API_KEY`.
pub const SANDBOX_CHAT_KEY: &str = "sk-sandbox";

/// Whoever set one of these aloud has forgotten it.
pub(super) fn refuse(reader: &mut Reader<'_>) {
    for (name, known) in [
        ("STRIPE_SECRET_KEY", SANDBOX_STRIPE_KEY),
        ("REPLICATE_API_TOKEN", SANDBOX_REPLICATE_TOKEN),
        ("IMAGES_API_KEY", SANDBOX_IMAGES_KEY),
        ("CHAT_API_KEY", SANDBOX_CHAT_KEY),
    ] {
        if reader.text(name).as_deref() == Some(known) {
            reader.problem(
                name,
                "is the sandbox's, which everybody knows, and APP_ENV is production: set what the service has issued",
            );
        }
    }
}
