//! What the process says of itself: log lines on standard error, errors to Sentry and traces to a collector where there
//! are any.

mod current_request;
mod lines;
mod private;
mod reports;
mod traces;

use std::io::{self, IsTerminal};

use application::traces::SPANS;
use lines::Lines;
use traces::Traces;

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{LevelFilter, Targets},
    layer::{Filter, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::settings::{LogFormat, Settings};

/// What a server writes when `RUST_LOG` says nothing.
pub const SERVER_FILTER: &str = "info,sqlx=warn,sqlx_core::pool::connection=error,actix_server=warn,hyper=warn,c2pa=warn,fred=off";
/// What `ava up` writes when `RUST_LOG` says nothing: as a server, without the daily business of its parts.
pub const UP_FILTER: &str = "info,sqlx=warn,sqlx_core::pool::connection=error,actix_server=warn,hyper=warn,c2pa=warn,fred=off,projections=warn";
/// What a command that answers and ends writes when `RUST_LOG` says nothing.
pub const QUIET_FILTER: &str = "warn";

/// Keeps the reports going; what is still unsent or unwritten goes out when it is dropped.
pub struct Telemetry {
    _sentry: Option<sentry::ClientInitGuard>,
    traces: Option<Traces>,
    lines: Lines,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(traces) = &self.traces {
            traces.end();
        }
        self.lines.flush();
    }
}

/// Starts logging, and Sentry and traces when they are configured. To be called once, before the async runtime is built:
/// the threads made after it report to the same place. `server` is the command's name, as `api`, of one that goes on
/// until it is told to stop: of those there are traces.
pub fn start(settings: &Settings, default_filter: &str, server: Option<&str>) -> Telemetry {
    let guard = reports::start(settings);
    let traces = server.and_then(|process| traces::start(settings, process));
    let wish = Wish::of(settings.log_filter.as_deref().unwrap_or(default_filter));
    let written = Lines::to(io::stderr());
    // A second start in one process (in a test) keeps the first one's lines.
    let _ = match &traces {
        // What is filtered for all of them is decided most quickly.
        None => tracing_subscriber::registry()
            .with(wish.of_all())
            .with(lines(settings, &written))
            .with(guard.is_some().then(reports::layers))
            .try_init(),
        // A trace is whole whatever the log leaves out.
        Some(traces) => {
            let mut told = vec![lines(settings, &written)];
            if guard.is_some() {
                told.extend(reports::layers());
            }
            let told = told.with_filter(wish.of_one()).boxed();
            tracing_subscriber::registry()
                .with(vec![told, traces.layer()])
                .try_init()
        }
    };
    Telemetry {
        _sentry: guard,
        traces,
        lines: written,
    }
}

/// What writes log lines.
fn lines<S>(settings: &Settings, written: &Lines) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    match settings.log_format {
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .with_writer(written.clone())
            .boxed(),
        LogFormat::Pretty => tracing_subscriber::fmt::layer()
            .with_ansi(io::stderr().is_terminal())
            .with_target(false)
            .with_writer(written.clone())
            .boxed(),
    }
}

/// Which log lines are written. Spans that are for collectors of traces are none, whatever is wished for.
enum Wish {
    /// Levels by target, where that is all that is wished for: it is decided once for each place in the code.
    Levels(Targets),
    /// Anything more (spans, fields) has to be decided at each line, and each time a request goes on.
    More(Box<EnvFilter>),
}

impl Wish {
    fn of(filter: &str) -> Self {
        match filter.parse::<Targets>() {
            Ok(levels) => Self::Levels(levels.with_target(SPANS, LevelFilter::OFF)),
            Err(_) => Self::More(Box::new(EnvFilter::new(format!("{filter},{SPANS}=off")))),
        }
    }

    /// For everything that is collected.
    fn of_all(self) -> Box<dyn Layer<Registry> + Send + Sync> {
        match self {
            Self::Levels(levels) => levels.boxed(),
            Self::More(filter) => filter.boxed(),
        }
    }

    /// For some of it.
    fn of_one(self) -> Box<dyn Filter<Registry> + Send + Sync> {
        match self {
            Self::Levels(levels) => Box::new(levels),
            Self::More(filter) => Box::new(*filter),
        }
    }
}
