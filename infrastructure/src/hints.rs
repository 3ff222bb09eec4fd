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
    pub async fn exchange<T, Looking>(
        &self,
        topic: &str,
        moved: watch::Receiver<T>,
        look: impl Fn() -> Looking + Send + Sync,
        stop: CancellationToken,
    ) where
        T: Send + Sync,
        Looking: Future<Output = ()> + Send,
    {
        let (news, heard) = watch::channel(());
        let channel = format!("moved:{topic}");
        let own = self.origin.to_string();
        let hear = move |origin: &str| {
            if origin != own {
                news.send_replace(());
            }
        };
        tokio::join!(
            self.wake_ups.listen(&channel, stop.clone(), hear),
            self.tell(&channel, moved, stop.clone()),
            look_after(heard, look, stop),
        );
    }

    async fn tell<T>(&self, channel: &str, mut moved: watch::Receiver<T>, stop: CancellationToken) {
        let origin = self.origin.to_string();
        while let Some(Ok(())) = stop.run_until_cancelled(moved.changed()).await {
            if let Err(error) = self.wake_ups.say(channel, &origin).await {
                tracing::debug!(%error, "Other processes were not told what moved");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn look_after<Looking: Future<Output = ()>>(
    mut heard: watch::Receiver<()>,
    look: impl Fn() -> Looking,
    stop: CancellationToken,
) {
    while let Some(Ok(())) = stop.run_until_cancelled(heard.changed()).await {
        look().await;
        tokio::time::sleep(PAUSE).await;
    }
}
