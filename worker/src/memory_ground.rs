//! The ground in memory, for simulations: the same promises as that of the database, but for durability.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use application::ports::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    recorded::{AnyEvent, Recorded},
    values::Position,
};
use projections::in_memory::{Rows, Table};
use tokio::sync::{Notify, watch};

use crate::{file_notes::FileNote, ground::Ground, provider_accounts::Account};

mod books;
mod file_notes;
mod leases;
mod sights;

/// Leases, books and read models that end with the process.
pub struct MemoryGround {
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
    moved: Notify,
}

#[derive(Default)]
struct Kept {
    rows: Rows,
    checkpoints: BTreeMap<Table, Position>,
    /// How many events each table's projector has followed, those included that it followed twice.
    followed: BTreeMap<Table, u64>,
    leases: BTreeMap<String, Held>,
    last_fence: i64,
    accounts: BTreeMap<String, Account>,
    orders: Vec<Order>,
    file_notes: BTreeMap<FileNote, Noted>,
    /// One channel for each listener, so that they are woken in the order in which they came.
    listeners: Vec<(Table, watch::Sender<Position>)>,
}

/// How a note of files stands.
#[derive(Default)]
struct Noted {
    writes: u32,
    clear: u32,
    look_at: DateTime<Utc>,
}

/// A lease.
struct Held {
    holder: String,
    fence: i64,
    until: DateTime<Utc>,
}

/// An order in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its name among all calls.
    pub call_id: uuid::Uuid,
    /// Who was asked.
    pub provider: String,
    /// For which picture.
    pub photo_id: domain::values::PhotoId,
    /// For which attempt.
    pub attempt: u32,
    /// What came of it, once that is written down.
    pub outcome: Option<String>,
}

impl fmt::Debug for MemoryGround {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryGround").finish_non_exhaustive()
    }
}

impl MemoryGround {
    /// An empty ground by that clock, which is the log's.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            kept: Mutex::default(),
            moved: Notify::new(),
        }
    }

    /// As the worker takes it.
    pub fn as_ground(self: &Arc<Self>) -> Ground {
        Ground {
            leases: self.clone(),
            books: self.clone(),
            file_notes: self.clone(),
            sights: self.clone(),
        }
    }

    /// How far the projector of a table is.
    pub fn checkpoint(&self, table: Table) -> Position {
        self.kept().checkpoint(table)
    }

    /// How many events the projector of a table has followed, those included that it followed twice.
    pub fn followed(&self, table: Table) -> u64 {
        self.kept()
            .followed
            .get(&table)
            .copied()
            .unwrap_or_default()
    }

    /// The rows as they are.
    pub fn rows(&self) -> Rows {
        self.kept().rows.clone()
    }

    /// The orders in the ledger.
    pub fn orders(&self) -> Vec<Order> {
        self.kept().orders.clone()
    }

    /// Whether any files are noted.
    pub fn notes_files(&self) -> bool {
        !self.kept().file_notes.is_empty()
    }

    /// Writes what a page means and moves the checkpoint, both or neither; false when the checkpoint is not at `from`,
    /// since somebody else has moved it.
    ///
    /// # Errors
    /// When an event names something that cannot be.
    pub fn project(
        &self,
        table: Table,
        from: Position,
        page: &[Recorded<AnyEvent>],
    ) -> sqlx::Result<bool> {
        let mut kept = self.kept();
        if kept.checkpoint(table) != from {
            return Ok(false);
        }
        kept.write(table, page)?;
        if let Some(last) = page.last() {
            kept.move_checkpoint(table, last.position);
        }
        drop(kept);
        self.moved.notify_waiters();
        Ok(true)
    }

    /// Only writes what a page means: a projector that is not as it should be.
    ///
    /// # Errors
    /// When an event names something that cannot be.
    pub fn write(&self, table: Table, page: &[Recorded<AnyEvent>]) -> sqlx::Result<()> {
        self.kept().write(table, page)
    }

    /// Only moves a checkpoint: a projector that is not as it should be.
    pub fn move_checkpoint(&self, table: Table, position: Position) {
        self.kept().move_checkpoint(table, position);
        self.moved.notify_waiters();
    }

    /// The tables hold these rows, which are those of the log up to that position.
    pub fn begin_with(&self, rows: Rows, position: Position) {
        let mut kept = self.kept();
        kept.rows = rows;
        for table in Table::ALL {
            kept.checkpoints.insert(table, position);
            kept.followed.insert(table, position.0);
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn checkpoint(&self, table: Table) -> Position {
        self.checkpoints.get(&table).copied().unwrap_or_default()
    }

    fn write(&mut self, table: Table, page: &[Recorded<AnyEvent>]) -> sqlx::Result<()> {
        self.rows.follow(table, page)?;
        *self.followed.entry(table).or_default() += page.len() as u64;
        Ok(())
    }

    fn move_checkpoint(&mut self, table: Table, position: Position) {
        self.checkpoints.insert(table, position);
        self.listeners
            .retain(|(_, listener)| listener.receiver_count() > 0);
        for (listened, listener) in &self.listeners {
            if *listened == table {
                listener.send_replace(position);
            }
        }
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::days(36_500))
}
