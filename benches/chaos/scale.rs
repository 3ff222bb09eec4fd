//! How much is broken, and how many people see it.

use std::{fmt, time::Duration};

/// By when something has to be over. The long run, of an optimised build that has the machine for itself, is judged by the
/// goals; of the quick run, which shares the machine with who knows what, only that it does not hang.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// By when somebody is told to ask again who asks while PostgreSQL is away.
    pub told: Duration,
    /// How long after PostgreSQL is back every process of the API carries out a command.
    pub well: Duration,
    /// By when another worker has 99 of 100 pictures of a killed one.
    pub taken_up: Duration,
}

/// The size of a run.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Whether this is the run of some minutes.
    pub is_quick: bool,
    /// What it is judged by.
    pub bounds: Bounds,
    /// How many people use it.
    pub people: u32,
    /// How often PostgreSQL is killed.
    pub database_kills: u32,
    /// How often a worker is killed.
    pub worker_kills: u32,
    /// How many more than two workers there are meanwhile.
    pub more_workers: u32,
    /// How many pictures are asked for meanwhile, at least.
    pub pictures: u32,
    /// How often a worker is stopped and woken too late.
    pub zombies: u32,
    /// How often the projector is killed.
    pub projector_kills: u32,
    /// How often a rebuild is interrupted.
    pub rebuilds: u32,
    /// How often each fault of Redis comes.
    pub redis_faults: u32,
    /// How often each misbehaviour of the image provider comes.
    pub misbehaviours: u32,
    /// How many keys are used by many at once.
    pub shared_keys: u32,
    /// How many use the same one.
    pub twins: u32,
    /// How often each process is told to stop.
    pub stops: u32,
    /// How many streams each person follows then, at each process.
    pub streams: u32,
    /// How many people do little else then but follow.
    pub onlookers: u32,
    /// How often a storm ends all sessions at PostgreSQL.
    pub storms: u32,
    /// How often all connections to it are in use.
    pub locks: u32,
    /// How often many slow clients come.
    pub slow_rounds: u32,
    /// How many of each kind then, at each process of the API.
    pub slow_clients: u32,
    /// How often a subscription goes through each kind of life.
    pub payment_rounds: u32,
    /// How often the log is changed behind Ava's back.
    pub tamperings: u32,
}

impl Scale {
    /// Ends in some minutes on two busy cores.
    pub const QUICK: Self = Self {
        is_quick: true,
        bounds: Bounds {
            told: Duration::from_secs(10),
            well: Duration::from_secs(30),
            taken_up: Duration::from_secs(60),
        },
        people: 4,
        database_kills: 4,
        worker_kills: 6,
        more_workers: 0,
        pictures: 30,
        zombies: 1,
        projector_kills: 4,
        rebuilds: 3,
        redis_faults: 1,
        misbehaviours: 1,
        shared_keys: 4,
        twins: 100,
        stops: 1,
        streams: 3,
        onlookers: 8,
        storms: 2,
        locks: 1,
        slow_rounds: 1,
        slow_clients: 4,
        payment_rounds: 1,
        tamperings: 100,
    };

    /// What docs/RELIABILITY.md tells of.
    pub const LONG: Self = Self {
        is_quick: false,
        bounds: Bounds {
            told: Duration::from_secs(2),
            well: Duration::from_secs(3),
            taken_up: Duration::from_secs(10),
        },
        people: 12,
        database_kills: 200,
        worker_kills: 500,
        more_workers: 4,
        pictures: 20_000,
        zombies: 20,
        projector_kills: 100,
        rebuilds: 20,
        redis_faults: 10,
        misbehaviours: 10,
        shared_keys: 500,
        twins: 200,
        stops: 20,
        // Half of what one person may have, since those of a process that stops go to the other one; a thousand and more in all.
        streams: 4,
        onlookers: 115,
        storms: 40,
        locks: 10,
        slow_rounds: 5,
        slow_clients: 40,
        payment_rounds: 20,
        tamperings: 10_000,
    };

    /// The same with so many hundredths of the faults, and at least one of each.
    pub fn scaled(self, percent: u32) -> Self {
        let part = |usual: u32| (usual * percent).div_ceil(100).max(1);
        Self {
            database_kills: part(self.database_kills),
            worker_kills: part(self.worker_kills),
            pictures: part(self.pictures),
            zombies: part(self.zombies),
            projector_kills: part(self.projector_kills),
            rebuilds: part(self.rebuilds),
            redis_faults: part(self.redis_faults),
            misbehaviours: part(self.misbehaviours),
            shared_keys: part(self.shared_keys),
            stops: part(self.stops),
            storms: part(self.storms),
            locks: part(self.locks),
            slow_rounds: part(self.slow_rounds),
            payment_rounds: part(self.payment_rounds),
            tamperings: part(self.tamperings),
            ..self
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} people, {} kills of PostgreSQL, {} of workers during {} pictures, {} of the projector",
            self.people,
            self.database_kills,
            self.worker_kills,
            self.pictures,
            self.projector_kills
        )?;
        if self.is_quick {
            write!(
                f,
                " (scaled down; the long run has 200, 500 during 20,000, and 100)"
            )?;
        }
        Ok(())
    }
}
