//! Counts in Redis, for all processes; in this one while Redis does not answer.

use std::time::Duration;

use application::{
    ports::{RateLimits, Subject},
    rate_limits::{Bounds, Policy, Quota, Verdict},
};
use async_trait::async_trait;
use fred::interfaces::LuaInterface;

use super::InProcessRateLimits;
use crate::redis::{Redis, RedisError};

/// How long a request waits for Redis before it is counted here.
const PATIENCE: Duration = Duration::from_millis(150);

/// Takes one unit under each of the keys, or none at all: `Quota::take` and its all-or-nothing, by the clock of Redis.
///
/// For each key it is given the quota's interval and capacity in microseconds, and answers whether it took, then for
/// each key after how many microseconds nothing is in use any more. A key expires at that moment.
const TAKE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local allowed, used = 1, {}
for i, key in ipairs(KEYS) do
    local interval, capacity = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local known = tonumber(redis.call('GET', key) or now) or now
    used[i] = math.min(math.max(known - now, 0), capacity)
    if used[i] + interval > capacity then allowed = 0 end
end
if allowed == 1 then
    for i, key in ipairs(KEYS) do
        used[i] = used[i] + tonumber(ARGV[2 * i - 1])
        redis.call('SET', key, string.format('%.0f', now + used[i]), 'PX', math.ceil(used[i] / 1000))
    end
end
return { allowed, unpack(used) }
";

/// Counts in Redis.
///
/// What Redis says is learnt here as well. So whoever is refused is refused again without a question until a unit is
/// back, and counting goes on from there when Redis is lost; each process then counts for itself.
pub struct SharedRateLimits {
    here: InProcessRateLimits,
    redis: Redis,
    patience: Duration,
}

impl SharedRateLimits {
    /// With these bounds.
    #[must_use]
    pub fn new(bounds: Bounds, redis: Redis) -> Self {
        Self {
            here: InProcessRateLimits::new(bounds),
            redis,
            patience: PATIENCE,
        }
    }

    /// With another patience than 150 ms.
    #[must_use]
    pub const fn waiting(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Whether Redis took, and how much is in use then.
    async fn ask(
        &self,
        subject: Subject,
        bounded: &[(Policy, Quota)],
    ) -> Result<(bool, Vec<(Policy, Quota, u64)>), RedisError> {
        // One subject's keys are on one node of a cluster, so that one script can take them all.
        let keys: Vec<String> = bounded
            .iter()
            .map(|(policy, _)| {
                self.redis
                    .name(&format!("limit:{{{subject}}}:{}", policy.name()))
            })
            .collect();
        let arguments: Vec<String> = bounded
            .iter()
            .flat_map(|(_, quota)| [quota.interval_us(), quota.capacity_us()])
            .map(|number| number.to_string())
            .collect();
        let answer: Vec<i64> = self
            .redis
            .within(
                self.patience,
                self.redis.commands().eval(TAKE, keys, arguments),
            )
            .await?;
        let Some((allowed, used)) = answer.split_first() else {
            return Err(RedisError::Answer);
        };
        if used.len() != bounded.len() {
            return Err(RedisError::Answer);
        }
        let used = bounded.iter().zip(used);
        let used = used.map(|((policy, quota), used)| {
            (*policy, *quota, u64::try_from(*used).unwrap_or_default())
        });
        Ok((*allowed == 1, used.collect()))
    }
}

#[async_trait]
impl RateLimits for SharedRateLimits {
    async fn take(&self, subject: Subject, policies: &[Policy]) -> Verdict {
        let bounded: Vec<_> = self.here.bounds().among(policies).collect();
        if bounded.is_empty() {
            return Verdict::FREE;
        }
        if !self.redis.answers() {
            return self.here.take_here(subject, policies);
        }
        if let Some(refusal) = self.here.refusal(subject, policies) {
            return refusal;
        }
        match self.ask(subject, &bounded).await {
            Ok((allowed, used)) => {
                self.here.learn(subject, &used);
                Verdict::of(allowed, used)
            }
            Err(error) => {
                self.redis.failed(&error);
                self.here.take_here(subject, policies)
            }
        }
    }

    fn take_here(&self, subject: Subject, policies: &[Policy]) -> Verdict {
        self.here.take_here(subject, policies)
    }
}
