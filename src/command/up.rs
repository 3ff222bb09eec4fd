//! `ava up`: everything in one process.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use ::sandbox::RunningSandbox;
use infrastructure::settings::{Environment, Settings, TokenKeys};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    crew::Crew,
    data_directory::DataDirectory,
    database::{Database, Roles},
    failure::Failure,
    listener::{Listeners, local_url},
    stop,
    wiring::{Secrets, Surroundings, Wiring},
};

pub const HELP: &str = "\
Examples:
  ava up
  HTTP_ADDR=127.0.0.1:8081 SANDBOX_ADDR=127.0.0.1:8091 DATA_DIR=.data-2 ava up    a second one beside it
  DATABASE_URL=postgres://ava:…@localhost/ava ava up                              on a database of yours

Everything that it keeps is in DATA_DIR (default `.data`): remove that directory to start afresh.
Ctrl-C stops it; nothing is left running.";

/// How often the API is asked whether it is ready.
const GLANCE: Duration = Duration::from_millis(40);

/// How long a system that can serve may stay degraded before it is announced nevertheless.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where everything is, for the banner.
struct Addresses {
    api: Url,
    sandbox: Option<Url>,
    data_dir: String,
    database: String,
    has_dev_token: bool,
    has_web_client: bool,
}

pub async fn run(settings: Settings, json: bool) -> Result<(), Failure> {
    let stop = stop::on_signals()?;
    let directory = DataDirectory::take(&settings.data_dir)?;
    // The ports are taken first, so that a taken one is told before anything slow is started.
    let listeners = Listeners::take(&settings)?;
    let api_url = local_url(&listeners.api)?;
    let secrets = Secrets::of(&settings)?;
    let sandbox = match &secrets.generated {
        Some(generated) if settings.needs_sandbox() => {
            let state_file = Some(super::sandbox::state_file(&settings));
            Some(super::sandbox::start(&settings, generated, &api_url, state_file).await?)
        }
        Some(_) | None => None,
    };
    let mut database = match Database::of_our_own(&settings, &directory).await {
        Ok(database) => database,
        Err(failure) => {
            end_sandbox(sandbox).await;
            return Err(failure);
        }
    };

    let addresses = Addresses {
        api: api_url.clone(),
        sandbox: sandbox
            .as_ref()
            .map(|sandbox| Url::parse(sandbox.url()))
            .transpose()
            .map_err(Failure::other)?,
        data_dir: directory.path().display().to_string(),
        database: database.described(),
        has_dev_token: settings.environment == Environment::Development
            && !matches!(
                settings.identity.keys,
                TokenKeys::Jwks(_) | TokenKeys::Discovered
            ),
        has_web_client: settings.web_dir.is_some(),
    };
    let surroundings = Surroundings {
        sandbox_url: addresses.sandbox.clone().unwrap_or_else(|| api_url.clone()),
        public_url: settings
            .public_url
            .clone()
            .unwrap_or_else(|| api_url.clone()),
        api_url,
        node: directory.node()?,
    };
    let served = async {
        database.migrate().await?;
        let pools = database.pools("up", Roles::UP).await?;
        let replica = database.replica("up", Roles::UP)?;
        let wiring = Wiring::new(
            &settings,
            &secrets,
            surroundings,
            pools.clone(),
            replica.clone(),
        )?;
        let crew = crew(wiring, listeners, Announcement { addresses, json }, stop)?;
        let worked = tokio::select! {
            worked = crew.work() => worked,
            failure = database.failed() => Err(failure),
        };
        if let Some(replica) = replica {
            replica.close().await;
        }
        pools.close().await;
        worked
    };
    let served = served.await;
    end_sandbox(sandbox).await;
    database.stop().await;
    served
}

/// Everything that runs on the database.
fn crew(
    wiring: Wiring,
    listeners: Listeners,
    announcement: Announcement,
    stop: CancellationToken,
) -> Result<Crew, Failure> {
    let mut crew = Crew::new(stop.clone());
    let app = wiring.api(true)?;
    let served = listeners.join(&mut crew, app, stop.clone());
    let mut followers = wiring.projectors();
    followers.extend(wiring.reactions());
    crew.add_steady(
        "followers of the log",
        wiring.follow(followers, served.clone()),
    );
    crew.add_steady("worker", ::worker::run(wiring.worker(), stop.clone()));
    crew.add_steady("providers' messages", wiring.hear_providers(stop.clone()));
    crew.add_steady("companions' words", wiring.hear_companions(served.clone()));
    crew.add_steady("replica", wiring.watch_replica(served.clone()));
    crew.add_steady("other processes", wiring.exchange_hints(served.clone()));
    crew.add_steady("transparency tree", wiring.grow_tree(stop.clone()));
    crew.add_steady("self-check", wiring.check_read_models(stop.clone()));
    crew.add_steady("housekeeping", wiring.keep_house(stop.clone()));
    crew.add("announcement", async move {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            announced = announcement.when_ready() => announced?,
        }
        stop.cancelled().await;
        Ok(())
    });
    Ok(crew)
}

async fn end_sandbox(sandbox: Option<RunningSandbox>) {
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
}

/// What is printed once everything works.
struct Announcement {
    addresses: Addresses,
    json: bool,
}

impl Announcement {
    /// Asks the API until it serves and the read models follow, then prints where to look. One whose read models stay
    /// degraded is announced as well, after a while; what else is degraded is no reason to wait.
    async fn when_ready(&self) -> Result<(), Failure> {
        let ready = self.addresses.api.join("/ready").map_err(Failure::other)?;
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .map_err(Failure::other)?;
        let begun = Instant::now();
        loop {
            if let Ok(answer) = client.get(ready.clone()).send().await
                && answer.status().is_success()
            {
                let told: serde_json::Value = answer.json().await.unwrap_or_default();
                if told["checks"]["projections"] == "ok" || begun.elapsed() > PATIENCE {
                    break;
                }
            }
            tokio::time::sleep(GLANCE).await;
        }
        super::print(&if self.json {
            self.as_json()
        } else {
            self.as_text()
        })
    }

    fn as_json(&self) -> String {
        let Addresses {
            api,
            sandbox,
            data_dir,
            ..
        } = &self.addresses;
        let told = json!({
            "status": "ready",
            "api": address(api),
            "sandbox": sandbox.as_ref().map(address),
            "data_dir": data_dir,
        });
        format!("{told}\n")
    }

    fn as_text(&self) -> String {
        let Addresses {
            api,
            sandbox,
            data_dir,
            database,
            has_dev_token,
            has_web_client,
        } = &self.addresses;
        let api = address(api);
        let mut text = "\n  Ava is ready.\n\n".to_owned();
        if *has_web_client {
            let _ = writeln!(text, "    Open      {api}");
        }
        let _ = writeln!(text, "    API       {api}\n    Try it    {api}/docs");
        if let Some(sandbox) = sandbox {
            let _ = writeln!(
                text,
                "    Sandbox   {}   plays Stripe, Replicate and the chat model",
                address(sandbox)
            );
        }
        let _ = writeln!(text, "    Data      {data_dir}   {database}");
        if *has_dev_token && !has_web_client {
            let _ = writeln!(
                text,
                "\n  Sign in:  curl -s {api}/dev/token -H 'Content-Type: application/json' -d '{{\"email\": \"you@example.com\"}}'"
            );
        }
        text.push_str("  Stop:     Ctrl-C\n\n");
        text
    }
}

/// Without the slash that `Url` puts at the end.
fn address(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
