//! Read models as operators see them, and filling one again.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    post,
    web::{Data, Path},
};
use application::ports::Role;
use domain::stewardship;
use projections::engine::ProjectorStatus;

use crate::{
    app::State,
    audit::{Projection, ProjectionList},
    command::CommandRequest,
    documentation::CommandHeaders,
    examples,
    idempotency::{Executed, once},
    problem::{COMMAND, Code, Problem, SIGNED_IN, problems},
    reply::Reply,
    steward,
};

problems!(ListProblems = SIGNED_IN, &[Code::RoleRequired, Code::Busy]);

/// List the read models for operators.
///
/// As `GET /audit/projections`: how far each one is, and how far its rebuild. For operators; the view is recorded.
#[utoipa::path(
    tag = "Operator",
    responses(
        (status = 200, description = "Every read model, by name.", body = ProjectionList, example = examples::projections),
        ListProblems,
    ),
)]
#[get("/admin/projections")]
pub(crate) async fn list_projections_for_operators(
    app: Data<State>,
    raw: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&raw, Role::Operator).await?;
    let head = app.log.head().await?;
    let list = ProjectionList::of(app.checkpoints.list(head).await?);
    app.record(context, stewardship::Command::ViewProjections)
        .await?;
    Ok(Reply::json(StatusCode::OK, &list)?.respond())
}

problems!(
    RebuildProblems = SIGNED_IN,
    COMMAND,
    &[
        Code::RoleRequired,
        Code::ProjectionNotFound,
        Code::ProjectionNotRebuildable,
    ]
);

/// Rebuild a read model.
///
/// Its tables are filled again from the event log beside those that are read, and then swapped in; reads never stop. It
/// goes on in the background: `GET /admin/projections` tells how far it is. Ordered again while it runs, or after it was
/// interrupted, it goes on where it is. For operators.
#[utoipa::path(
    tag = "Operator",
    params(("name" = String, Path, description = "The read model's name, as in the list."), CommandHeaders),
    responses(
        (status = 202, description = "It is ordered. The read model as it stood then.", headers(
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Projection, example = examples::projection),
        RebuildProblems,
    ),
)]
#[post("/admin/projections/{name}/rebuild")]
pub(crate) async fn rebuild_projection(
    app: Data<State>,
    request: CommandRequest,
    name: Path<String>,
) -> Result<HttpResponse, Problem> {
    let context = steward::acting(&request, Role::Operator)?;
    let name = name.into_inner();
    let known = projections::all();
    let projector = known.into_iter().find(|known| known.name() == name);
    let projector = projector.ok_or_else(|| Problem::plain(Code::ProjectionNotFound))?;
    let request = request.unhurried();
    let execute = async |context| {
        let refused = |detail: String| Problem::new(Code::ProjectionNotRebuildable, detail);
        match status(&app, &name).await? {
            None => return Err(refused(format!("nobody has filled {name} yet"))),
            Some(live) if live.version > projector.version() => {
                return Err(refused(format!(
                    "{name} was filled by a newer version of the program"
                )));
            }
            Some(_) => {}
        }
        let deed = stewardship::Command::RebuildProjection {
            projection: name.clone(),
        };
        let receipt = app.stewardships.record(context, deed).await?;
        app.rebuilds.order(projector.clone());
        Ok(receipt.into())
    };
    let answer = async |executed: Executed| {
        let live = status(&app, &name).await?;
        let live = live.ok_or_else(|| Problem::plain(Code::ProjectionNotFound))?;
        let reply = Reply::json(StatusCode::ACCEPTED, &Projection::from(live))?;
        Ok(reply.at(executed.position()))
    };
    once(&app, &request, context, execute, answer).await
}

async fn status(app: &State, name: &str) -> Result<Option<ProjectorStatus>, Problem> {
    let head = app.log.head().await?;
    let mut followers = app.checkpoints.list(head).await?.into_iter();
    Ok(followers.find(|follower| follower.name == name))
}
