//! A rebuild that is killed anywhere is gone on with by somebody else, and nothing is different for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::recorded::{AnyEvent, Recorded};
use infrastructure::{
    database::{DatabaseOptions, DatabaseRole},
    event_log::PostgresEventLog,
};
use projections::{
    engine::Projector,
    rebuild::{NotDone, Order, Purpose},
};
use sqlx::PgConnection;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    mixed_log::{all_follow, everything, much_happens, order, projector, rebuild},
    process::status,
    test_log::TestLog,
};

/// Where the random cut points come from.
const SEED: u64 = 20_261_125;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_cut_at_a_hundred_random_points_gives_the_same_rows() {
    let mut log = TestLog::start().await;
    much_happens(&mut log, 520, 6).await;
    let process = all_follow(&log).await;
    let before = everything(&log.pool()).await;
    let mut random = Random(SEED);
    let mut resumed = 0;
    for cut in 0..100 {
        let inner = projections::all().swap_remove(random.below(5) as usize);
        let name = inner.name();
        let place = match random.below(3) {
            0 => Place::BeforePage(1 + random.below(3)),
            1 => Place::AfterPage(1 + random.below(3)),
            _ => Place::Time(Duration::from_micros(random.below(60_000))),
        };
        killed_at(&log, inner.clone(), place, cut).await;
        resumed += u32::from(
            status(&log, name)
                .await
                .unwrap()
                .rebuild
                .is_some_and(|left| left.position.0 > 0),
        );
        let next = order(&log, &format!("heir-{cut}"));
        let ended = next
            .rebuild(inner, &CancellationToken::new())
            .await
            .unwrap();
        assert!(ended.is_some(), "{cut}: {name} after {place:?}");
        assert_eq!(
            everything(&log.pool()).await,
            before,
            "{cut}: {name} after {place:?}"
        );
    }
    assert!(resumed > 20, "many were resumed in the middle: {resumed}");
    process.stop().await;
}

#[tokio::test]
async fn a_rebuild_that_is_told_to_stop_goes_on_where_it_was_unless_it_is_thrown_away() {
    let mut log = TestLog::start().await;
    much_happens(&mut log, 300, 7).await;
    let process = all_follow(&log).await;
    for throw_away in [false, true] {
        let cut = Arc::new(Cut::at(projector("photos"), Place::BeforePage(1)));
        let stop = CancellationToken::new();
        let (reached, stopping) = (cut.clone(), stop.clone());
        tokio::spawn(async move {
            reached.reached.notified().await;
            stopping.cancel();
            reached.go_on.notify_one();
        });
        let stopped = order(&log, "operator").rebuild(cut, &stop).await;
        assert!(matches!(stopped, Err(NotDone::Stopped)), "{stopped:?}");
        let left = status(&log, "photos").await.unwrap().rebuild.unwrap();
        assert_eq!(
            (left.position.0, left.percent(), left.holder),
            (100, 33, None)
        );

        let order = order(&log, "operator");
        let photos = projector("photos");
        if throw_away {
            assert!(order.discard(&photos, Purpose::Rebuild).await.unwrap());
            assert_eq!(status(&log, "photos").await.unwrap().rebuild, None);
            assert!(!order.discard(&photos, Purpose::Rebuild).await.unwrap());
        }
        let rest = Arc::new(Cut::at(photos, Place::Never));
        rebuild(&log, rest.clone()).await;
        let first = rest.first.load(Ordering::SeqCst);
        assert_eq!(first, if throw_away { 1 } else { 101 });
    }
    process.stop().await;
}

/// Rebuilds until that place, and dies there.
async fn killed_at(log: &TestLog, inner: Arc<dyn Projector>, place: Place, cut: u32) {
    let projector = Arc::new(Cut::at(inner, place));
    // Its connections die with it.
    let pool = infrastructure::database::open(
        &log.database.url_as(DatabaseRole::Projector),
        &DatabaseOptions::named("dying").acting_as(DatabaseRole::Projector),
    )
    .unwrap();
    let its_log = Arc::new(PostgresEventLog::start(
        pool.clone(),
        infrastructure::scratch_database::master_keys(),
    ));
    let order = Order::new(pool.clone(), its_log, format!("dying-{cut}"));
    let dying = projector.clone();
    let work = tokio::spawn(async move { order.rebuild(dying, &CancellationToken::new()).await });
    let time = match place {
        Place::Time(time) => time,
        Place::BeforePage(_) | Place::AfterPage(_) | Place::Never => Duration::from_secs(20),
    };
    tokio::select! {
        () = projector.reached.notified() => {}
        () = tokio::time::sleep(time) => {}
        // There were not so many pages.
        () = async { while !work.is_finished() { tokio::time::sleep(Duration::from_millis(2)).await } } => {}
    }
    work.abort();
    let _ = work.await;
    pool.close().await;
    // As if the three seconds of its lease had passed.
    sqlx::query("UPDATE followers SET lease_until = clock_timestamp() - interval '1 s' WHERE holder LIKE 'dying-%'")
        .execute(&log.pool())
        .await
        .unwrap();
}

/// Where something ends.
#[derive(Debug, Clone, Copy)]
enum Place {
    BeforePage(u64),
    /// Its rows are written, and not committed.
    AfterPage(u64),
    Time(Duration),
    Never,
}

/// A projector that stands still at a place until it is killed or told to go on.
struct Cut {
    inner: Arc<dyn Projector>,
    place: Place,
    pages: AtomicU64,
    /// The first event that it was given.
    first: AtomicU64,
    reached: Notify,
    go_on: Notify,
}

impl Cut {
    fn at(inner: Arc<dyn Projector>, place: Place) -> Self {
        Self {
            inner,
            place,
            pages: AtomicU64::new(0),
            first: AtomicU64::new(0),
            reached: Notify::new(),
            go_on: Notify::new(),
        }
    }

    async fn stand_still(&self) {
        self.reached.notify_one();
        self.go_on.notified().await;
    }
}

#[async_trait]
impl Projector for Cut {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn version(&self) -> i32 {
        self.inner.version()
    }

    fn tables(&self) -> &'static [&'static str] {
        self.inner.tables()
    }

    async fn project(
        &self,
        db: &mut PgConnection,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<()> {
        let nth = self.pages.fetch_add(1, Ordering::SeqCst) + 1;
        if nth == 1 {
            self.first.store(page[0].position.0, Ordering::SeqCst);
        }
        if matches!(self.place, Place::BeforePage(cut) if cut == nth) {
            self.stand_still().await;
        }
        self.inner.project(db, page).await?;
        if matches!(self.place, Place::AfterPage(cut) if cut == nth) {
            self.stand_still().await;
        }
        Ok(())
    }
}

/// Numbers without rhyme, the same ones for the same seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}
