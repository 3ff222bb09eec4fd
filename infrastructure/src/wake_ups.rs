//! What other processes say through PostgreSQL's `NOTIFY`, and the listening that outlives lost connections.

use std::time::Duration;

use sqlx::{PgPool, postgres::PgListener};
use tokio_util::sync::CancellationToken;

/// The pause before listening is tried again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Hands each payload of a channel to `hear`, until `stop`. What is said while the connection is being made anew is lost:
/// a wake-up may be a hint only.
pub(crate) async fn listen(
    pool: &PgPool,
    channel: &str,
    stop: CancellationToken,
    hear: impl Fn(&str),
) {
    while let Some(Err(error)) = stop
        .run_until_cancelled(hear_all(pool, channel, &hear))
        .await
    {
        tracing::warn!(%error, "What other processes say on {channel} is not heard for a moment");
        let pause = tokio::time::sleep(LISTEN_AGAIN);
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

/// Only ever returns with an error.
async fn hear_all(pool: &PgPool, channel: &str, hear: &impl Fn(&str)) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(channel).await?;
    loop {
        hear(listener.recv().await?.payload());
    }
}
