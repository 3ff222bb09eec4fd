//! That something moved in one process, told to the others: content-free, so that nobody acts on what may be untrue.
//!
//! Whoever hears it looks for themselves. However often something moves, one message is on its way and one look is made
//! at a time; what comes in between is part of the next one.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{redis::Redis, wake_ups::WakeUps};

/// The shortest time between two messages, and between two looks.
const PAUSE: Duration = Duration::from_millis(4);

/// Tells hints to other processes and hears theirs, through Redis. Cheap to clone.
#[derive(Clone)]
pub struct Hints {
    wake_ups: WakeUps,
    /// Tells what this process said from what others did.
    origin: Uuid,
}

impl Hints {
    /// Through that Redis.
    #[must_use]
    pub fn through(redis: Redis) -> Self {
        Self {
            wake_ups: WakeUps::Redis(redis),
            origin: Uuid::now_v7(),
        }
    }

    /// Tells the others whenever `moved` changes, and calls `look` after they told something, until `stop`. `topic` is
    /// what moved, as `log`.
    pub async fn exchange<T: Send + Sync>(
        &self,
        topic: &str,
        moved: watch::Receiver<T>,
        look: impl AsyncFn(),
        stop: CancellationToken,
    ) {
        let (news, heard) = watch::channel(());
        let channel = format!("moved:{topic}");
        let own = self.origin.to_string();
        let hear = |origin: &str| {
            if origin != own {
                news.send_replace(());
            }
        };
        let all = async {
            tokio::join!(
                self.wake_ups.listen(&channel, stop.clone(), hear),
                self.tell(&channel, moved),
                look_after(heard, look),
            )
        };
        stop.run_until_cancelled(all).await;
    }

    async fn tell<T>(&self, channel: &str, mut moved: watch::Receiver<T>) {
        let origin = self.origin.to_string();
        while moved.changed().await.is_ok() {
            if let Err(error) = self.wake_ups.say(channel, &origin).await {
                tracing::debug!(%error, "Other processes were not told what moved");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn look_after(mut heard: watch::Receiver<()>, look: impl AsyncFn()) {
    while heard.changed().await.is_ok() {
        look().await;
        tokio::time::sleep(PAUSE).await;
    }
}
