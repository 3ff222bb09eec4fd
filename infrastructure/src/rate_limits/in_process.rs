//! Counts in this process.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use application::{
    ports::{RateLimits, Subject},
    rate_limits::{Bounds, Policy, Quota, Verdict},
};
use async_trait::async_trait;

/// How many locks share the subjects out, so that the server's threads seldom meet at one.
const SHARDS: usize = 16;

/// How many subjects a shard knows before it first forgets those whose quota is all there again.
const SWEPT_AT_LEAST_AT: usize = 256;

/// How many subjects a shard knows at most, about a megabyte: beyond that, any are forgotten.
const MOST: usize = 8_192;

/// Until when, in microseconds since the start, something of each quota is in use.
type Until = [u64; Policy::COUNT];

/// Counts in this process: a question costs a lock and a look into a map.
pub struct InProcessRateLimits {
    bounds: Bounds,
    start: Instant,
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
}

#[derive(Default)]
struct Shard {
    known: HashMap<Subject, Until>,
    sweep_at: usize,
}

impl InProcessRateLimits {
    /// With these bounds; nobody has asked for anything yet.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            start: Instant::now(),
            shards: Default::default(),
            hasher: RandomState::new(),
        }
    }

    /// The bounds.
    pub(super) const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The refusal, where it is already known here; nothing is taken.
    pub(super) fn refusal(&self, subject: Subject, policies: &[Policy]) -> Option<Verdict> {
        let now = self.now();
        let shard = self.shard(subject);
        let until = shard.known.get(&subject)?;
        let used = |policy: Policy| until[policy.index()].saturating_sub(now);
        let mut bounded = self.bounds.among(policies);
        bounded
            .any(|(policy, quota)| quota.take(used(policy)).is_none())
            .then(|| self.verdict(false, policies, used))
    }

    /// Learns how much is in use, as somebody who knows more says. Never less than was counted here.
    pub(super) fn learn(&self, subject: Subject, used: &[(Policy, Quota, u64)]) {
        let now = self.now();
        let mut shard = self.shard(subject);
        let until = shard.until(subject, now);
        for (policy, _, used_us) in used {
            let known = &mut until[policy.index()];
            *known = (*known).max(now + used_us);
        }
    }

    fn verdict(&self, allowed: bool, policies: &[Policy], used: impl Fn(Policy) -> u64) -> Verdict {
        let bounded = self.bounds.among(policies);
        Verdict::of(
            allowed,
            bounded.map(|(policy, quota)| (policy, quota, used(policy))),
        )
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn shard(&self, subject: Subject) -> MutexGuard<'_, Shard> {
        #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
        let place = self.hasher.hash_one(subject) as usize % SHARDS;
        self.shards[place]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    /// What a subject uses, to be changed.
    fn until(&mut self, subject: Subject, now: u64) -> &mut Until {
        if self.known.len() >= self.sweep_at.max(SWEPT_AT_LEAST_AT) {
            self.known
                .retain(|_, until| until.iter().any(|until| *until > now));
            if self.known.len() >= MOST {
                // Whoever has so many addresses is not held by a bound on each.
                let mut keep = false;
                self.known.retain(|_, _| {
                    keep = !keep;
                    keep
                });
            }
            self.sweep_at = (self.known.len() * 2).min(MOST);
        }
        self.known.entry(subject).or_default()
    }
}

#[async_trait]
impl RateLimits for InProcessRateLimits {
    async fn take(&self, subject: Subject, policies: &[Policy]) -> Verdict {
        self.take_here(subject, policies)
    }

    fn take_here(&self, subject: Subject, policies: &[Policy]) -> Verdict {
        if self.bounds.among(policies).next().is_none() {
            return Verdict::FREE;
        }
        let now = self.now();
        let mut shard = self.shard(subject);
        let until = shard.until(subject, now);
        let mut then = *until;
        let mut allowed = true;
        for (policy, quota) in self.bounds.among(policies) {
            let until = &mut then[policy.index()];
            match quota.take(until.saturating_sub(now)) {
                Some(used) => *until = now + used,
                None => allowed = false,
            }
        }
        if allowed {
            *until = then;
        }
        let until = *until;
        drop(shard);
        self.verdict(allowed, policies, |policy| {
            until[policy.index()].saturating_sub(now)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn those_whose_quota_is_all_there_again_are_forgotten_and_there_is_a_most() {
        let brief = Quota::new(1_000_000, 1);
        let long = Quota::new(1, 1_000);
        let bounds = Bounds::NONE
            .with(Policy::Requests, brief)
            .with(Policy::SignIns, long);
        let limits = InProcessRateLimits::new(bounds);
        let known = || -> usize {
            let shards = limits.shards.iter();
            shards
                .map(|shard| shard.lock().expect("a shard").known.len())
                .sum()
        };
        let subject = |number: u32| Subject::Address(Ipv4Addr::from(number).into());
        for number in 0..100_000 {
            assert!(
                limits
                    .take_here(subject(number), &[Policy::Requests])
                    .allowed
            );
        }
        assert!(
            known() <= SHARDS * (SWEPT_AT_LEAST_AT + 1) * 2,
            "{}",
            known()
        );
        for number in 0..200_000 {
            assert!(
                limits
                    .take_here(subject(number), &[Policy::SignIns])
                    .allowed
            );
        }
        assert!(known() <= SHARDS * MOST, "{}", known());
    }
}
