//! One read of the log for all followers of a process.
//!
//! Followers that stand at the same place share what was read and decoded once; one that is far behind reads for
//! itself. While a full portion is being followed, the next one is read ahead.

use std::{
    collections::VecDeque,
    ops::{Deref, Range},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use application::ports::{EventLog, ReadError};
use domain::{
    recorded::{AnyEvent, Recorded},
    values::Position,
};
use tokio::sync::OnceCell;

/// How many events are read at once.
pub(super) const PORTION: usize = 2000;
/// How many events are kept for followers that come a little later.
const KEPT_EVENTS: usize = 3 * PORTION;
/// How many portions are kept; near the log's end they are small.
const KEPT_PORTIONS: usize = 64;

/// The log, as the followers of one process read it. Cheap to clone.
#[derive(Clone)]
pub(super) struct Feed {
    log: Arc<dyn EventLog>,
    /// Oldest read first.
    portions: Arc<Mutex<VecDeque<Arc<Portion>>>>,
}

/// The events after a position; unset while they are being read.
struct Portion {
    after: Position,
    events: OnceCell<Vec<Recorded<AnyEvent>>>,
}

/// A part of a portion.
pub(super) struct Page {
    portion: Arc<Portion>,
    range: Range<usize>,
}

impl Deref for Page {
    type Target = [Recorded<AnyEvent>];

    fn deref(&self) -> &Self::Target {
        let events = self.portion.events.get().map_or(&[][..], Vec::as_slice);
        events.get(self.range.clone()).unwrap_or_default()
    }
}

/// Why a portion stays unset.
enum Unset {
    /// There is nothing behind its position yet.
    Empty,
    Failed(ReadError),
}

impl Feed {
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            portions: Arc::default(),
        }
    }

    /// Up to `limit` events after `after`, in order, without gaps; none when the log ends there. There may be more
    /// than are answered, even where these are fewer than `limit`.
    pub async fn page(&self, after: Position, limit: usize) -> Result<Page, ReadError> {
        let portion = self.portion(after);
        let events = match self.fill(&portion).await {
            Ok(events) => events,
            Err(Unset::Failed(error)) => return Err(error),
            Err(Unset::Empty) => &[],
        };
        let start = usize::try_from(after.0 - portion.after.0).unwrap_or(usize::MAX);
        if start == 0 && events.len() == PORTION {
            self.read_ahead(portion.end());
        }
        let end = events.len().min(start.saturating_add(limit));
        Ok(Page {
            portion: portion.clone(),
            range: start.min(end)..end,
        })
    }

    /// The portion with the events after `after`, or a new one for them.
    fn portion(&self, after: Position) -> Arc<Portion> {
        let mut portions = self.portions();
        if let Some(known) = portions.iter().rev().find(|portion| portion.serves(after)) {
            return known.clone();
        }
        let portion = Arc::new(Portion {
            after,
            events: OnceCell::new(),
        });
        portions.push_back(portion.clone());
        let mut events: usize = portions.iter().map(|portion| portion.len()).sum();
        while portions.len() > KEPT_PORTIONS || (events > KEPT_EVENTS && portions.len() > 1) {
            events -= portions.pop_front().map_or(0, |oldest| oldest.len());
        }
        portion
    }

    /// Reads a portion, once for all who want it. One that is empty or fails is asked for again.
    async fn fill<'a>(&self, portion: &'a Portion) -> Result<&'a [Recorded<AnyEvent>], Unset> {
        let read = async || match self.log.read(portion.after, PORTION).await {
            Ok(events) if events.is_empty() => Err(Unset::Empty),
            Ok(events) => Ok(events),
            Err(error) => Err(Unset::Failed(error)),
        };
        portion
            .events
            .get_or_try_init(read)
            .await
            .map(Vec::as_slice)
    }

    /// Reads what comes next while the caller is busy. What goes wrong then, whoever comes for it will meet again.
    fn read_ahead(&self, after: Position) {
        let portion = self.portion(after);
        if portion.events.initialized() {
            return;
        }
        let feed = self.clone();
        tokio::spawn(async move {
            let _ = feed.fill(&portion).await;
        });
    }

    fn portions(&self) -> MutexGuard<'_, VecDeque<Arc<Portion>>> {
        self.portions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Portion {
    fn len(&self) -> usize {
        self.events.get().map_or(0, Vec::len)
    }

    fn end(&self) -> Position {
        Position(self.after.0 + self.len() as u64)
    }

    fn serves(&self, after: Position) -> bool {
        self.after == after || (self.after < after && after < self.end())
    }
}
