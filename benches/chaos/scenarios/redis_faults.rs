//! Redis is killed, emptied and stopped: Ava says that it is degraded, and goes on.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::block_in_place;

use crate::{
    load::{Load, Mix},
    run::Run,
};

/// How long a process of the API may take to see how Redis stands.
const SEEN_WITHIN: Duration = Duration::from_secs(60);

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let load = Load::start(run, Mix::Everything, 2);
    let mut unready = Vec::new();
    for _ in 0..run.scale.redis_faults {
        block_in_place(|| run.system.redis.kill());
        until_redis_is(run, "degraded", &mut unready).await?;
        run.pause(200..1500).await;
        block_in_place(|| run.system.redis.start_again());
        until_redis_is(run, "ok", &mut unready).await?;

        run.system.redis.signal("STOP");
        until_redis_is(run, "degraded", &mut unready).await?;
        run.pause(200..1500).await;
        run.system.redis.signal("CONT");
        until_redis_is(run, "ok", &mut unready).await?;

        run.pause(200..800).await;
        block_in_place(|| run.system.redis.flush());
        run.pause(200..800).await;
    }
    load.stop().await?;
    let faults = u64::from(run.scale.redis_faults);
    run.verdicts.count("kills of Redis", faults);
    run.verdicts.count("times that Redis stood still", faults);
    run.verdicts.count("times that Redis was emptied", faults);
    let seen = format!("{} faults, and well again after each", 3 * faults);
    run.verdicts
        .no_exception("without Redis it is degraded, and ready", seen, &unready);
    Ok(())
}

/// Waits until Redis is to each process of the API what it should be; each must be ready all the while.
async fn until_redis_is(run: &Run, wanted: &str, unready: &mut Vec<String>) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    for api in run.system.api_urls().iter() {
        let begun = Instant::now();
        loop {
            let answer = client.get(format!("{api}/ready")).send().await?;
            let status = answer.status().as_u16();
            let ready: Value = answer.json().await?;
            if status != 200 {
                unready.push(format!("{status} {ready}"));
            }
            if ready["checks"]["redis"] == wanted {
                break;
            }
            anyhow::ensure!(
                begun.elapsed() < SEEN_WITHIN,
                "Redis is not {wanted}: {ready}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}
