//! Somebody's account as operators see it: how it stands, not what the person said.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    web::{Data, Path},
};
use application::ports::Role;
use chrono::{DateTime, Utc};
use domain::{stewardship, values::UserId};
use projections::{audit_index, avatars, gate, photos, reports};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::figures::{Count, counted};
use crate::{
    app::State,
    documentation::ReadHeaders,
    examples, positions,
    problem::{Code, Problem, READ, SIGNED_IN, problems},
    read::ReadRequest,
    reply::Reply,
    steward,
};

/// How somebody's account stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserAccount {
    id: Uuid,
    /// When their avatar was designed; null when there is none.
    avatar_created_at: Option<DateTime<Utc>>,
    /// What they pay for; null when they never did.
    subscription: Option<AccountSubscription>,
    /// How many of their photos stand how.
    photos: Vec<Count>,
    /// How many reports they filed.
    reports: u64,
    conduct: AccountConduct,
}

/// What somebody pays for.
#[derive(Serialize, ToSchema)]
struct AccountSubscription {
    /// As the payment provider last said; null before it said anything.
    status: Option<&'static str>,
    plan: Option<String>,
    /// Who they are at the payment provider.
    customer_id: Option<String>,
    current_period_end: Option<DateTime<Utc>>,
    photos_used: u32,
    photos_limit: u32,
}

/// How often the rules about content had to refuse somebody's words.
#[derive(Serialize, ToSchema)]
struct AccountConduct {
    /// Whether it was so often that it led to a pause, at any time.
    flagged: bool,
    refusals: u32,
    /// How many of them broke a grave rule.
    hard_refusals: u32,
    /// Until when nothing of theirs is judged; null when there is no pause.
    cooling_down_until: Option<DateTime<Utc>>,
}

problems!(
    UserProblems = SIGNED_IN,
    READ,
    &[Code::RoleRequired, Code::UserNotFound, Code::Busy]
);

/// Show how somebody's account stands.
///
/// Avatar, subscription, photos, reports, and how often their words were refused; none of their words and pictures.
/// For operators; the view is recorded.
#[utoipa::path(
    tag = "Operator",
    params(("user_id" = Uuid, Path, description = "The person's id."), ReadHeaders),
    responses(
        (status = 200, description = "The account.", body = UserAccount, example = examples::user_account),
        UserProblems,
    ),
)]
#[get("/admin/users/{user_id}")]
pub(crate) async fn get_user(
    app: Data<State>,
    request: ReadRequest,
    raw: HttpRequest,
    user_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&raw, Role::Operator).await?;
    let unknown = || Problem::plain(Code::UserNotFound);
    let user: UserId = user_id.parse().map_err(|_| unknown())?;
    request.seen(&app, positions::ALL).await?;
    request.seen(&app, positions::REPORT).await?;
    let account = account(&app, user).await?.ok_or_else(unknown)?;
    let view = stewardship::Command::ViewUser { user_id: user };
    app.record(context, view).await?;
    Ok(Reply::json(StatusCode::OK, &account)?.respond())
}

/// Whether there is anything of theirs, or was before they were erased.
pub(super) async fn is_known(app: &State, user: UserId) -> Result<bool, Problem> {
    Ok(account(app, user).await?.is_some()
        || app.people.is_erased(user).await?
        || !audit_index::streams_of(&app.steward_pool, user)
            .await?
            .is_empty())
}

/// None when nothing is known of them.
async fn account(app: &State, user: UserId) -> Result<Option<UserAccount>, Problem> {
    let avatar = avatars::of_owner(&app.steward_pool, user).await?;
    let subscription = gate::of_owner(&app.steward_pool, user).await?;
    let photos = photos::counts(&app.steward_pool, Some(user)).await?;
    let conduct = app.conducts.load(user).await?;
    if avatar.is_none() && subscription.is_none() && conduct.sequence == 0 && photos.is_empty() {
        return Ok(None);
    }
    let conduct = conduct.state;
    Ok(Some(UserAccount {
        id: user.0,
        avatar_created_at: avatar.map(|avatar| avatar.created_at),
        subscription: subscription.map(|row| AccountSubscription {
            status: row.status.map(|status| status.as_str()),
            plan: row.plan.map(|plan| plan.as_str().to_owned()),
            customer_id: row.customer_id,
            current_period_end: row.period_end,
            photos_used: row.photos_used,
            photos_limit: row.photos_limit,
        }),
        photos: counted(photos, |status| status.as_str()),
        reports: reports::filed_by(&app.steward_pool, user).await?,
        conduct: AccountConduct {
            flagged: conduct.pauses() > 0,
            refusals: conduct.refusals(),
            hard_refusals: conduct.hard_refusals(),
            cooling_down_until: conduct.paused_until(app.clock.now()),
        },
    }))
}
