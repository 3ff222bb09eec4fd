//! The throw-away cluster that test processes share.

use std::{
    env,
    error::Error,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use rustix::fs::statvfs;
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection};

use crate::{
    database::{self, DatabaseRole, MIGRATIONS},
    embedded_postgres::{
        Account, Binaries, PidFile, Place, Tuning, clear_away_predecessor, find_binaries,
        is_server_of, password, readable_binaries, settle, url,
    },
};

type Failure = Box<dyn Error + Send + Sync>;

/// How often a process that uses the cluster says so.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long another process may take to start or to stop the cluster.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";
/// How much room there must be, in bytes, before tests make use of it: some hundred databases, and their log.
const ROOMY: u64 = 4 << 30;

/// Stops the cluster ($1) and removes it ($2) once its heartbeat ($3) is older than a minute, or gone.
const WATCHDOG: &str = r#"
while sleep 1 && kill -0 "$1" 2>/dev/null; do
  if [ ! -e "$3" ] || [ -n "$(find "$3" -mmin +1)" ]; then kill -INT "$1"; break; fi
done
while kill -0 "$1" 2>/dev/null && [ -e "$2/postmaster.pid" ]; do sleep 1; done
rm -rf "$2"
"#;

/// A private cluster for the tests of this checkout.
#[derive(Debug)]
pub struct ScratchCluster {
    home: PathBuf,
    password: String,
    port: u16,
    template: String,
}

