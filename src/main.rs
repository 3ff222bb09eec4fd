//! The command line: which command, which settings.

mod command;
mod crew;
mod data_directory;
mod database;
mod demo;
mod failure;
mod listener;
mod steward;
mod stop;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use command::{Cli, Command};
use failure::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Two TLS clients of ours ask rustls for its provider; whoever comes second finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = Cli::parse();
    #[cfg(debug_assertions)]
    if let Ok(told) = std::env::var("AVA_CRASH_AT")
        && let Err(mistake) = application::crash_points::arm(&told)
    {
        eprintln!("ava: {mistake}");
        return ExitCode::from(2);
    }
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("ava: {failure}");
            failure.exit_code()
        }
    }
}

fn start(cli: Cli) -> Result<(), Failure> {
    let command = cli.command.unwrap_or(Command::Up);
    if let Some(answer) = command::without_settings(&command, cli.json) {
        return answer;
    }
    let settings =
        infrastructure::settings::Settings::from_environment().map_err(Failure::usage)?;
    // Sentry wants to be there before the runtime's threads are.
    let telemetry =
        infrastructure::telemetry::start(&settings, command.log_filter(), command.server());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::other)?;
    let done = runtime.block_on(command::run(command, settings, cli.json));
    // What still runs in there has been told to stop; a thread that hangs in a system call must not keep us.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    drop(telemetry);
    done
}
