//! `ava demo`: believable people for a system that runs.

use std::fmt::Write;

use clap::Args;
use infrastructure::settings::{Environment, Settings};
use serde_json::json;

use crate::{
    demo::{self, Guest, Plan},
    failure::Failure,
    listener::url_of,
};

pub const HELP: &str = "\
Examples:
  ava demo                               fill the system that `ava up` runs
  ava demo --people 60 --seed 7          more people, and others
  ava demo --json                        the same, with the people and what each is an example of as JSON

Everybody comes in through the API, and pays on the sandbox's page: nothing is written behind the log's back. The same
seed gives the same people, so a second run (within 7 days) goes on where the first one ended. Only in development,
where anybody can sign in with an e-mail address alone.";

/// Who is made up.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many people.
    #[arg(long, default_value_t = 18, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    people: u32,
    /// What everything about them derives from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub async fn run(arguments: DemoArgs, settings: Settings, json: bool) -> Result<(), Failure> {
    if settings.environment == Environment::Production {
        return Err(Failure::usage(
            "made-up people do not belong into production (APP_ENV=production)",
        ));
    }
    let plan = Plan {
        people: arguments.people,
        seed: arguments.seed,
        api: url_of(settings.http_addr)?,
        sandbox: url_of(settings.sandbox_addr)?,
    };
    let guests = demo::fill(&plan).await?;
    super::print(&if json {
        as_json(&guests)
    } else {
        as_text(&guests, &plan)
    })
}

fn as_json(guests: &[Guest]) -> String {
    let items: Vec<_> = guests
        .iter()
        .map(|guest| {
            json!({
                "email": guest.email,
                "example_of": guest.chapter.told(),
                "subscription": guest.subscription,
                "photos": guest.photos,
                "messages": guest.messages,
            })
        })
        .collect();
    format!("{}\n", json!({ "items": items }))
}

fn as_text(guests: &[Guest], plan: &Plan) -> String {
    let width = guests.iter().map(|guest| guest.email.len()).max();
    let width = width.unwrap_or(0).max(6);
    let mut text = format!(
        "{:width$}  {:12}  {:>6}  {:>8}  AN EXAMPLE OF\n",
        "E-MAIL", "SUBSCRIPTION", "PHOTOS", "MESSAGES"
    );
    for guest in guests {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:width$}  {:12}  {:>6}  {:>8}  {}",
            guest.email,
            guest.subscription,
            guest.photos,
            guest.messages,
            guest.chapter.told()
        );
    }
    let _ = writeln!(
        text,
        "\nSign in at {} with one of these addresses; with any address and a role, see the whole of it.",
        plan.api
    );
    text
}