impl ScratchCluster {
    /// The cluster without durability; starts it when no other test process has.
    pub(super) fn quick() -> &'static Self {
        static CLUSTER: OnceLock<ScratchCluster> = OnceLock::new();
        CLUSTER.get_or_init(|| Self::join("scratch", false))
    }

    /// The cluster whose commits are durable; starts it when no other test process has.
    pub(super) fn durable() -> &'static Self {
        static CLUSTER: OnceLock<ScratchCluster> = OnceLock::new();
        CLUSTER.get_or_init(|| Self::join("scratch-durable", true))
    }

    /// Asks the clusters of this checkout to stop; they do so within seconds. `make test` does the same at its end.
    pub fn stop() {
        for kind in ["scratch", "scratch-durable"] {
            // One that does not run has no heartbeat.
            let _ = fs::remove_file(directory(kind).join("postgres/heartbeat"));
        }
    }

    #[expect(clippy::panic, reason = "a test cannot go on without its database")]
    fn join(kind: &str, durable: bool) -> Self {
        match Self::try_join(kind, durable) {
            Ok(cluster) => cluster,
            Err(error) => panic!("no PostgreSQL for the tests: {error}"),
        }
    }

    fn try_join(kind: &str, durable: bool) -> Result<Self, Failure> {
        let directory = directory(kind);
        fs::create_dir_all(&directory)?;
        let lock = File::create(directory.join("lock"))?;
        lock.lock()?;
        let account = Account::for_new_cluster()?;
        let home = settle(&directory, &account)?;
        let heartbeat = home.join("heartbeat");
        beat(&heartbeat, &account)?;
        let password = password(&home.join("password"), &account)?;
        let port = match running(&home, &password) {
            Some(port) => port,
            None => start(&home, &account, durable)?,
        };
        let template = template_name();
        let cluster = Self {
            home,
            password,
            port,
            template,
        };
        block_on(cluster.make_template())?;
        lock.unlock()?;
        let caretaker = Caretaker {
            heartbeat,
            account,
            returned: cluster.home.join("returned"),
            url: cluster.url("postgres"),
        };
        thread::spawn(move || caretaker.work());
        Ok(cluster)
    }

    /// The address of one of its databases.
    pub(super) fn url(&self, database: &str) -> String {
        url(&self.password, self.port, database)
    }

    /// Copies the template.
    #[expect(clippy::panic, reason = "a test cannot go on without its database")]
    pub(super) fn create_database(&self, name: &str) {
        // What is granted on a database itself is not copied with it.
        let statements = [
            format!("CREATE DATABASE {name} TEMPLATE {}", self.template),
            format!("GRANT CREATE ON DATABASE {name} TO ava_owner, ava_projector"),
        ];
        if let Err(error) = block_on(super::execute(&self.url("postgres"), &statements)) {
            panic!("no database for this test: {error}");
        }
    }

    /// The address of one of its databases, for whoever logs in as a process of that role does in production: with a login
    /// of its own that has no rights but the role's.
    pub(super) fn url_as(&self, role: DatabaseRole, database: &str) -> String {
        url(&self.password, self.port, database).replacen(
            "//ava:",
            &format!("//{}:", login(role)),
            1,
        )
    }

    /// Makes the logins. The caller holds the lock.
    async fn make_logins(&self, db: &mut PgConnection) -> Result<(), Failure> {
        for role in DatabaseRole::ALL {
            let login = login(role);
            let there: bool = sqlx::query_scalar("SELECT to_regrole($1) IS NOT NULL")
                .bind(&login)
                .fetch_one(&mut *db)
                .await?;
            if !there {
                let make = format!(
                    "CREATE ROLE {login} LOGIN NOINHERIT PASSWORD '{}' IN ROLE {role}",
                    self.password
                );
                sqlx::raw_sql(&make).execute(&mut *db).await?;
            }
        }
        Ok(())
    }

    /// Notes that a database is no longer needed; the caretaker of any test process drops it.
    pub(super) fn give_back(&self, name: &str) {
        // A note that cannot be written costs some disk until the cluster is thrown away.
        let _ = File::create(self.home.join("returned").join(name));
    }

    /// A migrated database to copy; made once for each state of the migrations. The caller holds the lock.
    async fn make_template(&self) -> Result<(), Failure> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        let exists: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
                .bind(&self.template)
                .fetch_one(&mut connection)
                .await?;
        if exists {
            return Ok(());
        }
        sqlx::raw_sql("DROP DATABASE IF EXISTS template_unfinished")
            .execute(&mut connection)
            .await?;
        sqlx::raw_sql("CREATE DATABASE template_unfinished")
            .execute(&mut connection)
            .await?;
        let mut unfinished = PgConnection::connect(&self.url("template_unfinished")).await?;
        database::migrate_over(&mut unfinished).await?;
        unfinished.close().await?;
        self.make_logins(&mut connection).await?;
        let rename = format!(
            "ALTER DATABASE template_unfinished RENAME TO {}",
            self.template
        );
        sqlx::raw_sql(&rename).execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }
}

/// Works beside the tests of one process, without keeping them waiting.
struct Caretaker {
    heartbeat: PathBuf,
    account: Account,
    returned: PathBuf,
    url: String,
}

impl Caretaker {
    /// Says that the cluster is in use, and drops the databases that tests have given back.
    fn work(&self) {
        while self.heartbeat.exists() && beat(&self.heartbeat, &self.account).is_ok() {
            for note in fs::read_dir(&self.returned).into_iter().flatten().flatten() {
                let name = note.file_name().to_string_lossy().into_owned();
                let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                if block_on(super::execute(&self.url, &[statement])).is_ok() {
                    // Another test process may have been quicker.
                    let _ = fs::remove_file(note.path());
                }
            }
            thread::sleep(HEARTBEAT);
        }
    }
}

/// The port of a cluster that runs and lets us in.
fn running(home: &Path, password: &str) -> Option<u16> {
    let data = current(home)?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let file = PidFile::read(&data)?;
        if !is_server_of(&data, file.pid) {
            return None;
        }
        let works = file.ready
            && block_on(super::execute(
                &url(password, file.port?, "postgres"),
                &["SELECT 1".to_owned()],
            ))
            .is_ok();
        if works {
            return file.port;
        }
        // It is starting, or its watchdog is just stopping it.
        thread::sleep(Duration::from_millis(50));
    }
    None
}

