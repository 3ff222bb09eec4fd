//! What all processes of a run share: time, lots, the log, the ground, the outside, and the trace of what happened.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use application::{
    memory_log::MemoryLog,
    ports::{Clock, EventLog, ReadError},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    recorded::{AnyEvent, Recorded},
    values::Position,
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use tokio::{sync::Notify, time::Instant};
use worker::memory_ground::MemoryGround;

use crate::{
    drawing::Drawing, inbox::MemoryInbox, payment::PaymentProvider, pictures::MemoryStorage,
    seats::Seats, variant::Variant,
};

/// How many processes there are: the API, two that follow the log, two workers.
pub const PROCESSES: usize = 5;

/// The processes' names, as the trace tells them.
pub const NAMES: [&str; PROCESSES] = ["api", "follower-1", "follower-2", "worker-1", "worker-2"];

/// The time that passes when nobody is busy.
#[derive(Debug, Clone, Copy)]
pub struct VirtualClock {
    began: Instant,
}

impl VirtualClock {
    /// A clock that begins to run now.
    pub fn start() -> Self {
        Self {
            began: Instant::now(),
        }
    }

    /// How long it has run.
    pub fn passed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// When every run begins.
pub fn beginning() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(12)
}

impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        beginning() + self.passed()
    }
}

/// How bad it is, in thousandths of the calls.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// The caller dies.
    pub crash: u32,
    /// The question or the answer is lost.
    pub loss: u32,
    /// The caller's process stands still for a while.
    pub freeze: u32,
    /// A provider does not do what is asked.
    pub provider: u32,
    /// When all of that ends.
    pub until: Duration,
    /// When nobody can reach the log, until when.
    pub outage: Option<(Duration, Duration)>,
}

/// One call, as the trace tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When it was over, in milliseconds since the run began.
    pub at_ms: u64,
    /// Who called.
    pub process: usize,
    /// In which life.
    pub life: u32,
    /// What was asked for.
    pub port: &'static str,
    /// What came of it.
    pub fate: &'static str,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at_ms,
            process,
            life,
            port,
            fate,
        } = self;
        let name = NAMES.get(*process).copied().unwrap_or("?");
        write!(f, "{at_ms:>7} ms  {name}/{life}  {port}  {fate}")
    }
}

/// How a process is.
#[derive(Debug, Default, Clone, Copy)]
pub struct Condition {
    /// Which life it lives.
    pub life: u32,
    /// It has died and was not yet buried.
    pub dead: bool,
    /// It stands still until then.
    pub frozen_until: Duration,
}

struct Changing {
    lots: SmallRng,
    read: Vec<Recorded<AnyEvent>>,
    trace: Vec<Step>,
    conditions: [Condition; PROCESSES],
    wrongs: Vec<String>,
}

/// What all processes of a run share.
pub struct World {
    /// The seed that all of it follows from.
    pub seed: u64,
    /// What is broken on purpose.
    pub variant: Variant,
    /// The time.
    pub clock: VirtualClock,
    /// How bad it is.
    pub weather: Weather,
    /// The log.
    pub log: Arc<MemoryLog>,
    /// Leases, books and read models.
    pub ground: Arc<MemoryGround>,
    /// The followers' leases and checkpoints.
    pub seats: Seats,
    /// The files.
    pub storage: MemoryStorage,
    /// The image providers.
    pub drawing: Drawing,
    /// The payment provider.
    pub payment: PaymentProvider,
    /// Its messages.
    pub inbox: MemoryInbox,
    /// One for each process: it has died.
    pub deaths: [Notify; PROCESSES],
    /// Somebody appended.
    pub appended: Notify,
    changing: Mutex<Changing>,
}

