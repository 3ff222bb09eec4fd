//! The PostgreSQL that everything is measured on: private, durable, with ordinary settings.

use std::path::PathBuf;

use infrastructure::scratch_database::ScratchDatabase;
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::machine;

/// One fresh, migrated database on the durable server.
pub struct Scratch {
    database: ScratchDatabase,
    /// Twenty connections, as each of a service's pools has.
    pub pool: PgPool,
}

impl Scratch {
    /// Makes one.
    ///
    /// # Errors
    /// When the server does not keep its commits.
    pub async fn create() -> anyhow::Result<Self> {
        let database = ScratchDatabase::durable().await;
        let pool = PgPoolOptions::new()
            .max_connections(20)
            .connect(database.url())
            .await?;
        machine::must_be_durable(&pool).await?;
        Ok(Self { database, pool })
    }

    /// Its address, with the password of the throw-away server.
    pub fn url(&self) -> &str {
        self.database.url()
    }

    /// Lets nothing of what was written before disturb what is measured next.
    pub async fn settle(&self) -> anyhow::Result<()> {
        for statement in ["VACUUM ANALYZE", "CHECKPOINT"] {
            sqlx::raw_sql(statement).execute(&self.pool).await?;
        }
        Ok(())
    }

    /// A program that comes with the running server, as `pgbench`; none when it is nowhere.
    pub async fn program(&self, name: &str) -> anyhow::Result<Option<PathBuf>> {
        let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
            .fetch_one(&self.pool)
            .await?;
        let beside = std::fs::read_link(format!("/proc/{backend}/exe"))
            .ok()
            .map(|server| server.with_file_name(name));
        let searched = std::env::var_os("PATH").unwrap_or_default();
        let mut places = beside
            .into_iter()
            .chain(std::env::split_paths(&searched).map(|directory| directory.join(name)));
        Ok(places.find(|place| place.is_file()))
    }
}
