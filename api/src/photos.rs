//! Photos: ask for them, look at them, cancel and delete them.

mod image;
mod list;
mod resource;

use std::time::{Duration, Instant};

use actix_web::{
    HttpRequest, HttpResponse, delete, get,
    http::StatusCode,
    post,
    web::{Data, Path},
};
use application::{content::Refusal, photos::RequestPhotoError};
use domain::{
    photo_request::{self, Purpose},
    recorded::AnyEvent,
    subscription,
    values::{PhotoId, Position, Scene, UserId},
};
use projections::photos;
use serde::Deserialize;
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use image::get_image;
pub(crate) use list::list_photos;
pub(crate) use resource::{Failure, FailureCode, Photo, PhotoStatusWord, PurposeWord};

use crate::{
    app::State,
    as_of::{AsOf, AsOfParameters},
    body,
    command::CommandRequest,
    documentation::{CommandHeaders, ConditionalHeaders, ReadHeaders},
    examples,
    idempotency::{Executed, once},
    positions,
    problem::{BODY, COMMAND, Code, GATE, Problem, READ, SIGNED_IN, problems},
    read::ReadRequest,
    reply::Reply,
};

/// How long a command on a photo waits until the wish for it is recorded; less than its time, so that it hears why.
const RECORDED_WITHIN: Duration = Duration::from_millis(1400);

/// A picture that is wished for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewPhoto {
    /// What the picture should show, in the person's words.
    #[schema(min_length = 1, max_length = 500)]
    scene: String,
}

problems!(
    RequestProblems = SIGNED_IN,
    COMMAND,
    BODY,
    GATE,
    &[
        Code::PhotoQuotaExhausted,
        Code::AvatarNotReady,
        Code::ContentRefused,
        Code::ContentCoolDown,
    ]
);

/// Ask for a picture.
///
/// The avatar in a scene. It takes one picture out of the plan's quota, which comes back when the picture
/// cannot be made. Needs an open subscription and an approved reference picture.
#[utoipa::path(
    tag = "Photos",
    params(CommandHeaders),
    request_body(content = NewPhoto, example = examples::new_photo),
    responses(
        (status = 202, description = "The picture is being made; `/updates` tells when it is there.", headers(
            ("Location" = String, description = "Where the photo is: `/photos/{photo_id}`."),
            ("ETag" = String, description = "The photo's version."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Photo, example = examples::requested_photo),
        RequestProblems,
    ),
)]
#[post("/photos")]
pub(crate) async fn request_photo(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let mut fields = request.fields()?;
    let scene = fields.required("scene", body::text::<Scene>);
    fields.finish()?;
    let scene = scene.ok_or_else(|| Problem::plain(Code::InvalidBody))?;
    let user = request.caller.user;
    let execute = async |context| {
        let photo_id = PhotoId(Uuid::now_v7());
        match app.photos.request_scene(context, photo_id, scene).await {
            Ok(receipt) => Ok(Executed::of(&receipt, photo_id)),
            Err(error @ RequestPhotoError::Gate(_)) => {
                Err(app.explain_gate(user, error.into()).await)
            }
            Err(RequestPhotoError::ContentRefused { refusal, position }) => {
                Err(app.refused(refusal, &request.locale).at_position(position))
            }
            Err(error) => Err(error.into()),
        }
    };
    let answer = async |executed| accepted(&app, user, executed).await;
    once(
        &app,
        &request,
        request.unconditional_context(),
        execute,
        answer,
    )
    .await
}

problems!(GetProblems = SIGNED_IN, READ, GATE, &[Code::PhotoNotFound]);

/// Show a photo.
///
/// A reference picture is always shown, a picture of a scene to subscribers. With `as_of_position` or `as_of`: as it was
/// answered then, also when it was deleted since; its addresses are today's, and lead nowhere then.
#[utoipa::path(
    tag = "Photos",
    params(("photo_id" = Uuid, Path, description = "The photo's id."), AsOfParameters, ReadHeaders),
    responses(
        (status = 200, description = "The photo.", headers(
            ("ETag" = String, description = "The photo's version, for `If-Match`."),
        ), body = Photo, example = examples::photo),
        GetProblems,
    ),
)]
#[get("/photos/{photo_id}")]
pub(crate) async fn get_photo(
    app: Data<State>,
    request: ReadRequest,
    raw: HttpRequest,
    photo_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let photo_id = id(&photo_id)?;
    let as_of = AsOf::of(&raw)?;
    let user = request.user;
    let row = match as_of.point(&app).await? {
        Some(point) => {
            request.seen(&app, positions::PHOTO).await?;
            app.past(point).photo(user, photo_id).await?
        }
        None => {
            let own = async |pool: &PgPool| photos::own(pool, user, photo_id).await;
            request.ask(&app, positions::PHOTO, own).await?
        }
    };
    let row = row.ok_or_else(|| Problem::plain(Code::PhotoNotFound))?;
    if row.purpose == Purpose::Scene {
        app.pass_gate(user).await?;
    }
    Ok(shown(&app, row, StatusCode::OK)?.respond())
}

problems!(
    CancelProblems = SIGNED_IN,
    COMMAND,
    &[
        Code::PhotoNotFound,
        Code::PhotoAlreadyDelivered,
        Code::PhotoAlreadyFailed,
        Code::PhotoAlreadyRefused,
        Code::PreconditionFailed,
    ]
);

