//! Leases: one holder at a time, and a way back from the dead.

use std::{sync::Arc, time::Duration};

use domain::values::PhotoId;
use infrastructure::{database::DatabaseRole, scratch_database::ScratchDatabase};
use sqlx::PgPool;
use tokio::task::JoinSet;
use uuid::Uuid;
use worker::{
    LeaseTimes,
    leases::{LeaseStore, Leases, PostgresLeases, ToDo},
};

use crate::patience::{until, until_equal};

const LONG: LeaseTimes = LeaseTimes {
    lasts: Duration::from_secs(3600),
    heartbeat: Duration::from_secs(1200),
};
const SHORT: LeaseTimes = LeaseTimes {
    lasts: Duration::from_millis(600),
    heartbeat: Duration::from_millis(100),
};
/// Over as soon as it began.
const OVER: LeaseTimes = LeaseTimes {
    lasts: Duration::ZERO,
    heartbeat: Duration::from_millis(50),
};

#[tokio::test(flavor = "multi_thread")]
async fn many_claimers_never_share_a_photo_and_leave_none_behind() {
    let database = ScratchDatabase::create().await;
    let photos = add_work(&database.pool(), 60).await;
    let mut claimers = JoinSet::new();
    for n in 0..8 {
        let leases = Leases::new(store(&database), format!("worker-{n}"), LONG);
        claimers.spawn(async move {
            let mut claimed = Vec::new();
            loop {
                let more = leases.claim_photos(3).await.unwrap();
                if more.is_empty() {
                    return claimed;
                }
                claimed.extend(more.into_iter().map(|(photo_id, _)| photo_id));
            }
        });
    }
    let mut claimed: Vec<_> = claimers.join_all().await.into_iter().flatten().collect();
    // A claimer that met only others' locks may have left early.
    let last = Leases::new(store(&database), "last".to_owned(), LONG)
        .claim_photos(100)
        .await
        .unwrap();
    claimed.extend(last.into_iter().map(|(photo_id, _)| photo_id));

    claimed.sort();
    assert_eq!(claimed, photos);
}

