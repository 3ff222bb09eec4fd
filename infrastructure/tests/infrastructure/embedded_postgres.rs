//! The private PostgreSQL: started, stopped, killed, found again.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use infrastructure::{
    database::{self, DatabaseOptions},
    embedded_postgres::{EmbeddedOptions, EmbeddedPostgres, EmbeddedPostgresError},
};
use sqlx::{Connection, PgConnection};

/// A directory that PostgreSQL's account can get to.
fn data_dir() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

async fn start(data_dir: &Path) -> EmbeddedPostgres {
    EmbeddedPostgres::start(data_dir, EmbeddedOptions::default())
        .await
        .unwrap()
}

async fn setting(url: &str, name: &str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar("SELECT current_setting($1)")
        .bind(name)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

fn postmaster(data_dir: &Path) -> Option<String> {
    let file = fs::read_to_string(data_dir.join("postgres/data/postmaster.pid")).ok()?;
    file.lines().next().map(str::to_owned)
}

fn lives(pid: &str) -> bool {
    let state = Command::new("ps")
        .args(["-o", "stat=", "-p", pid])
        .output()
        .unwrap()
        .stdout;
    let state = String::from_utf8(state).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

#[tokio::test]
async fn what_was_written_is_there_after_the_next_start_and_nothing_runs_in_between() {
    let directory = data_dir();
    let first = start(directory.path()).await;
    let pool = database::connect(first.url(), &DatabaseOptions::named("test"))
        .await
        .unwrap();
    database::migrate(&pool).await.unwrap();
    sqlx::query("CREATE TABLE kept AS SELECT 42 AS answer")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    let pid = postmaster(directory.path()).unwrap();
    first.stop().await;
    assert!(!lives(&pid));
    assert_eq!(EmbeddedPostgres::running(directory.path()), None);

    let second = start(directory.path()).await;
    let mut connection = PgConnection::connect(second.url()).await.unwrap();
    let answer: i32 = sqlx::query_scalar("SELECT answer FROM kept")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(answer, 42);
    second.stop().await;
}

#[tokio::test]
async fn a_commit_survives_a_power_cut_and_strangers_stay_out() {
    let directory = data_dir();
    let postgres = start(directory.path()).await;
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(setting(postgres.url(), name).await, "on", "{name}");
    }
    assert_eq!(
        setting(postgres.url(), "listen_addresses").await,
        "127.0.0.1"
    );
    let without_password = postgres
        .url()
        .replace(|c: char| c.is_ascii_hexdigit() && !c.is_ascii_digit(), "0");
    assert!(PgConnection::connect(&without_password).await.is_err());
    let file = directory.path().join("postgres/password");
    assert_eq!(
        fs::metadata(file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    postgres.stop().await;
}

#[tokio::test]
async fn another_process_finds_the_server_that_runs() {
    let directory = data_dir();
    let postgres = start(directory.path()).await;
    assert_eq!(
        EmbeddedPostgres::running(directory.path()).as_deref(),
        Some(postgres.url())
    );
    postgres.stop().await;
}

#[tokio::test]
async fn a_server_that_outlived_its_owner_makes_room_for_the_next() {
    let directory = data_dir();
    let abandoned = start(directory.path()).await;
    let pid = postmaster(directory.path()).unwrap();
    // Neither `drop` nor the watchdog may stop it here, so that the next start meets it alive.
    std::mem::forget(abandoned);
    assert!(lives(&pid));

    let next = start(directory.path()).await;
    assert_ne!(postmaster(directory.path()).unwrap(), pid);
    assert_eq!(setting(next.url(), "fsync").await, "on");
    next.stop().await;
}

#[tokio::test]
async fn a_server_that_was_killed_is_started_again() {
    let directory = data_dir();
    let first = start(directory.path()).await;
    let mut connection = PgConnection::connect(first.url()).await.unwrap();
    sqlx::query("CREATE TABLE kept (answer int)")
        .execute(&mut connection)
        .await
        .unwrap();
    let pid = postmaster(directory.path()).unwrap();
    assert!(
        Command::new("kill")
            .args(["-KILL", &pid])
            .status()
            .unwrap()
            .success()
    );
    first.stop().await;

    let second = start(directory.path()).await;
    let mut connection = PgConnection::connect(second.url()).await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM kept")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(rows, 0);
    second.stop().await;
}

#[tokio::test]
async fn the_process_id_of_something_else_is_not_taken_for_a_server() {
    let directory = data_dir();
    start(directory.path()).await.stop().await;
    let file = directory.path().join("postgres/data/postmaster.pid");
    fs::write(file, format!("{}\n", std::process::id())).unwrap();
    start(directory.path()).await.stop().await;
}

#[tokio::test]
async fn dropping_it_stops_the_server() {
    let directory = data_dir();
    let postgres = start(directory.path()).await;
    let pid = postmaster(directory.path()).unwrap();
    drop(postgres);
    let deadline = Instant::now() + Duration::from_secs(20);
    while lives(&pid) {
        assert!(Instant::now() < deadline, "the server still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_cluster_of_another_version_is_named() {
    let directory = data_dir();
    let data = directory.path().join("postgres/data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let error = EmbeddedPostgres::start(directory.path(), EmbeddedOptions::default())
        .await
        .unwrap_err();
    assert!(
        matches!(error, EmbeddedPostgresError::OtherMajor { cluster: 9, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_wrong_pg_bin_is_named() {
    let directory = data_dir();
    let options = EmbeddedOptions {
        pg_bin: Some("/nowhere".into()),
        roots: Vec::new(),
    };
    let error = EmbeddedPostgres::start(directory.path(), options)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("PG_BIN is /nowhere"), "{error}");
}

#[tokio::test]
async fn a_data_directory_that_is_a_file_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = EmbeddedPostgres::start(file.path(), EmbeddedOptions::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("DATA_DIR"), "{error}");
}

#[tokio::test]
async fn under_a_closed_directory_the_database_is_elsewhere_and_still_works() {
    let parent = tempfile::tempdir().unwrap();
    fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let data_dir = parent.path().join("data");
    let postgres = start(&data_dir).await;
    let place = postgres.directory().to_owned();
    postgres.stop().await;
    let again = start(&data_dir).await;
    assert_eq!(again.directory(), place);
    again.stop().await;
    if !place.starts_with(parent.path().canonicalize().unwrap()) {
        // Only root meets a directory that is closed to the account of PostgreSQL.
        fs::remove_dir_all(place.parent().unwrap()).unwrap();
    }
}
