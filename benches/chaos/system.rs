//! The whole of Ava as processes that may be killed: PostgreSQL, Redis, the outside, and every role.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use anyhow::Context as _;
use infrastructure::{
    scratch_process::{ScratchProcess, free_address},
    scratch_redis::ScratchRedis,
    scratch_server::ScratchServer,
};
use serde_json::json;
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::task::block_in_place;

/// What every process is told.
#[derive(Debug)]
struct Surroundings {
    directory: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Surroundings {
    fn command(&self, arguments: &[&str], more: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ava"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // Whoever is killed on purpose leaves nothing behind in the checkout.
            .current_dir(&self.directory)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(more.iter().copied());
        command
    }
}

/// One process of Ava's, and those before it in the same place.
#[derive(Debug)]
pub struct Role {
    surroundings: Arc<Surroundings>,
    role: &'static str,
    name: String,
    address: Option<String>,
    lives: u32,
    process: ScratchProcess,
}

impl Role {
    fn start(
        surroundings: &Arc<Surroundings>,
        role: &'static str,
        name: &str,
        address: Option<String>,
    ) -> Self {
        let process = Self::spawn(
            surroundings,
            role,
            &format!("{name}-1"),
            address.as_deref(),
            None,
        );
        Self {
            surroundings: Arc::clone(surroundings),
            role,
            name: name.to_owned(),
            address,
            lives: 1,
            process,
        }
    }

    fn spawn(
        surroundings: &Surroundings,
        role: &str,
        name: &str,
        address: Option<&str>,
        crash_at: Option<&str>,
    ) -> ScratchProcess {
        let more: Vec<(&str, &str)> = address
            .map(|address| ("HTTP_ADDR", address))
            .into_iter()
            .chain(crash_at.map(|point| ("AVA_CRASH_AT", point)))
            .collect();
        // Nobody kills the sandbox; its ledgers must be whole.
        let arguments: &[&str] = match role {
            "sandbox" => &["sandbox", "--in-memory"],
            role => &[role],
        };
        let command = surroundings.command(arguments, &more);
        ScratchProcess::start(name, command, &surroundings.directory)
    }

    /// What it is called here, as `worker-0`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the process that lives now has written.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// What the process that lives now holds leases as, once it has said so.
    pub fn node(&self) -> Option<String> {
        let log = self.process.log();
        let (_, after) = log.split_once(" node=")?;
        after.split_whitespace().next().map(str::to_owned)
    }

    /// Whether it has ended although nobody killed it; in its words.
    pub fn has_ended(&mut self) -> Option<String> {
        let status = self.process.ended()?;
        let log = self.log();
        let last = log.lines().last().unwrap_or("nothing");
        Some(format!("{} ended with {status}, saying: {last}", self.name))
    }

    /// What SIGKILL does; nothing, when it has died already.
    pub fn kill(&mut self) {
        if self.process.ended().is_none() {
            block_in_place(|| self.process.end("KILL"));
        }
    }

    /// Sends a signal, as `STOP`.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// What SIGTERM does; how it ended.
    pub fn terminate(&mut self) -> std::process::ExitStatus {
        block_in_place(|| self.process.end("TERM"))
    }

    /// Starts another in its place, without waiting for it.
    pub fn start_again(&mut self) {
        self.start_to_die(None);
    }

    /// The same, and tells it where to die, as `photo-stored:1`.
    pub fn start_to_die(&mut self, crash_at: Option<&str>) {
        self.lives += 1;
        let name = format!("{}-{}", self.name, self.lives);
        let address = self.address.as_deref();
        self.process = Self::spawn(&self.surroundings, self.role, &name, address, crash_at);
    }

    /// Waits until it is at work.
    pub fn is_at_work(&mut self) {
        block_in_place(|| match (self.role, &self.address) {
            (_, Some(address)) => self.process.listens(&address.clone()),
            ("worker", None) => self.process.says("The worker is at work"),
            (_, None) => self.process.says("The projectors follow the log"),
        });
    }
}

/// Everything. What is dropped later is declared later.
#[derive(Debug)]
pub struct System {
    pub apis: Vec<Role>,
    pub workers: Vec<Role>,
    pub projector: Role,
    sandbox: Role,
    pub redis: ScratchRedis,
    /// For the checker's own looks.
    pub pool: PgPool,
    pub postgres: ScratchServer,
    surroundings: Arc<Surroundings>,
    directory: tempfile::TempDir,
}

impl System {
    /// Starts it, and waits until all are at work.
    ///
    /// # Errors
    /// When a part is missing on this machine.
    pub fn start() -> anyhow::Result<Self> {
        block_in_place(Self::start_blocking)
    }

