//! Rebuilds beside a system that runs: nobody who reads or follows notices.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{photo_request::Purpose as PhotoPurpose, values::Position};
use projections::{
    engine::Follower,
    rebuild::{Ended, Order},
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{
    histories::{photo, requested, user},
    mixed_log::{all_follow, all_reach, everything, much_happens, order, projector, rebuild},
    process::{Diary, PATIENCE, Process, authors, entries, status},
    test_log::{TestLog, eventually},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_never_stop_and_never_go_back_while_tables_are_rebuilt_and_events_come_in() {
    let mut log = TestLog::start().await;
    for n in 0..300 {
        log.photo(
            user(1),
            photo(n),
            vec![requested(user(1), n, PhotoPurpose::Scene)],
        )
        .await;
    }
    let process = all_follow(&log).await;
    // As the API's pool: connections that live long, with statements that were prepared before.
    let pool = PgPool::connect(log.database.url()).await.unwrap();
    let (stop, reads) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let readers: Vec<_> = (0..3)
        .map(|_| tokio::spawn(read(pool.clone(), stop.clone(), reads.clone())))
        .collect();
    let rebuilt = tokio::spawn(rebuild_again_and_again(
        ["photos", "updates"].map(|name| (name, order(&log, name))),
    ));
    let mut n = 300;
    while !rebuilt.is_finished() {
        log.photo(
            user(1),
            photo(n),
            vec![requested(user(1), n, PhotoPurpose::Scene)],
        )
        .await;
        n += 1;
    }
    rebuilt.await.unwrap();
    all_reach(&log, &process).await;
    stop.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(n > 350, "events came in meanwhile: {n}");
    assert!(reads.load(Ordering::SeqCst) > 100);
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM photos")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(rows.cast_unsigned(), u64::try_from(n).unwrap());
    process.stop().await;
}

async fn rebuild_again_and_again(orders: [(&'static str, Order); 2]) {
    for (name, order) in orders.iter().cycle().take(12) {
        let ended = order
            .rebuild(projector(name), &CancellationToken::new())
            .await;
        let Ok(Some(Ended::Swapped {
            comparison: Some(comparison),
            ..
        })) = ended
        else {
            panic!("{name} is not rebuilt: {ended:?}");
        };
        assert_eq!(comparison.rows_different, 0, "{comparison:?}");
    }
}

/// Reads all the time. Photos and updates only ever become more.
async fn read(pool: PgPool, stop: Arc<AtomicBool>, reads: Arc<AtomicU64>) {
    let (mut photos, mut updates, mut checkpoint) = (0, (0, 0), 0);
    while !stop.load(Ordering::SeqCst) {
        let now: i64 = sqlx::query_scalar("SELECT count(*) FROM photos WHERE owner = $1")
            .bind(user(1).0)
            .fetch_one(&pool)
            .await
            .unwrap();
        assert!(now >= photos, "{now} photos after {photos}");
        photos = now;
        let now: (i64, i64) = sqlx::query_as("SELECT count(*), max(position) FROM updates")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert!(now >= updates, "{now:?} updates after {updates:?}");
        updates = now;
        let now: i64 = sqlx::query_scalar("SELECT position FROM followers WHERE name = 'photos'")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert!(now >= checkpoint, "at {now} after {checkpoint}");
        checkpoint = now;
        let newest = projections::photos::by_id(&pool, photo(0)).await.unwrap();
        assert!(newest.is_some());
        reads.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn one_connection_writes_now_the_live_table_and_now_the_one_beside_it() {
    let mut log = TestLog::start().await;
    much_happens(&mut log, 40, 8).await;
    let events = application::ports::EventLog::read(&*log.log, Position(0), 40)
        .await
        .unwrap();
    let photos = projector("photos");
    let mut db = log.pool().acquire().await.unwrap();
    photos.project(&mut db, &events[..20]).await.unwrap();
    let live = everything(&log.pool()).await;

    sqlx::raw_sql("CREATE SCHEMA beside; CREATE TABLE beside.photos (LIKE photos INCLUDING ALL)")
        .execute(&mut *db)
        .await
        .unwrap();
    // The statements are prepared by now, for the live table.
    let mut transaction = sqlx::Connection::begin(&mut *db).await.unwrap();
    sqlx::raw_sql("SET LOCAL search_path TO beside, public")
        .execute(&mut *transaction)
        .await
        .unwrap();
    photos.project(&mut transaction, &events).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(
        everything(&log.pool()).await,
        live,
        "the live table is as it was"
    );

    photos.project(&mut db, &events[20..]).await.unwrap();
    let beside: Vec<String> = sqlx::query_scalar("SELECT t::text FROM beside.photos t ORDER BY 1")
        .fetch_all(&mut *db)
        .await
        .unwrap();
    assert_eq!(everything(&log.pool()).await["photos"], beside);
}

#[tokio::test]
async fn of_two_processes_that_rebuild_the_same_one_works() {
    let mut log = TestLog::start().await;
    let live = Diary::create(&log, "live").await;
    let end = log.small_talk(3).await;
    let process = Process::start(&log, "live", vec![live.follower()]);
    process.reaches("diary", end).await;
    let first = Diary::named("diary", "diary", "first", 1);
    first.stumble_at(2);
    let (order_of_first, by_first) = (order(&log, "first"), first.clone());
    let one = tokio::spawn(async move {
        order_of_first
            .rebuild(by_first, &CancellationToken::new())
            .await
    });
    eventually("the first one is at it", PATIENCE, || async {
        status(&log, "diary")
            .await
            .unwrap()
            .rebuild
            .is_some_and(|rebuild| rebuild.holder.is_some())
    })
    .await;
    let order_of_second = order(&log, "second");
    let by_second = Diary::named("diary", "diary", "second", 1);
    let pages = by_second.clone();
    let two = tokio::spawn(async move {
        order_of_second
            .rebuild(by_second, &CancellationToken::new())
            .await
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    first.stumble_at(0);

    let ended = [one.await.unwrap().unwrap(), two.await.unwrap().unwrap()];
    assert_eq!(ended.iter().flatten().count(), 1, "{ended:?}");
    assert_eq!(entries(&log).await, [1, 2, 3]);
    assert_eq!(authors(&log).await.len(), 1);
    assert!(ended[1].is_some() || pages.pages.load(Ordering::SeqCst) == 0);
    process.stop().await;
}

#[tokio::test]
async fn a_rebuild_mends_what_keeps_the_live_projector_from_going_on() {
    let mut log = TestLog::start().await;
    let head = much_happens(&mut log, 30, 9).await;
    let process = all_follow(&log).await;
    // The next update cannot be written: its place is taken.
    sqlx::query("INSERT INTO updates VALUES ($1 + 1, $2, 'photo', 'x')")
        .bind(head.0.cast_signed())
        .bind(user(1).0)
        .execute(&log.pool())
        .await
        .unwrap();
    let wish = requested(user(1), 900, PhotoPurpose::Scene);
    log.photo(user(1), photo(900), vec![wish]).await;
    eventually("it is parked", PATIENCE, || async {
        status(&log, "updates").await.unwrap().error.is_some()
    })
    .await;

    let (_, mended) = rebuild(&log, projector("updates")).await;
    assert_eq!(mended.rows_different, 1);
    all_reach(&log, &process).await;
    assert_eq!(status(&log, "updates").await.unwrap().error, None);
    process.stop().await;
}

#[tokio::test]
async fn a_stopped_system_can_be_rebuilt() {
    let mut log = TestLog::start().await;
    much_happens(&mut log, 30, 11).await;
    let process = all_follow(&log).await;
    process.stop().await;
    let before = everything(&log.pool()).await;
    much_happens(&mut log, 30, 12).await;

    let (position, comparison) = rebuild(&log, projector("photos")).await;
    assert_eq!(
        (position.0, comparison.rows_different),
        (30, 0),
        "as far as it was, so that it can be compared"
    );
    assert_eq!(everything(&log.pool()).await, before);
    let followers = vec![Follower::Projector(projector("photos"))];
    let process = Process::start(&log, "live", followers);
    process.reaches("photos", Position(60)).await;
    process.stop().await;
}
