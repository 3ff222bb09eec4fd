//! `ava doctor`: what is wrong with this installation, and what to do about it.

mod database;
mod finding;
mod log;
mod machine;
mod providers;
mod redis;
mod replica;
mod secrets;

use infrastructure::settings::Settings;

use self::finding::{Level, Report};
use crate::failure::Failure;

pub const HELP: &str = "\
Examples:
  ava doctor                          every check, and what to do where one fails
  ava doctor --json                   the same for a script
  docker compose run --rm backend doctor

It changes nothing, but for a probe in the storage that it removes again, and one in Redis that expires; and asks every
provider one harmless question with the credentials that are configured. Exit codes: 0 nothing fails (something may be worth a look), 1 something fails,
2 the configuration cannot be used, 75 what fails is away and may come back.";

pub async fn run(settings: Settings, json: bool) -> Result<(), Failure> {
    let mut report = Report::default();
    let look_up =
        |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    secrets::examine(&settings, &look_up, &mut report);
    machine::examine(&settings, &mut report).await;
    if let Some(pool) = database::examine(&settings, &mut report).await {
        replica::examine(&settings, &pool, &mut report).await;
        log::examine(&settings, &pool, &mut report).await;
        pool.close().await;
    }
    redis::examine(settings.redis.as_ref(), look_up("REDIS_URL"), &mut report).await;
    providers::examine(&settings, &mut report).await;
    super::print(&if json {
        report.as_json()
    } else {
        report.as_text()
    })?;
    verdict(&report)
}

fn verdict(report: &Report) -> Result<(), Failure> {
    let failing = report.names(Level::Fail);
    let away = report.names(Level::Away);
    if !failing.is_empty() {
        let all = [failing, away].concat().join(", ");
        return Err(Failure::other(format!("not well: {all}")));
    }
    if !away.is_empty() {
        return Err(Failure::try_again(format!("away: {}", away.join(", "))));
    }
    Ok(())
}
