//! What auditors look at.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, web::Data};
use application::ports::Role;
use domain::stewardship;

use crate::{
    app::State,
    examples,
    problem::{Code, Problem, SIGNED_IN, problems},
    reply::Reply,
    steward,
};

mod aggregates;
mod checkpoint;
mod event;
mod events;
mod export;
mod projections;
mod proofs;
mod selection;

pub(crate) use aggregates::{get_state, list_history};
pub(crate) use checkpoint::get_checkpoint;
pub(crate) use events::{get_event, list_events};
pub(crate) use projections::{Projection, ProjectionList, StateWord};
pub(crate) use proofs::{prove_consistency, prove_inclusion};

problems!(
    ProjectionsProblems = SIGNED_IN,
    &[Code::RoleRequired, Code::Busy]
);

/// List the read models.
///
/// How far each one has followed the event log, whether it goes on, and what the last comparison with the log found.
/// For auditors; the view is recorded.
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
    let context = steward::looking(&request, Role::Auditor).await?;
    let head = app.log.head().await?;
    let followers = app.checkpoints.list(head).await?;
    let list = ProjectionList::of(followers);
    app.record(context, stewardship::Command::ViewProjections)
        .await?;
    Ok(Reply::json(StatusCode::OK, &list)?.respond())
}