#[tokio::test]
async fn a_process_that_comes_back_under_its_name_takes_its_own_leases_back_and_nobody_elses() {
    let database = ScratchDatabase::create().await;
    add_work(&database.pool(), 2).await;
    let [one, other] =
        ["one", "other"].map(|name| Leases::new(store(&database), name.to_owned(), LONG));
    let (mine, _) = one.claim_photos(1).await.unwrap().remove(0);
    other.claim_photos(1).await.unwrap();
    assert!(one.claim_photos(2).await.unwrap().is_empty());

    assert_eq!(one.take_back(ToDo::Photos).await.unwrap(), 1);
    let again = one.claim_photos(2).await.unwrap();
    let again: Vec<_> = again.iter().map(|(photo_id, _)| *photo_id).collect();
    assert_eq!(again, [mine]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_holders_lease_goes_to_somebody_else_with_a_greater_fence() {
    let database = ScratchDatabase::create().await;
    add_work(&database.pool(), 1).await;
    let dead = Leases::new(store(&database), "dead".to_owned(), OVER);
    let (_, first) = dead.claim_photos(1).await.unwrap().remove(0);

    let living = Leases::new(store(&database), "living".to_owned(), LONG);
    let (_, second) = living.claim_photos(1).await.unwrap().remove(0);

    assert!(second.fence() > first.fence());
    assert!(second.is_held());
    assert!(!first.is_held(), "who was paused knows without asking");
    assert!(!first.renew().await.unwrap(), "and who asks is told");
    first.release().await.unwrap();
    assert!(
        second.renew().await.unwrap(),
        "the old holder cannot give the new one's lease back"
    );
}

#[tokio::test]
async fn a_lease_from_before_the_clock_was_put_back_keeps_nobody_waiting() {
    let database = ScratchDatabase::create().await;
    add_work(&database.pool(), 1).await;
    let dead = Leases::new(store(&database), "dead".to_owned(), LONG);
    dead.claim_photos(1).await.unwrap();
    dead.claim("work".to_owned()).await.unwrap().unwrap();
    let living = Leases::new(store(&database), "living".to_owned(), LONG);
    assert!(living.claim_photos(1).await.unwrap().is_empty());
    assert!(living.claim("work".to_owned()).await.unwrap().is_none());

    // What a database finds that is a day younger than when it gave them.
    sqlx::query(
        "UPDATE leases SET since = since + interval '1 day', until = until + interval '1 day'",
    )
    .execute(&database.pool())
    .await
    .unwrap();
    assert_eq!(living.claim_photos(1).await.unwrap().len(), 1);
    assert!(living.claim("work".to_owned()).await.unwrap().is_some());
    // They are given by the clock of now.
    let other = Leases::new(store(&database), "other".to_owned(), LONG);
    assert!(other.claim_photos(1).await.unwrap().is_empty());
    assert!(other.claim("work".to_owned()).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_kept_outlives_its_time_and_a_lost_one_ends_the_keeping() {
    let database = ScratchDatabase::create().await;
    let holder = Leases::new(store(&database), "holder".to_owned(), SHORT);
    let other = Leases::new(store(&database), "other".to_owned(), LONG);
    let lease = holder.claim("work".to_owned()).await.unwrap().unwrap();

    tokio::select! {
        () = lease.keep() => panic!("nobody took it"),
        () = tokio::time::sleep(SHORT.lasts * 3) => {}
    }
    assert!(other.claim("work".to_owned()).await.unwrap().is_none());

    let taken = until("the lease runs out", async || {
        other.claim("work".to_owned()).await.unwrap()
    });
    let taken = taken.await;
    lease.keep().await;
    assert!(taken.is_held() && !lease.is_held());
}

#[tokio::test(flavor = "multi_thread")]
async fn released_work_is_free_at_once_and_resting_work_after_its_rest() {
    let database = ScratchDatabase::create().await;
    add_work(&database.pool(), 1).await;
    let leases = Leases::new(store(&database), "worker".to_owned(), LONG);
    let (_, lease) = leases.claim_photos(1).await.unwrap().remove(0);
    assert!(leases.claim_photos(1).await.unwrap().is_empty());

    lease.release().await.unwrap();
    let (_, lease) = leases.claim_photos(1).await.unwrap().remove(0);

    lease
        .release_after(Duration::from_secs(3600))
        .await
        .unwrap();
    assert!(leases.claim_photos(1).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_is_not_due_yet_is_not_claimed() {
    let database = ScratchDatabase::create().await;
    add_work(&database.pool(), 1).await;
    sqlx::query("UPDATE photo_work SET available_at = now() + interval '1 h'")
        .execute(&database.pool())
        .await
        .unwrap();
    let leases = Leases::new(store(&database), "worker".to_owned(), LONG);
    assert!(leases.claim_photos(1).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn old_leases_are_swept_away_and_held_ones_stay() {
    let database = ScratchDatabase::create().await;
    let leases = Leases::new(store(&database), "worker".to_owned(), LONG);
    let held = leases.claim("held".to_owned()).await.unwrap().unwrap();
    leases.claim("old".to_owned()).await.unwrap().unwrap();
    sqlx::query("UPDATE leases SET until = now() - interval '1 h' WHERE name = 'old'")
        .execute(&database.pool())
        .await
        .unwrap();

    assert_eq!(leases.forget_expired().await.unwrap(), 1);

    until_equal(true, async || held.renew().await.unwrap()).await;
}

fn store(database: &ScratchDatabase) -> Arc<dyn LeaseStore> {
    Arc::new(PostgresLeases::new(database.pool_as(DatabaseRole::Worker)))
}

/// Pictures that wait for a worker, sorted.
async fn add_work(pool: &PgPool, count: usize) -> Vec<PhotoId> {
    let mut photos: Vec<_> = (0..count).map(|_| PhotoId(Uuid::now_v7())).collect();
    for photo_id in &photos {
        sqlx::query(
            "INSERT INTO photo_work (photo_id, owner, purpose, attempts, requested_at, available_at, position)
             VALUES ($1, $2, 'reference', 0, now(), now(), 1)",
        )
        .bind(photo_id.0)
        .bind(Uuid::now_v7())
        .execute(pool)
        .await
        .unwrap();
    }
    photos.sort();
    photos
}
