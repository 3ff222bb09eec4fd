//! How each follower stands: for operators, auditors, readiness and figures.

use chrono::{DateTime, Utc};
use domain::values::Position;
use sqlx::{Row, postgres::PgRow};

use super::Checkpoints;
use crate::{columns::number, rebuild::Purpose};

/// Whether a follower goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type, serde::Serialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum FollowerState {
    /// It follows.
    Running,
    /// Something went wrong a moment ago; it is tried again.
    Retrying,
    /// An event cannot be followed. It waits for an operator, who mends the cause and resumes it.
    Failed,
}

impl FollowerState {
    /// The word that stands for it in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
        }
    }
}

/// How a follower (a projector or a reaction) stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectorStatus {
    /// Its name.
    pub name: String,
    /// The version of what it writes.
    pub version: i32,
    /// The last event that it followed.
    pub position: Position,
    /// How many events it has not followed yet.
    pub lag_events: u64,
    /// The age of the oldest event that it has not followed yet; 0 when there is none.
    pub lag_seconds: f64,
    /// Whether it goes on.
    pub state: FollowerState,
    /// What went wrong, while it is retrying or failed.
    pub error: Option<String>,
    /// The event that went wrong.
    pub failed_position: Option<Position>,
    /// The process that works for it.
    pub holder: Option<String>,
    /// How far its tables are rebuilt, while they are.
    pub rebuild: Option<ShadowStatus>,
    /// How far a check of its tables is, while there is one.
    pub checking: Option<ShadowStatus>,
    /// What the last check of its tables found.
    pub check: Option<CheckStatus>,
}

impl ProjectorStatus {
    /// Whether its tables are of another version than the program's and are read as they are until the rebuild is done.
    pub fn is_outdated(&self) -> bool {
        self.rebuild
            .as_ref()
            .is_some_and(|rebuild| rebuild.version > self.version)
    }
}

/// How tables stand that are filled beside the live ones.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowStatus {
    /// Its name among the followers, as `photos:rebuild`.
    pub name: String,
    /// The version of what fills the tables.
    pub version: i32,
    /// The last event in them.
    pub position: Position,
    /// How many events are missing in them.
    pub lag_events: u64,
    /// Whether it goes on.
    pub state: FollowerState,
    /// What went wrong, while it is retrying or failed.
    pub error: Option<String>,
    /// The event that went wrong.
    pub failed_position: Option<Position>,
    /// The process that works for it; none for one that was interrupted.
    pub holder: Option<String>,
}

impl ShadowStatus {
    /// How much of the log is in the tables: 0 to 100.
    pub fn percent(&self) -> u8 {
        let all = self.position.0 + self.lag_events;
        let percent = (self.position.0.saturating_mul(100)).checked_div(all);
        percent.map_or(100, |percent| u8::try_from(percent).unwrap_or(100))
    }
}

/// What a check of a projector's tables found: they were compared with a fresh copy from the log.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckStatus {
    /// The position that was compared at.
    pub position: Position,
    /// When.
    pub checked_at: DateTime<Utc>,
    /// How many rows the live tables had.
    pub rows: u64,
    /// How many rows were not what the log says, missing or too many.
    pub rows_different: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl Checkpoints {
    /// How each follower stands, by name. `head` is the log's last position.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list(&self, head: Position) -> sqlx::Result<Vec<ProjectorStatus>> {
        let rows = sqlx::query(
            "SELECT f.name, f.version, f.position, f.state, f.error, f.failed_position,
                    CASE WHEN f.lease_until >= clock_timestamp() THEN f.holder END AS holder,
                    coalesce(greatest(extract(epoch FROM clock_timestamp() - next.recorded_at), 0), 0)::float8
                        AS lag_seconds,
                    c.position AS check_position, c.checked_at, c.rows, c.rows_different, c.took_ms
               FROM followers f
               LEFT JOIN events next ON next.position = f.position + 1
               LEFT JOIN projection_checks c ON c.name = f.name
              ORDER BY f.name",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut followers = Vec::new();
        let mut shadows = Vec::new();
        for row in &rows {
            match Purpose::of(row.try_get("name")?) {
                Some((of, purpose)) => shadows.push((of, purpose, shadow(row)?)),
                None => followers.push(follower(row, head)?),
            }
        }
        for (of, purpose, mut shadow) in shadows {
            let Some(follower) = followers.iter_mut().find(|follower| follower.name == of) else {
                continue;
            };
            // What is as the live tables are is filled as far as they are.
            let goal = if shadow.version == follower.version {
                follower.position
            } else {
                head.max(follower.position)
            };
            shadow.lag_events = goal.0.saturating_sub(shadow.position.0);
            match purpose {
                Purpose::Rebuild => follower.rebuild = Some(shadow),
                Purpose::Check => follower.checking = Some(shadow),
            }
        }
        Ok(followers)
    }
}

fn follower(row: &PgRow, head: Position) -> sqlx::Result<ProjectorStatus> {
    let position = Position(number::<i64, _>(row, "position")?);
    Ok(ProjectorStatus {
        name: row.try_get("name")?,
        version: row.try_get("version")?,
        position,
        lag_events: head.0.saturating_sub(position.0),
        lag_seconds: row.try_get("lag_seconds")?,
        state: row.try_get("state")?,
        error: row.try_get("error")?,
        failed_position: failed_position(row)?,
        holder: row.try_get("holder")?,
        rebuild: None,
        checking: None,
        check: check(row)?,
    })
}

fn shadow(row: &PgRow) -> sqlx::Result<ShadowStatus> {
    Ok(ShadowStatus {
        name: row.try_get("name")?,
        version: row.try_get("version")?,
        position: Position(number::<i64, _>(row, "position")?),
        lag_events: 0,
        state: row.try_get("state")?,
        error: row.try_get("error")?,
        failed_position: failed_position(row)?,
        holder: row.try_get("holder")?,
    })
}

fn check(row: &PgRow) -> sqlx::Result<Option<CheckStatus>> {
    let Some(checked_at) = row.try_get("checked_at")? else {
        return Ok(None);
    };
    Ok(Some(CheckStatus {
        position: Position(number::<i64, _>(row, "check_position")?),
        checked_at,
        rows: number::<i64, _>(row, "rows")?,
        rows_different: number::<i64, _>(row, "rows_different")?,
        took_ms: number::<i64, _>(row, "took_ms")?,
    }))
}

fn failed_position(row: &PgRow) -> sqlx::Result<Option<Position>> {
    let failed: Option<i64> = row.try_get("failed_position")?;
    Ok(failed.map(|position| Position(position.cast_unsigned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_of_the_events_to_be_followed() {
        let at = |position, lag_events| ShadowStatus {
            name: "photos:rebuild".to_owned(),
            version: 1,
            position: Position(position),
            lag_events,
            state: FollowerState::Running,
            error: None,
            failed_position: None,
            holder: None,
        };
        assert_eq!(at(0, 7).percent(), 0);
        assert_eq!(at(43, 57).percent(), 43);
        assert_eq!(at(999, 1).percent(), 99, "not 100 before it is done");
        assert_eq!(at(0, 0).percent(), 100, "an empty log");
    }
}
