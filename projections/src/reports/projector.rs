//! Reports' events → `reports`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    recorded::{AnyEvent, Recorded},
    report::Event,
    values::ReportId,
};
use sqlx::PgConnection;

use super::{ReportRow, ReportStatus};
use crate::{
    columns::{aggregate_id, bigint, column, storable},
    engine::Projector,
    folding::{fold, touched},
};

/// Writes `reports`.
pub struct ReportsProjector;

#[async_trait]
impl Projector for ReportsProjector {
    fn name(&self) -> &'static str {
        "reports"
    }

    fn version(&self) -> i32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["reports"]
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        let known = load(db, &touched(page, concerned, begins)?).await?;
        store(db, &fold(page, known, concerned, apply)?.rest().0).await
    }
}

/// The report that an event is about.
fn concerned(recorded: &Recorded<AnyEvent>) -> sqlx::Result<Option<ReportId>> {
    match &recorded.event {
        AnyEvent::Report(_) => aggregate_id(&recorded.aggregate_id).map(Some),
        AnyEvent::Avatar(_)
        | AnyEvent::Conduct(_)
        | AnyEvent::Conversation(_)
        | AnyEvent::PhotoRequest(_)
        | AnyEvent::Person(_)
        | AnyEvent::Stewardship(_)
        | AnyEvent::Subscription(_) => Ok(None),
    }
}

/// A row is as old as its stream.
const fn begins(recorded: &Recorded<AnyEvent>) -> bool {
    recorded.sequence == 1
}

fn apply(row: Option<ReportRow>, recorded: &Recorded<AnyEvent>) -> Option<ReportRow> {
    let AnyEvent::Report(event) = &recorded.event else {
        return row;
    };
    match event {
        Event::ReportFiled {
            owner,
            subject,
            reason,
            text,
            due_at,
        } => Some(ReportRow {
            report_id: ReportId(subject.id),
            owner: *owner,
            subject_kind: subject.kind,
            reason: *reason,
            text: text.as_ref().map(|text| storable(&text.to_string())),
            status: ReportStatus::Open,
            due_at: *due_at,
            decision: None,
            note: None,
            decided_by: None,
            decided_at: None,
            sequence: recorded.sequence,
            position: recorded.position,
            filed_at: recorded.recorded_at,
        }),
        Event::ReportDecided { decision, note } => Some(ReportRow {
            status: ReportStatus::Decided,
            decision: Some(*decision),
            note: note.as_ref().map(|note| storable(&note.to_string())),
            decided_by: Some(recorded.metadata.actor.clone()),
            decided_at: Some(recorded.recorded_at),
            sequence: recorded.sequence,
            position: recorded.position,
            ..row?
        }),
    }
}

async fn load(
    db: &mut PgConnection,
    ids: &[ReportId],
) -> sqlx::Result<BTreeMap<ReportId, ReportRow>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<ReportRow> = sqlx::query_as("SELECT * FROM reports WHERE report_id = ANY($1)")
        .bind(column(ids, |id| id.0))
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.report_id, row)).collect())
}

async fn store(db: &mut PgConnection, rows: &[ReportRow]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO reports (report_id, owner, subject_kind, reason, text, status, due_at, decision, note, decided_by,
                              decided_at, sequence, position, filed_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
                              $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::bigint[], $13::bigint[],
                              $14::timestamptz[])
         ON CONFLICT (report_id) DO UPDATE SET
             owner = excluded.owner, subject_kind = excluded.subject_kind, reason = excluded.reason,
             text = excluded.text, status = excluded.status, due_at = excluded.due_at, decision = excluded.decision,
             note = excluded.note, decided_by = excluded.decided_by, decided_at = excluded.decided_at,
             sequence = excluded.sequence, position = excluded.position, filed_at = excluded.filed_at",
    )
    .bind(column(rows, |row| row.report_id.0))
    .bind(column(rows, |row| row.owner.0))
    .bind(column(rows, |row| row.subject_kind.as_str()))
    .bind(column(rows, |row| row.reason.as_str()))
    .bind(column(rows, |row| row.text.as_deref()))
    .bind(column(rows, |row| row.status.as_str()))
    .bind(column(rows, |row| row.due_at))
    .bind(column(rows, |row| row.decision.map(|decision| decision.as_str())))
    .bind(column(rows, |row| row.note.as_deref()))
    .bind(column(rows, |row| row.decided_by.as_deref()))
    .bind(column(rows, |row| row.decided_at))
    .bind(column(rows, |row| bigint(row.sequence)))
    .bind(column(rows, |row| bigint(row.position.0)))
    .bind(column(rows, |row| row.filed_at))
    .execute(db)
    .await?;
    Ok(())
}
