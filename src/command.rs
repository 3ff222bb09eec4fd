//! The commands, one file each.

mod api;
mod audit;
mod billing;
mod completions;
mod demo;
mod doctor;
mod erase;
mod events;
mod keys;
mod migrate;
mod openapi;
mod photos;
mod progress;
mod projections;
mod projector;
mod role;
mod sandbox;
mod state;
mod up;
mod webhooks;
mod worker;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use infrastructure::{
    settings::Settings,
    telemetry::{QUIET_FILTER, SERVER_FILTER, UP_FILTER},
};

use crate::failure::Failure;

pub use audit::AuditCommand;
pub use billing::BillingCommand;
pub use demo::DemoArgs;
pub use erase::EraseArgs;
pub use events::EventsCommand;
pub use keys::KeysCommand;
pub use photos::PhotosCommand;
pub use projections::ProjectionsCommand;
pub use state::StateArgs;
pub use webhooks::WebhooksCommand;

const EXAMPLES: &str = "\
Examples:
  ava                                    everything on this machine; prints where to look
  HTTP_ADDR=127.0.0.1:9000 ava up        the same on another port
  ava projections list                   how far each read model is
  ava photos list                        which pictures failed, and why
  ava webhooks list --state parked       what the payment provider said that nobody could apply
  ava doctor                             what is wrong with this installation, and what to do
  ava audit verify                       whether the log is what was hashed and signed
  ava erase USER_ID                      forgets somebody for ever
  ava events tail                        what happens, as it happens
  ava openapi > openapi.json             the API's description, to generate a client from
  ava completions bash > /etc/bash_completion.d/ava

Configuration is read from environment variables; `.env.example` explains each of them.
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not found, 4 conflict, 75 try again later.";

/// Ava: the back end of an AI companion.
///
/// A bare `ava` is `ava up`: PostgreSQL, the API, the worker and stand-ins for Stripe and Replicate, all on
/// this machine, with nothing to configure.
#[derive(Debug, Parser)]
#[command(name = "ava", version, after_help = EXAMPLES)]
pub struct Cli {
    /// Print data as JSON.
    #[arg(long, global = true)]
    pub json: bool,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What `ava` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything in one process, on a private PostgreSQL unless DATABASE_URL is set (the default).
    #[command(after_help = up::HELP)]
    Up,
    /// Run the HTTP API alone. Any number of these can share a database.
    #[command(after_help = api::HELP)]
    Api,
    /// Run the worker alone: it draws requested pictures and applies payments. Any number can share a database.
    #[command(after_help = worker::HELP)]
    Worker,
    /// Run the projectors alone: they keep the read models up to date. Any number can share a database.
    #[command(after_help = projector::HELP)]
    Projector,
    /// Run the stand-ins for Stripe and Replicate alone.
    #[command(after_help = sandbox::HELP)]
    Sandbox {
        /// Remember everything, and nothing beyond the end of this process: for many thousands of pictures.
        #[arg(long)]
        in_memory: bool,
    },
    /// Check this installation, and say what to do about what is wrong.
    #[command(after_help = doctor::HELP)]
    Doctor,
    /// Bring the database to the shape that this version needs.
    #[command(after_help = migrate::HELP)]
    Migrate,
    /// Print the API's OpenAPI 3.1 document.
    #[command(after_help = openapi::HELP)]
    Openapi,
    /// See and mend what follows the event log.
    #[command(subcommand, after_help = projections::HELP)]
    Projections(ProjectionsCommand),
    /// Check the event log, prove what is in it, and hand it out with proofs.
    #[command(subcommand, after_help = audit::HELP)]
    Audit(AuditCommand),
    /// See everybody's photos by how they stand, and let failed ones be tried again.
    #[command(subcommand, after_help = photos::HELP)]
    Photos(PhotosCommand),
    /// See the payment provider's messages, and hand some out again.
    #[command(subcommand, after_help = webhooks::HELP)]
    Webhooks(WebhooksCommand),
    /// Compare subscriptions with the payment provider's.
    #[command(subcommand, after_help = billing::HELP)]
    Billing(BillingCommand),
    /// Read the event log: page by page, one event, as it grows, or all of it.
    #[command(subcommand, after_help = events::HELP)]
    Events(EventsCommand),
    /// Look after the keys that people's personal data are sealed with.
    #[command(subcommand, after_help = keys::HELP)]
    Keys(KeysCommand),
    /// See anything as it stood at any point of the event log.
    #[command(after_help = state::HELP)]
    State(StateArgs),
    /// Forget somebody for ever.
    #[command(after_help = erase::HELP)]
    Erase(EraseArgs),
    /// Fill a running system with believable people, companions, chats, pictures and subscriptions.
    #[command(after_help = demo::HELP)]
    Demo(DemoArgs),
    /// Print a completion script for a shell.
    #[command(after_help = completions::HELP)]
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

impl Command {
    /// Which log lines are written when `RUST_LOG` says nothing.
    pub fn log_filter(&self) -> &'static str {
        match self {
            Self::Up => UP_FILTER,
            Self::Sandbox { .. } => SERVER_FILTER,
            other if other.server().is_some() => SERVER_FILTER,
            _ => QUIET_FILTER,
        }
    }

