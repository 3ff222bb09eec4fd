//! Reports: say that something should not be there, and see what became of it.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    post,
    web::{Data, Path},
};
use application::reports::{Complaint, FileReportError, Reported};
use chrono::{DateTime, Utc};
use domain::{
    report::{Reason, Subject, SubjectKind},
    values::{Invalid, MessageId, PhotoId, ReportId, ReportText, UserId},
};
use projections::{
    messages,
    reports::{self, ReportCursor, ReportRow},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::State,
    body,
    command::CommandRequest,
    documentation::{CommandHeaders, ReadHeaders},
    examples,
    idempotency::{Executed, once},
    paging,
    parameters::{self, Parameters},
    positions,
    problem::{BODY, COMMAND, Code, Problem, READ, SIGNED_IN, problems},
    read::ReadRequest,
    reply::Reply,
};

/// Something that is reported.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewReport {
    subject: ReportSubject,
    reason: ReasonWord,
    /// In the person's own words; may be left out.
    #[schema(min_length = 1, max_length = 2000)]
    text: Option<String>,
}

/// What a report is about.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportSubject {
    #[schema(value_type = SubjectWord)]
    pub(crate) kind: String,
    /// The photo's id, where a reference picture is a photo; or the id of a message of the person's or the companion's.
    pub(crate) id: Uuid,
}

/// What can be reported.
#[derive(ToSchema)]
#[schema(as = ReportSubjectKind, rename_all = "kebab-case")]
#[expect(dead_code, reason = "describes the words, which the domain writes")]
enum SubjectWord {
    Photo,
    Message,
}

/// What is wrong with it.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReportReason)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ReasonWord {
    /// Somebody looks or is younger than twenty.
    Minor,
    /// It shows somebody who exists.
    RealPerson,
    /// Nudity or sexual acts.
    Sexual,
    /// Somebody is forced, or cannot consent.
    NonConsent,
    Violence,
    Hate,
    SelfHarm,
    Other,
}

/// Whether a report is answered.
#[derive(ToSchema)]
#[schema(as = ReportStatus, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words, which the read model writes")]
pub(crate) enum StatusWord {
    Open,
    Decided,
}

/// What was decided: nothing is wrong with it; it was removed; or somebody else has to look, outside of this system.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReportDecision)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DecisionWord {
    Dismissed,
    ContentRemoved,
    Escalated,
}

/// Something that was reported, and what became of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Report {
    /// The id of what it is about: there is one report about one thing.
    id: Uuid,
    subject: ReportSubject,
    #[schema(value_type = ReasonWord)]
    reason: &'static str,
    /// In the person's words; null without any.
    text: Option<String>,
    #[schema(value_type = StatusWord)]
    status: &'static str,
    /// Null while it is open.
    #[schema(value_type = Option<DecisionWord>)]
    decision: Option<&'static str>,
    filed_at: DateTime<Utc>,
    /// Until then it is to be decided.
    due_at: DateTime<Utc>,
    decided_at: Option<DateTime<Utc>>,
}

impl Report {
    pub(crate) fn of(row: &ReportRow) -> Self {
        Self {
            id: row.report_id.0,
            subject: ReportSubject {
                kind: row.subject_kind.as_str().to_owned(),
                id: row.report_id.0,
            },
            reason: row.reason.as_str(),
            text: row.text.clone(),
            status: row.status.as_str(),
            decision: row.decision.map(|decision| decision.as_str()),
            filed_at: row.filed_at,
            due_at: row.due_at,
            decided_at: row.decided_at,
        }
    }
}

/// A page of reports.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportPage {
    /// Newest first.
    items: Vec<Report>,
    /// Where the next page begins; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

problems!(
    FileProblems = SIGNED_IN,
    COMMAND,
    BODY,
    &[Code::ReportSubjectNotFound, Code::ReportAlreadyDecided]
);

/// Report something.
///
/// One of the person's own pictures, or something that they or their companion said. An operator looks at it within the time that `due_at` says. Reported again while it
/// is open, the report stays as it is.
#[utoipa::path(
    tag = "Reports",
    params(CommandHeaders),
    request_body(content = NewReport, example = examples::new_report),
    responses(
        (status = 201, description = "It is reported.", headers(
            ("Location" = String, description = "Where the report is: `/reports/{report_id}`."),
            ("ETag" = String, description = "The report's version."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Report, example = examples::report),
        FileProblems,
    ),
)]
#[post("/reports")]
pub(crate) async fn file_report(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let mut fields = request.fields()?;
    let subject = fields.required("subject", subject);
    let reason = fields.required("reason", body::text::<Reason>);
    let text = fields.optional("text", body::text::<ReportText>);
    fields.finish()?;
    let (Some(subject), Some(reason)) = (subject, reason) else {
        return Err(Problem::plain(Code::InvalidBody));
    };
    let user = request.caller.user;
    let execute = async |context| {
        let complaint = Complaint {
            about: found(&app, user, subject).await?,
            reason,
            text,
        };
        Ok(app.reports.file(context, complaint).await?.into())
    };
    let answer = async |executed: Executed| {
        let position = executed.position();
        app.seen(positions::REPORT, position).await?;
        let row = own_row(&app, user, ReportId(subject.id)).await?;
        let reply = Reply::json(StatusCode::CREATED, &Report::of(&row))?;
        Ok(reply
            .location(&format!("/reports/{}", row.report_id))
            .etag(row.sequence)
            .at(position))
    };
    once(
        &app,
        &request,
        request.unconditional_context(),
        execute,
        answer,
    )
    .await
}

