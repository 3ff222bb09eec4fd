//! How long we wait for the database, and what each service is given.

use std::time::{Duration, Instant};

use infrastructure::{
    chat::ChatConfig,
    database::{self, DatabaseOptions},
    image::{fetch::FetchTimes, openai::OpenAiImagesConfig, replicate::ReplicateConfig},
    limits,
    scratch_database::ScratchDatabase,
    stripe::StripeSettings,
};
use sqlx::{Connection, PgPool};

/// The pool that requests have, with fewer connections.
fn pool(database: &ScratchDatabase, connections: u32) -> PgPool {
    let options = DatabaseOptions {
        max_connections: connections,
        ..DatabaseOptions::named("limits")
    };
    database::open(database.url(), &options).unwrap()
}

async fn setting(pool: &PgPool, name: &str) -> String {
    let question = format!("SHOW {name}");
    let shown = sqlx::query_scalar(&question);
    shown.fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn connections_of_requests_have_limits_on_time() {
    let database = ScratchDatabase::create().await;
    let options = DatabaseOptions::named("limits");
    assert_eq!(options.max_connections, limits::POOL_CONNECTIONS);
    let pool = pool(&database, 1);
    let seconds = |limit: Duration| format!("{}s", limit.as_secs());
    let statement = setting(&pool, "statement_timeout").await;
    assert_eq!(statement, seconds(limits::STATEMENT_TIME));
    assert_eq!(
        setting(&pool, "lock_timeout").await,
        seconds(limits::LOCK_TIME)
    );
}

#[tokio::test]
async fn a_statement_does_not_wait_for_a_lock_for_ever() {
    let database = ScratchDatabase::create().await;
    let pool = pool(&database, 2);
    sqlx::query("CREATE TABLE taken (id int)")
        .execute(&pool)
        .await
        .unwrap();
    let mut holder = pool.acquire().await.unwrap();
    let mut transaction = holder.begin().await.unwrap();
    sqlx::query("LOCK TABLE taken")
        .execute(&mut *transaction)
        .await
        .unwrap();
    let begun = Instant::now();
    let waited = sqlx::query("SELECT id FROM taken").execute(&pool).await;
    let error = waited.unwrap_err().into_database_error().unwrap();
    // PostgreSQL's code for a lock that was not available in time.
    assert_eq!(error.code().as_deref(), Some("55P03"));
    assert!(begun.elapsed() >= limits::LOCK_TIME.mul_f64(0.9));
}

#[tokio::test]
async fn whoever_waits_for_a_connection_hears_within_two_seconds() {
    let database = ScratchDatabase::create().await;
    let pool = pool(&database, 1);
    let held = pool.acquire().await.unwrap();
    let begun = Instant::now();
    let waited = pool.acquire().await;
    assert!(matches!(waited, Err(sqlx::Error::PoolTimedOut)));
    let took = begun.elapsed();
    assert!(
        took >= limits::POOL_WAIT && took < 3 * limits::POOL_WAIT,
        "{took:?}"
    );
    drop(held);
}

#[test]
fn each_service_has_the_time_that_the_limits_give_it() {
    assert_eq!(StripeSettings::default().timeout, limits::PAYMENT_TIME);
    assert_eq!(
        ReplicateConfig::new("r8_token").timeout,
        limits::PREDICTION_TIME
    );
    assert_eq!(OpenAiImagesConfig::new("sk").timeout, limits::DRAWING_TIME);
    let picture = FetchTimes {
        silence: limits::PICTURE_SILENCE,
        whole: limits::PICTURE_TIME,
    };
    assert_eq!(FetchTimes::default(), picture);
    let chat = ChatConfig::new("https://chat.example".parse().unwrap(), "sk", "model");
    assert_eq!(
        (chat.silence, chat.deadline),
        (limits::CHAT_SILENCE, limits::CHAT_TIME)
    );
}
