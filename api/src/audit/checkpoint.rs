//! The newest signed checkpoint of the log.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use application::ports::Role;
use domain::stewardship;

use crate::{
    app::State,
    problem::{Code, Problem, SIGNED_IN, problems},
    reply::Reply,
    steward,
};

problems!(
    CheckpointProblems = SIGNED_IN,
    &[Code::RoleRequired, Code::CheckpointNotFound, Code::Busy]
);

/// Read the newest signed checkpoint.
///
/// How many events the log has, and the root of the Merkle tree (RFC 6962) over them, signed with Ed25519: a C2SP
/// tlog-checkpoint. Keep it: with it, any later change of what it covers can be proven. For auditors; the view is
/// recorded.
#[utoipa::path(
    tag = "Audit",
    responses(
        (status = 200, description = "The checkpoint.", content_type = "text/plain", body = String, example = example),
        CheckpointProblems,
    ),
)]
#[get("/audit/checkpoint")]
pub(crate) async fn get_checkpoint(
    app: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&request, Role::Auditor).await?;
    let newest = app.tree.newest_checkpoint().await?;
    let newest = newest.ok_or_else(|| Problem::plain(Code::CheckpointNotFound))?;
    app.record(context, stewardship::Command::ViewCheckpoint)
        .await?;
    Ok(Reply::text(newest.note).respond())
}

fn example() -> &'static str {
    "ava.example.com/log\n\
     8\n\
     XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\
     \n\
     — ava.example.com/log x08gozdSgLMzAnw63LH1RGViJhUfW60EUGKY7Kmr004fQNOSqfrcd1hIk3BCtdcLWIqvGtX67sL24VN+44uTlxMnbAA=\n"
}
