//! Databases for tests and benchmarks: fresh, migrated, gone afterwards.
//!
//! They live in a private cluster, shared by all test processes on this checkout: the first that needs it starts it, and it
//! stops by itself about a minute after the last one is gone. By default its durability is off and its files are in memory
//! where there is room (else under the target directory), which makes tests quick and says nothing about a power cut: a test
//! that needs the real thing asks for [`ScratchDatabase::durable`].

mod cluster;

use std::{
    collections::HashMap,
    process,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sqlx::{Connection, PgConnection, PgPool, postgres::PgPoolOptions};

pub use cluster::ScratchCluster;

use crate::{
    database::{self, DatabaseOptions, DatabaseRole},
    sealing::MasterKeys,
};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// The same master key in every test process, so that each reads what another one wrote.
pub fn master_keys() -> MasterKeys {
    MasterKeys::one(&[7; 32])
}

/// One database that belongs to one test.
#[derive(Debug)]
pub struct ScratchDatabase {
    cluster: &'static ScratchCluster,
    name: String,
    url: String,
    pool: PgPool,
    pools: Mutex<HashMap<DatabaseRole, PgPool>>,
}

impl ScratchDatabase {
    /// A fresh, migrated database whose commits do not wait for the disk.
    ///
    /// # Panics
    /// When there is no PostgreSQL: a test cannot go on without.
    pub async fn create() -> Self {
        Self::on(ScratchCluster::quick).await
    }

    /// A fresh, migrated database whose commits are on the disk before they are acknowledged.
    ///
    /// # Panics
    /// When there is no PostgreSQL: a test cannot go on without.
    pub async fn durable() -> Self {
        Self::on(ScratchCluster::durable).await
    }

    async fn on(cluster: fn() -> &'static ScratchCluster) -> Self {
        let made = tokio::task::spawn_blocking(move || {
            let cluster = cluster();
            let name = format!(
                "scratch_{}_{}",
                process::id(),
                COUNTER.fetch_add(1, Ordering::Relaxed)
            );
            cluster.create_database(&name);
            (cluster, name)
        });
        #[expect(
            clippy::unwrap_used,
            reason = "a test cannot go on without its database, and the panic says why"
        )]
        let (cluster, name) = made.await.unwrap();
        let url = cluster.url(&name);
        #[expect(clippy::unwrap_used, reason = "the address was made two lines above")]
        let pool = PgPoolOptions::new()
            .max_connections(12)
            .acquire_timeout(Duration::from_secs(20))
            .connect_lazy(&url)
            .unwrap();
        Self {
            cluster,
            name,
            url,
            pool,
            pools: Mutex::default(),
        }
    }

    /// Connections of whoever runs the server, who may do anything: for a test's own looks and interventions.
    pub fn pool(&self) -> PgPool {
        self.pool.clone()
    }

    /// Connections as a process of that role has them in production: what is under test works over these, so that a
    /// missing grant fails a test.
    pub fn pool_as(&self, role: DatabaseRole) -> PgPool {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = pools.entry(role).or_insert_with(|| {
            let options = DatabaseOptions {
                statement_timeout: None,
                ..DatabaseOptions::named("test").acting_as(role)
            };
            #[expect(clippy::unwrap_used, reason = "the address is of our own making")]
            database::open(&self.url_as(role), &options).unwrap()
        });
        pool.clone()
    }

    /// Its address, for a login that has no rights but the role's.
    pub fn url_as(&self, role: DatabaseRole) -> String {
        self.cluster.url_as(role, &self.name)
    }

    /// Its address, with the password of the throw-away cluster.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for ScratchDatabase {
    fn drop(&mut self) {
        self.cluster.give_back(&self.name);
    }
}

async fn execute(
    url: &str,
    statements: &[String],
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = PgConnection::connect(url).await?;
    for statement in statements {
        sqlx::raw_sql(statement).execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}
