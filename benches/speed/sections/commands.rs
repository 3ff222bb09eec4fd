//! Durable commands per second, each a new aggregate with one event: Ava, stock `postgres-es`, and `pgbench`.

use std::sync::Arc;

use application::{avatars::Avatars, context::Context, dispatcher::Dispatcher};
use domain::values::{AvatarId, UserId};
use infrastructure::event_log::PostgresEventLog;
use sqlx::PgPool;
use uuid::Uuid;

use super::{pgbench::Pgbench, stock::Stock};
use crate::{
    Effort,
    report::{Goal, Measured, Row, Table, Unit},
    rounds::{Round, hammer, interleaved, median_round},
    scratch::Scratch,
    story::profile,
};

const CLIENTS: [usize; 3] = [1, 64, 256];

const HOW: &str = "Each command designs a companion for a new user: it is decided by the aggregate and appended as one \
event; it counts when its commit is durable. Ava: `Avatars::create` through the dispatcher and the log, in one process. \
Stock: the same aggregate in `cqrs-es` with `postgres-es`, twenty connections for both. `pgbench -M prepared -j 2`: one \
transaction inserts one row of the same size into a table with the same columns and indexes, with a connection for each \
client: the floor of one commit for one command. Latencies are those of the clients.";

/// Measures.
pub async fn measure(effort: Effort) -> anyhow::Result<Measured> {
    let scratch = Scratch::create().await?;
    let ava = Ava::on(&scratch.pool);
    let stock = Stock::on(&scratch.pool).await?;
    let pgbench = Pgbench::on(&scratch).await?;
    let mut measured = Measured::new("Durable commands per second", HOW);
    let head = ["clients", "subject", "commands/s", "p50 ms", "p99 ms"];
    let mut table = Table::new("Every subject", &head);
    for clients in CLIENTS {
        let length = effort.round(5);
        let rounds = interleaved(effort.rounds(), 3, async |subject| match subject {
            0 => ava.round(clients, length).await.map(Some),
            1 => {
                let stock = stock.clone();
                let round = hammer(clients, length, move || stock.clone().command());
                round.await.map(Some)
            }
            _ => match &pgbench {
                Some(pgbench) => pgbench.round(clients, length).await.map(Some),
                None => Ok(None),
            },
        })
        .await?;
        let mut middle = Vec::new();
        for (rounds, name) in rounds.into_iter().zip(["Ava", "postgres-es", "pgbench"]) {
            let rounds: Option<Vec<Round>> = rounds.into_iter().collect();
            let round = rounds.map(median_round).transpose()?;
            if let Some(round) = &round {
                table.lines.push(line(clients, name, round));
            }
            middle.push(round);
        }
        if let [Some(ava), Some(stock), pgbench] = &middle[..] {
            measured
                .rows
                .extend(goals(clients, ava, stock, pgbench.as_ref()));
        }
    }
    measured.tables.push(table);
    Ok(measured)
}

fn line(clients: usize, name: &str, round: &Round) -> Vec<String> {
    vec![
        clients.to_string(),
        name.to_owned(),
        crate::rounds::thousands(round.per_second),
        format!("{:.2}", round.percentile(50)),
        format!("{:.2}", round.percentile(99)),
    ]
}

fn goals(clients: usize, ava: &Round, stock: &Round, pgbench: Option<&Round>) -> Vec<Row> {
    let (to_stock, to_pgbench) = match clients {
        64 => (Goal::AtLeast(6.0), Goal::AtLeast(2.0)),
        256 => (Goal::AtLeast(10.0), Goal::AtLeast(4.0)),
        _ => (Goal::None, Goal::None),
    };
    let told = |round: &Round| (round.told(), round.per_second);
    let of_clients = match clients {
        1 => "one client alone".to_owned(),
        many => format!("{many} clients"),
    };
    let mut rows = vec![Row::ratio(
        format!("Commands per second, {of_clients}, to stock `postgres-es`"),
        told(ava),
        told(stock),
        to_stock,
    )];
    let (what, goal) = if clients == 1 {
        (
            "Latency of a command, p50, one client alone, to `pgbench`".to_owned(),
            Goal::AtMost(1.3),
        )
    } else {
        (
            format!("Commands per second, {of_clients}, to `pgbench`"),
            to_pgbench,
        )
    };
    rows.push(match pgbench {
        None => Row::not_measured(
            what,
            Unit::Times,
            goal,
            "there is no pgbench beside PostgreSQL",
        ),
        Some(pgbench) if clients == 1 => Row::ratio(
            what,
            (ava.told(), ava.percentile(50)),
            (pgbench.told(), pgbench.percentile(50)),
            goal,
        ),
        Some(pgbench) => Row::ratio(what, told(ava), told(pgbench), goal),
    });
    rows
}

/// Ava's dispatcher and log.
#[derive(Clone)]
pub struct Ava(Avatars);

impl Ava {
    /// Over a log of its own.
    pub fn on(pool: &PgPool) -> Self {
        let log = Arc::new(PostgresEventLog::start(
            pool.clone(),
            infrastructure::scratch_database::master_keys(),
        ));
        Self(Avatars::new(Dispatcher::new(log.clone(), log)))
    }

    /// The use cases.
    pub const fn avatars(&self) -> &Avatars {
        &self.0
    }

    /// A round of new aggregates.
    ///
    /// # Errors
    /// When a command fails.
    pub async fn round(
        &self,
        clients: usize,
        length: std::time::Duration,
    ) -> anyhow::Result<Round> {
        let ava = self.clone();
        hammer(clients, length, move || {
            ava.clone().create(UserId(Uuid::now_v7()))
        })
        .await
    }

    /// One command: a new aggregate with one event.
    ///
    /// # Errors
    /// When it fails.
    pub async fn create(self, owner: UserId) -> anyhow::Result<()> {
        let context = Context::of_user(owner, Uuid::now_v7());
        self.0
            .create(context, AvatarId(Uuid::now_v7()), profile()?)
            .await?;
        Ok(())
    }
}
