//! What auditors look at.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, web::Data};
use application::ports::Role;

use crate::{
    app::State,
    examples,
    problem::{Code, Problem, SIGNED_IN, problems},
    read::authenticate,
    reply::Reply,
};

mod projections;

use projections::ProjectionList;

problems!(ProjectionsProblems = SIGNED_IN, &[Code::RoleRequired]);

/// List the read models.
///
/// How far each one has followed the event log, whether it goes on, and what the last comparison with the log found.
/// For auditors.
#[utoipa::path(
    tag = "Audit",
    responses(
        (status = 200, description = "Every read model, by name.", body = ProjectionList, example = examples::projections),
        ProjectionsProblems,
    ),
)]
#[get("/audit/projections")]
pub(crate) async fn list_projections(
    app: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let caller = authenticate(&request)?;
    if !caller.roles.contains(&Role::Auditor) {
        return Err(Problem::plain(Code::RoleRequired));
    }
    let head = app.log.head().await?;
    let followers = app.checkpoints.list(head).await?;
    let list = ProjectionList::of(followers);
    Ok(Reply::json(StatusCode::OK, &list)?.respond())
}
