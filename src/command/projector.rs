//! `ava projector`: the read models.

use infrastructure::settings::Settings;

use super::role::Role;
use crate::{crew::Crew, failure::Failure, stop};

pub const HELP: &str = "\
Examples:
  DATABASE_URL=postgres://ava:…@db/ava ava projector

One process works on each read model; when it dies, another takes over within seconds.";

pub async fn run(settings: Settings) -> Result<(), Failure> {
    let stop = stop::on_signals()?;
    let role = Role::start(&settings, "projector", None).await?;
    let mut crew = Crew::new(stop.clone());
    crew.add_steady(
        "projectors",
        role.wiring.follow(role.wiring.projectors(), stop.clone()),
    );
    crew.add_steady("other processes", role.wiring.exchange_hints(stop.clone()));
    crew.add_steady("transparency tree", role.wiring.grow_tree(stop.clone()));
    crew.add_steady("self-check", role.wiring.check_read_models(stop));
    tracing::info!("The projectors follow the log");
    let done = crew.work().await;
    role.end().await;
    done
}
