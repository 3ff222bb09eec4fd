//! Read models as auditors see them.

use chrono::{DateTime, Utc};
use projections::engine::{CheckStatus, FollowerState, ProjectorStatus, ShadowStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// The read models.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectionList {
    items: Vec<Projection>,
}

/// A read model, and how far it has followed the event log.
#[derive(Serialize, ToSchema)]
pub(crate) struct Projection {
    #[schema(example = "photos")]
    name: String,
    /// The version of what its tables hold.
    version: i32,
    /// The last event in it.
    position: u64,
    /// How many events are not in it yet.
    lag_events: u64,
    /// The age in seconds of the oldest event that is not in it yet; 0 when there is none.
    lag_seconds: f64,
    state: StateWord,
    /// What went wrong last, while it is `retrying` or `failed`.
    error: Option<String>,
    /// The event that went wrong.
    failed_position: Option<u64>,
    /// How far its tables are filled again beside those that are read, while they are.
    rebuild: Option<Rebuild>,
    /// What the last comparison with the log found.
    check: Option<Check>,
}

/// `running`: it follows. `retrying`: something went wrong a moment ago. `failed`: it waits for an operator.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProjectionState)]
pub(crate) enum StateWord {
    Running,
    Retrying,
    Failed,
}

/// How far a read model's new tables are. Until they are complete, the old ones are read.
#[derive(Serialize, ToSchema)]
#[schema(as = ProjectionRebuild)]
struct Rebuild {
    /// The version of what the new tables hold.
    version: i32,
    /// The last event in them.
    position: u64,
    /// How many events are not in them yet.
    lag_events: u64,
    /// From 0 to 100.
    percent: u8,
    state: StateWord,
    /// What went wrong last, while it is `retrying` or `failed`.
    error: Option<String>,
}

/// What a comparison of a read model with a fresh copy from the log found.
#[derive(Serialize, ToSchema)]
#[schema(as = ProjectionCheck)]
struct Check {
    /// The last event that was in both.
    position: u64,
    checked_at: DateTime<Utc>,
    /// How many rows the read model had.
    rows: u64,
    /// How many rows were not what the log says, missing, or too many.
    rows_different: u64,
    took_ms: u64,
}

impl ProjectionList {
    /// Those of the followers that are read models.
    pub(crate) fn of(followers: Vec<ProjectorStatus>) -> Self {
        let projectors = projections::all();
        let is_projector = |follower: &ProjectorStatus| {
            projectors
                .iter()
                .any(|projector| projector.name() == follower.name)
        };
        let followers = followers.into_iter().filter(is_projector);
        Self {
            items: followers.map(Projection::from).collect(),
        }
    }
}

impl From<ProjectorStatus> for Projection {
    fn from(follower: ProjectorStatus) -> Self {
        Self {
            name: follower.name,
            version: follower.version,
            position: follower.position.0,
            lag_events: follower.lag_events,
            lag_seconds: follower.lag_seconds,
            state: follower.state.into(),
            error: follower.error,
            failed_position: follower.failed_position.map(|position| position.0),
            rebuild: follower.rebuild.map(Rebuild::from),
            check: follower.check.map(Check::from),
        }
    }
}

impl From<FollowerState> for StateWord {
    fn from(state: FollowerState) -> Self {
        match state {
            FollowerState::Running => Self::Running,
            FollowerState::Retrying => Self::Retrying,
            FollowerState::Failed => Self::Failed,
        }
    }
}

impl From<ShadowStatus> for Rebuild {
    fn from(shadow: ShadowStatus) -> Self {
        Self {
            version: shadow.version,
            position: shadow.position.0,
            lag_events: shadow.lag_events,
            percent: shadow.percent(),
            state: shadow.state.into(),
            error: shadow.error,
        }
    }
}

impl From<CheckStatus> for Check {
    fn from(check: CheckStatus) -> Self {
        Self {
            position: check.position.0,
            checked_at: check.checked_at,
            rows: check.rows,
            rows_different: check.rows_different,
            took_ms: check.took_ms,
        }
    }
}
