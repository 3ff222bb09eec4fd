//! How long to wait: adaptive polling, and retries with jitter.

use std::time::Duration;

use application::chance;

/// Pauses that grow while nothing happens.
#[derive(Debug)]
pub(crate) struct Pace {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Pace {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
        }
    }

    /// The next pause; the one after it is an eighth longer. So what is waited for is seen about an eighth later than
    /// it came to be, however long it takes.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (self.next * 9 / 8).min(self.longest);
        pause
    }

    /// Something happened: start with short pauses again.
    pub(crate) const fn reset(&mut self) {
        self.next = self.first;
    }
}

/// An exponential pause with full jitter: anything from nothing to `first · 2^(failures-1)`, at most `longest`.
///
/// Full jitter spreads retries best: <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>.
pub(crate) fn jittered(failures: u32, first: Duration, longest: Duration) -> Duration {
    let doublings = failures.saturating_sub(1).min(20);
    let most = first.saturating_mul(1 << doublings).min(longest);
    chance::up_to(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_by_an_eighth_up_to_the_longest_and_start_again_after_a_success() {
        let mut pace = Pace::new(Duration::from_millis(64), Duration::from_millis(80));
        let pauses: Vec<_> = (0..4).map(|_| pace.pause().as_millis()).collect();
        assert_eq!(pauses, [64, 72, 80, 80]);
        pace.reset();
        assert_eq!(pace.pause(), Duration::from_millis(64));
    }

    #[test]
    fn retries_are_spread_over_the_whole_doubled_pause_but_never_beyond_the_longest() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_millis(1000));
        for (failures, most) in [(1, 100), (2, 200), (3, 400), (5, 1000), (u32::MAX, 1000)] {
            let pauses: Vec<_> = (0..500)
                .map(|_| jittered(failures, first, longest))
                .collect();
            let most = Duration::from_millis(most);
            assert!(pauses.iter().all(|pause| *pause <= most));
            assert!(
                pauses.iter().any(|pause| *pause > most / 2),
                "the upper half is used"
            );
            assert!(
                pauses.iter().any(|pause| *pause < most / 2),
                "the lower half is used"
            );
        }
    }
}
