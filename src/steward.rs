//! Operators and auditors at the command line, whose deeds are recorded like those that are done over HTTP.

use std::sync::Arc;

use application::{
    context::{CommandError, Context},
    dispatcher::Dispatcher,
    people::People,
    ports::{Role, SystemClock},
    stewardship::Stewardships,
};
use clap::Args;
use domain::{
    stewardship::{Command, Rejection},
    values::UserId,
};
use infrastructure::event_log::PostgresEventLog;
use uuid::Uuid;

use crate::failure::Failure;

/// Who does it.
#[derive(Debug, Clone, Copy, Args)]
pub struct By {
    /// Who does this, by their user id: it is recorded with it. Nobody named is the machine's keeper.
    #[arg(long, value_name = "USER_ID", default_value_t = UserId(Uuid::nil()))]
    by: UserId,
}

/// Somebody who runs the system, or checks it.
pub struct Steward {
    /// Records what is done.
    pub stewardships: Stewardships,
    /// Forgets people.
    pub people: People,
    by: By,
    role: Role,
}

impl Steward {
    /// Who is recorded in that log.
    pub fn new(log: &PostgresEventLog, by: By) -> Self {
        let log = Arc::new(log.clone());
        let dispatcher = Dispatcher::new(log.clone(), log);
        let stewardships = Stewardships::new(dispatcher.clone(), Arc::new(SystemClock));
        Self {
            people: People::new(dispatcher, stewardships.clone()),
            stewardships,
            by,
            role: Role::Operator,
        }
    }

    /// The same of somebody who checks the system.
    pub fn auditing(self) -> Self {
        Self {
            role: Role::Auditor,
            ..self
        }
    }

    /// The context of something that is done now.
    pub fn context(&self) -> Context {
        Context::of_user(self.by.by, Uuid::now_v7()).in_role(self.role)
    }

    /// Records a view, or a deed before it is done.
    pub async fn record(&self, deed: Command) -> Result<(), Failure> {
        let recorded = self.stewardships.record(self.context(), deed).await;
        recorded
            .map(drop)
            .map_err(|error: CommandError<Rejection>| Failure::try_again(error))
    }
}
