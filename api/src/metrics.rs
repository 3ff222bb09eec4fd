//! Figures for Prometheus, on a listener of their own: not for the public.

mod chat;
mod process;
mod queues;
mod replica;
mod tree;
mod webhooks;

use std::{fmt::Write as _, net::TcpListener, time::Duration};

use actix_web::{
    HttpResponse, HttpServer,
    dev::Server,
    web::{self, Data},
};
use chrono::{DateTime, TimeDelta, Utc};
use projections::{
    chat_work,
    engine::{FollowerState, ProjectorStatus},
    photo_work,
    reports::{self, ReportCounts},
};
use tokio_util::sync::CancellationToken;
use transparency::TreeStatus;

use crate::{app::App, problem::Chain};
use queues::Queues;

pub(crate) use webhooks::count as count_webhook;

/// How long a scrape may wait for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// Serves `GET /metrics` (Prometheus text format 0.0.4) on `listener` until `stop`.
///
/// # Errors
/// When the listener cannot be served.
pub async fn serve_metrics(
    listener: TcpListener,
    app: App,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let app = Data::new(app);
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(app.clone())
            // No operation of the public API, and so not in its document.
            .route("/metrics", web::get().to(get_metrics))
    })
    .workers(1)
    .client_request_timeout(Duration::from_secs(5))
    .shutdown_timeout(1)
    .disable_signals()
    .listen(listener)?
    .run();
    until(stop, server).await
}

/// Lets a server serve until `stop`, and then until the requests under way are answered.
async fn until(stop: CancellationToken, server: Server) -> std::io::Result<()> {
    let handle = server.handle();
    let mut server = std::pin::pin!(server);
    tokio::select! {
        served = &mut server => return served,
        () = stop.cancelled() => {}
    }
    let (served, ()) = futures::join!(server, handle.stop(true));
    served
}

async fn get_metrics(app: Data<App>) -> HttpResponse {
    let Ok(text) = tokio::time::timeout(PATIENCE, figures(&app)).await else {
        return HttpResponse::ServiceUnavailable().finish();
    };
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(text)
}

/// What can be told now; without the database, that it is away.
async fn figures(app: &App) -> String {
    let mut told = match measured(app).await {
        Ok(measured) => text(&measured),
        Err(error) => {
            tracing::warn!(error = %Chain(error.as_ref()), "The figures could not be measured");
            let mut text = String::new();
            up(&mut text, false);
            text
        }
    };
    process::text(&mut told);
    chat::text(&mut told, &app.chat_figures.now());
    let redis = "ava_redis_up";
    family(
        &mut told,
        redis,
        "1 while Redis answers and takes what is written; nothing where there is none.",
    );
    if let Some(answers) = &app.redis {
        line(&mut told, redis, "", u8::from(*answers.borrow()));
    }
    replica::text(&mut told, app.replica.as_ref());
    told
}

/// What the figures are made from.
struct Measured {
    head: u64,
    followers: Vec<ProjectorStatus>,
    reports: ReportCounts,
    queues: Queues,
    tree: TreeStatus,
}

async fn measured(app: &App) -> Result<Measured, Box<dyn std::error::Error + Send + Sync>> {
    let (head, now) = (app.log.head().await?, app.clock.now());
    Ok(Measured {
        head: head.0,
        followers: app.checkpoints.list(head).await?,
        reports: reports::counts(&app.steward_pool, now).await?,
        queues: queues(app, now).await?,
        tree: app.tree.status().await?,
    })
}

async fn queues(
    app: &App,
    now: DateTime<Utc>,
) -> Result<Queues, Box<dyn std::error::Error + Send + Sync>> {
    let photos = photo_work::counts(&app.steward_pool, now).await?;
    let notices = app.steward_inbox.counts(now - TimeDelta::hours(24)).await?;
    Ok(Queues {
        photos: photos.all,
        photos_due: photos.due,
        messages: chat_work::count(&app.steward_pool).await?,
        payment_notices: notices.waiting,
        payment_notices_parked: notices.parked,
    })
}

fn text(measured: &Measured) -> String {
    let Measured {
        head,
        followers,
        reports,
        queues,
        tree,
    } = measured;
    let mut text = String::new();
    up(&mut text, true);
    family(
        &mut text,
        "ava_log_position",
        "The position of the log's last event.",
    );
    line(&mut text, "ava_log_position", "", head);
    for (name, help, value) in [
        (
            "ava_reports_open",
            "How many reports wait for an operator.",
            reports.open,
        ),
        (
            "ava_reports_overdue",
            "How many reports wait for longer than was promised.",
            reports.overdue,
        ),
    ] {
        family(&mut text, name, help);
        line(&mut text, name, "", value);
    }
    queues::text(&mut text, *queues);
    tree::text(&mut text, tree);
    for (name, help, figure) in FIGURES {
        family(&mut text, name, help);
        for follower in followers {
            let labels = format!("{{follower=\"{}\"}}", follower.name);
            line(&mut text, name, &labels, figure(follower));
        }
    }
    for (name, help, figure) in PROJECTION_FIGURES {
        family(&mut text, name, help);
        for follower in followers {
            if let Some(value) = figure(follower) {
                let labels = format!("{{projector=\"{}\"}}", follower.name);
                line(&mut text, name, &labels, value);
            }
        }
    }
    text
}

/// A family's name, its help, and what it says of a follower.
type Figure<T> = (&'static str, &'static str, fn(&ProjectorStatus) -> T);

const FIGURES: [Figure<f64>; 3] = [
    (
        "ava_follower_lag_events",
        "How many events a follower of the log has not followed yet.",
        |follower| follower.lag_events as f64,
    ),
    (
        "ava_follower_lag_seconds",
        "The age of the oldest event that a follower has not followed yet.",
        |follower| follower.lag_seconds,
    ),
    (
        "ava_follower_failed",
        "1 when an event cannot be followed and an operator must act.",
        |follower| f64::from(u8::from(follower.state == FollowerState::Failed)),
    ),
];

/// What there is to say of a read model only while it is rebuilt, or once it was compared with the log.
const PROJECTION_FIGURES: [Figure<Option<f64>>; 5] = [
    (
        "ava_projection_check_rows_different",
        "How many rows were not what the log says, missing or too many, when a read model was last compared with it.",
        |follower| Some(follower.check.as_ref()?.rows_different as f64),
    ),
    (
        "ava_projection_check_timestamp_seconds",
        "When a read model was last compared with the log, in seconds since 1970.",
        |follower| Some(follower.check.as_ref()?.checked_at.timestamp_micros() as f64 / 1e6),
    ),
    (
        "ava_projection_check_rows",
        "How many rows a read model had when it was last compared with the log.",
        |follower| Some(follower.check.as_ref()?.rows as f64),
    ),
    (
        "ava_projection_rebuild_lag_events",
        "How many events the new tables of a read model lack that is being rebuilt.",
        |follower| Some(follower.rebuild.as_ref()?.lag_events as f64),
    ),
    (
        "ava_projection_rebuild_failed",
        "1 when a rebuild cannot go on and an operator must act.",
        |follower| {
            let failed = follower.rebuild.as_ref()?.state == FollowerState::Failed;
            Some(f64::from(u8::from(failed)))
        },
    ),
];

fn up(text: &mut String, up: bool) {
    family(text, "ava_database_up", "1 while the database answers.");
    line(text, "ava_database_up", "", u8::from(up));
}

fn family(text: &mut String, name: &str, help: &str) {
    kind(text, name, "gauge", help);
}

fn kind(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "{name}{labels} {value}");
}
