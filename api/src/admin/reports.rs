//! The queue of reports, what they are about, and deciding them.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    post,
    web::{Data, Path},
};
use application::{context::CommandError, ports::Role};
use chrono::{DateTime, Utc};
use domain::{
    report::{Decision, SubjectKind},
    stewardship,
    values::{DecisionNote, MessageId, PhotoId, ReportId},
};
use projections::{
    messages, photos,
    reports::{self, ReportCursor, ReportRow, ReportStatus},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::State,
    body,
    chat::Message,
    command::CommandRequest,
    documentation::{ConditionalHeaders, ReadHeaders},
    examples,
    idempotency::{Executed, once},
    paging,
    parameters::{self, Parameters},
    photos::Photo,
    positions,
    problem::{BODY, COMMAND, Code, Problem, READ, SIGNED_IN, problems},
    read::ReadRequest,
    reply::Reply,
    reports::{DecisionWord, Report, StatusWord, id},
    steward,
};

/// A page of the queue.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportQueue {
    /// Oldest first.
    items: Vec<AdminReport>,
    /// Where the next page begins; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A report as operators see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminReport {
    #[serde(flatten)]
    report: Report,
    /// Who filed it, and whose it is.
    owner: Uuid,
    /// Whether it waits for longer than was promised.
    overdue: bool,
    /// What the operator said about the decision; null without any.
    note: Option<String>,
    /// Who decided it, as `operator:<id>`; null while it is open.
    decided_by: Option<String>,
}

/// A report with what it is about.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportedContent {
    #[serde(flatten)]
    report: AdminReport,
    /// The picture; null once it is gone, and for a message.
    photo: Option<Photo>,
    /// The message; null for a picture.
    message: Option<Message>,
}

/// An answer to a report.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewDecision {
    decision: DecisionWord,
    /// For other operators; may be left out.
    #[schema(min_length = 1, max_length = 2000)]
    note: Option<String>,
}

impl AdminReport {
    fn of(row: ReportRow, now: DateTime<Utc>) -> Self {
        Self {
            report: Report::of(&row),
            owner: row.owner.0,
            overdue: row.is_overdue(now),
            note: row.note,
            decided_by: row.decided_by,
        }
    }
}

problems!(
    QueueProblems = SIGNED_IN,
    READ,
    &[Code::RoleRequired, Code::Busy]
);

/// List everybody's reports.
///
/// Those that stand so, oldest first, each with its clock. For operators; the view is recorded.
#[utoipa::path(
    tag = "Operator",
    params(
        ("status" = Option<StatusWord>, Query, description = "Only reports that stand so; `open` when it is left out.", nullable = false),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 when it is left out.", minimum = 1, maximum = 100, nullable = false),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", nullable = false),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page of the queue.", headers(
            ("Link" = String, description = "`<…>; rel=\"next\"`: the next page, when there is one."),
        ), body = ReportQueue, example = examples::report_queue),
        QueueProblems,
    ),
)]
#[get("/admin/reports")]
pub(crate) async fn list_report_queue(
    app: Data<State>,
    request: ReadRequest,
    raw: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&raw, Role::Operator).await?;
    let mut parameters = Parameters::of(&raw);
    let status = parameters.query("status", |text| {
        parameters::word(text, &ReportStatus::ALL, ReportStatus::as_str)
    });
    let limit = parameters.query("limit", parameters::limit).unwrap_or(20);
    let after = parameters.query("cursor", paging::report_cursor);
    parameters.finish()?;
    let status = status.unwrap_or(ReportStatus::Open);
    request.seen(&app, positions::REPORT).await?;

    let mut rows = reports::queue(&app.steward_pool, status, after, limit + 1).await?;
    let last = paging::cut(&mut rows, limit).map(ReportCursor::from);
    let next = last.as_ref().map(paging::report_cursor_text);
    let view = stewardship::Command::ViewReports {
        status: Some(status.as_str().to_owned()),
    };
    app.record(context, view).await?;
    let now = app.clock.now();
    let page = ReportQueue {
        items: rows
            .into_iter()
            .map(|row| AdminReport::of(row, now))
            .collect(),
        next_cursor: next.clone(),
    };
    let filters = [("status", Some(status.as_str()))];
    paging::answer(&page, "/admin/reports", &filters, limit, next.as_deref())
}

problems!(
    ContentProblems = SIGNED_IN,
    READ,
    &[Code::RoleRequired, Code::ReportNotFound, Code::Busy]
);

