//! `ava api`: the HTTP API alone.

use infrastructure::settings::Settings;

use super::role::Role;
use crate::{
    crew::Crew,
    database::Roles,
    failure::Failure,
    listener::{Listeners, local_url},
    stop,
};

pub const HELP: &str = "\
Examples:
  DATABASE_URL=postgres://ava:…@db/ava HTTP_ADDR=0.0.0.0:8080 ava api

The database must be migrated (`ava migrate`), and a worker and a projector must run beside it.";

pub async fn run(settings: Settings) -> Result<(), Failure> {
    let stop = stop::on_signals()?;
    let listeners = Listeners::take(&settings)?;
    let url = local_url(&listeners.api)?;
    let public_url = settings.public_url.clone().unwrap_or_else(|| url.clone());
    let role = Role::start(&settings, "api", Roles::API, Some(public_url)).await?;
    let app = role.wiring.api(false)?;
    let mut crew = Crew::new(stop.clone());
    let served = listeners.join(&mut crew, app, stop);
    crew.add_steady(
        "other processes",
        role.wiring.exchange_hints(served.clone()),
    );
    crew.add_steady("replica", role.wiring.watch_replica(served.clone()));
    crew.add_steady("companions' words", role.wiring.hear_companions(served));
    tracing::info!("The API answers at {url}");
    let done = crew.work().await;
    role.end().await;
    done
}
