//! How far the read models and the log are in one database, asked once for all who want to know.

use std::{collections::HashMap, sync::Arc};

use domain::values::Position;
use sqlx::{PgPool, Row};
use tokio::{sync::Mutex, time::Instant};

use crate::columns::number;

/// What the log itself is called among the read models; none of them has a colon before its name.
pub const LOG: &str = ":log";

/// How far each follower is, and the log.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Standing(HashMap<String, (i32, Position)>);

impl Standing {
    /// Of something that has seen the position in each of these read models, whatever their version.
    pub(super) fn at(read_models: &[&str], position: Position) -> Self {
        let each = read_models.iter();
        Self(
            each.map(|name| ((*name).to_owned(), (0, position)))
                .collect(),
        )
    }

    /// Only these read models. One that was never begun has seen nothing.
    pub(super) fn only(&self, read_models: &[&str]) -> Self {
        let known = |name: &&str| Some(((*name).to_owned(), *self.0.get(*name)?));
        Self(read_models.iter().filter_map(known).collect())
    }

    /// Whether this is as far as `wanted` in all of its read models. Within one version they only move forward; what was
    /// filled anew for a later version is no less far than what it replaced.
    pub(super) fn has_reached(&self, wanted: &Self) -> bool {
        wanted.0.iter().all(|(name, wanted)| {
            self.0.get(name).is_some_and(|(version, position)| {
                let same = wanted.0 == 0 || *version == wanted.0;
                if same {
                    *position >= wanted.1
                } else {
                    *version > wanted.0
                }
            })
        })
    }
}

/// A database that is asked how far it is.
pub(super) struct Asked {
    pool: PgPool,
    /// When the last question was put, and what was answered.
    last: Mutex<Option<(Instant, Arc<Standing>)>>,
}

impl Asked {
    pub(super) fn of(pool: PgPool) -> Self {
        Self {
            pool,
            last: Mutex::new(None),
        }
    }

    pub(super) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// How far it is, as of now or later. Whoever comes while somebody asks waits for the next question and shares its answer.
    pub(super) async fn now(&self) -> sqlx::Result<Arc<Standing>> {
        let came = Instant::now();
        let mut last = self.last.lock().await;
        if let Some((asked, standing)) = &*last
            && *asked >= came
        {
            return Ok(standing.clone());
        }
        let asked = Instant::now();
        let standing = Arc::new(ask(&self.pool).await?);
        *last = Some((asked, standing.clone()));
        Ok(standing)
    }
}

async fn ask(pool: &PgPool) -> sqlx::Result<Standing> {
    let rows = sqlx::query(
        "SELECT name, version, position FROM followers UNION ALL SELECT $1, 1, position FROM log_head",
    )
    .bind(LOG)
    .fetch_all(pool)
    .await?;
    let read = |row: &sqlx::postgres::PgRow| {
        let position = Position(number::<i64, _>(row, "position")?);
        Ok((row.try_get("name")?, (row.try_get("version")?, position)))
    };
    rows.iter()
        .map(read)
        .collect::<sqlx::Result<_>>()
        .map(Standing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(of: &[(&str, i32, u64)]) -> Standing {
        let each = of.iter();
        Standing(
            each.map(|(name, version, position)| {
                ((*name).to_owned(), (*version, Position(*position)))
            })
            .collect(),
        )
    }

    #[test]
    fn a_replica_is_far_enough_when_each_wanted_read_model_is() {
        let primary = standing(&[("avatars", 1, 7), ("photos", 1, 9), (LOG, 1, 9)]);
        let wanted = primary.only(&["avatars", "photos"]);
        assert!(standing(&[("avatars", 1, 7), ("photos", 1, 9)]).has_reached(&wanted));
        assert!(standing(&[("avatars", 1, 8), ("photos", 1, 12)]).has_reached(&wanted));
        assert!(!standing(&[("avatars", 1, 7), ("photos", 1, 8)]).has_reached(&wanted));
        assert!(!standing(&[("photos", 1, 9)]).has_reached(&wanted));
    }

    #[test]
    fn tables_of_an_older_version_are_not_enough_and_those_of_a_later_one_are() {
        let wanted = standing(&[("photos", 2, 9)]);
        assert!(!standing(&[("photos", 1, 12)]).has_reached(&wanted));
        assert!(standing(&[("photos", 3, 8)]).has_reached(&wanted));
    }

    #[test]
    fn a_named_position_counts_in_any_version() {
        let wanted = Standing::at(&["photos"], Position(5));
        assert!(standing(&[("photos", 4, 5)]).has_reached(&wanted));
        assert!(!standing(&[("photos", 4, 4)]).has_reached(&wanted));
        assert!(!standing(&[]).has_reached(&wanted));
    }
}
