//! Everybody's photos as operators see them: how each one stands, not what it shows.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    post,
    web::{Data, Path},
};
use application::ports::Role;
use chrono::{DateTime, Utc};
use domain::{
    photo_request::FailureClass,
    stewardship,
    values::{PhotoId, Position},
};
use projections::photos::{self, PhotoCursor, PhotoRow, PhotoStatus};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::State,
    command::CommandRequest,
    cursor,
    documentation::{ConditionalHeaders, ReadHeaders},
    examples,
    idempotency::{Executed, once},
    paging,
    parameters::{self, Parameters},
    photos::{PhotoStatusWord, PurposeWord},
    positions,
    problem::{COMMAND, Code, Problem, READ, SIGNED_IN, problems},
    read::ReadRequest,
    reply::Reply,
    steward,
};

/// A page of photos.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminPhotoPage {
    /// Newest first.
    items: Vec<AdminPhoto>,
    /// Where the next page begins; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// How somebody's picture stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminPhoto {
    id: Uuid,
    /// Whose it is.
    owner: Uuid,
    #[schema(value_type = PurposeWord)]
    purpose: &'static str,
    #[schema(value_type = PhotoStatusWord)]
    status: &'static str,
    /// How many attempts at it were started.
    attempts: u32,
    /// Why there is none, when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failure: Option<AdminFailure>,
    /// The rules about content that speak against it, when it was refused.
    rules: Vec<String>,
    requested_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    delivered_at: Option<DateTime<Utc>>,
}

/// Why a picture failed, in the worker's words.
#[derive(Serialize, ToSchema)]
struct AdminFailure {
    #[schema(value_type = crate::photos::FailureCode)]
    code: &'static str,
    /// As the worker or the provider said it.
    detail: String,
    /// Whether it can be tried again.
    retryable: bool,
}

impl AdminPhoto {
    pub(super) fn of(row: PhotoRow) -> Self {
        let failed = row.status == PhotoStatus::Failed;
        Self {
            id: row.photo_id.0,
            owner: row.owner.0,
            purpose: row.purpose.as_str(),
            status: row.status.as_str(),
            attempts: row.attempts,
            failure: row.failure.filter(|_| failed).map(|failure| AdminFailure {
                code: failure.class.as_str(),
                detail: failure.reason,
                retryable: failure.class != FailureClass::Content,
            }),
            rules: row.rules,
            requested_at: row.requested_at,
            delivered_at: row.delivered_at,
        }
    }
}

problems!(
    ListProblems = SIGNED_IN,
    READ,
    &[Code::RoleRequired, Code::Busy]
);

/// List everybody's photos.
///
/// Those that stand so, newest first. Without words and pictures. For operators; the view is recorded.
#[utoipa::path(
    tag = "Operator",
    params(
        ("status" = Option<PhotoStatusWord>, Query, description = "Only photos that stand so; `failed` when it is left out.", nullable = false),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 when it is left out.", minimum = 1, maximum = 100, nullable = false),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", nullable = false),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page of photos.", headers(
            ("Link" = String, description = "`<…>; rel=\"next\"`: the next page, when there is one."),
        ), body = AdminPhotoPage, example = examples::admin_photos),
        ListProblems,
    ),
)]
#[get("/admin/photos")]
pub(crate) async fn list_photos_of_everybody(
    app: Data<State>,
    request: ReadRequest,
    raw: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&raw, Role::Operator).await?;
    let mut parameters = Parameters::of(&raw);
    let status = parameters.query("status", |text| {
        parameters::word(text, &PhotoStatus::ALL, PhotoStatus::as_str)
    });
    let limit = parameters.query("limit", parameters::limit).unwrap_or(20);
    let before = parameters.query("cursor", cursor::decode);
    parameters.finish()?;
    let status = status.unwrap_or(PhotoStatus::Failed);
    request.seen(&app, positions::PHOTO).await?;

    let mut rows = photos::of_everybody(&app.steward_pool, status, before, limit + 1).await?;
    let next = paging::cut(&mut rows, limit).map(|row| cursor::encode(&PhotoCursor::from(row)));
    let view = stewardship::Command::ViewPhotos {
        status: Some(status.as_str().to_owned()),
    };
    app.record(context, view).await?;
    let page = AdminPhotoPage {
        items: rows.into_iter().map(AdminPhoto::of).collect(),
        next_cursor: next.clone(),
    };
    let filters = [("status", Some(status.as_str()))];
    paging::answer(&page, "/admin/photos", &filters, limit, next.as_deref())
}