/// Cancel a photo.
///
/// Gives its place in the quota back. Twice gives the same answer.
#[utoipa::path(
    tag = "Photos",
    params(("photo_id" = Uuid, Path, description = "The photo's id."), ConditionalHeaders),
    responses(
        (status = 200, description = "The canceled photo.", headers(
            ("ETag" = String, description = "The photo's version."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Photo, example = examples::canceled_photo),
        CancelProblems,
    ),
)]
#[post("/photos/{photo_id}/cancel")]
pub(crate) async fn cancel_photo(
    app: Data<State>,
    request: CommandRequest,
    photo_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let photo_id = id(&photo_id)?;
    let user = request.caller.user;
    let execute = async |context| {
        own_request(&app, user, photo_id).await?;
        Ok(app.photos.cancel(context, photo_id).await?.into())
    };
    let answer = async |executed: Executed| {
        app.seen(positions::PHOTO, executed.position()).await?;
        let row = own_row(&app, user, photo_id).await?;
        Ok(shown(&app, row, StatusCode::OK)?.at(executed.position()))
    };
    once(&app, &request, request.context(), execute, answer).await
}

problems!(
    DeleteProblems = SIGNED_IN,
    COMMAND,
    &[
        Code::PhotoNotFound,
        Code::PhotoStillRunning,
        Code::PreconditionFailed,
    ]
);

/// Delete a photo.
///
/// Its files go, its history stays. A photo that is still being made must be canceled first. Twice gives the same answer.
#[utoipa::path(
    tag = "Photos",
    params(("photo_id" = Uuid, Path, description = "The photo's id."), ConditionalHeaders),
    responses(
        (status = 204, description = "It is gone.", headers(
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        )),
        DeleteProblems,
    ),
)]
#[delete("/photos/{photo_id}")]
pub(crate) async fn delete_photo(
    app: Data<State>,
    request: CommandRequest,
    photo_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let photo_id = id(&photo_id)?;
    let user = request.caller.user;
    let execute = async |context| {
        own_request(&app, user, photo_id).await?;
        Ok(app.photos.delete(context, photo_id).await?.into())
    };
    let answer = async |executed: Executed| {
        app.seen(positions::PHOTO, executed.position()).await?;
        Ok(Reply::empty().at(executed.position()))
    };
    once(&app, &request, request.context(), execute, answer).await
}

/// A path's photo id. A text that is none names a photo that does not exist.
fn id(text: &str) -> Result<PhotoId, Problem> {
    text.parse()
        .map_err(|_| Problem::plain(Code::PhotoNotFound))
}

/// The photo as the read model has it, when it is the user's.
async fn own_row(
    app: &State,
    user: UserId,
    photo_id: PhotoId,
) -> Result<photos::PhotoRow, Problem> {
    photos::own(&app.pool, user, photo_id)
        .await?
        .ok_or_else(|| Problem::plain(Code::PhotoNotFound))
}

/// Returns once there is a photo request of the user's in the log.
///
/// For a moment after the avatar asked for a reference picture only the read model knows of the photo; then
/// this waits until the request is recorded, so that nobody hears that their own photo does not exist.
async fn own_request(app: &State, user: UserId, photo_id: PhotoId) -> Result<(), Problem> {
    let deadline = Instant::now() + RECORDED_WITHIN;
    loop {
        if let Some(job) = app.photos.job(photo_id).await? {
            return if job.owner == user {
                Ok(())
            } else {
                Err(Problem::plain(Code::PhotoNotFound))
            };
        }
        own_row(app, user, photo_id).await?;
        if Instant::now() > deadline {
            return Err(Problem::plain(Code::Busy));
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// The answer to a wish for a picture.
pub(crate) async fn accepted(
    app: &State,
    user: UserId,
    executed: Executed<PhotoId>,
) -> Result<Reply, Problem> {
    let position = executed.position();
    let photo_id = match executed {
        Executed::Now { made, .. } => made,
        Executed::Earlier { .. } => photo_wished_for_at(app, user, position).await?,
    };
    app.seen(positions::PHOTO, position).await?;
    let row = own_row(app, user, photo_id).await?;
    let reply = shown(app, row, StatusCode::ACCEPTED)?;
    Ok(reply.location(&format!("/photos/{photo_id}")).at(position))
}

/// Which photo the wish was for whose last event has that position; a refused wish is refused again.
async fn photo_wished_for_at(
    app: &State,
    user: UserId,
    position: Position,
) -> Result<PhotoId, Problem> {
    let recorded = app.log.event_of(user, position).await?;
    let photo_id = recorded.and_then(|recorded| match recorded.event {
        AnyEvent::PhotoRequest(photo_request::Event::PhotoRefused { rules }) => {
            let problem = Problem::content_refused(Refusal::by(rules), None);
            Some(Err(problem.at_position(position)))
        }
        AnyEvent::PhotoRequest(_) => recorded.aggregate_id.parse().ok().map(Ok),
        AnyEvent::Avatar(domain::avatar::Event::ReferenceImageRequested { photo_id })
        | AnyEvent::Subscription(subscription::Event::PhotoReserved { photo_id, .. }) => {
            Some(Ok(photo_id))
        }
        AnyEvent::Avatar(_)
        | AnyEvent::Conduct(_)
        | AnyEvent::Conversation(_)
        | AnyEvent::Report(_)
        | AnyEvent::Person(_)
        | AnyEvent::Stewardship(_)
        | AnyEvent::Subscription(_) => None,
    });
    // An idempotency key is claimed in the append of the wish itself: nothing else can stand there.
    photo_id.unwrap_or_else(|| Err(Problem::plain(Code::InternalError)))
}

fn shown(app: &State, row: photos::PhotoRow, status: StatusCode) -> Result<Reply, Problem> {
    let sequence = row.sequence;
    let reply = Reply::json(status, &Photo::of(row, &app.signer()))?;
    Ok(reply.etag(sequence))
}
