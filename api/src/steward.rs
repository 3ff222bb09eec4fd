//! Those who may do more than use the product: by a role in their token, and on record.

use actix_web::HttpRequest;
use application::{
    context::Context,
    ports::{Role, SignedIn},
};
use domain::stewardship;

use crate::{
    app::State,
    command::CommandRequest,
    problem::{Code, Problem},
    read::authenticate,
    request_id::RequestId,
};

/// The context of somebody who looks at something in that role.
pub(crate) async fn looking(request: &HttpRequest, role: Role) -> Result<Context, Problem> {
    let caller = authenticate(request).await?;
    needs(&caller, role)?;
    let ids = RequestId::of_request(request);
    Ok(Context {
        trace_id: ids.trace_id,
        ..Context::of_user(caller.user, ids.uuid).in_role(role)
    })
}

/// The context of somebody who does something in that role.
pub(crate) fn acting(request: &CommandRequest, role: Role) -> Result<Context, Problem> {
    needs(&request.caller, role)?;
    Ok(request.context().in_role(role))
}

fn needs(caller: &SignedIn, role: Role) -> Result<(), Problem> {
    if caller.roles.contains(&role) {
        return Ok(());
    }
    let role = role.as_str();
    let detail = format!("the access token does not name the role \"{role}\"");
    Err(Problem::new(Code::RoleRequired, detail))
}

impl State {
    /// Records a view. What was not recorded must not be shown: the caller answers with the problem instead.
    pub(crate) async fn record(
        &self,
        context: Context,
        view: stewardship::Command,
    ) -> Result<(), Problem> {
        self.stewardships.record(context, view).await?;
        Ok(())
    }
}
