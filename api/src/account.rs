//! A person's own data: to take them along, and to have them forgotten.

mod contents;
mod export;

use actix_web::{HttpRequest, HttpResponse, delete, get, web::Data};
use application::context::Context;

pub(crate) use contents::PersonalData;

use crate::{
    app::State,
    command::CommandRequest,
    documentation::CommandHeaders,
    examples,
    parameters::Parameters,
    positions,
    problem::{Code, Problem, SIGNED_IN, problems},
    read::authenticate,
    reply::Reply,
    request_id::RequestId,
};

problems!(
    ExportProblems = SIGNED_IN,
    &[
        Code::InvalidParameter,
        Code::PersonErased,
        Code::Busy,
        Code::ReadModelBehind
    ]
);

/// Take all of one's data along.
///
/// Everything that is kept about the person, as one JSON object: the companion with its history, photos with addresses of
/// their files (signed for one hour), messages, what they pay for and were charged, reports, and every event of theirs,
/// opened. That it was taken along is recorded. The answer is streamed; one that cannot be completed breaks off and is
/// no JSON then.
#[utoipa::path(
    tag = "Account",
    responses(
        (status = 200, description = "The data.", headers(
            ("Content-Disposition" = String, description = "`attachment`, with a file name."),
            ("Log-Position" = u64, description = "The position in the event log up to which everything is in it."),
        ), body = PersonalData, example = examples::personal_data),
        ExportProblems,
    ),
)]
#[get("/me/export")]
pub(crate) async fn export_me(
    app: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let person = authenticate(&request).await?;
    Parameters::of(&request).finish()?;
    let ids = RequestId::of_request(&request);
    let context = Context {
        trace_id: ids.trace_id,
        ..Context::of_user(person.user, ids.uuid)
    };
    let receipt = app.people.record_export(context).await?;
    app.seen(positions::EVERYTHING, receipt.position).await?;
    Ok(export::answer(app.into_inner(), person, receipt.position))
}

problems!(
    EraseProblems = SIGNED_IN,
    &[
        Code::InvalidParameter,
        Code::RequestTimeout,
        Code::PersonErased,
        Code::BodyTooLarge,
        Code::Busy,
    ]
);

/// Have oneself erased.
///
/// For ever: nobody can undo it. With the answer, the key that the person's data are sealed with is destroyed, and every
/// command of theirs answers 410 `person-erased`, although their access token is still valid. Within moments pictures and
/// whatever else was made from the data are gone, and a subscription that runs has ended. What remains: events that
/// nobody can open, so that the log can still be proven, and the invoices at the payment provider.
///
/// The call itself is the confirmation: clients let the person type one before it. An `Idempotency-Key` is not kept.
#[utoipa::path(
    tag = "Account",
    params(CommandHeaders),
    responses(
        (status = 204, description = "Erased.", headers(
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        )),
        EraseProblems,
    ),
)]
#[delete("/me")]
pub(crate) async fn erase_me(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let receipt = app.people.erase(request.unconditional_context()).await?;
    Ok(Reply::empty().at(receipt.position).respond())
}
