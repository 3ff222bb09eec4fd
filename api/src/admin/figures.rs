//! Key figures for operators.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, web::Data};
use application::ports::Role;
use chrono::{DateTime, TimeDelta, Utc};
use domain::stewardship;
use projections::{gate, photo_work, photos, reports};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::State,
    examples,
    problem::{Code, Problem, SIGNED_IN, problems},
    reply::Reply,
    steward,
};

/// So far back the figures by time reach.
const WINDOW: TimeDelta = TimeDelta::hours(24);

/// Key figures, as of now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Figures {
    measured_at: DateTime<Utc>,
    /// The position of the event log's last event.
    log_position: u64,
    /// How many photos stand how.
    photos: Vec<Count>,
    /// Pictures delivered in each of the last 24 hours; an hour without any is left out.
    deliveries: Vec<Hour>,
    /// How many subscriptions stand how.
    subscriptions: Vec<Count>,
    queue: Queue,
    /// How far each follower of the event log is behind.
    lag: Vec<Lag>,
    reports: ReportFigures,
    webhooks: WebhookFigures,
}

/// How many there are of a kind.
#[derive(Serialize, ToSchema)]
pub(crate) struct Count {
    status: &'static str,
    count: u64,
}

/// How many there were in an hour.
#[derive(Serialize, ToSchema)]
struct Hour {
    /// When it began.
    hour: DateTime<Utc>,
    count: u64,
}

/// Photos that still have to be made.
#[derive(Serialize, ToSchema)]
struct Queue {
    depth: u64,
    /// Those of them that are not put off.
    due: u64,
}

/// How far a follower is behind.
#[derive(Serialize, ToSchema)]
struct Lag {
    name: String,
    events: u64,
    seconds: f64,
    #[schema(value_type = crate::audit::StateWord)]
    state: &'static str,
}

/// Reports that wait.
#[derive(Serialize, ToSchema)]
struct ReportFigures {
    /// For an answer.
    open: u64,
    /// For longer than was promised.
    overdue: u64,
}

/// What became of the payment provider's messages.
#[derive(Serialize, ToSchema)]
struct WebhookFigures {
    /// They wait for their work, or are being worked on.
    waiting: u64,
    /// They failed, and wait for an operator.
    parked: u64,
    /// They came within the last 24 hours, and are dealt with.
    done: u64,
}

problems!(
    FiguresProblems = SIGNED_IN,
    &[Code::RoleRequired, Code::Busy]
);

/// Show key figures.
///
/// As JSON for charts. For operators; the view is recorded.
#[utoipa::path(
    tag = "Operator",
    responses(
        (status = 200, description = "The figures.", body = Figures, example = examples::figures),
        FiguresProblems,
    ),
)]
#[get("/admin/metrics")]
pub(crate) async fn get_figures(
    app: Data<State>,
    raw: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&raw, Role::Operator).await?;
    let figures = measured(&app).await?;
    app.record(context, stewardship::Command::ViewFigures)
        .await?;
    Ok(Reply::json(StatusCode::OK, &figures)?.respond())
}

async fn measured(app: &State) -> Result<Figures, Problem> {
    let now = app.clock.now();
    let pool = &app.steward_pool;
    let head = app.log.head().await?;
    let deliveries = photos::deliveries(pool, now - WINDOW).await?;
    let work = photo_work::counts(pool, now).await?;
    let waiting = reports::counts(pool, now).await?;
    let inbox = app.steward_inbox.counts(now - WINDOW).await?;
    let followers = app.checkpoints.list(head).await?;
    Ok(Figures {
        measured_at: now,
        log_position: head.0,
        photos: counted(photos::counts(pool, None).await?, |status| status.as_str()),
        deliveries: deliveries
            .into_iter()
            .map(|(hour, count)| Hour { hour, count })
            .collect(),
        subscriptions: counted(gate::counts(pool).await?, |status| status.as_str()),
        queue: Queue {
            depth: work.all,
            due: work.due,
        },
        lag: followers
            .into_iter()
            .map(|follower| Lag {
                name: follower.name,
                events: follower.lag_events,
                seconds: follower.lag_seconds,
                state: follower.state.as_str(),
            })
            .collect(),
        reports: ReportFigures {
            open: waiting.open,
            overdue: waiting.overdue,
        },
        webhooks: WebhookFigures {
            waiting: inbox.waiting,
            parked: inbox.parked,
            done: inbox.done,
        },
    })
}

/// Counts by their words, in the order of the words.
pub(super) fn counted<S: Copy>(
    counts: Vec<(S, u64)>,
    word: impl Fn(S) -> &'static str,
) -> Vec<Count> {
    let mut counts: Vec<_> = counts
        .into_iter()
        .map(|(status, count)| Count {
            status: word(status),
            count,
        })
        .collect();
    counts.sort_unstable_by_key(|count| count.status);
    counts
}
