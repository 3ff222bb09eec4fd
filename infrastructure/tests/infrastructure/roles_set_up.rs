//! How a database gets its roles: a new one, one of an earlier version, and one whose user may not make roles.

use infrastructure::{
    database::{self, DatabaseError, DatabaseOptions, DatabaseRole, MIGRATIONS},
    embedded_postgres::{EmbeddedOptions, EmbeddedPostgres},
};
use sqlx::{Connection, PgConnection, PgPool};

/// A server of its own: roles belong to all databases of a server, and here there are none yet.
async fn server() -> (tempfile::TempDir, EmbeddedPostgres) {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = EmbeddedPostgres::start(directory.path(), EmbeddedOptions::default());
    let server = server.await.unwrap();
    (directory, server)
}

async fn run(url: &str, statements: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(statements)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// The same server's address for another user and database.
fn address(server: &EmbeddedPostgres, login: &str, database: &str) -> String {
    let (_, rest) = server.url().split_once('@').unwrap();
    let (host, options) = rest.split_once("/ava").unwrap();
    format!("postgres://{login}:secret@{host}/{database}{options}")
}

async fn pool(url: &str) -> PgPool {
    database::connect(url, &DatabaseOptions::named("test"))
        .await
        .unwrap()
}

async fn acting_as(url: &str, role: DatabaseRole) -> Result<PgPool, DatabaseError> {
    database::connect(url, &DatabaseOptions::named("test").acting_as(role)).await
}

/// Appends an event as a process of the API does.
async fn append(url: &str) {
    let api = acting_as(url, DatabaseRole::Api).await.unwrap();
    sqlx::query("SELECT append_event('A', 'x', 0, gen_random_uuid(), 'X', '1', '{}', '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")
        .execute(&api)
        .await
        .unwrap();
    let refused = sqlx::query("DELETE FROM events").execute(&api).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn databases_of_one_server_may_be_migrated_for_the_first_time_at_once() {
    let (_directory, server) = server().await;
    let mut urls = Vec::new();
    for name in ["one", "two", "three", "four"] {
        run(server.url(), &format!("CREATE DATABASE {name}")).await;
        urls.push(server.url().replace("/ava?", &format!("/{name}?")));
    }
    // Each of them twice.
    let work = urls.iter().chain(&urls).map(|url| async move {
        let pool = pool(url).await;
        database::migrate(&pool).await.unwrap();
    });
    futures::future::join_all(work).await;
    for url in &urls {
        append(url).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_database_of_an_earlier_version_is_handed_over() {
    let (_directory, server) = server().await;
    let error = acting_as(server.url(), DatabaseRole::Api)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("has no role ava_api yet: run `ava migrate` first"),
        "{error}"
    );
    // Everything that there was before there were roles belongs to whoever logged in.
    let before_roles = 45;
    let mut connection = PgConnection::connect(server.url()).await.unwrap();
    let earlier = sqlx::migrate::Migrator {
        migrations: MIGRATIONS
            .iter()
            .filter(|migration| migration.version <= before_roles)
            .cloned()
            .collect::<Vec<_>>()
            .into(),
        ..sqlx::migrate::Migrator::DEFAULT
    };
    earlier.run(&mut connection).await.unwrap();
    sqlx::raw_sql("CREATE SCHEMA rebuild_photos; CREATE TABLE rebuild_photos.photos (LIKE photos INCLUDING ALL)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();

    let pool = pool(server.url()).await;
    database::migrate(&pool).await.unwrap();
    append(server.url()).await;
    let left: Vec<String> = sqlx::query_scalar(
        "SELECT oid::regclass::text FROM pg_class
          WHERE relkind IN ('r', 'v', 'S') AND relowner::regrole::text NOT IN ('ava_owner', 'ava_projector')
            AND relnamespace::regnamespace::text IN ('public', 'rebuild_photos')
          UNION ALL
         SELECT oid::regprocedure::text FROM pg_proc
          WHERE pronamespace = 'public'::regnamespace AND proowner::regrole::text <> 'ava_owner'
          UNION ALL
         SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%' AND nspowner::regrole::text <> 'ava_projector'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(left, Vec::<String>::new());
    pool.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_user_who_may_not_make_roles_is_told_what_an_administrator_runs() {
    let (_directory, server) = server().await;
    run(
        server.url(),
        "CREATE ROLE \"plain user\" LOGIN PASSWORD 'secret'",
    )
    .await;
    run(
        server.url(),
        "CREATE DATABASE \"managed db\" OWNER \"plain user\"",
    )
    .await;
    let url = address(&server, "plain%20user", "managed%20db");
    let theirs = pool(&url).await;
    let error = database::migrate(&theirs).await.unwrap_err();
    let DatabaseError::RolesByHand { by_hand, .. } = &error else {
        panic!("{error}");
    };
    let administrator = server.url().replace("/ava?", "/managed%20db?");
    run(&administrator, by_hand).await;
    database::migrate(&theirs).await.unwrap();

    // It may change the shape of the database, and serves nobody.
    let error = acting_as(&url, DatabaseRole::Worker).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("GRANT ava_worker TO \"plain user\""),
        "{error}"
    );
    run(
        &administrator,
        "CREATE ROLE api LOGIN NOINHERIT PASSWORD 'secret' IN ROLE ava_api",
    )
    .await;
    append(&address(&server, "api", "managed%20db")).await;
    theirs.close().await;
    server.stop().await;
}
