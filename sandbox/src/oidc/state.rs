//! What the provider remembers: its keys, the codes that were not redeemed yet, and how to behave.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::keys::{Algorithm, SigningKey, Unusable};

/// How long tokens are good, unless somebody says otherwise: an hour.
const LIFETIME_S: u64 = 3600;

/// The memory of the provider.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// The published keys; the last one signs.
    keys: Vec<SigningKey>,
    pub(super) codes: HashMap<String, Grant>,
    pub(super) lifetime_s: Option<u64>,
    /// Where in access tokens the roles stand, with dots between; `roles` when absent.
    pub(super) roles_claim: Option<String>,
    /// Whether metadata and keys are not to be had.
    pub(super) away: bool,
    pub(super) ledger: Ledger,
}

/// How often it was asked for what.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Ledger {
    pub(super) metadata: u64,
    pub(super) keys: u64,
    pub(super) tokens: u64,
}

/// What somebody agreed to, until the code for it is redeemed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) scope: String,
    /// For whom the access token is meant; the client itself when it did not say.
    pub(super) audience: Option<String>,
    pub(super) email: String,
    pub(super) roles: Vec<String>,
    /// In milliseconds since 1970.
    pub(super) at_ms: i64,
}

impl State {
    /// The key that signs now; the first one is made when it is needed.
    pub(super) fn signing_key(&mut self) -> Result<&SigningKey, Unusable> {
        if self.keys.is_empty() {
            self.keys.push(SigningKey::generate(Algorithm::default())?);
        }
        self.keys.last().ok_or(Unusable)
    }

    /// All published keys, the newest last.
    pub(super) fn published(&mut self) -> Result<&[SigningKey], Unusable> {
        self.signing_key()?;
        Ok(&self.keys)
    }

    /// Signs with a new key from now on. The older ones stay published, unless they are withdrawn.
    pub(super) fn rotate(&mut self, algorithm: Algorithm, withdraw: bool) -> Result<(), Unusable> {
        if withdraw {
            self.keys.clear();
        }
        self.keys.push(SigningKey::generate(algorithm)?);
        Ok(())
    }

    pub(super) fn lifetime_s(&self) -> u64 {
        self.lifetime_s.unwrap_or(LIFETIME_S)
    }
}
