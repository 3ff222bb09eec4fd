//! Starts what the compose file names, and the outside.

use std::{path::Path, process::Command};

use infrastructure::scratch_database::ScratchDatabase;
use url::Url;

use super::processes::{Nginx, NginxPlaces, Running, ava_role, free_address};
use crate::{
    running::{Ended, data_dir},
    server::programs,
};

/// Of every user of the database.
const PASSWORD: &str = "0011223344556677";

/// Everything that the compose file names, and the outside.
pub struct Topology {
    pub directory: tempfile::TempDir,
    pub environment: Vec<(&'static str, String)>,
    pub nginx: Nginx,
    pub apis: Vec<(String, Running)>,
    pub workers: Vec<Running>,
    pub projectors: Vec<Running>,
    pub metrics: String,
    pub sandbox: String,
    /// Redis and the sandbox, which run until the end.
    pub others: Vec<Running>,
    pub database: ScratchDatabase,
}

impl Topology {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same, and tells everybody so.
    pub async fn start_with(more: &[(&'static str, &str)]) -> Self {
        let directory = data_dir();
        let database = ScratchDatabase::create().await;
        let addresses: Vec<String> = (0..2).map(|_| free_address()).collect();
        let (sandbox, redis, metrics) = (free_address(), free_address(), free_address());
        let places = NginxPlaces {
            backends: &addresses,
            trusted_proxy: "192.0.2.1",
            extra: &directory.path().join("nothing"),
        };
        let nginx = Nginx::start(&places, directory.path());
        let public = format!("http://{}", nginx.address);
        let web = format!("{}/web/dist", env!("CARGO_MANIFEST_DIR"));
        let mut environment = vec![
            // With /dev/token, which the story signs in with; and everything else as it is configured.
            ("APP_ENV", "development".to_owned()),
            ("REDIS_URL", format!("redis://{redis}/0")),
            ("TRUSTED_PROXIES", "1".to_owned()),
            ("PUBLIC_URL", public),
            ("WEB_DIR", web),
            ("SANDBOX_ADDR", sandbox.clone()),
            // Where workers and the sandbox find the API.
            ("HTTP_ADDR", nginx.address.clone()),
            ("LOG_FORMAT", "json".to_owned()),
        ];
        environment.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let redis = redis_server(&redis, directory.path());
        let mut topology = Self {
            environment,
            nginx,
            apis: Vec::new(),
            workers: Vec::new(),
            projectors: Vec::new(),
            metrics: metrics.clone(),
            sandbox: format!("http://{sandbox}"),
            others: vec![redis],
            database,
            directory,
        };
        let migrated = Ended::of(topology.command("migrate", &[]));
        assert_eq!(migrated.code, Some(0), "{}", migrated.stderr);
        topology.make_logins();
        topology
            .others
            .push(topology.run("sandbox", "sandbox", &[]));
        let projector = topology.projector("projector-0", &metrics);
        topology.projectors.push(projector);
        for (number, address) in addresses.into_iter().enumerate() {
            let api = topology.api(number, &address);
            topology.apis.push((address, api));
        }
        topology.workers = (0..2).map(|number| topology.worker(number)).collect();
        topology.others[1].listens(&sandbox);
        topology.projectors[0].listens(&metrics);
        for (address, api) in &mut topology.apis {
            api.listens(address);
        }
        for worker in &mut topology.workers {
            worker.says("The worker is at work");
        }
        topology
    }

    /// As the compose file does, so that each process has the rights of its own user.
    fn make_logins(&self) {
        let mut command = Command::new("sh");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/logins.sh"));
        let owner: Url = self.database.url().parse().unwrap();
        let psql = programs();
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", psql.display()))
            .env("PGHOST", owner.host_str().unwrap())
            .env("PGPORT", owner.port().unwrap().to_string())
            .env("PGUSER", owner.username())
            .env("PGPASSWORD", owner.password().unwrap())
            .env("PGDATABASE", owner.path().trim_start_matches('/'));
        for user in ["API", "WORKER", "PROJECTOR", "STEWARD"] {
            command.env(format!("DATABASE_PASSWORD_{user}"), PASSWORD);
        }
        // Again is harmless.
        for _ in 0..2 {
            let made = command.output().unwrap();
            assert!(made.status.success(), "{made:?}");
        }
    }

    /// The address of the database for whoever has that part.
    fn database_of(&self, role: &str) -> String {
        let mut url: Url = self.database.url().parse().unwrap();
        if role != "migrate" {
            url.set_username(role).unwrap();
            url.set_password(Some(PASSWORD)).unwrap();
        }
        url.into()
    }

    pub fn command(&self, role: &str, more: &[(&str, &str)]) -> Command {
        let database = self.database_of(role);
        let environment = self
            .environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let environment: Vec<_> = environment
            .chain([("DATABASE_URL", database.as_str())])
            .chain(more.iter().copied())
            .collect();
        ava_role(self.directory.path(), role, &environment)
    }

    fn run(&self, name: &str, role: &str, more: &[(&str, &str)]) -> Running {
        Running::start(name, self.command(role, more), self.directory.path())
    }

    pub fn api(&self, number: usize, address: &str) -> Running {
        self.run(&format!("api-{number}"), "api", &[("HTTP_ADDR", address)])
    }

    pub fn projector(&self, name: &str, metrics: &str) -> Running {
        self.run(name, "projector", &[("METRICS_ADDR", metrics)])
    }

    pub fn worker(&self, number: usize) -> Running {
        self.run(&format!("worker-{number}"), "worker", &[])
    }

    /// How people reach it.
    pub fn public(&self) -> String {
        format!("http://{}", self.nginx.address)
    }

    /// What everybody has written.
    pub fn logs(&self) -> String {
        let running = self.apis.iter().map(|(_, api)| api).chain(&self.workers);
        running.map(Running::log).collect::<Vec<_>>().join("\n") + &self.nginx.process.log()
    }
}

fn redis_server(address: &str, directory: &Path) -> Running {
    let port = address.rsplit(':').next().unwrap();
    let mut command = Command::new("redis-server");
    command.args(["--port", port, "--bind", "127.0.0.1", "--save", "", "--dir"]);
    command.arg(directory);
    let mut redis = Running::start("redis", command, directory);
    redis.listens(address);
    redis
}
