//! What everything that counts must do: one suite for counts in this process and in a real Redis.

use std::{sync::Arc, time::Duration};

use application::{
    ports::{RateLimits, Subject},
    rate_limits::{Bounds, Policy, Quota},
};
use domain::values::UserId;
use infrastructure::{
    rate_limits::{InProcessRateLimits, SharedRateLimits},
    scratch_redis::ScratchRedis,
};
use uuid::Uuid;

use crate::redis::connected;

/// So slow that no unit comes back while a test runs.
fn slow(units: u32) -> Option<Quota> {
    Quota::new(units, 86_400)
}

fn somebody() -> Subject {
    Subject::User(UserId(Uuid::now_v7()))
}

/// Runs a check on every store.
async fn on_each(bounds: Bounds, check: impl AsyncFn(Arc<dyn RateLimits>)) {
    check(Arc::new(InProcessRateLimits::new(bounds))).await;
    let server = ScratchRedis::start();
    let redis = connected(&server.url()).await;
    // However busy the machine is, Redis answers.
    let shared = SharedRateLimits::new(bounds, redis).waiting(Duration::from_secs(30));
    check(Arc::new(shared)).await;
}

#[tokio::test]
async fn so_many_are_allowed_and_no_more_and_everybody_counts_alone() {
    let bounds = Bounds::NONE.with(Policy::Commands, slow(3));
    on_each(bounds, async |limits| {
        let (mira, jon) = (somebody(), somebody());
        for left in [2, 1, 0] {
            let verdict = limits.take(mira, &[Policy::Commands]).await;
            assert!(verdict.allowed);
            assert_eq!(verdict.standings[0].remaining, left);
            assert_eq!(verdict.retry_after(), Duration::ZERO);
        }
        for _ in 0..2 {
            let verdict = limits.take(mira, &[Policy::Commands]).await;
            assert!(!verdict.allowed);
            let wait = verdict.retry_after().as_secs();
            assert!((28_700..=28_800).contains(&wait), "{wait}");
        }
        assert!(limits.take(jon, &[Policy::Commands]).await.allowed);
    })
    .await;
}

#[tokio::test]
async fn units_come_back_one_by_one() {
    let bounds = Bounds::NONE.with(Policy::Commands, Quota::new(2, 1));
    on_each(bounds, async |limits| {
        let mira = somebody();
        let take = async || limits.take(mira, &[Policy::Commands]).await;
        assert!(take().await.allowed);
        assert!(take().await.allowed);
        let refused = take().await;
        assert!(!refused.allowed);
        assert!(refused.retry_after() <= Duration::from_millis(500));
        tokio::time::sleep(refused.retry_after()).await;
        assert!(take().await.allowed, "one is back after half a second");
        assert!(!take().await.allowed, "and only one");
        tokio::time::sleep(Duration::from_millis(1_010)).await;
        assert_eq!(take().await.standings[0].remaining, 1, "both were back");
    })
    .await;
}

#[tokio::test]
async fn what_one_policy_refuses_is_taken_under_none() {
    let bounds = Bounds::NONE
        .with(Policy::Commands, slow(10))
        .with(Policy::Messages, slow(1));
    on_each(bounds, async |limits| {
        let mira = somebody();
        let both = [Policy::Commands, Policy::Messages];
        assert!(limits.take(mira, &both).await.allowed);
        for _ in 0..5 {
            let refused = limits.take(mira, &both).await;
            assert!(!refused.allowed);
            let violated: Vec<_> = refused.violated().map(|standing| standing.policy).collect();
            assert_eq!(violated, [Policy::Messages]);
        }
        let allowed = limits.take(mira, &[Policy::Commands]).await;
        assert_eq!(allowed.standings[0].remaining, 8, "two were taken");
    })
    .await;
}

#[tokio::test]
async fn what_has_no_bound_is_never_refused_and_says_nothing() {
    on_each(Bounds::NONE, async |limits| {
        for _ in 0..100 {
            let verdict = limits.take(somebody(), &[Policy::Commands]).await;
            assert!(verdict.allowed && verdict.standings.is_empty());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_ask_at_once_no_unit_is_given_twice() {
    let bounds = Bounds::NONE.with(Policy::Commands, slow(50));
    on_each(bounds, async |limits| {
        let mira = somebody();
        let asking = (0..200).map(|_| {
            let limits = Arc::clone(&limits);
            tokio::spawn(async move { limits.take(mira, &[Policy::Commands]).await.allowed })
        });
        let answers = futures::future::join_all(asking).await;
        let allowed = answers
            .into_iter()
            .filter(|answer| *answer.as_ref().unwrap());
        assert_eq!(allowed.count(), 50);
    })
    .await;
}

#[tokio::test]
async fn both_stores_give_the_same_answers_whatever_is_asked() {
    let bounds = Bounds::NONE
        .with(Policy::Commands, slow(7))
        .with(Policy::Messages, slow(5))
        .with(Policy::Pictures, slow(2));
    let server = ScratchRedis::start();
    let here = InProcessRateLimits::new(bounds);
    let there = SharedRateLimits::new(bounds, connected(&server.url()).await);
    let mira = somebody();
    let orders: [&[Policy]; 6] = [
        &[Policy::Commands],
        &[Policy::Commands, Policy::Pictures],
        &[Policy::Messages],
        &[Policy::Pictures, Policy::Messages],
        &[Policy::Requests],
        &[Policy::Commands, Policy::Messages, Policy::Pictures],
    ];
    for turn in 0..40 {
        let policies = orders[(turn * 5 + turn / 3) % orders.len()];
        let (one, other) = (
            here.take(mira, policies).await,
            there.take(mira, policies).await,
        );
        assert_eq!(one.allowed, other.allowed, "turn {turn}: {policies:?}");
        let left = |verdict: &application::rate_limits::Verdict| -> Vec<u32> {
            let standings = verdict.standings.iter();
            standings.map(|standing| standing.remaining).collect()
        };
        assert_eq!(left(&one), left(&other), "turn {turn}: {policies:?}");
    }
}
