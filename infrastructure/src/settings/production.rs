//! What production refuses.

use application::rate_limits::Bounds;

use super::{Billing, ImageService, Settings, played, reader::Reader};

impl Settings {
    /// Production takes nothing that everybody knows, and keeps nothing on the machine that it does not know of.
    pub(super) fn refuse_defaults(&self, reader: &mut Reader<'_>) {
        let needed = [
            (
                "DATABASE_URL",
                self.database_url.is_some(),
                "the private PostgreSQL is for development",
            ),
            (
                "DATA_DIR",
                self.storage.is_some() && self.audit.publish_dir.is_some(),
                "pictures and checkpoints would lie wherever it is started",
            ),
            (
                "PUBLIC_URL",
                self.public_url.is_some(),
                "payment pages must lead back to it",
            ),
            (
                "URL_SIGNING_KEY",
                self.url_signing_key.is_some(),
                "the generated one is for development",
            ),
            (
                "AVA_MASTER_KEY",
                self.master_keys.is_some(),
                "people's personal data are sealed with it",
            ),
            (
                "AUDIT_SIGNING_KEY",
                self.audit.signing_key.is_some(),
                "what signs the log must be known to nobody else",
            ),
            (
                "STRIPE_SECRET_KEY",
                self.payment.secret_key.is_some(),
                "the sandbox is for development",
            ),
            (
                "STRIPE_WEBHOOK_SECRET",
                !self.payment.webhook_secrets.is_empty(),
                "anybody could open a subscription",
            ),
            (
                "REPLICATE_API_TOKEN",
                self.replicate.api_token.is_some()
                    || !self.image_services.contains(&ImageService::Replicate),
                "the sandbox is for development",
            ),
            (
                "IMAGES_API_KEY",
                self.images_api.key.is_some()
                    || !self.image_services.contains(&ImageService::OpenAi),
                "the sandbox is for development",
            ),
            (
                "CHAT_API_KEY",
                self.chat.key.is_some(),
                "the sandbox is for development",
            ),
        ];
        for (name, present, why) in needed {
            // A variable that is there and wrong has been named already.
            if !present && reader.text(name).is_none() {
                reader.problem(
                    name,
                    format_args!("is missing, and APP_ENV is production: {why}"),
                );
            }
        }
        played::refuse(reader);
        if reader.text("SANDBOX_ADDR").is_some() {
            reader.problem(
                "SANDBOX_ADDR",
                "is set, and APP_ENV is production: there is no sandbox, so unset it",
            );
        }
        if self.payment.billing == Billing::Off {
            reader.problem(
                "BILLING",
                "is off, and APP_ENV is production: everybody would be served for nothing, so unset it",
            );
        }
        if self.rate_limits.bounds == Bounds::NONE {
            reader.problem(
                "RATE_LIMITS",
                "is off, and APP_ENV is production: anybody could ask for anything, so unset it",
            );
        }
        self.refuse_addresses_in_the_clear(reader);
    }

    /// What is said to a service, nobody reads on the way.
    fn refuse_addresses_in_the_clear(&self, reader: &mut Reader<'_>) {
        let addresses = [
            ("PUBLIC_URL", &self.public_url),
            ("STRIPE_API_BASE", &self.payment.api_base),
            ("REPLICATE_API_BASE", &self.replicate.api_base),
            ("IMAGES_API_BASE", &self.images_api.api_base),
            ("CHAT_API_BASE", &self.chat.api_base),
        ];
        for (name, address) in addresses {
            if address.as_ref().is_some_and(|url| url.scheme() != "https") {
                reader.problem(
                    name,
                    "must be an https address, since APP_ENV is production",
                );
            }
        }
    }
}