impl World {
    /// A world in that weather, on that log and ground.
    pub fn new(
        seed: u64,
        variant: Variant,
        clock: VirtualClock,
        log: Arc<MemoryLog>,
        ground: Arc<MemoryGround>,
    ) -> Self {
        let mut lots = SmallRng::seed_from_u64(seed);
        let weather = Weather::drawn(&mut lots);
        Self {
            seed,
            variant,
            clock,
            weather,
            log,
            ground,
            seats: Seats::default(),
            storage: MemoryStorage::default(),
            drawing: Drawing::default(),
            payment: PaymentProvider::default(),
            inbox: MemoryInbox::default(),
            deaths: Default::default(),
            appended: Notify::new(),
            changing: Mutex::new(Changing {
                lots,
                read: Vec::new(),
                trace: Vec::with_capacity(1024),
                conditions: Default::default(),
                wrongs: Vec::new(),
            }),
        }
    }

    /// A number below that.
    pub fn lot(&self, below: u32) -> u32 {
        self.changing().lots.random_range(0..below.max(1))
    }

    /// Whether it happens that happens so often in a thousand times; never once the weather is fair.
    pub fn misfortune(&self, in_a_thousand: u32) -> bool {
        self.is_foul() && self.lot(1000) < in_a_thousand
    }

    /// Whether something may go wrong.
    pub fn is_foul(&self) -> bool {
        self.clock.passed() < self.weather.until
    }

    /// A time between these, in milliseconds.
    pub fn time(&self, least: u32, most: u32) -> Duration {
        Duration::from_millis(u64::from(least + self.lot(most - least)))
    }

    /// Something that must never be.
    pub fn wrong(&self, what: String) {
        self.changing().wrongs.push(what);
    }

    /// All that must never be.
    pub fn wrongs(&self) -> Vec<String> {
        self.changing().wrongs.clone()
    }

    /// What happened so far.
    pub fn trace(&self) -> Vec<Step> {
        self.changing().trace.clone()
    }

    /// Notes what happened.
    pub fn note(&self, process: usize, life: u32, port: &'static str, fate: &'static str) {
        let at_ms = u64::try_from(self.clock.passed().as_millis()).unwrap_or(u64::MAX);
        self.changing().trace.push(Step {
            at_ms,
            process,
            life,
            port,
            fate,
        });
    }

    /// Up to so many events of the log after a position. Each is decoded once, for all who read it.
    ///
    /// # Errors
    /// Those of the log.
    pub async fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Recorded<AnyEvent>>, ReadError> {
        let known = Position(self.changing().read.len() as u64);
        if self.log.head().await? > known {
            let more = self.log.read(known, usize::MAX).await?;
            self.changing().read.extend(more);
        }
        let skipped = usize::try_from(after.0).unwrap_or(usize::MAX);
        let changing = self.changing();
        let read = changing.read.iter().skip(skipped).take(limit);
        Ok(read.cloned().collect())
    }

    /// How a process is.
    pub fn condition(&self, process: usize) -> Condition {
        self.changing().conditions[process]
    }

    /// The process dies.
    pub fn kill(&self, process: usize) {
        self.changing().conditions[process].dead = true;
        self.deaths[process].notify_one();
    }

    /// The process stands still for a while.
    pub fn freeze(&self, process: usize, time: Duration) {
        let until = self.clock.passed() + time;
        self.changing().conditions[process].frozen_until = until;
    }

    /// The process begins another life; which one.
    pub fn revive(&self, process: usize) -> u32 {
        let mut changing = self.changing();
        let condition = &mut changing.conditions[process];
        *condition = Condition {
            life: condition.life + 1,
            ..Condition::default()
        };
        condition.life
    }

    fn changing(&self) -> MutexGuard<'_, Changing> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Weather {
    fn drawn(lots: &mut SmallRng) -> Self {
        let until = Duration::from_millis(lots.random_range(500..4_000));
        let begins = Duration::from_millis(lots.random_range(0..2_000));
        let lasts = Duration::from_millis(lots.random_range(3_000..25_000));
        let outage = (lots.random_range(0..30) == 0).then_some((begins, begins + lasts));
        Self {
            crash: lots.random_range(0..12),
            loss: lots.random_range(0..40),
            freeze: lots.random_range(0..6),
            provider: lots.random_range(0..500),
            until: outage.map_or(until, |(_, ends)| until.max(ends)),
            outage,
        }
    }
}
