//! Which events somebody asks for.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::values::Position;
use projections::audit_index::{self, Stretch, Wanted};
use sqlx::PgPool;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::parameters::{self, Parameters};

/// The longest text that is looked for, in characters; no name of ours is nearly as long.
const LONGEST: usize = 200;

/// The filters as the document has them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `Selection::read` reads")]
pub(crate) struct SelectionParameters {
    /// Only events behind this position.
    #[param(nullable = false)]
    after: Option<u64>,
    /// Only events up to and including this position.
    #[param(nullable = false)]
    until: Option<u64>,
    /// Only events of this type of aggregate, as `Avatar`.
    #[param(nullable = false, min_length = 1, max_length = 200)]
    aggregate_type: Option<String>,
    /// Only events of the aggregates with this id.
    #[param(nullable = false, min_length = 1, max_length = 200)]
    aggregate_id: Option<String>,
    /// Only events with this name, as `PhotoDelivered`.
    #[param(nullable = false, min_length = 1, max_length = 200)]
    event_type: Option<String>,
    /// Only events that this one caused, as `user:0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d` or `reaction:promise_photos`.
    #[param(nullable = false, min_length = 1, max_length = 200)]
    actor: Option<String>,
    /// Only events that followed from one request.
    #[param(nullable = false)]
    correlation_id: Option<Uuid>,
    /// Only events that were recorded at this time or later.
    #[param(nullable = false)]
    from: Option<DateTime<Utc>>,
    /// Only events that were recorded before this time.
    #[param(nullable = false)]
    to: Option<DateTime<Utc>>,
}

/// Which events somebody asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    pub(super) wanted: Wanted,
    after: Option<Position>,
    until: Option<Position>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
}

impl Selection {
    /// As the parameters say it.
    pub(super) fn read(parameters: &mut Parameters<'_>) -> Self {
        Self {
            after: parameters.query("after", parameters::position),
            until: parameters.query("until", parameters::position),
            wanted: Wanted {
                aggregate_type: parameters.query("aggregate_type", name),
                aggregate_id: parameters.query("aggregate_id", name),
                event_type: parameters.query("event_type", name),
                actor: parameters.query("actor", name),
                correlation_id: parameters.query("correlation_id", uuid),
            },
            from: parameters.query("from", parameters::time),
            to: parameters.query("to", parameters::time),
        }
    }

    /// What is asked for, by the names of the parameters.
    pub(super) fn filters(&self) -> BTreeMap<&'static str, String> {
        let mut filters = self.wanted.filters();
        let positions = [("after", self.after), ("until", self.until)];
        let times = [("from", self.from), ("to", self.to)];
        let rfc3339 = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        filters.extend(
            positions
                .into_iter()
                .filter_map(|(name, position)| Some((name, position?.to_string()))),
        );
        filters.extend(
            times
                .into_iter()
                .filter_map(|(name, time)| Some((name, rfc3339(time?)))),
        );
        filters
    }

    /// The part of the log that is asked for, with times as positions.
    pub(super) async fn stretch(&self, pool: &PgPool) -> sqlx::Result<Stretch> {
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
    audit_index::last_position_at(pool, time - TimeDelta::microseconds(1)).await
}

/// A name or an id of the log's, none of which has a control character.
pub(super) fn name(text: &str) -> Result<String, String> {
    let chars = text.chars().count();
    if (1..=LONGEST).contains(&chars) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!("must be 1 to {LONGEST} characters of plain text"))
    }
}

fn uuid(text: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| "must be a UUID".to_owned())
}
