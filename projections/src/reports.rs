//! Reports: what people reported, and what became of it.

use chrono::{DateTime, Utc};
use domain::{
    report::{Decision, Reason, SubjectKind},
    values::{Position, ReportId, UserId},
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool, QueryBuilder, Row, postgres::PgRow};

use crate::{
    columns::{number, optional_word, word},
    own_rows::{self, own_rows},
};

mod projector;

pub use projector::ReportsProjector;

/// Whether a report is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum ReportStatus {
    Open,
    Decided,
}

impl ReportStatus {
    /// Every status.
    pub const ALL: [Self; 2] = [Self::Open, Self::Decided];

    /// The word that stands for it in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Decided => "decided",
        }
    }
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// Its id, which is the id of what it is about.
    pub report_id: ReportId,
    /// Who filed it.
    pub owner: UserId,
    /// What it is about.
    pub subject_kind: SubjectKind,
    /// What is wrong with it.
    pub reason: Reason,
    /// In the person's words; `[erased]` once the person was forgotten.
    pub text: Option<String>,
    /// Whether it is answered.
    pub status: ReportStatus,
    /// Until when it is to be.
    pub due_at: DateTime<Utc>,
    /// The answer.
    pub decision: Option<Decision>,
    /// In the operator's words; `[erased]` once the person was forgotten.
    pub note: Option<String>,
    /// Who answered, as the log names actors.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// The sequence of its last event.
    pub sequence: u64,
    /// The position of that event.
    pub position: Position,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
}

impl ReportRow {
    /// Whether it waits for longer than was promised.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.status == ReportStatus::Open && self.due_at < now
    }
}

impl<'r> FromRow<'r, PgRow> for ReportRow {
    fn from_row(row: &'r PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            report_id: ReportId(row.try_get("report_id")?),
            owner: UserId(row.try_get("owner")?),
            subject_kind: word(row, "subject_kind")?,
            reason: word(row, "reason")?,
            text: row.try_get("text")?,
            status: word(row, "status")?,
            due_at: row.try_get("due_at")?,
            decision: optional_word(row, "decision")?,
            note: row.try_get("note")?,
            decided_by: row.try_get("decided_by")?,
            decided_at: row.try_get("decided_at")?,
            sequence: number::<i64, _>(row, "sequence")?,
            position: Position(number::<i64, _>(row, "position")?),
            filed_at: row.try_get("filed_at")?,
        })
    }
}

/// The last report of a list's page; the next page begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of the row")]
pub struct ReportCursor {
    pub filed_at: DateTime<Utc>,
    pub report_id: ReportId,
}

impl From<&ReportRow> for ReportCursor {
    fn from(row: &ReportRow) -> Self {
        Self {
            filed_at: row.filed_at,
            report_id: row.report_id,
        }
    }
}

/// One of a user's reports.
///
/// # Errors
/// When the database is away.
pub async fn own(
    pool: &PgPool,
    owner: UserId,
    report_id: ReportId,
) -> sqlx::Result<Option<ReportRow>> {
    sqlx::query_as(own_rows!(
        "SELECT * FROM reports WHERE owner = $1 AND report_id = $2"
    ))
    .bind(owner.0)
    .bind(report_id.0)
    .fetch_optional(pool)
    .await
}

/// One report, whosever it is: for stewards.
///
/// # Errors
/// When the database is away.
pub async fn by_id(pool: &PgPool, report_id: ReportId) -> sqlx::Result<Option<ReportRow>> {
    sqlx::query_as("SELECT * FROM reports WHERE report_id = $1")
        .bind(report_id.0)
        .fetch_optional(pool)
        .await
}

/// A user's reports, newest first, at most `limit` of them.
///
/// # Errors
/// When the database is away.
pub async fn of_owner(
    pool: &PgPool,
    owner: UserId,
    before: Option<ReportCursor>,
    limit: u32,
) -> sqlx::Result<Vec<ReportRow>> {
    let mut query = own_rows::begin(owner);
    query
        .push("SELECT * FROM reports WHERE owner = ")
        .push_bind(owner.0);
    if let Some(cursor) = before {
        query.push(" AND (filed_at, report_id) < (");
        query.push_bind(cursor.filed_at).push(", ");
        query.push_bind(cursor.report_id.0).push(")");
    }
    query.push(" ORDER BY filed_at DESC, report_id DESC LIMIT ");
    query.push_bind(i64::from(limit));
    own_rows::end(&mut query);
    query.build_query_as().fetch_all(pool).await
}

/// Everybody's reports that stand so, oldest first, at most `limit` of them.
///
/// # Errors
/// When the database is away.
pub async fn queue(
    pool: &PgPool,
    status: ReportStatus,
    after: Option<ReportCursor>,
    limit: u32,
) -> sqlx::Result<Vec<ReportRow>> {
    let mut query = QueryBuilder::new("SELECT * FROM reports WHERE status = ");
    query.push_bind(status.as_str());
    if let Some(cursor) = after {
        query.push(" AND (filed_at, report_id) > (");
        query.push_bind(cursor.filed_at).push(", ");
        query.push_bind(cursor.report_id.0).push(")");
    }
    query.push(" ORDER BY filed_at, report_id LIMIT ");
    query.push_bind(i64::from(limit));
    query.build_query_as().fetch_all(pool).await
}

/// How many reports wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportCounts {
    /// For an answer.
    pub open: u64,
    /// For longer than was promised.
    pub overdue: u64,
}

/// How many reports wait at that time.
///
/// # Errors
/// When the database is away.
pub async fn counts(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<ReportCounts> {
    let row = sqlx::query(
        "SELECT count(*) AS open, count(*) FILTER (WHERE due_at < $2) AS overdue
           FROM reports WHERE status = $1",
    )
    .bind(ReportStatus::Open.as_str())
    .bind(now)
    .fetch_one(pool)
    .await?;
    Ok(ReportCounts {
        open: number::<i64, _>(&row, "open")?,
        overdue: number::<i64, _>(&row, "overdue")?,
    })
}

/// How many reports a user has filed.
///
/// # Errors
/// When the database is away.
pub async fn filed_by(pool: &PgPool, owner: UserId) -> sqlx::Result<u64> {
    let filed: i64 = sqlx::query_scalar("SELECT count(*) FROM reports WHERE owner = $1")
        .bind(owner.0)
        .fetch_one(pool)
        .await?;
    Ok(filed.cast_unsigned())
}