/// Starts a new, empty cluster. The caller holds the lock.
fn start(home: &Path, account: &Account, durable: bool) -> Result<u16, Failure> {
    let pg_bin = env::var_os("PG_BIN").map(PathBuf::from);
    let binaries = find_binaries(pg_bin.as_deref(), &roots(), None)?;
    let binaries: Binaries = readable_binaries(binaries, account, home)?;
    if let Some(earlier) = current(home) {
        clear_away_predecessor(&earlier)?;
        remove(&earlier)?;
        remove(&Place::unfinished(&earlier))?;
    }
    let returned = home.join("returned");
    remove(&returned)?;
    fs::create_dir(&returned)?;
    let data = new_data(home, durable);
    // Before anything is there, so that whatever becomes of this process, the next one finds it.
    fs::write(home.join("current"), data.as_os_str().as_encoded_bytes())?;
    let log = home.join("server.log");
    let place = Place {
        binaries: &binaries,
        account,
        data: &data,
        log: &log,
    };
    place.initialise(&home.join("password"), true)?;
    let server = place.launch(Tuning {
        durable,
        ours: false,
        max_connections: 300,
        port: None,
    })?;
    account
        .command(Path::new("/bin/sh"), Path::new("/"))
        .args(["-c", WATCHDOG, "ava-scratch-watchdog"])
        .arg(server.pid().to_string())
        .args([&data, &home.join("heartbeat")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    Ok(server.port)
}

/// Where a new cluster is kept: in memory, when it need not last and there is room. Each test's database is three hundred
/// files that come and go; finding inodes for them was a fifth of what PostgreSQL cost the tests on a disk.
fn new_data(home: &Path, durable: bool) -> PathBuf {
    let name = format!("ava-scratch-{}", hex::encode(rand::random::<[u8; 8]>()));
    let is_roomy =
        || statvfs(MEMORY).is_ok_and(|room| room.f_bavail.saturating_mul(room.f_frsize) >= ROOMY);
    if !durable && is_roomy() {
        Path::new(MEMORY).join(name)
    } else {
        home.join(name)
    }
}

/// Removes a directory, which a watchdog may be removing as well.
fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

fn current(home: &Path) -> Option<PathBuf> {
    fs::read_to_string(home.join("current"))
        .ok()
        .map(PathBuf::from)
}

fn beat(heartbeat: &Path, account: &Account) -> Result<(), Failure> {
    fs::write(heartbeat, b"")?;
    account.give(heartbeat)?;
    File::options()
        .write(true)
        .open(heartbeat)?
        .set_modified(std::time::SystemTime::now())?;
    Ok(())
}

/// `target/tmp/<kind>`, wherever this checkout's target directory is; a directory of its own where there is none.
fn directory(kind: &str) -> PathBuf {
    let executable = env::current_exe().unwrap_or_default();
    executable
        .ancestors()
        .find(|directory| directory.join("CACHEDIR.TAG").is_file())
        .map_or_else(
            || env::temp_dir().join("ava-tests"),
            |target| target.join("tmp"),
        )
        .join(kind)
}

/// The checkout: npm may have put PostgreSQL there.
fn roots() -> Vec<PathBuf> {
    let executable = env::current_exe().unwrap_or_default();
    executable.ancestors().skip(1).map(Path::to_owned).collect()
}

/// The login of a process that has that role.
fn login(role: DatabaseRole) -> String {
    format!("{role}_login")
}

/// A name that changes when the migrations do, or what is granted.
fn template_name() -> String {
    let mut hash = Sha256::new();
    hash.update(database::GRANTS);
    for migration in MIGRATIONS.iter() {
        hash.update(migration.version.to_be_bytes());
        hash.update(&migration.checksum);
    }
    format!("template_{}", &hex::encode(hash.finalize())[..16])
}

/// Runs async work on a thread that has no runtime; tests each bring one of their own, which ends with them.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
