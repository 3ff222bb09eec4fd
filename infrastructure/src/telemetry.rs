//! What the process says of itself: log lines on standard error, and errors to Sentry where one is configured.

mod current_request;
mod lines;
mod reports;

use std::io::{self, IsTerminal};

use lines::Lines;

use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt,
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
    lines: Lines,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.lines.flush();
    }
}

/// Starts logging, and Sentry when it is configured. To be called once, before the async runtime is built: the
/// threads made after it report to the same place.
pub fn start(settings: &Settings, default_filter: &str) -> Telemetry {
    let guard = reports::start(settings);
    let filter = settings.log_filter.as_deref().unwrap_or(default_filter);
    let written = Lines::to(io::stderr());
    let lines = match settings.log_format {
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .with_writer(written.clone())
            .boxed(),
        LogFormat::Pretty => tracing_subscriber::fmt::layer()
            .with_ansi(io::stderr().is_terminal())
            .with_target(false)
            .with_writer(written.clone())
            .boxed(),
    };
    let reports = guard.is_some().then(reports::layers);
    // A second start in one process (in a test) keeps the first one's lines.
    let _ = tracing_subscriber::registry()
        .with(filtered(filter))
        .with(lines)
        .with(reports)
        .try_init();
    Telemetry {
        _sentry: guard,
        lines: written,
    }
}

/// Levels by target where that is all that is wished for: it is decided once for each place in the code. Anything more
/// (spans, fields) has to be decided at each line, and each time a request goes on.
fn filtered(filter: &str) -> Box<dyn Layer<Registry> + Send + Sync> {
    match filter.parse::<Targets>() {
        Ok(targets) => targets.boxed(),
        Err(_) => EnvFilter::new(filter).boxed(),
    }
}
