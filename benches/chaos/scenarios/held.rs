//! Pictures that a worker has in its hands, and when somebody else takes them up.

use std::time::{Duration, Instant};

use sqlx::PgPool;

/// How long it may take until somebody else has what a worker left lying.
pub const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(60);

/// Which pictures are being worked on by one worker, or by all, and the number of each lease.
const HELD: &str = "SELECT name, fence FROM leases WHERE name LIKE 'photo:%' AND until > now() AND ($1 IS NULL OR holder = $1)
                       AND EXISTS (SELECT FROM photo_work WHERE 'photo:' || photo_id = name)";

/// Which of those leases still have that number, and a picture that waits.
const STILL_HELD: &str =
    "SELECT name, fence FROM leases JOIN unnest($1, $2) AS was (name, fence) USING (name, fence)
                           WHERE EXISTS (SELECT FROM photo_work WHERE 'photo:' || photo_id = name)";

/// A lease's name and number.
pub type Held = Vec<(String, i64)>;

/// What is being worked on now, by that holder or by anybody.
///
/// # Errors
/// When the database is away.
pub async fn held(pool: &PgPool, by: Option<&str>) -> sqlx::Result<Held> {
    sqlx::query_as(HELD).bind(by).fetch_all(pool).await
}

/// Waits until all of it was taken up by somebody else, or has ended; how long each took.
///
/// # Errors
/// When that takes too long.
pub async fn taken_over(pool: &PgPool, mut left: Held) -> anyhow::Result<Vec<Duration>> {
    let (begun, mut times) = (Instant::now(), Vec::new());
    while !left.is_empty() {
        let (names, fences): (Vec<_>, Vec<_>) = left.iter().cloned().unzip();
        let still: Held = sqlx::query_as(STILL_HELD)
            .bind(names)
            .bind(fences)
            .fetch_all(pool)
            .await?;
        times.extend((still.len()..left.len()).map(|_| begun.elapsed()));
        anyhow::ensure!(
            begun.elapsed() < TAKEN_OVER_WITHIN,
            "nobody takes over {still:?}"
        );
        left = still;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(times)
}
