//! How much anybody may ask for in which time, and the arithmetic behind it.
//!
//! The arithmetic is the generic cell rate algorithm (ITU-T I.371, annex A): a subject's whole past is one number, the
//! time until nothing of its quota is in use any more. Whoever has not used it for a while may use all of it at once; then
//! it comes back evenly. Stores keep that number; what may be taken and what is left is decided here, except that
//! Redis takes by a script of its own, which the contract suite of the stores holds to the same answers.

mod bounds;

use std::time::Duration;

pub use bounds::{BOUNDS, Bound, Bounds, Policy};

/// So many units in so many seconds; at least one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    units: u32,
    seconds: u32,
}

impl Quota {
    /// None where nothing, or anything, could be taken.
    #[must_use]
    pub const fn new(units: u32, seconds: u32) -> Option<Self> {
        if units == 0 || seconds == 0 {
            return None;
        }
        Some(Self { units, seconds })
    }

    /// How many units may be taken.
    #[must_use]
    pub const fn units(self) -> u32 {
        self.units
    }

    /// In how many seconds they all come back.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.seconds
    }

    /// After how many microseconds one unit comes back; at least one.
    #[must_use]
    pub fn interval_us(self) -> u64 {
        (u64::from(self.seconds) * 1_000_000 / u64::from(self.units)).max(1)
    }

    /// After how many microseconds all of them do.
    #[must_use]
    pub fn capacity_us(self) -> u64 {
        self.interval_us() * u64::from(self.units)
    }

    /// Takes one unit: `used_us` is the time until nothing is in use any more, and the answer is what it is then. None
    /// when there is no unit left.
    #[must_use]
    pub fn take(self, used_us: u64) -> Option<u64> {
        let then = self.within(used_us) + self.interval_us();
        (then <= self.capacity_us()).then_some(then)
    }

    /// How a subject stands for which nothing is in use any more after `used_us`.
    fn standing(self, policy: Policy, used_us: u64) -> Standing {
        let (used, interval) = (self.within(used_us), self.interval_us());
        let units_used = used.div_ceil(interval);
        let more_in = used - units_used.saturating_sub(1) * interval;
        Standing {
            policy,
            quota: self,
            remaining: self
                .units
                .saturating_sub(u32::try_from(units_used).unwrap_or(u32::MAX)),
            more_in: Duration::from_micros(more_in),
        }
    }

    /// More than all cannot be in use: a quota that was larger once, or a clock that jumped, must not lock anybody out.
    fn within(self, used_us: u64) -> u64 {
        used_us.min(self.capacity_us())
    }
}

/// How a subject stands under one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Which one.
    pub policy: Policy,
    /// What it grants.
    pub quota: Quota,
    /// How many units are left.
    pub remaining: u32,
    /// When one more comes back; zero when all are there.
    pub more_in: Duration,
}

/// Whether something may be done now, and how the subject stands afterwards. What is refused has taken nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may.
    pub allowed: bool,
    /// Under each policy that counts.
    pub standings: Vec<Standing>,
}

impl Verdict {
    /// What nothing limits.
    pub const FREE: Self = Self {
        allowed: true,
        standings: Vec::new(),
    };

    /// The verdict over a subject for whose policies nothing is in use any more after so many microseconds each.
    #[must_use]
    pub fn of(allowed: bool, used: impl IntoIterator<Item = (Policy, Quota, u64)>) -> Self {
        let standings = used
            .into_iter()
            .map(|(policy, quota, used_us)| quota.standing(policy, used_us));
        Self {
            allowed,
            standings: standings.collect(),
        }
    }

    /// The policies that refused.
    pub fn violated(&self) -> impl Iterator<Item = &Standing> {
        let refused = !self.allowed;
        self.standings
            .iter()
            .filter(move |standing| refused && standing.remaining == 0)
    }

    /// When the same may be tried again; zero when it was allowed.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        self.violated()
            .map(|standing| standing.more_in)
            .max()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    /// Five in ten seconds: one comes back every two.
    fn quota() -> Quota {
        Quota::new(5, 10).expect("a quota")
    }

    fn left(used_us: u64) -> (u32, u64) {
        let standing = quota().standing(Policy::Commands, used_us);
        let more_in = u64::try_from(standing.more_in.as_micros()).expect("a short time");
        (standing.remaining, more_in)
    }

    #[test]
    fn all_units_may_be_taken_at_once_and_no_more() {
        let mut used = 0;
        for taken in 1..=5 {
            used = quota().take(used).expect("a unit");
            assert_eq!(used, taken * 2 * SECOND);
        }
        assert_eq!(quota().take(used), None);
        assert_eq!(left(used), (0, 2 * SECOND));
    }

    #[test]
    fn units_come_back_one_by_one() {
        assert_eq!(left(0), (5, 0));
        assert_eq!(left(2 * SECOND), (4, 2 * SECOND));
        assert_eq!(left(2 * SECOND - 1), (4, 2 * SECOND - 1));
        assert_eq!(left(2 * SECOND + 1), (3, 1));
        assert_eq!(left(9 * SECOND), (0, SECOND));
        assert_eq!(quota().take(8 * SECOND), Some(10 * SECOND));
        assert_eq!(quota().take(8 * SECOND + 1), None);
    }

    #[test]
    fn more_than_all_is_never_in_use() {
        assert_eq!(left(u64::MAX), (0, 2 * SECOND));
        assert_eq!(quota().take(u64::MAX), None);
    }

    #[test]
    fn a_quota_whose_units_do_not_divide_its_time_grants_them_all_the_same() {
        let quota = Quota::new(7, 1).expect("a quota");
        let mut used = 0;
        for _ in 0..7 {
            used = quota.take(used).expect("a unit");
        }
        assert_eq!(quota.take(used), None);
        assert_eq!(Quota::new(0, 1), None);
        assert_eq!(Quota::new(1, 0), None);
        let fast = Quota::new(u32::MAX, 1).expect("a quota");
        assert_eq!(fast.take(0), Some(1));
    }

    #[test]
    fn what_is_refused_may_be_tried_again_when_every_policy_that_refused_has_a_unit() {
        let slow = Quota::new(1, 100).expect("a quota");
        let verdict = Verdict::of(
            false,
            [
                (Policy::Commands, quota(), 10 * SECOND),
                (Policy::Messages, slow, 70 * SECOND),
                (Policy::Pictures, slow, 0),
            ],
        );
        let violated: Vec<_> = verdict.violated().map(|standing| standing.policy).collect();
        assert_eq!(violated, [Policy::Commands, Policy::Messages]);
        assert_eq!(verdict.retry_after(), Duration::from_secs(70));
        assert_eq!(Verdict::FREE.retry_after(), Duration::ZERO);
    }
}
