//! What commands cost the server: how much they write ahead and wait for the disk, and what they read from outside its
//! memory. PostgreSQL 15 or newer counts it.

use sqlx::{PgPool, Row as _};

/// The totals of a server and database.
#[derive(Debug, Clone, Copy)]
pub struct Totals {
    wal_bytes: f64,
    page_images: f64,
    sync_ms: f64,
    pages_read: f64,
    read_ms: f64,
}

/// What one command cost on average.
#[derive(Debug, Clone, Copy)]
pub struct Costs(Totals);

/// Lets the server take the time of what it waits for.
///
/// # Errors
/// When it refuses.
pub async fn take_times(pool: &PgPool) -> sqlx::Result<()> {
    for statement in [
        "ALTER SYSTEM SET track_wal_io_timing = on",
        "ALTER SYSTEM SET track_io_timing = on",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::raw_sql(statement).execute(pool).await?;
    }
    Ok(())
}

impl Totals {
    /// As they stand now, with what every idle connection of the pool has counted.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn now(pool: &PgPool) -> sqlx::Result<Self> {
        let mut idle = Vec::new();
        while let Some(connection) = pool.try_acquire() {
            idle.push(connection);
        }
        for connection in &mut idle {
            let flush = sqlx::raw_sql("SELECT pg_stat_force_next_flush()");
            flush.execute(&mut **connection).await?;
        }
        drop(idle);
        let row = sqlx::query(
            "SELECT w.wal_bytes::float8, w.wal_fpi::float8, w.wal_sync_time, d.blks_read::float8, d.blk_read_time
               FROM pg_stat_wal w, pg_stat_database d WHERE d.datname = current_database()",
        )
        .fetch_one(pool)
        .await?;
        Ok(Self {
            wal_bytes: row.try_get(0)?,
            page_images: row.try_get(1)?,
            sync_ms: row.try_get(2)?,
            pages_read: row.try_get(3)?,
            read_ms: row.try_get(4)?,
        })
    }

    /// What one of so many commands since then cost.
    pub fn until(self, after: Self, commands: usize) -> Costs {
        let of_one = |before: f64, after: f64| (after - before) / commands.max(1) as f64;
        Costs(Self {
            wal_bytes: of_one(self.wal_bytes, after.wal_bytes),
            page_images: of_one(self.page_images, after.page_images),
            sync_ms: of_one(self.sync_ms, after.sync_ms),
            pages_read: of_one(self.pages_read, after.pages_read),
            read_ms: of_one(self.read_ms, after.read_ms),
        })
    }
}

impl Costs {
    /// As `1,900 bytes written ahead, 0.2 page images, synced in 0.15 ms; 1.2 pages read in 0.02 ms`.
    pub fn told(&self) -> String {
        let Self(costs) = self;
        format!(
            "{} bytes written ahead, {:.2} page images, synced in {:.3} ms; {:.2} pages read in {:.3} ms",
            crate::rounds::thousands(costs.wal_bytes),
            costs.page_images,
            costs.sync_ms,
            costs.pages_read,
            costs.read_ms
        )
    }
}
