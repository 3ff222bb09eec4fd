//! Which events somebody asks for, in words that people use: by time, too.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::values::Position;
use sqlx::PgPool;

use super::{Stretch, Wanted, last_position_at};

/// Which events somebody asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// What they must have.
    pub wanted: Wanted,
    /// Only those behind this event.
    pub after: Option<Position>,
    /// Only those up to and including this one.
    pub until: Option<Position>,
    /// Only those that were recorded then or later.
    pub from: Option<DateTime<Utc>>,
    /// Only those that were recorded before then.
    pub to: Option<DateTime<Utc>>,
}

impl Selection {
    /// What is asked for, by name, for the record.
    pub fn filters(&self) -> BTreeMap<String, String> {
        let wanted = &self.wanted;
        let position = |position: Option<Position>| position.map(|position| position.to_string());
        let time = |time: Option<DateTime<Utc>>| {
            time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
        };
        let all = [
            ("after", position(self.after)),
            ("until", position(self.until)),
            ("aggregate_type", wanted.aggregate_type.clone()),
            ("aggregate_id", wanted.aggregate_id.clone()),
            ("event_type", wanted.event_type.clone()),
            ("actor", wanted.actor.clone()),
            (
                "correlation_id",
                wanted.correlation_id.map(|id| id.to_string()),
            ),
            ("from", time(self.from)),
            ("to", time(self.to)),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }

    /// The part of the log that is asked for, with times as positions.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn stretch(&self, pool: &PgPool) -> sqlx::Result<Stretch> {
        let mut stretch = Stretch {
            after: self.after.unwrap_or_default(),
            until: self.until,
        };
        if let Some(from) = self.from {
            stretch.after = stretch.after.max(last_before(pool, from).await?);
        }
        if let Some(to) = self.to {
            let last = last_before(pool, to).await?;
            stretch.until = Some(stretch.until.map_or(last, |until| until.min(last)));
        }
        Ok(stretch)
    }
}

/// The database counts in microseconds.
async fn last_before(pool: &PgPool, time: DateTime<Utc>) -> sqlx::Result<Position> {
    last_position_at(pool, time - TimeDelta::microseconds(1)).await
}