    fn start_blocking() -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("ava-chaos-").tempdir()?;
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
        let postgres = ScratchServer::start(&directory.path().join("server"))?;
        let redis = ScratchRedis::start();
        let addresses = [free_address(), free_address()];
        let sandbox = free_address();
        let surroundings = Arc::new(Surroundings {
            directory: directory.path().to_owned(),
            environment: vec![
                ("APP_ENV", "development".to_owned()),
                ("DATABASE_URL", postgres.url("postgres")),
                ("REDIS_URL", redis.url()),
                ("DATA_DIR", directory.path().display().to_string()),
                ("PLANS_FILE", plans(directory.path())?),
                ("PUBLIC_URL", format!("http://{}", addresses[0])),
                // Where workers and the sandbox find the API.
                ("HTTP_ADDR", addresses[0].clone()),
                ("SANDBOX_ADDR", sandbox.clone()),
                // A few people do here what nobody does.
                ("RATE_LIMITS", "off".to_owned()),
                ("REPLICATE_CREATES_PER_MINUTE", "6000".to_owned()),
                // What was written must be in the tree before it is checked.
                ("AUDIT_CHECKPOINT_SECONDS", "1".to_owned()),
            ],
        });
        let migrated = surroundings.command(&["migrate"], &[]).output()?;
        anyhow::ensure!(migrated.status.success(), "{}", told(&migrated));
        let start = |role, name: &str, address| Role::start(&surroundings, role, name, address);
        // It makes the secrets that all of them read.
        let mut sandbox = start("sandbox", "sandbox", Some(sandbox));
        sandbox.is_at_work();
        let [first, second] = addresses;
        let mut system = Self {
            apis: vec![
                start("api", "api-0", Some(first)),
                start("api", "api-1", Some(second)),
            ],
            workers: vec![
                start("worker", "worker-0", None),
                start("worker", "worker-1", None),
            ],
            projector: start("projector", "projector", None),
            sandbox,
            pool: PgPoolOptions::new()
                .max_connections(4)
                .connect_lazy(&postgres.url("postgres"))?,
            redis,
            postgres,
            surroundings,
            directory,
        };
        system.roles().for_each(Role::is_at_work);
        Ok(system)
    }

    /// Starts one more worker.
    pub fn add_worker(&mut self) {
        let name = format!("worker-{}", self.workers.len());
        let mut worker = Role::start(&self.surroundings, "worker", &name, None);
        worker.is_at_work();
        self.workers.push(worker);
    }

    /// Stops the one that was added last.
    pub fn remove_worker(&mut self) {
        if let Some(mut worker) = self.workers.pop() {
            worker.terminate();
        }
    }

    /// Every process that is Ava's own.
    pub fn roles(&mut self) -> impl Iterator<Item = &mut Role> {
        let projector = std::iter::once(&mut self.projector);
        self.apis
            .iter_mut()
            .chain(&mut self.workers)
            .chain(projector)
    }

    /// Where the API answers, as `http://127.0.0.1:40123`.
    pub fn api_urls(&self) -> Arc<[String]> {
        let addresses = self.apis.iter().filter_map(|api| api.address.as_ref());
        addresses
            .map(|address| format!("http://{address}"))
            .collect()
    }

    /// Where the sandbox answers.
    pub fn sandbox_url(&self) -> String {
        format!(
            "http://{}",
            self.sandbox.address.as_deref().unwrap_or_default()
        )
    }

    /// Where whatever is generated lies.
    pub fn data_dir(&self) -> &Path {
        self.directory.path()
    }

    /// Where pictures lie.
    pub fn objects(&self) -> PathBuf {
        self.directory.path().join("objects")
    }

    /// A command of the command line, to be run to its end.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.surroundings.command(arguments, &[])
    }

    /// Starts such a command.
    pub fn spawn(&self, name: &str, arguments: &[&str]) -> ScratchProcess {
        ScratchProcess::start(name, self.command(arguments), &self.surroundings.directory)
    }

    /// Keeps the directory with what everybody wrote.
    ///
    /// # Errors
    /// When there is none.
    pub fn keep_directory(&mut self) -> anyhow::Result<PathBuf> {
        self.directory.disable_cleanup(true);
        Ok(self.directory.path().to_owned())
    }
}

/// What is sold: more pictures than anybody will wish for.
fn plans(directory: &Path) -> anyhow::Result<String> {
    let file = directory.join("plans.json");
    let monthly = json!([{
        "id": "monthly", "name": "Monthly", "price_id": "price_monthly", "amount": 1999, "currency": "usd",
        "interval": "month", "photos_per_period": 100_000,
    }]);
    fs::write(&file, monthly.to_string())?;
    Ok(file.to_str().context("not a path")?.to_owned())
}

/// What a command said.
pub fn told(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).trim().to_owned()
}
