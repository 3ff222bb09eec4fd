//! Whether a replica is fit to answer: reachable, a replica of this database, and not far behind.

use std::{collections::VecDeque, time::Duration};

use sqlx::PgPool;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(500);
/// How long an answer to a look may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same for somebody who asks once, over connections that are opened for it.
const UNHURRIED: Duration = Duration::from_secs(5);
/// The same, for somebody who waits for the replica.
const GLANCE: Duration = Duration::from_millis(20);
/// A replica that is further behind is left alone: nobody's read would be worth the wait.
const TOO_FAR: Duration = Duration::from_secs(5);

/// How a replica stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Fitness {
    /// Nobody has looked yet.
    Unknown,
    /// It answers reads, this far behind the primary.
    Fit(Duration),
    /// It follows, but too far behind.
    Behind(Duration),
    /// It does not answer, or not as a replica of this database: why.
    Unfit(String),
    /// Nobody can tell, since the primary does not answer.
    PrimaryAway,
}

impl Fitness {
    /// Whether it may be asked.
    pub const fn is_fit(&self) -> bool {
        matches!(self, Self::Fit(_))
    }

    /// How far it is behind, as far as that is known.
    pub const fn lag(&self) -> Option<Duration> {
        match self {
            Self::Fit(lag) | Self::Behind(lag) => Some(*lag),
            Self::Unknown | Self::Unfit(_) | Self::PrimaryAway => None,
        }
    }
}

impl std::fmt::Display for Fitness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown => f.write_str("nobody has looked yet"),
            Self::Fit(lag) => write!(f, "it answers, {:.1} s behind", lag.as_secs_f64()),
            Self::Behind(lag) => write!(f, "it is {:.0} s behind", lag.as_secs_f64()),
            Self::Unfit(why) => f.write_str(why),
            Self::PrimaryAway => f.write_str("the primary does not answer"),
        }
    }
}

/// Looks until `stop`, and tells what it finds.
pub(super) async fn watch(
    primary: &PgPool,
    replica: &PgPool,
    fitness: &watch::Sender<Fitness>,
    stop: CancellationToken,
) {
    let mut looks = tokio::time::interval(EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut marks = Marks::default();
    while stop.run_until_cancelled(looks.tick()).await.is_some() {
        let Some(found) = stop
            .run_until_cancelled(look(primary, replica, &mut marks))
            .await
        else {
            return;
        };
        let before = fitness.send_replace(found.clone());
        match (before.is_fit(), found.is_fit()) {
            (false, true) => tracing::info!("The replica answers reads"),
            (true, false) => tracing::warn!("The primary answers the replica's reads: {found}"),
            (true, true) | (false, false) => {}
        }
    }
}

/// Where a database stands in its history of writing, and whose history it is.
#[derive(sqlx::FromRow)]
struct Place {
    is_replica: bool,
    system: i64,
    written: Option<i64>,
}

async fn look(primary: &PgPool, replica: &PgPool, marks: &mut Marks) -> Fitness {
    let (theirs, ours) = match places(primary, replica, PATIENCE).await {
        Ok(places) => places,
        Err(unfit) => return unfit,
    };
    let (Some(replayed), Some(written)) = (theirs.written, ours.written) else {
        return Fitness::Unfit("it has replayed nothing yet".to_owned());
    };
    let lag = marks.lag(replayed, Instant::now());
    marks.set(written, Instant::now());
    if lag > TOO_FAR {
        return Fitness::Behind(lag);
    }
    Fitness::Fit(lag)
}

/// Where a replica and its primary are; why it cannot answer reads, when it is none or one of them is away.
async fn places(
    primary: &PgPool,
    replica: &PgPool,
    patience: Duration,
) -> Result<(Place, Place), Fitness> {
    // The replica first: what it has replayed the primary has written before.
    let theirs = place(replica, patience)
        .await
        .map_err(|why| Fitness::Unfit(format!("it does not answer: {why}")))?;
    let ours = place(primary, patience)
        .await
        .map_err(|_| Fitness::PrimaryAway)?;
    match stranger(&theirs, &ours) {
        Some(why) => Err(Fitness::Unfit(why.to_owned())),
        None => Ok((theirs, ours)),
    }
}

/// Why this is no replica of that.
fn stranger(replica: &Place, primary: &Place) -> Option<&'static str> {
    if !replica.is_replica {
        Some("it is no replica: it takes writes itself")
    } else if replica.system != primary.system {
        Some("it is a replica of another database")
    } else if replica.written > primary.written {
        Some("it has replayed what the primary never wrote")
    } else {
        None
    }
}