problems!(
    RetryProblems = SIGNED_IN,
    COMMAND,
    &[
        Code::RoleRequired,
        Code::PhotoNotFound,
        Code::PhotoAlreadyDelivered,
        Code::PhotoAlreadyRefused,
        Code::PhotoAlreadyCanceled,
        Code::PreconditionFailed,
    ]
);

/// Try a failed photo again.
///
/// As if it had been asked for now; nothing is taken out of its person's quota, since what failed has been given back.
/// A photo that is being made stays as it is. What the content was to blame for is not tried again. For operators.
#[utoipa::path(
    tag = "Operator",
    params(("photo_id" = Uuid, Path, description = "The photo's id."), ConditionalHeaders),
    responses(
        (status = 202, description = "It will be tried again.", headers(
            ("ETag" = String, description = "The photo's version."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = AdminPhoto, example = examples::retried_photo),
        RetryProblems,
    ),
)]
#[post("/admin/photos/{photo_id}/retry")]
pub(crate) async fn retry_photo(
    app: Data<State>,
    request: CommandRequest,
    photo_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let context = steward::acting(&request, Role::Operator)?;
    let photo_id = id(&photo_id)?;
    let execute = async |context| {
        Ok(app
            .stewardships
            .retry_photo(context, photo_id)
            .await?
            .into())
    };
    let answer = async |executed: Executed| {
        shown(&app, photo_id, executed.position(), StatusCode::ACCEPTED).await
    };
    once(&app, &request, context, execute, answer).await
}

problems!(
    CancelProblems = SIGNED_IN,
    COMMAND,
    &[
        Code::RoleRequired,
        Code::PhotoNotFound,
        Code::PhotoAlreadyDelivered,
        Code::PhotoAlreadyFailed,
        Code::PhotoAlreadyRefused,
        Code::PreconditionFailed,
    ]
);

/// Cancel anybody's photo.
///
/// Gives its place in the quota back. Twice gives the same answer. For operators.
#[utoipa::path(
    tag = "Operator",
    params(("photo_id" = Uuid, Path, description = "The photo's id."), ConditionalHeaders),
    responses(
        (status = 200, description = "The canceled photo.", headers(
            ("ETag" = String, description = "The photo's version."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = AdminPhoto, example = examples::photo_canceled_by_operator),
        CancelProblems,
    ),
)]
#[post("/admin/photos/{photo_id}/cancel")]
pub(crate) async fn cancel_photo_of_anybody(
    app: Data<State>,
    request: CommandRequest,
    photo_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let context = steward::acting(&request, Role::Operator)?;
    let photo_id = id(&photo_id)?;
    let execute = async |context| {
        Ok(app
            .stewardships
            .cancel_photo(context, photo_id)
            .await?
            .into())
    };
    let answer =
        async |executed: Executed| shown(&app, photo_id, executed.position(), StatusCode::OK).await;
    once(&app, &request, context, execute, answer).await
}

/// A path's photo id. A text that is none names a photo that does not exist.
fn id(text: &str) -> Result<PhotoId, Problem> {
    text.parse()
        .map_err(|_| Problem::plain(Code::PhotoNotFound))
}

async fn shown(
    app: &State,
    photo_id: PhotoId,
    position: Position,
    status: StatusCode,
) -> Result<Reply, Problem> {
    app.seen(positions::PHOTO, position).await?;
    let row = photos::by_id(&app.steward_pool, photo_id).await?;
    let row = row.ok_or_else(|| Problem::plain(Code::PhotoNotFound))?;
    let sequence = row.sequence;
    let reply = Reply::json(status, &AdminPhoto::of(row))?;
    Ok(reply.etag(sequence).at(position))
}
