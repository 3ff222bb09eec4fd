//! The public keys of an identity provider: read, kept, and read again.
//!
//! One task asks the provider, now and then and when a token names a key that is not known; however many tokens do so,
//! it asks once, and never again before [`Pace::apart`] has passed. What it read last stays while the provider is away.

mod provider;

use std::{sync::Arc, time::Duration};

use application::figures::KEY_READS;
use tokio::{
    sync::{Notify, Semaphore, watch},
    time::{Instant, sleep_until, timeout},
};
use url::Url;

use super::key_set::KeySet;

pub use provider::KeyAddress;
pub(super) use provider::Provider;

/// How many requests may wait for the provider at a time; the others are answered at once.
const MOST_WAITING: usize = 256;

/// How often an identity provider is asked for its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How old keys may become before they are read again, and so how long a withdrawn key goes on counting.
    pub every: Duration,
    /// How soon the provider is asked again after it did not answer well.
    pub retry: Duration,
    /// It is never asked twice within this time, whatever tokens name.
    pub apart: Duration,
    /// How long one question may take.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(300),
            retry: Duration::from_secs(15),
            apart: Duration::from_secs(5),
            patience: Duration::from_secs(5),
        }
    }
}

/// Where an issuer publishes its keys, and how it is asked.
#[derive(Debug, Clone)]
pub struct PublishedAt {
    /// Where.
    pub address: KeyAddress,
    /// For development: `http` will do, and no proxy is used.
    pub allow_http: bool,
    /// How often.
    pub pace: Pace,
}

/// What is known of the keys.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) keys: Arc<KeySet>,
    /// Goes up when the keys change, so that nothing stays remembered that a withdrawn one has signed.
    pub(super) version: u64,
    /// When the question was asked whose answer this is.
    asked: Option<Instant>,
    /// What was wrong with that answer; then the keys are older.
    trouble: Option<String>,
}

impl Known {
    /// Keys that never change.
    pub(super) fn steady(keys: Arc<KeySet>) -> Self {
        Self {
            keys,
            ..Self::default()
        }
    }
}

/// The keys, as they are known.
pub(super) struct PublishedKeys {
    known: watch::Receiver<Known>,
    wanted: Arc<Notify>,
    waiting: Semaphore,
    patience: Duration,
}

impl PublishedKeys {
    /// Begins to read them. Must be called on a tokio runtime; the task ends when this is dropped.
    pub(super) fn start(provider: Provider, pace: Pace) -> Self {
        let (sender, known) = watch::channel(Known::default());
        let wanted = Arc::new(Notify::new());
        tokio::spawn(keep(provider, pace, sender, wanted.clone()));
        Self {
            known,
            wanted,
            waiting: Semaphore::new(MOST_WAITING),
            // A question that waits its turn, and the answer to it.
            patience: pace.apart + 2 * pace.patience,
        }
    }

    /// What is known now.
    pub(super) fn known(&self) -> Known {
        self.known.borrow().clone()
    }

    /// The version of what is known now.
    pub(super) fn version(&self) -> u64 {
        self.known.borrow().version
    }

    /// What the provider answers to a question that is asked from now on.
    ///
    /// # Errors
    /// When it cannot be told.
    pub(super) async fn asked_anew(&self) -> Result<Known, String> {
        let _place = self
            .waiting
            .try_acquire()
            .map_err(|_| "too many requests wait for the identity provider's keys".to_owned())?;
        let now = Instant::now();
        let mut known = self.known.clone();
        self.wanted.notify_one();
        let newer = known.wait_for(|known| known.asked.is_some_and(|asked| asked >= now));
        match timeout(self.patience, newer).await {
            Ok(Ok(known)) => match &known.trouble {
                Some(trouble) => Err(trouble.clone()),
                None => Ok(known.clone()),
            },
            Ok(Err(_)) | Err(_) => Err("the identity provider does not answer".to_owned()),
        }
    }
}

/// Reads the keys again and again until nobody is left who wants them.
async fn keep(
    mut provider: Provider,
    pace: Pace,
    known: watch::Sender<Known>,
    wanted: Arc<Notify>,
) {
    loop {
        let asked = Instant::now();
        let answer = tokio::select! {
            () = known.closed() => return,
            answer = provider.keys() => answer,
        };
        let next = if answer.is_ok() {
            pace.every
        } else {
            pace.retry
        };
        take(&known, asked, answer);
        let waited = async {
            sleep_until(asked + pace.apart).await;
            tokio::select! {
                () = sleep_until(asked + next) => {}
                () = wanted.notified() => {}
            }
        };
        tokio::select! {
            () = known.closed() => return,
            () = waited => {}
        }
    }
}

fn take(known: &watch::Sender<Known>, asked: Instant, answer: Result<KeySet, String>) {
    KEY_READS.count([if answer.is_ok() { "read" } else { "failed" }]);
    known.send_modify(|known| {
        known.asked = Some(asked);
        match answer {
            Ok(keys) => {
                if keys != *known.keys || known.version == 0 {
                    let ids = keys.ids().join(", ");
                    tracing::info!("The identity provider signs with these keys: {ids}");
                    known.keys = Arc::new(keys);
                    known.version += 1;
                }
                known.trouble = None;
            }
            Err(trouble) => {
                // Once, not with each attempt.
                if known.trouble.is_none() {
                    tracing::warn!("The identity provider's keys cannot be read: {trouble}");
                }
                known.trouble = Some(trouble);
            }
        }
    });
}

/// The address of an issuer's metadata (OpenID Connect Discovery 1.0, section 4); none for an issuer without an address.
pub fn discovery_address(issuer: &str) -> Option<Url> {
    let address = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let address = Url::parse(&address).ok()?;
    let is_web = matches!(address.scheme(), "http" | "https") && address.has_host();
    is_web.then_some(address)
}