/// Marks where the primary is, and waits until the replica is there: how long that takes, or what is wrong.
pub async fn examine(primary: &PgPool, replica: &PgPool) -> Fitness {
    let Ok(mark) = place(primary, UNHURRIED).await else {
        return Fitness::PrimaryAway;
    };
    let begun = Instant::now();
    loop {
        let theirs = match places(primary, replica, UNHURRIED).await {
            Ok((theirs, _)) => theirs,
            Err(unfit) => return unfit,
        };
        if theirs.written >= mark.written {
            return Fitness::Fit(begun.elapsed());
        }
        if begun.elapsed() > TOO_FAR {
            return Fitness::Behind(begun.elapsed());
        }
        tokio::time::sleep(GLANCE).await;
    }
}

async fn place(pool: &PgPool, patience: Duration) -> Result<Place, String> {
    let asked = sqlx::query_as(
        "SELECT pg_is_in_recovery() AS is_replica, (SELECT system_identifier FROM pg_control_system()) AS system,
                pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                                '0/0')::bigint AS written",
    )
    .fetch_one(pool);
    match tokio::time::timeout(patience, asked).await {
        Ok(Ok(place)) => Ok(place),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("not within {} s", patience.as_secs())),
    }
}

/// How many marks are kept; a replica that was away for longer is as far behind as the oldest says.
const MOST: usize = 1_000;

/// When the primary had written how much that the replica has not replayed yet.
#[derive(Default)]
struct Marks(VecDeque<(Instant, i64)>);

impl Marks {
    /// For how long the oldest mark waits to be reached.
    fn lag(&mut self, replayed: i64, now: Instant) -> Duration {
        while self
            .0
            .front()
            .is_some_and(|(_, written)| *written <= replayed)
        {
            self.0.pop_front();
        }
        self.0
            .front()
            .map_or(Duration::ZERO, |(at, _)| now.duration_since(*at))
    }

    fn set(&mut self, written: i64, now: Instant) {
        let is_new = self.0.back().is_none_or(|(_, last)| *last < written);
        if is_new && self.0.len() < MOST {
            self.0.push_back((now, written));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_the_age_of_the_oldest_mark_that_was_not_reached() {
        let (mut marks, begun) = (Marks::default(), Instant::now());
        let at = |seconds| begun + Duration::from_secs(seconds);
        assert_eq!(marks.lag(0, at(0)), Duration::ZERO, "nothing was marked");
        marks.set(100, at(0));
        marks.set(100, at(1));
        marks.set(200, at(2));
        assert_eq!(marks.lag(99, at(3)), Duration::from_secs(3));
        assert_eq!(marks.lag(100, at(3)), Duration::from_secs(1));
        assert_eq!(marks.lag(200, at(9)), Duration::ZERO, "all was reached");
    }

    #[test]
    fn a_replica_that_is_away_for_long_is_as_far_behind_as_the_oldest_mark() {
        let (mut marks, begun) = (Marks::default(), Instant::now());
        for second in 0..5_000 {
            marks.set(second, begun + Duration::from_secs(second.cast_unsigned()));
        }
        let now = begun + Duration::from_secs(5_000);
        assert_eq!(marks.lag(-1, now), Duration::from_secs(5_000));
        assert!(marks.0.len() <= MOST);
    }
}
