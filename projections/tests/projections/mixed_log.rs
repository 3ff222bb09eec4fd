//! A log in which everything happens, every projector that follows it, and what they make of it.

use infrastructure::database::DatabaseRole;
use std::{collections::BTreeMap, sync::Arc};

use application::ports::EventLog;
use domain::values::Position;
use projections::{
    engine::{Follower, Projector},
    rebuild::{Comparison, Ended, Order},
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{
    histories::{conversation_of, photo, user},
    page_cuts::{Happening, happening},
    process::Process,
    test_log::TestLog,
};

/// Writes so many events of twenty users into the log; the same ones for the same seed.
pub async fn much_happens(log: &mut TestLog, events: usize, seed: u8) -> Position {
    much_happens_to(20, log, events, seed).await
}

/// The same of so many users.
pub async fn much_happens_to(users: u128, log: &mut TestLog, events: usize, seed: u8) -> Position {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let happenings = proptest::collection::vec(happening(users), events);
    let happenings = happenings.new_tree(&mut runner).unwrap().current();
    for (who, happening) in happenings {
        match happening {
            Happening::Avatar(event) => log.avatar(user(who), vec![event]).await,
            Happening::Photo(n, event) => log.photo(user(who), photo(n), vec![event]).await,
            Happening::Said(event) => {
                log.conversation(conversation_of(user(who)), vec![event])
                    .await
            }
            Happening::Paid(event) => log.subscription(user(who), vec![event]).await,
            Happening::Reported(n, event) => log.report(user(who), photo(n), vec![event]).await,
        };
    }
    log.log.head().await.unwrap()
}

/// A process that runs every projector, once they have seen the whole log.
pub async fn all_follow(log: &TestLog) -> Process {
    let followers = projections::all().into_iter().map(Follower::Projector);
    let process = Process::start(log, "live", followers.collect());
    all_reach(log, &process).await;
    process
}

/// Waits until every projector has seen the whole log.
pub async fn all_reach(log: &TestLog, process: &Process) {
    let head = log.log.head().await.unwrap();
    for projector in projections::all() {
        process.reaches(projector.name(), head).await;
    }
}

/// Every row of every table as text.
pub async fn everything(pool: &PgPool) -> BTreeMap<&'static str, Vec<String>> {
    let mut everything = BTreeMap::new();
    for projector in projections::all() {
        for table in projector.tables() {
            let select = format!("SELECT t::text FROM {table} t ORDER BY 1");
            let rows = sqlx::query_scalar(&select).fetch_all(pool).await.unwrap();
            everything.insert(*table, rows);
        }
    }
    everything
}

/// The projector of that name.
pub fn projector(name: &str) -> Arc<dyn Projector> {
    let mut all = projections::all().into_iter();
    all.find(|projector| projector.name() == name).unwrap()
}

pub fn order(log: &TestLog, node: &str) -> Order {
    Order::new(
        log.pool_as(DatabaseRole::Projector),
        log.log.clone(),
        node.to_owned(),
    )
}

/// Rebuilds a projector's tables to the end.
pub async fn rebuild(log: &TestLog, projector: Arc<dyn Projector>) -> (Position, Comparison) {
    let done = order(log, "operator")
        .rebuild(projector, &CancellationToken::new())
        .await;
    let Ok(Some(Ended::Swapped {
        position,
        comparison: Some(comparison),
    })) = done
    else {
        panic!("it is not rebuilt: {done:?}");
    };
    (position, comparison)
}
