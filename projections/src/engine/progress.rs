//! How far a follower is, how it fares, and how much it takes at once.

use std::time::Duration;

use domain::values::Position;

/// Where a follower is, and how it fares.
pub(super) struct Progress {
    pub position: Position,
    /// Set after any failure: a commit whose answer was lost may have moved the checkpoint.
    pub uncertain: bool,
    pub page_size: PageSize,
    /// No page goes beyond; none for as far as the log goes.
    pub until: Option<Position>,
    /// No page has more events than that.
    pub at_most: usize,
    /// Up to there events are taken one by one, to find the one to blame.
    pub one_by_one_until: Position,
    /// How often the event after `position` has failed.
    pub attempts: u32,
    /// How often in a row the log or the database was away.
    pub away: u32,
}

impl Progress {
    pub const fn at(position: Position) -> Self {
        Self {
            position,
            uncertain: false,
            page_size: PageSize(PageSize::FIRST),
            until: None,
            at_most: PageSize::MAX,
            one_by_one_until: Position(0),
            attempts: 0,
            away: 0,
        }
    }

    /// How many events the next page may have.
    pub fn limit(&self) -> usize {
        let limit = if self.position < self.one_by_one_until {
            1
        } else {
            self.page_size.0.min(self.at_most)
        };
        let rest = self
            .until
            .map_or(u64::MAX, |until| until.0.saturating_sub(self.position.0));
        limit.min(usize::try_from(rest).unwrap_or(usize::MAX))
    }

    /// The checkpoint is there now.
    pub fn moved_to(&mut self, position: Position) {
        self.position = position;
        self.attempts = 0;
    }
}

/// How many events a page may have, so that a page takes neither long nor a transaction for little.
pub(super) struct PageSize(usize);

impl PageSize {
    const FIRST: usize = 100;
    const MAX: usize = 1000;
    const QUICK: Duration = Duration::from_millis(100);
    const SLOW: Duration = Duration::from_millis(500);

    /// Learns from a page.
    pub fn adapt(&mut self, events: usize, took: Duration) {
        if took > Self::SLOW {
            self.halve();
        } else if took < Self::QUICK && events == self.0 {
            self.0 = (self.0 * 2).min(Self::MAX);
        }
    }

    /// Asks for less at once.
    pub fn halve(&mut self) {
        self.0 = (self.0 / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_grow_while_they_are_full_and_quick() {
        let mut size = PageSize(PageSize::FIRST);
        for expected in [200, 400, 800, 1000, 1000] {
            size.adapt(size.0, Duration::from_millis(9));
            assert_eq!(size.0, expected);
        }
        size.adapt(999, Duration::from_millis(9));
        size.adapt(1000, Duration::from_millis(300));
        assert_eq!(size.0, 1000, "neither slow, nor room for more");
    }

    #[test]
    fn pages_shrink_while_they_are_slow_and_never_to_nothing() {
        let mut size = PageSize(5);
        for expected in [2, 1, 1] {
            size.adapt(size.0, Duration::from_secs(1));
            assert_eq!(size.0, expected);
        }
    }

    #[test]
    fn events_are_taken_one_by_one_up_to_the_end_of_a_page_that_failed() {
        let mut progress = Progress::at(Position(7));
        assert_eq!(progress.limit(), PageSize::FIRST);
        progress.one_by_one_until = Position(9);
        for (position, limit) in [(7, 1), (8, 1), (9, PageSize::FIRST)] {
            progress.moved_to(Position(position));
            assert_eq!(progress.limit(), limit);
        }
    }

    #[test]
    fn a_page_ends_where_it_has_to_and_is_no_larger_than_allowed() {
        let mut progress = Progress::at(Position(7));
        for (until, limit) in [(7, 0), (9, 2), (1000, PageSize::FIRST)] {
            progress.until = Some(Position(until));
            assert_eq!(progress.limit(), limit);
        }
        progress.at_most = 50;
        assert_eq!(progress.limit(), 50);
    }
}
