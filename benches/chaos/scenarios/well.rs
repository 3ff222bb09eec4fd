//! Whether the API is well again.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::run::Run;

/// How long the API may take to be well again before that is a broken promise. The goal is 3 s on a machine that has
/// nothing else to do.
const WELL_WITHIN: Duration = Duration::from_secs(30);

/// How long after a fault every process of the API carries out a command.
pub async fn time_until_well(run: &Run) -> anyhow::Result<Duration> {
    let (back, mut number) = (Instant::now(), 0);
    for api in run.system.api_urls().iter() {
        loop {
            number += 1;
            let name = format!("Well {number} {:?}", back.elapsed());
            let change = json!({"name": name});
            if run.people[0]
                .try_once(api, Method::PATCH, "/avatars/me", &change)
                .await
            {
                break;
            }
            anyhow::ensure!(back.elapsed() < WELL_WITHIN, "{api} does not get well");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(back.elapsed())
}
