//! Blue/green: a projector's tables filled once more beside the live ones, compared with them, and put in their place.
//!
//! A [`Shadow`] is a follower like any other, with a lease, a fence, a checkpoint and an end: it runs the same
//! projector, whose statements find tables of the same names in a schema of its own. Reads never stop, and what was
//! interrupted goes on where it was (decision 9).

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::values::Position;
use sqlx::{PgPool, Row};

use crate::{columns::number, engine::Projector};

mod compare;
mod merge;
mod order;
mod self_check;
pub(crate) mod swap;
pub(crate) mod tables;

pub use compare::{Comparison, Difference, DifferenceKind};
pub(crate) use compare::{Snapshot, conclude};
pub use order::{NotDone, Order};
pub use self_check::SelfCheck;

/// What tables are filled beside the live ones for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To take their place.
    Rebuild,
    /// To be compared with them and dropped.
    Check,
}

impl Purpose {
    /// What the name of a shadow says of it: `photos:rebuild` is the rebuild of `photos`.
    pub fn of(name: &str) -> Option<(&str, Self)> {
        let (projector, word) = name.rsplit_once(':')?;
        [Self::Rebuild, Self::Check]
            .into_iter()
            .find(|purpose| purpose.word() == word)
            .map(|purpose| (projector, purpose))
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Rebuild => "rebuild",
            Self::Check => "check",
        }
    }
}

/// How much of the machine is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As much as there is: somebody waits.
    Full,
    /// Small pages with pauses four times as long as the work: nobody waits, and nobody is to notice.
    Gentle,
}

impl Pace {
    /// The most events in a page.
    pub(crate) const fn at_most(self) -> usize {
        match self {
            Self::Full => usize::MAX,
            Self::Gentle => 100,
        }
    }

    /// The pause after a page that took that long.
    pub(crate) fn pause_after(self, took: Duration) -> Duration {
        match self {
            Self::Full => Duration::ZERO,
            Self::Gentle => (took * 4).clamp(Duration::from_millis(5), Duration::from_secs(2)),
        }
    }
}

/// How a shadow ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// Its tables are the live ones now.
    Swapped {
        /// The last event in them.
        position: Position,
        /// How they differed from those that they replaced; none when the version is another one.
        comparison: Option<Comparison>,
    },
    /// Its tables were compared with the live ones and dropped.
    Compared(Comparison),
    /// The live tables are of another version: there is nothing to compare.
    Incomparable,
}

/// Tables filled beside the live ones.
pub struct Shadow {
    projector: Arc<dyn Projector>,
    purpose: Purpose,
    pace: Pace,
    name: String,
    /// The versions of live tables that are worth it, up to the projector's own.
    oldest: i32,
    newest: i32,
    begun: AtomicBool,
    /// The schema of the live tables, once it is known.
    home: OnceLock<String>,
    ended: Mutex<Option<Ended>>,
}

/// How the live tables stand.
pub(crate) struct Live {
    pub version: i32,
    pub position: Position,
}

impl Shadow {
    /// A rebuild that somebody asked for.
    pub fn rebuild(projector: Arc<dyn Projector>) -> Self {
        let newest = projector.version();
        Self::new(projector, Purpose::Rebuild, Pace::Full, 0, newest)
    }

    /// A rebuild of tables that an older version has filled.
    pub(crate) fn upgrade(projector: Arc<dyn Projector>) -> Self {
        let newest = projector.version() - 1;
        Self::new(projector, Purpose::Rebuild, Pace::Full, 0, newest)
    }

    /// A check of tables that this version has filled.
    pub fn check(projector: Arc<dyn Projector>, pace: Pace) -> Self {
        let version = projector.version();
        Self::new(projector, Purpose::Check, pace, version, version)
    }

    fn new(
        projector: Arc<dyn Projector>,
        purpose: Purpose,
        pace: Pace,
        oldest: i32,
        newest: i32,
    ) -> Self {
        Self {
            name: format!("{}:{}", projector.name(), purpose.word()),
            projector,
            purpose,
            pace,
            oldest,
            newest,
            begun: AtomicBool::new(false),
            home: OnceLock::new(),
            ended: Mutex::new(None),
        }
    }

