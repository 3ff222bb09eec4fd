//! The service itself: whether it lives, whether it can work, and what it has no operation for.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{StatusCode, header},
    web::Data,
};
use projections::replica::{Fitness, Replica};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::State,
    documentation, examples, limits,
    problem::{Chain, Code, Problem},
    reply::Reply,
    web_client,
};

mod concerns;

use concerns::concerns;

/// The service lives.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the service can work.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    status: ReadinessStatus,
    checks: Checks,
    /// What somebody should look at, and why: read models, Redis, or the replica; absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    reasons: Vec<String>,
}

/// `ok`: everything works. `degraded`: people are served, but somebody should look. `unavailable`: nobody is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReadinessStatus {
    Ok,
    Degraded,
    Unavailable,
}

/// How each thing stands that the service needs.
#[derive(Serialize, ToSchema)]
struct Checks {
    postgres: Check,
    redis: Check,
    projections: Check,
    storage: Check,
    /// The database's replica, which answers reads.
    replica: Check,
}

/// `disabled`: not configured, and so not needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Check {
    Ok,
    Degraded,
    Down,
    Disabled,
}

/// Say that the service lives.
///
/// Touches nothing else: for a supervisor that restarts a process which does not answer.
#[utoipa::path(
    tag = "Service",
    security(()),
    responses((status = 200, description = "It lives.", body = Health, example = examples::health)),
)]
#[get("/health")]
pub(crate) async fn get_health() -> Result<HttpResponse, Problem> {
    Ok(Reply::json(StatusCode::OK, &Health { status: "ok" })?.respond())
}

/// Say whether the service can work.
///
/// For a balancer that sends requests to those who can serve them.
#[utoipa::path(
    tag = "Service",
    security(()),
    responses(
        (status = 200, description = "It can.", body = Readiness, examples(
            ("ok" = (value = json!(examples::ready()))),
            ("degraded" = (value = json!(examples::degraded()))),
        )),
        (status = 503, description = "It cannot.", body = Readiness, example = examples::not_ready),
    ),
)]
#[get("/ready")]
pub(crate) async fn get_ready(app: Data<State>) -> Result<HttpResponse, Problem> {
    let (projections, storage) = futures::join!(projections(&app), storage(&app));
    let (postgres, projections, mut reasons) = projections;
    let checks = Checks {
        postgres,
        redis: match app.redis.as_ref().map(|answers| *answers.borrow()) {
            None => Check::Disabled,
            Some(true) => Check::Ok,
            Some(false) => Check::Degraded,
        },
        projections,
        storage,
        replica: replica(&app, &mut reasons),
    };
    if checks.redis == Check::Degraded {
        reasons.push(
            "redis does not answer: wake-ups come late, and each process counts for itself"
                .to_owned(),
        );
    }
    let leaves = app.ending.is_leaving();
    if leaves {
        reasons.push("this process was told to stop: ask another one".to_owned());
    }
    let all = [
        checks.postgres,
        checks.redis,
        checks.projections,
        checks.storage,
        checks.replica,
    ];
    let (status, http) = if leaves || all.contains(&Check::Down) {
        (
            ReadinessStatus::Unavailable,
            StatusCode::SERVICE_UNAVAILABLE,
        )
    } else if all.contains(&Check::Degraded) {
        (ReadinessStatus::Degraded, StatusCode::OK)
    } else {
        (ReadinessStatus::Ok, StatusCode::OK)
    };
    let readiness = Readiness {
        status,
        checks,
        reasons,
    };
    Ok(Reply::json(http, &readiness)?.respond())
}

/// The replica; while it is not fit the primary answers in its place.
fn replica(app: &State, reasons: &mut Vec<String>) -> Check {
    match app.replica.as_ref().map(Replica::fitness) {
        None => Check::Disabled,
        Some(Fitness::Fit(_)) => Check::Ok,
        Some(fitness) => {
            reasons.push(match fitness {
                Fitness::Behind(lag) => format!(
                    "the replica is {} s behind: the primary answers its reads",
                    lag.as_secs()
                ),
                // Why is for the log: anybody may ask here.
                Fitness::Unknown | Fitness::Fit(_) | Fitness::Unfit(_) | Fitness::PrimaryAway => {
                    "the replica does not answer: the primary answers its reads".to_owned()
                }
            });
            Check::Degraded
        }
    }
}

/// The database, and the projectors in it, with what is wrong with them.
async fn projections(app: &State) -> (Check, Check, Vec<String>) {
    let listed = async {
        let head = app
            .log
            .head()
            .await
            .map_err(|error| Chain(&error).to_string())?;
        let followers = app.checkpoints.list(head).await;
        followers.map_err(|error| Chain(&error).to_string())
    };
    match tokio::time::timeout(limits::ANSWER_TIME, listed).await {
        Ok(Ok(followers)) => {
            let reasons = concerns(&followers);
            let well = if reasons.is_empty() {
                Check::Ok
            } else {
                Check::Degraded
            };
            (Check::Ok, well, reasons)
        }
        Ok(Err(error)) => {
            tracing::warn!(error, "Not ready: the database is away");
            (Check::Down, Check::Down, Vec::new())
        }
        Err(_) => {
            tracing::warn!("Not ready: the database does not answer");
            (Check::Down, Check::Down, Vec::new())
        }
    }
}

async fn storage(app: &State) -> Check {
    match tokio::time::timeout(limits::ANSWER_TIME, app.storage.check()).await {
        Ok(Ok(())) => Check::Ok,
        Ok(Err(error)) => {
            tracing::warn!(error = %Chain(&error), "Not ready: the object storage is away");
            Check::Down
        }
        Err(_) => {
            tracing::warn!("Not ready: the object storage does not answer");
            Check::Down
        }
    }
}

/// Answers a request that no operation takes: 405 for a path that takes other methods, or else 404.
/// A browser that navigates to a path which nobody knows gets the web client, which says so.
pub(crate) async fn no_such_route(
    app: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let allowed = documentation::methods_of(request.path());
    if allowed.is_empty() {
        return web_client::lost(&app, &request).ok_or_else(|| Problem::plain(Code::NotFound));
    }
    let detail = format!("this path takes {}", allowed.join(", "));
    Err(Problem::new(Code::MethodNotAllowed, detail).header(header::ALLOW, &allowed.join(", ")))
}
