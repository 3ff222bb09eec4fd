//! `ava worker`: pictures, payments and what else follows from events.

use infrastructure::{database::DatabaseRole, settings::Settings};

use super::role::Role;
use crate::{
    crew::Crew,
    database::Roles,
    failure::Failure,
    listener::{join_metrics, take_metrics},
    stop,
};

pub const HELP: &str = "\
Examples:
  DATABASE_URL=postgres://ava:…@db/ava ava worker

Work is shared out among all workers; when one dies, another takes over within seconds.";

pub async fn run(settings: Settings) -> Result<(), Failure> {
    let stop = stop::on_signals()?;
    let metrics = take_metrics(&settings)?;
    let role = Role::start(&settings, "worker", Roles::only(DatabaseRole::Worker), None).await?;
    let mut crew = Crew::new(stop.clone());
    // What is counted of the companion's answers, only the process knows that gives them.
    let app = role.wiring.api(false)?;
    join_metrics(metrics, &mut crew, app, stop.clone());
    crew.add_steady("worker", ::worker::run(role.wiring.worker(), stop.clone()));
    crew.add_steady(
        "providers' messages",
        role.wiring.hear_providers(stop.clone()),
    );
    crew.add_steady(
        "reactions",
        role.wiring.follow(role.wiring.reactions(), stop.clone()),
    );
    crew.add_steady("other processes", role.wiring.exchange_hints(stop.clone()));
    crew.add_steady("housekeeping", role.wiring.keep_house(stop));
    tracing::info!(node = %role.wiring.node(), "The worker is at work");
    let done = crew.work().await;
    role.end().await;
    done
}
