//! The API sees the rows of the person who asks, whatever its statements say, also after a rebuild.

use std::collections::BTreeMap;

use domain::values::UserId;
use infrastructure::database::DatabaseRole;
use projections::own_rows;
use sqlx::{PgPool, Row};

use crate::{
    histories::user,
    mixed_log::{all_follow, much_happens, rebuild},
    test_log::TestLog,
};

/// The read models with persons' rows that the API reads, and how the indexes begin that find a person's.
const OF_PERSONS: [(&str, &str); 8] = [
    ("avatars", "avatars_pkey"),
    ("photos", "photos_of_owner"),
    ("subscriptions", "subscriptions_pkey"),
    ("updates", "updates_of_owner"),
    ("messages", "messages_of_owner"),
    ("chats", "chats_pkey"),
    ("chat_work", "chat_work_of_owner"),
    ("reports", "reports_of_owner"),
];

#[tokio::test]
async fn a_statement_that_forgot_its_condition_sees_only_the_rows_of_who_asks() {
    let mut log = TestLog::start().await;
    much_happens(&mut log, 700, 5).await;
    let process = all_follow(&log).await;
    only_own_rows_are_seen(&log).await;

    for projector in projections::all() {
        rebuild(&log, projector).await;
    }
    only_own_rows_are_seen(&log).await;
    process.stop().await;
}

async fn only_own_rows_are_seen(log: &TestLog) {
    let api = log.pool_as(DatabaseRole::Api);
    for (table, _) in OF_PERSONS {
        let mut left = rows_by_owner(&log.pool(), table).await;
        assert!(left.len() > 1, "{table} holds the rows of {left:?}");
        for who in 0..30 {
            let seen = seen_by(&api, user(who), table).await;
            let own = left.remove(&user(who).0);
            assert_eq!(seen, own.map(|rows| (user(who).0, rows)), "{table}");
        }
        assert!(left.is_empty(), "{table}: nobody asked for {left:?}");
        // Whoever says nobody sees nobody's, also on connections over which somebody has asked.
        for _ in 0..3 {
            let seen: i64 = sqlx::query_scalar(&format!("SELECT count(*) FROM {table}"))
                .fetch_one(&api)
                .await
                .unwrap();
            assert_eq!(seen, 0, "{table}");
        }
    }
}

async fn rows_by_owner(pool: &PgPool, table: &str) -> BTreeMap<uuid::Uuid, i64> {
    let count = format!("SELECT owner, count(*) FROM {table} GROUP BY owner");
    let counted: Vec<(uuid::Uuid, i64)> = sqlx::query_as(&count).fetch_all(pool).await.unwrap();
    counted.into_iter().collect()
}

/// Whose rows a person sees, and how many; the statement has no condition at all.
async fn seen_by(api: &PgPool, person: UserId, table: &str) -> Option<(uuid::Uuid, i64)> {
    let everything = own_rows::around(&format!(
        "SELECT owner, count(*) FROM {table} GROUP BY owner"
    ));
    let rows = sqlx::query_as(&everything).bind(person.0).fetch_all(api);
    let mut rows: Vec<(uuid::Uuid, i64)> = rows.await.unwrap();
    assert!(rows.len() <= 1, "{table}: {person} sees {rows:?}");
    rows.pop()
}

#[tokio::test]
async fn a_persons_rows_are_found_by_an_index() {
    let log = TestLog::start().await;
    let mut api = log.pool_as(DatabaseRole::Api).acquire().await.unwrap();
    // There is next to nothing in the tables: the planner is to say what it can do, not what pays.
    for setting in ["enable_seqscan = off", "enable_bitmapscan = off"] {
        sqlx::query(&format!("SET {setting}"))
            .execute(&mut *api)
            .await
            .unwrap();
    }
    for (table, index) in OF_PERSONS {
        let explain = own_rows::around(&format!("SELECT * FROM {table}"));
        let plan = sqlx::query(&format!("EXPLAIN (COSTS OFF) {explain}"))
            .bind(user(1).0)
            .fetch_all(&mut *api)
            .await
            .unwrap();
        let plan: Vec<String> = plan.iter().map(|line| line.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains(&format!("using {index}")), "{plan}");
        assert!(plan.contains("Index Cond: (owner = "), "{plan}");
    }
}

#[tokio::test]
async fn a_page_of_a_persons_photos_is_read_in_the_order_of_their_index() {
    let log = TestLog::start().await;
    sqlx::raw_sql(
        "INSERT INTO photos (photo_id, owner, purpose, status, attempts, rules, sequence, position, requested_at)
         SELECT gen_random_uuid(), md5((n % 200)::text)::uuid, 'scene', 'queued', 0, '{}', 1, n, now() - n * interval '1 s'
           FROM generate_series(1, 20000) n;
         ANALYZE photos",
    )
    .execute(&log.pool())
    .await
    .unwrap();
    let page =
        "SELECT * FROM photos WHERE owner = $1 ORDER BY requested_at DESC, photo_id DESC LIMIT 21";
    let plan = sqlx::query(&format!("EXPLAIN (COSTS OFF) {}", own_rows::around(page)))
        .bind(user(1).0)
        .fetch_all(&log.pool_as(DatabaseRole::Api))
        .await
        .unwrap();
    let plan: Vec<String> = plan.iter().map(|line| line.get(0)).collect();
    let plan = plan.join("\n");
    assert!(
        plan.contains("using photos_of_owner on photos") && !plan.contains("Sort"),
        "{plan}"
    );
}