    /// The name of one that goes on until it is told to stop.
    pub const fn server(&self) -> Option<&'static str> {
        match self {
            Self::Up => Some("up"),
            Self::Api => Some("api"),
            Self::Worker => Some("worker"),
            Self::Projector => Some("projector"),
            Self::Sandbox { .. }
            | Self::Migrate
            | Self::Doctor
            | Self::Openapi
            | Self::Photos(_)
            | Self::Projections(_)
            | Self::Audit(_)
            | Self::Webhooks(_)
            | Self::Billing(_)
            | Self::Events(_)
            | Self::Keys(_)
            | Self::State(_)
            | Self::Demo(_)
            | Self::Erase(_)
            | Self::Completions { .. } => None,
        }
    }
}

/// Runs a command that needs no configuration; none when this is not one.
pub fn without_settings(command: &Command, json: bool) -> Option<Result<(), Failure>> {
    match command {
        Command::Openapi => Some(openapi::run()),
        Command::Completions { shell } => Some(completions::run(*shell)),
        Command::Audit(command) => audit::without_settings(command, json),
        Command::Up
        | Command::Api
        | Command::Worker
        | Command::Projector
        | Command::Sandbox { .. }
        | Command::Migrate
        | Command::Doctor
        | Command::Photos(_)
        | Command::Projections(_)
        | Command::Webhooks(_)
        | Command::Billing(_)
        | Command::Events(_)
        | Command::Keys(_)
        | Command::State(_)
        | Command::Demo(_)
        | Command::Erase(_) => None,
    }
}

/// Runs a command.
pub async fn run(command: Command, settings: Settings, json: bool) -> Result<(), Failure> {
    match command {
        Command::Up => up::run(settings, json).await,
        Command::Api => api::run(settings).await,
        Command::Worker => worker::run(settings).await,
        Command::Projector => projector::run(settings).await,
        Command::Sandbox { in_memory } => sandbox::run(settings, in_memory).await,
        Command::Migrate => migrate::run(settings, json).await,
        Command::Doctor => doctor::run(settings, json).await,
        Command::Audit(command) => audit::run(command, settings, json).await,
        Command::Photos(command) => photos::run(command, settings, json).await,
        Command::Projections(command) => projections::run(command, settings, json).await,
        Command::Webhooks(command) => webhooks::run(command, settings, json).await,
        Command::Billing(command) => billing::run(command, settings, json).await,
        Command::Events(command) => events::run(command, settings, json).await,
        Command::Keys(command) => keys::run(command, settings, json).await,
        Command::State(arguments) => state::run(arguments, settings, json).await,
        Command::Erase(arguments) => erase::run(arguments, settings, json).await,
        Command::Demo(arguments) => demo::run(arguments, settings, json).await,
        Command::Openapi => openapi::run(),
        Command::Completions { shell } => completions::run(shell),
    }
}

/// Writes data to standard output. A reader that has gone away, as in `ava openapi | head`, is no failure.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::{ErrorKind, Write};
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::other(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
