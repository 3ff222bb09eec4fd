//! The clock of the stand-in that plays the payment provider: ours, moved as far ahead as its.
//!
//! A tester moves the stand-in's clock to let a month pass. Days of grace then end by that clock, so who asks whether
//! somebody may pass has to ask it as well. With the real provider there is one time, the world's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use application::ports::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use tokio::task::JoinHandle;
use url::Url;

/// A stand-in that does not answer is asked again after this.
const PAUSE: Duration = Duration::from_millis(500);

/// The stand-in answers within ten seconds, also when nothing has moved.
const PATIENCE: Duration = Duration::from_secs(15);

/// Follows the stand-in's clock until it is dropped.
pub struct StandInClock {
    ahead_s: Arc<AtomicI64>,
    following: JoinHandle<()>,
}

#[derive(Deserialize)]
struct Told {
    ahead_s: i64,
}

impl StandInClock {
    /// The clock of the stand-in at that address. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn follow(base: &Url) -> Result<Self, reqwest::Error> {
        // Another part of the program may have installed a provider already; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()?;
        let ahead_s = Arc::new(AtomicI64::new(0));
        let following = tokio::spawn(follow(client, clock_of(base), Arc::clone(&ahead_s)));
        Ok(Self { ahead_s, following })
    }
}

impl Clock for StandInClock {
    fn now(&self) -> DateTime<Utc> {
        let ahead = TimeDelta::try_seconds(self.ahead_s.load(Ordering::Relaxed));
        let now = Utc::now();
        ahead
            .and_then(|ahead| now.checked_add_signed(ahead))
            .unwrap_or(now)
    }
}

impl Drop for StandInClock {
    fn drop(&mut self) {
        self.following.abort();
    }
}

fn clock_of(base: &Url) -> String {
    format!(
        "{}/control/stripe/clock",
        base.as_str().trim_end_matches('/')
    )
}

/// Asks how far the clock is ahead; the answer comes once it is another than what is known.
async fn follow(client: reqwest::Client, clock: String, ahead_s: Arc<AtomicI64>) {
    // At first it is not known, so that the first answer comes at once.
    let mut known: Option<i64> = None;
    loop {
        let query = known.map_or_else(String::new, |known| format!("?unless_ahead_s={known}"));
        let told = async {
            let answer = client.get(format!("{clock}{query}")).send().await?;
            answer.error_for_status()?.json::<Told>().await
        };
        match told.await {
            Ok(told) => {
                known = Some(told.ahead_s);
                ahead_s.store(told.ahead_s, Ordering::Relaxed);
            }
            Err(error) => {
                tracing::debug!(%error, "The stand-in's clock does not answer");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
