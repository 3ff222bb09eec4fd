//! What all routes share: the state of the played services, the way out for webhooks, the clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::portrait::Pictures;
use crate::server::{SandboxConfig, SandboxError};
use crate::{chat, images, oidc, replicate, stripe};

/// Everything the played services remember.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) replicate: replicate::State,
    pub(crate) images: images::State,
    pub(crate) stripe: stripe::State,
    pub(crate) chat: chat::State,
    pub(crate) oidc: oidc::State,
}

/// The one place that all routes and all background tasks share.
pub(crate) struct World {
    pub(crate) config: SandboxConfig,
    /// How the sandbox names itself in URLs, without a trailing slash.
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) pictures: Pictures,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    written: watch::Sender<u64>,
    stopping: watch::Sender<bool>,
}

impl World {
    /// A world that goes on from `state` and calls itself `url`.
    pub(crate) fn new(
        config: SandboxConfig,
        url: String,
        mut state: State,
    ) -> Result<Arc<Self>, SandboxError> {
        state.replicate.keeps_all = config.state_file.is_none();
        Ok(Arc::new(Self {
            config,
            url,
            client: webhook_client()?,
            pictures: Pictures::default(),
            state: Mutex::new(state),
            changes: watch::Sender::new(0),
            written: watch::Sender::new(0),
            stopping: watch::Sender::new(false),
        }))
    }

    /// Looks at the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Looks at the state, and answers once all that was seen is in the state file: what anybody was told of outlives
    /// the process.
    pub(crate) async fn read_kept<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        let seen = self.read(look);
        self.kept().await;
        seen
    }

    /// Changes the state, wakes those who follow it, and has it written to the file soon.
    pub(crate) fn change<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let answer = act(&mut state);
        // Under the lock, so that nobody sees a change that has no version yet.
        self.changes.send_modify(|version| *version += 1);
        answer
    }

    /// Returns when every change so far is in the state file; at once without one.
    pub(crate) async fn kept(&self) {
        if self.config.state_file.is_none() {
            return;
        }
        let version = *self.changes.borrow();
        let mut written = self.written.subscribe();
        // The sender lives as long as the world, so waiting cannot fail.
        let _ = written.wait_for(|done| *done >= version).await;
    }

    /// A receiver that wakes on each change of the state.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Waits for a change that no write of the state file has covered, and names its version.
    pub(crate) async fn changed_after_last_write(&self) -> u64 {
        let mut changes = self.changes.subscribe();
        let done = *self.written.borrow();
        let newest = changes.wait_for(|version| *version > done).await;
        newest.map_or(done, |version| *version)
    }

    /// The version of the newest change.
    pub(crate) fn version(&self) -> u64 {
        *self.changes.borrow()
    }

    /// Tells those who wait in [`World::kept`] that changes up to `version` are in the file.
    pub(crate) fn written(&self, version: u64) {
        self.written.send_replace(version);
    }

    /// Lets requests that are held open answer at once.
    pub(crate) fn begin_to_stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Returns once the sandbox begins to stop.
    pub(crate) async fn stopped(&self) {
        let _ = self.stopping.subscribe().wait_for(|stop| *stop).await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// `length` random characters of `alphabet`.
pub(crate) fn random_text(alphabet: &[u8], length: usize) -> String {
    let mut rng = rand::rng();
    (0..length)
        .map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())]))
        .collect()
}

/// Webhooks never follow redirects and never leave through a proxy: they go to the developer's own machine.
fn webhook_client() -> Result<reqwest::Client, SandboxError> {
    // Another part of the program may have installed a provider already; either will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(std::time::Duration::from_secs(15))
        .build()
        .map_err(SandboxError::Client)
}