    /// Its name among the followers, as `photos:rebuild`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who fills the tables.
    pub fn projector(&self) -> &dyn Projector {
        &*self.projector
    }

    /// What the tables are for.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    pub(crate) const fn pace(&self) -> Pace {
        self.pace
    }

    /// How it ended; none while it has not, and when another process has ended it.
    pub fn ended(&self) -> Option<Ended> {
        self.ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn end(&self, ended: Ended) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
    }

    /// Makes it known among the followers, once, unless the live tables are not worth it any more. From then on
    /// it goes on until its row is gone, in whatever process.
    pub(crate) async fn begin(&self, pool: &PgPool) -> sqlx::Result<()> {
        if self.begun.load(Ordering::Relaxed) {
            return Ok(());
        }
        // The live row is locked: a swap that is under way comes before, or not at all. Fences never start again,
        // so that nobody who slept through a former shadow of this name can write into this one.
        sqlx::query(
            "WITH live AS (SELECT FROM followers WHERE name = $1 AND version BETWEEN $2 AND $3 FOR SHARE)
             INSERT INTO followers (name, version, fence)
             SELECT $4, $5, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM live
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(self.projector.name())
        .bind(self.oldest)
        .bind(self.newest)
        .bind(&self.name)
        .bind(self.projector.version())
        .execute(pool)
        .await?;
        self.begun.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether it is known among the followers.
    pub(crate) async fn is_there(&self, pool: &PgPool) -> sqlx::Result<bool> {
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM followers WHERE name = $1)")
            .bind(&self.name)
            .fetch_one(pool)
            .await
    }

    /// How the live tables stand; none when nobody has ever filled them.
    pub(crate) async fn live(&self, pool: &PgPool) -> sqlx::Result<Option<Live>> {
        let row = sqlx::query("SELECT version, position FROM followers WHERE name = $1")
            .bind(self.projector.name())
            .fetch_optional(pool)
            .await?;
        row.map(|row| {
            Ok(Live {
                version: row.try_get("version")?,
                position: Position(number::<i64, _>(&row, "position")?),
            })
        })
        .transpose()
    }

    /// Finds out where the live tables are.
    pub(crate) async fn find_home(&self, pool: &PgPool) -> sqlx::Result<()> {
        if self.home.get().is_none() {
            let home = sqlx::query_scalar(
                "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'followers'::regclass",
            )
            .fetch_one(pool)
            .await?;
            // Whoever was quicker found the same.
            let _ = self.home.set(home);
        }
        Ok(())
    }

    /// The schema of the live tables, ready for a statement.
    pub(crate) fn home(&self) -> &str {
        self.home.get().map_or("public", String::as_str)
    }

    /// The schema of the tables beside them, ready for a statement.
    pub(crate) fn schema(&self) -> String {
        quoted(&format!(
            "{}_{}",
            self.purpose.word(),
            self.projector.name()
        ))
    }

    /// Lets a transaction's statements find these tables instead of the live ones; PostgreSQL plans prepared
    /// statements anew when the path changes.
    pub(crate) fn enter(&self) -> Cow<'static, str> {
        format!(
            "SET LOCAL search_path TO {}, {}",
            self.schema(),
            self.home()
        )
        .into()
    }
}

/// A name as an identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shadow_is_told_from_a_follower_by_its_name() {
        assert_eq!(
            Purpose::of("photos:rebuild"),
            Some(("photos", Purpose::Rebuild))
        );
        assert_eq!(
            Purpose::of("photos:check"),
            Some(("photos", Purpose::Check))
        );
        for name in ["photos", "rebuild", "photos:rebuilt", "photos_rebuild"] {
            assert_eq!(Purpose::of(name), None, "{name}");
        }
    }

    #[test]
    fn a_gentle_pace_rests_for_longer_than_it_works() {
        let work = Duration::from_millis(30);
        assert_eq!(Pace::Gentle.pause_after(work), work * 4);
        assert_eq!(Pace::Full.pause_after(work), Duration::ZERO);
    }
}