/// Show a report with what it is about.
///
/// The picture or the message, and the person's words are shown, since somebody has to judge them. For operators; the view is recorded.
#[utoipa::path(
    tag = "Operator",
    params(("report_id" = Uuid, Path, description = "The report's id."), ReadHeaders),
    responses(
        (status = 200, description = "The report.", headers(
            ("ETag" = String, description = "The report's version, for `If-Match`."),
        ), body = ReportedContent, example = examples::reported_content),
        ContentProblems,
    ),
)]
#[get("/admin/reports/{report_id}")]
pub(crate) async fn get_reported_content(
    app: Data<State>,
    request: ReadRequest,
    raw: HttpRequest,
    report_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&raw, Role::Operator).await?;
    let report_id = id(&report_id)?;
    request.seen(&app, positions::REPORT).await?;
    request.seen(&app, positions::PHOTO).await?;
    request.seen(&app, positions::CHAT).await?;
    let row = row(&app, report_id).await?;
    let (photo, message) = match row.subject_kind {
        SubjectKind::Photo => (
            photos::by_id(&app.steward_pool, PhotoId(report_id.0)).await?,
            None,
        ),
        SubjectKind::Message => {
            let message_id = MessageId(report_id.0);
            let message = messages::by_id(&app.steward_pool, row.owner, message_id).await?;
            (None, message)
        }
    };
    let view = stewardship::Command::ViewReport { report_id };
    app.record(context, view).await?;
    let sequence = row.sequence;
    let content = ReportedContent {
        report: AdminReport::of(row, app.clock.now()),
        photo: photo.map(|photo| Photo::of(photo, &app.signer())),
        message: message.map(|message| Message::of(message, &app.signer())),
    };
    let reply = Reply::json(StatusCode::OK, &content)?;
    Ok(reply.etag(sequence).respond())
}

problems!(
    DecideProblems = SIGNED_IN,
    COMMAND,
    BODY,
    &[
        Code::RoleRequired,
        Code::ReportNotFound,
        Code::ReportAlreadyDecided,
        Code::ReportNotRemovable,
        Code::PhotoNotFound,
        Code::PhotoAlreadyDelivered,
        Code::PhotoAlreadyFailed,
        Code::PhotoAlreadyRefused,
        Code::PhotoAlreadyCanceled,
        Code::PhotoStillRunning,
        Code::PreconditionFailed,
    ]
);

/// Decide a report.
///
/// What is to be removed goes together with the decision, or the decision is not taken. The same decision twice gives the
/// same answer. For operators.
#[utoipa::path(
    tag = "Operator",
    params(("report_id" = Uuid, Path, description = "The report's id."), ConditionalHeaders),
    request_body(content = NewDecision, example = examples::new_decision),
    responses(
        (status = 200, description = "The decided report.", headers(
            ("ETag" = String, description = "The report's version."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = AdminReport, example = examples::decided_report),
        DecideProblems,
    ),
)]
#[post("/admin/reports/{report_id}/decision")]
pub(crate) async fn decide_report(
    app: Data<State>,
    request: CommandRequest,
    report_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let context = steward::acting(&request, Role::Operator)?;
    let report_id = id(&report_id)?;
    let mut fields = request.fields()?;
    let decision = fields.required("decision", body::text::<Decision>);
    let note = fields.optional("note", body::text::<DecisionNote>);
    fields.finish()?;
    let decision = decision.ok_or_else(|| Problem::plain(Code::InvalidBody))?;
    let execute = async |context| {
        let decided = app.reports.decide(context, report_id, decision, note);
        decided
            .await
            .map(Executed::from)
            .map_err(|error| match error {
                // The report went with whoever filed it.
                CommandError::OwnerErased => Problem::plain(Code::ReportNotFound),
                other => other.into(),
            })
    };
    let answer = async |executed: Executed| {
        let position = executed.position();
        app.seen(positions::REPORT, position).await?;
        app.seen(positions::PHOTO, position).await?;
        let row = row(&app, report_id).await?;
        let sequence = row.sequence;
        let reply = Reply::json(StatusCode::OK, &AdminReport::of(row, app.clock.now()))?;
        Ok(reply.etag(sequence).at(position))
    };
    once(&app, &request, context, execute, answer).await
}

async fn row(app: &State, report_id: ReportId) -> Result<ReportRow, Problem> {
    let row = reports::by_id(&app.steward_pool, report_id).await?;
    row.ok_or_else(|| Problem::plain(Code::ReportNotFound))
}
