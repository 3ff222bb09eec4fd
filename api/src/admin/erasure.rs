//! An operator has somebody erased who asked for it outside of the product.

use actix_web::{
    HttpResponse, post,
    web::{Data, Path},
};
use application::ports::Role;
use domain::values::UserId;

use super::users::is_known;
use crate::{
    app::State,
    command::CommandRequest,
    documentation::CommandHeaders,
    problem::{COMMAND, Code, Problem, SIGNED_IN, problems},
    reply::Reply,
    steward,
};

problems!(
    EraseUserProblems = SIGNED_IN,
    COMMAND,
    &[Code::RoleRequired, Code::UserNotFound]
);

/// Erase somebody.
///
/// For ever, in the person's stead: as `DELETE /me`. Whoever was erased before stays so. For operators; the order is
/// recorded in the same append. An `Idempotency-Key` is not kept.
#[utoipa::path(
    tag = "Operator",
    params(("user_id" = Uuid, Path, description = "The person's id."), CommandHeaders),
    responses(
        (status = 204, description = "Erased.", headers(
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        )),
        EraseUserProblems,
    ),
)]
#[post("/admin/users/{user_id}/erase")]
pub(crate) async fn erase_user(
    app: Data<State>,
    request: CommandRequest,
    user_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let context = steward::acting(&request, Role::Operator)?;
    let unknown = || Problem::plain(Code::UserNotFound);
    let user: UserId = user_id.parse().map_err(|_| unknown())?;
    if !is_known(&app, user).await? {
        return Err(unknown());
    }
    let receipt = app.people.erase_for_operator(context, user).await?;
    Ok(Reply::empty().at(receipt.position).respond())
}
