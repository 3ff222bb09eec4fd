//! What `ava api`, `ava worker` and `ava projector` have in common: a database that somebody else runs.

use infrastructure::settings::Settings;
use url::Url;
use uuid::Uuid;

use crate::{
    database::{Database, Pools, ReplicaPools, Roles, must_be_migrated},
    failure::Failure,
    listener::url_of,
    wiring::{Secrets, Surroundings, Wiring},
};

/// One role's parts.
pub struct Role {
    pub wiring: Wiring,
    pools: Pools,
    replica: Option<ReplicaPools>,
}

impl Role {
    /// Connects a role to the database. `name` is the role's, as `api`; `roles` are its rights in the database.
    pub async fn start(
        settings: &Settings,
        name: &str,
        roles: Roles,
        public_url: Option<Url>,
    ) -> Result<Self, Failure> {
        let secrets = Secrets::of(settings)?;
        let database = Database::already_running(settings)?;
        let pools = database.pools(name, roles).await?;
        must_be_migrated(&pools.work).await?;
        let public_url = match public_url.or_else(|| settings.public_url.clone()) {
            Some(url) => url,
            None => url_of(settings.http_addr)?,
        };
        let surroundings = Surroundings {
            sandbox_url: url_of(settings.sandbox_addr)?,
            api_url: url_of(settings.http_addr)?,
            public_url,
            node: format!("{name}-{}", Uuid::now_v7().simple()),
        };
        let replica = if roles.serve_people() {
            database.replica(name, roles)?
        } else {
            None
        };
        let wiring = Wiring::new(
            settings,
            &secrets,
            surroundings,
            pools.clone(),
            replica.clone(),
        )?;
        Ok(Self {
            wiring,
            pools,
            replica,
        })
    }

    /// Gives the connections back.
    pub async fn end(self) {
        drop(self.wiring);
        if let Some(replica) = self.replica {
            replica.close().await;
        }
        self.pools.close().await;
    }
}
