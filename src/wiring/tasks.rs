//! What goes on in a process until it is told to stop.

use std::time::Duration;

use application::ports::IdempotencyStore as _;
use projections::{engine::Follower, rebuild::SelfCheck};
use tokio_util::sync::CancellationToken;
use transparency::Grower;

use super::Wiring;

/// How often old idempotency keys are forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(3600);

impl Wiring {
    /// Runs followers until `stop`.
    pub fn follow(
        &self,
        followers: Vec<Follower>,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + use<> {
        let engine = self.engine.clone();
        async move { engine.run(followers, stop).await }
    }

    /// Compares the read models with the log from time to time, until `stop`; only waits when that is not wanted.
    pub fn check_read_models(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let check = self.self_check_every.map(|every| {
            SelfCheck::new(
                self.pools.following.clone(),
                self.log.clone(),
                format!("{}-check", self.surroundings.node),
                projections::all(),
                every,
            )
        });
        async move {
            match check {
                Some(check) => check.run(stop).await,
                None => stop.cancelled().await,
            }
        }
    }

    /// Lets the transparency tree grow behind the log and signs checkpoints, until `stop`.
    pub fn grow_tree(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let (pool, keys) = (self.pools.following.clone(), self.audit_keys.clone());
        Grower::new(pool, keys, self.growing.clone()).run(stop)
    }

    /// Tells other processes what moved in this one, and hears what moved in them, until `stop`.
    pub fn exchange_hints(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        self.processes.exchange(
            self.log.clone(),
            self.inbox.clone(),
            self.engine.checkpoints(),
            self.api_checkpoints.clone(),
            stop,
        )
    }

    /// Looks after the replica that answers reads, until `stop`; only waits where there is none.
    pub fn watch_replica(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let replica = self.replica.clone();
        async move {
            match replica {
                Some(replica) => replica.watch(stop).await,
                None => stop.cancelled().await,
            }
        }
    }

    /// Hears what image providers told any process, until `stop`.
    pub fn hear_providers(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let notices = self.notices.clone();
        async move { notices.listen(stop).await }
    }

    /// Hears what companions are about to say in other processes, until `stop`.
    pub fn hear_companions(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let drafts = self.drafts.clone();
        async move { drafts.listen(stop).await }
    }

    /// Forgets idempotency keys and providers' messages that are too old, every hour until `stop`.
    pub fn keep_house(&self, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
        let log = self.log.clone();
        let notices = self.notices.clone();
        async move {
            let mut hours = tokio::time::interval(HOUSEKEEPING);
            while stop.run_until_cancelled(hours.tick()).await.is_some() {
                if let Err(error) = log.expire().await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "Old idempotency keys were not forgotten"
                    );
                }
                if let Err(error) = notices.expire().await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "Old messages of image providers were not forgotten"
                    );
                }
            }
        }
    }
}
