//! The avatar: design it, change it, give it a face.

mod profile;
mod resource;

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, patch, post, web::Data};
use application::avatars::ProfileError;
use domain::values::{AvatarId, PhotoId, UserId};
use sqlx::PgPool;
use uuid::Uuid;

pub(crate) use resource::Avatar;

use self::profile::{ApproveReferenceImage, AvatarChanges, NewAvatar};
use crate::{
    app::State,
    as_of::{AsOf, AsOfParameters},
    body,
    command::CommandRequest,
    documentation::{CommandHeaders, ConditionalHeaders, ReadHeaders},
    examples,
    idempotency::{Executed, once},
    photos::{self, Photo},
    positions,
    problem::{BODY, COMMAND, Code, Problem, READ, SIGNED_IN, problems},
    read::ReadRequest,
    reply::Reply,
};

problems!(
    CreateProblems = SIGNED_IN,
    COMMAND,
    BODY,
    &[
        Code::AvatarExists,
        Code::ContentRefused,
        Code::ContentCoolDown,
    ]
);

/// Design the avatar.
///
/// Everybody has one. It starts without a picture: ask for one with `POST /avatars/me/reference-image`.
/// Needs no subscription.
#[utoipa::path(
    tag = "Avatar",
    params(CommandHeaders),
    request_body(content = NewAvatar, example = examples::new_avatar),
    responses(
        (status = 201, description = "The avatar.", headers(
            ("Location" = String, description = "Where the avatar is: `/avatars/me`."),
            ("ETag" = String, description = "The avatar's version."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Avatar, example = examples::fresh_avatar),
        CreateProblems,
    ),
)]
#[post("/avatars")]
pub(crate) async fn create_avatar(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let profile = profile::of_new(request.fields()?)?;
    let execute = async |context| {
        let avatar_id = AvatarId(Uuid::now_v7());
        match app.avatars.create(context, avatar_id, profile).await {
            Ok(receipt) => Ok(receipt.into()),
            Err(error) => Err(profile_problem(&app, error, &request.locale)),
        }
    };
    let answer = async |executed| {
        let reply = reply(&app, &request, StatusCode::CREATED, executed).await?;
        Ok(reply.location("/avatars/me"))
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

problems!(
    GetProblems = SIGNED_IN,
    READ,
    &[Code::AvatarNotFound, Code::PersonErased, Code::Busy]
);

/// Show the avatar.
///
/// 404 `avatar-not-found` means that this person has not designed one yet. With `as_of_position` or `as_of`: as it was
/// answered then. The addresses of pictures are today's, also of those that were deleted since and are not there any more.
#[utoipa::path(
    tag = "Avatar",
    params(AsOfParameters, ReadHeaders),
    responses(
        (status = 200, description = "The avatar.", headers(
            ("ETag" = String, description = "The avatar's version, for `If-Match`."),
        ), body = Avatar, example = examples::avatar),
        GetProblems,
    ),
)]
#[get("/avatars/me")]
pub(crate) async fn get_avatar(
    app: Data<State>,
    request: ReadRequest,
    raw: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let as_of = AsOf::of(&raw)?;
    let user = request.user;
    let avatar = match as_of.point(&app).await? {
        Some(point) => {
            request.seen(&app, positions::AVATAR).await?;
            Avatar::past(&app, user, point).await?
        }
        None => {
            let read = async |pool: &PgPool| Avatar::read_from(pool, &app, user).await;
            request.ask(&app, positions::AVATAR, read).await?
        }
    };
    let reply = shown(&app, user, avatar, StatusCode::OK).await?;
    Ok(reply.respond())
}

problems!(
    ChangeProblems = SIGNED_IN,
    COMMAND,
    BODY,
    &[
        Code::AvatarNotFound,
        Code::PreconditionFailed,
        Code::ContentRefused,
        Code::ContentCoolDown,
    ]
);

/// Change the avatar.
///
/// Send the fields that change; the others stay. Pictures that exist do not change.
#[utoipa::path(
    tag = "Avatar",
    params(ConditionalHeaders),
    request_body(content = AvatarChanges, example = examples::avatar_changes),
    responses(
        (status = 200, description = "The avatar as it is now.", headers(
            ("ETag" = String, description = "The avatar's version."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Avatar, example = examples::avatar),
        ChangeProblems,
    ),
)]
#[patch("/avatars/me")]
pub(crate) async fn change_avatar(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let changes = profile::of_changes(request.fields()?)?;
    let execute = async |context| match app.avatars.change(context, changes).await {
        Ok(receipt) => Ok(receipt.into()),
        Err(error) => Err(profile_problem(&app, error, &request.locale)),
    };
    let answer = async |executed| reply(&app, &request, StatusCode::OK, executed).await;
    once(&app, &request, request.context(), execute, answer).await
}

