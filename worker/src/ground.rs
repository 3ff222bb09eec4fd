//! What the worker stands on besides the log: leases, the books of image providers, notes of files, and the read models.

use std::sync::Arc;

use projections::engine::Checkpoints;
use sqlx::PgPool;

use crate::{
    file_notes::{FileNotes, PostgresFileNotes},
    leases::{LeaseStore, PostgresLeases},
    provider_books::{PostgresBooks, ProviderBooks},
    sights::{PostgresSights, Sights},
};

/// What the worker stands on besides the log. Cheap to clone.
#[derive(Clone)]
pub struct Ground {
    /// Who works on what.
    pub leases: Arc<dyn LeaseStore>,
    /// What is written down of image providers.
    pub books: Arc<dyn ProviderBooks>,
    /// Which files may lie there in vain.
    pub file_notes: Arc<dyn FileNotes>,
    /// The read models.
    pub sights: Arc<dyn Sights>,
}

impl Ground {
    /// A database; `checkpoints` tells how far its projectors are, and wakes.
    pub fn postgres(pool: PgPool, checkpoints: Checkpoints) -> Self {
        Self {
            leases: Arc::new(PostgresLeases::new(pool.clone())),
            books: Arc::new(PostgresBooks::new(pool.clone())),
            file_notes: Arc::new(PostgresFileNotes::new(pool.clone())),
            sights: Arc::new(PostgresSights::new(pool, checkpoints)),
        }
    }
}
