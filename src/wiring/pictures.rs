//! What marks pictures and reads marks back, and what it signs with.

use std::{num::NonZero, sync::Arc, thread};

use infrastructure::settings::{Environment, Settings};
use provenance::{Credentials, CredentialsUnusable, Marker};

use crate::failure::Failure;

/// What pictures are signed with; none where the program was not built to sign. A trial's never in production.
pub fn credentials(settings: &Settings) -> Result<Option<Arc<Credentials>>, Failure> {
    if !provenance::SIGNS {
        if settings.environment == Environment::Production {
            tracing::warn!("Pictures are not signed (C2PA): this program was built without it");
        }
        return Ok(None);
    }
    let credentials = match (&settings.signing_keys, settings.environment) {
        (Some(keys), _) => Credentials::of(keys),
        (None, Environment::Development | Environment::Test) => Credentials::for_trial(),
        (None, Environment::Production) => {
            return Err(Failure::usage("C2PA_CERTIFICATE is missing"));
        }
    };
    let credentials = credentials.map_err(|error| match &error {
        CredentialsUnusable::Certificate(_) => Failure::usage(format!("C2PA_CERTIFICATE: {error}")),
        CredentialsUnusable::PrivateKey(_) => Failure::usage(format!("C2PA_PRIVATE_KEY: {error}")),
        CredentialsUnusable::NotBuiltIn => Failure::usage(error),
    })?;
    Ok(Some(Arc::new(credentials)))
}

/// For the worker.
pub fn marker(credentials: Option<Arc<Credentials>>) -> Marker {
    Marker::new().with_credentials(credentials)
}

/// For whoever asks about a picture: half of the processors at most, so that questions never keep everything waiting.
pub fn inspector(credentials: Option<Arc<Credentials>>) -> Marker {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    Marker::working_on((processors / 2).max(1)).with_credentials(credentials)
}