problems!(
    RequestReferenceProblems = SIGNED_IN,
    COMMAND,
    &[Code::AvatarNotFound, Code::PreconditionFailed]
);

/// Ask for a reference picture.
///
/// The portrait that every later picture follows. Asking again makes another one; the earlier ones stay in
/// `reference_history`, and the avatar follows whichever was approved last. Needs no subscription.
/// `If-Match` takes the avatar's `ETag`.
#[utoipa::path(
    tag = "Avatar",
    params(ConditionalHeaders),
    responses(
        (status = 202, description = "The picture is being made; `/updates` tells when it is there.", headers(
            ("Location" = String, description = "Where the photo is: `/photos/{photo_id}`."),
            ("ETag" = String, description = "The photo's version."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Photo, example = examples::requested_reference),
        RequestReferenceProblems,
    ),
)]
#[post("/avatars/me/reference-image")]
pub(crate) async fn request_reference_image(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let execute = async |context| {
        let photo_id = PhotoId(Uuid::now_v7());
        let receipt = app
            .avatars
            .request_reference_image(context, photo_id)
            .await?;
        Ok(Executed::of(&receipt, photo_id))
    };
    let answer = async |executed: Executed<PhotoId>| {
        // The avatar shows the wish, too.
        app.seen(positions::AVATAR, executed.position()).await?;
        photos::accepted(&app, request.caller.user, executed).await
    };
    once(&app, &request, request.context(), execute, answer).await
}

problems!(
    ApproveProblems = SIGNED_IN,
    COMMAND,
    BODY,
    &[
        Code::AvatarNotFound,
        Code::ReferenceNotReady,
        Code::PreconditionFailed,
    ]
);

/// Approve a reference picture.
///
/// From then on the avatar's pictures follow it. Any delivered picture of `reference_history` can be approved.
#[utoipa::path(
    tag = "Avatar",
    params(ConditionalHeaders),
    request_body(content = ApproveReferenceImage, example = examples::approval),
    responses(
        (status = 200, description = "The avatar with its approved picture.", headers(
            ("ETag" = String, description = "The avatar's version."),
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Avatar, example = examples::avatar),
        ApproveProblems,
    ),
)]
#[post("/avatars/me/reference-image/approval")]
pub(crate) async fn approve_reference_image(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let mut fields = request.fields()?;
    let photo_id = fields.required("photo_id", body::text::<PhotoId>);
    fields.finish()?;
    let photo_id = photo_id.ok_or_else(|| Problem::plain(Code::InvalidBody))?;
    let execute = async |context| {
        let receipt = app
            .avatars
            .approve_reference_image(context, photo_id)
            .await?;
        Ok(receipt.into())
    };
    let answer = async |executed| reply(&app, &request, StatusCode::OK, executed).await;
    once(&app, &request, request.context(), execute, answer).await
}

fn profile_problem(app: &State, error: ProfileError, locale: &str) -> Problem {
    match error {
        ProfileError::ContentRefused(refusal) => app.refused(refusal, locale),
        ProfileError::CoolingDown(cooling_down) => cooling_down.into(),
        ProfileError::Command(error) => error.into(),
    }
}

/// The caller's avatar, once the read model has seen the command.
async fn reply(
    app: &State,
    request: &CommandRequest,
    status: StatusCode,
    executed: Executed,
) -> Result<Reply, Problem> {
    app.seen(positions::AVATAR, executed.position()).await?;
    let user = request.caller.user;
    let avatar = Avatar::read(app, user).await?;
    let reply = shown(app, user, avatar, status).await?;
    Ok(reply.at(executed.position()))
}

async fn shown(
    app: &State,
    user: UserId,
    avatar: Option<(Avatar, u64)>,
    status: StatusCode,
) -> Result<Reply, Problem> {
    let Some((avatar, sequence)) = avatar else {
        // Nobody who was erased is sent to design an avatar.
        let code = if app.people.is_erased(user).await? {
            Code::PersonErased
        } else {
            Code::AvatarNotFound
        };
        return Err(Problem::plain(code));
    };
    Ok(Reply::json(status, &avatar)?.etag(sequence))
}
