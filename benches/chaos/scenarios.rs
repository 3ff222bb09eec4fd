//! The faults, one kind a file.

mod crash_points;
mod database_kills;
mod full_pools;
mod held;
mod misbehaviour;
mod payments;
mod projector_kills;
mod redis_faults;
mod same_keys;
mod session_storms;
mod slow_clients;
mod stops;
mod tampered_log;
mod well;
mod worker_kills;
mod zombies;

use clap::ValueEnum;

use crate::run::Run;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Scenario {
    /// SIGKILL to PostgreSQL.
    DatabaseKills,
    /// SIGKILL to workers.
    WorkerKills,
    /// Every named place between two effects.
    CrashPoints,
    /// SIGSTOP to a worker until its leases are over, then SIGCONT.
    Zombies,
    /// SIGKILL to the projector, and to rebuilds.
    ProjectorKills,
    /// Redis is killed, emptied, stopped.
    RedisFaults,
    /// What the image provider can do wrong.
    Misbehaviour,
    /// Many identical requests at once under one key.
    SameKeys,
    /// SIGTERM to one process after another while they are used.
    Stops,
    /// Every session at PostgreSQL is ended, again and again.
    SessionStorms,
    /// All connections to PostgreSQL are in use.
    FullPools,
    /// Clients that send or read a byte now and then.
    SlowClients,
    /// Messages of the payment provider in any order, and forged ones.
    Payments,
    /// The log is changed behind Ava's back.
    TamperedLog,
}

impl Scenario {
    /// Every one, in the order of a run: first what looks at each event many times, while there are few.
    pub const ALL: [Self; 14] = [
        Self::TamperedLog,
        Self::DatabaseKills,
        Self::WorkerKills,
        Self::CrashPoints,
        Self::Zombies,
        Self::ProjectorKills,
        Self::RedisFaults,
        Self::Misbehaviour,
        Self::SameKeys,
        Self::Stops,
        Self::SessionStorms,
        Self::FullPools,
        Self::SlowClients,
        Self::Payments,
    ];

    /// As `--only` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DatabaseKills => "database-kills",
            Self::WorkerKills => "worker-kills",
            Self::CrashPoints => "crash-points",
            Self::Zombies => "zombies",
            Self::ProjectorKills => "projector-kills",
            Self::RedisFaults => "redis-faults",
            Self::Misbehaviour => "misbehaviour",
            Self::SameKeys => "same-keys",
            Self::Stops => "stops",
            Self::SessionStorms => "session-storms",
            Self::FullPools => "full-pools",
            Self::SlowClients => "slow-clients",
            Self::Payments => "payments",
            Self::TamperedLog => "tampered-log",
        }
    }

    /// Whether a process of the API dies in it, so that answers may be cut short.
    pub const fn kills_the_api(self) -> bool {
        matches!(self, Self::CrashPoints)
    }

    /// Injects the faults.
    ///
    /// # Errors
    /// When the scenario cannot go on.
    pub async fn run(self, run: &mut Run) -> anyhow::Result<()> {
        match self {
            Self::DatabaseKills => database_kills::run(run).await,
            Self::WorkerKills => worker_kills::run(run).await,
            Self::CrashPoints => crash_points::run(run).await,
            Self::Zombies => zombies::run(run).await,
            Self::ProjectorKills => projector_kills::run(run).await,
            Self::RedisFaults => redis_faults::run(run).await,
            Self::Misbehaviour => misbehaviour::run(run).await,
            Self::SameKeys => same_keys::run(run).await,
            Self::Stops => stops::run(run).await,
            Self::SessionStorms => session_storms::run(run).await,
            Self::FullPools => full_pools::run(run).await,
            Self::SlowClients => slow_clients::run(run).await,
            Self::Payments => payments::run(run).await,
            Self::TamperedLog => tampered_log::run(run).await,
        }
    }
}