problems!(ListProblems = SIGNED_IN, READ);

/// List one's reports.
///
/// Newest first.
#[utoipa::path(
    tag = "Reports",
    params(
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 when it is left out.", minimum = 1, maximum = 100, nullable = false),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", nullable = false),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page of reports.", headers(
            ("Link" = String, description = "`<…>; rel=\"next\"`: the next page, when there is one."),
        ), body = ReportPage, example = examples::reports),
        ListProblems,
    ),
)]
#[get("/reports")]
pub(crate) async fn list_reports(
    app: Data<State>,
    request: ReadRequest,
    raw: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&raw);
    let limit = parameters.query("limit", parameters::limit).unwrap_or(20);
    let before = parameters.query("cursor", paging::report_cursor);
    parameters.finish()?;
    request.seen(&app, positions::REPORT).await?;
    let mut rows = reports::of_owner(&app.pool, request.user, before, limit + 1).await?;
    let last = paging::cut(&mut rows, limit).map(ReportCursor::from);
    let next = last.as_ref().map(paging::report_cursor_text);
    let page = ReportPage {
        items: rows.iter().map(Report::of).collect(),
        next_cursor: next.clone(),
    };
    paging::answer(&page, "/reports", &[], limit, next.as_deref())
}

problems!(GetProblems = SIGNED_IN, READ, &[Code::ReportNotFound]);

/// Show one of one's reports.
///
/// It says what became of it as soon as an operator has decided.
#[utoipa::path(
    tag = "Reports",
    params(("report_id" = Uuid, Path, description = "The report's id: the id of what it is about."), ReadHeaders),
    responses(
        (status = 200, description = "The report.", headers(
            ("ETag" = String, description = "The report's version."),
        ), body = Report, example = examples::report),
        GetProblems,
    ),
)]
#[get("/reports/{report_id}")]
pub(crate) async fn get_report(
    app: Data<State>,
    request: ReadRequest,
    report_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let report_id = id(&report_id)?;
    request.seen(&app, positions::REPORT).await?;
    let row = own_row(&app, request.user, report_id).await?;
    let reply = Reply::json(StatusCode::OK, &Report::of(&row))?;
    Ok(reply.etag(row.sequence).respond())
}

/// A path's report id. A text that is none names a report that does not exist.
pub(crate) fn id(text: &str) -> Result<ReportId, Problem> {
    text.parse()
        .map_err(|_| Problem::plain(Code::ReportNotFound))
}

async fn own_row(app: &State, user: UserId, report_id: ReportId) -> Result<ReportRow, Problem> {
    reports::own(&app.pool, user, report_id)
        .await?
        .ok_or_else(|| Problem::plain(Code::ReportNotFound))
}

/// Where the subject is. A message is looked for where its person may have read it.
async fn found(app: &State, user: UserId, subject: Subject) -> Result<Reported, Problem> {
    match subject.kind {
        SubjectKind::Photo => Ok(Reported::Photo(PhotoId(subject.id))),
        SubjectKind::Message => {
            let message_id = MessageId(subject.id);
            let message = messages::by_id(&app.pool, user, message_id).await?;
            let message = message.ok_or(FileReportError::SubjectNotFound)?;
            Ok(Reported::Message {
                message_id,
                segment: message.row.conversation,
            })
        }
    }
}

fn subject(value: &Value) -> Result<Subject, Invalid> {
    let malformed =
        || Invalid("must be {\"kind\": \"photo\" or \"message\", \"id\": a UUID}".to_owned());
    let read: ReportSubject = serde_json::from_value(value.clone()).map_err(|_| malformed())?;
    Ok(Subject {
        kind: read.kind.parse().map_err(|_| malformed())?,
        id: read.id,
    })
}

impl From<FileReportError> for Problem {
    fn from(error: FileReportError) -> Self {
        match error {
            FileReportError::SubjectNotFound => Self::plain(Code::ReportSubjectNotFound),
            FileReportError::Command(error) => error.into(),
        }
    }
}
