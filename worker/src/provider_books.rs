//! What the worker writes down of image providers: the accounts that all workers share, and the ledger of calls.

use std::{
    fmt,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use domain::values::PhotoId;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    provider_accounts::ProviderAccounts,
    provider_calls::{forget_calls, forget_old_calls, insert},
};

/// An order that is about to be placed, for the ledger.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields' names say it")]
pub struct PlannedOrder<'a> {
    pub call_id: Uuid,
    pub provider: &'a str,
    pub per_minute: u32,
    pub photo_id: PhotoId,
    pub attempt: u32,
    pub model: &'a str,
    pub node: &'a str,
}

/// Whether an order may be placed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// It stands in the ledger.
    Granted,
    /// Not before that time has passed.
    NotBefore(Duration),
}

/// What a provider was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// For a picture: what costs money.
    Order,
    /// How a job stands.
    Check,
    /// Whether a job was accepted although its answer was lost.
    Search,
    /// To stop a job.
    Cancel,
    /// For a picture's bytes.
    Fetch,
}

impl Kind {
    /// The word that stands for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Check => "check",
            Self::Search => "search",
            Self::Cancel => "cancel",
            Self::Fetch => "fetch",
        }
    }
}

/// A call that is under way.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields' names say it")]
pub struct Call {
    pub id: Uuid,
    pub provider: String,
    pub kind: Kind,
    pub photo_id: PhotoId,
    pub attempt: u32,
    pub began: Instant,
}

/// A call that is over.
#[derive(Debug)]
pub struct Entry {
    /// The call.
    pub call: Call,
    /// How long it took.
    pub took: Duration,
    /// What came of it, in a word.
    pub outcome: &'static str,
    /// The job that it was about or that it brought.
    pub job_id: Option<String>,
}

/// The books: in the database, or, of a simulation, in memory. Both pass one contract suite. Time is their own.
#[async_trait]
pub trait ProviderBooks: fmt::Debug + Send + Sync {
    /// Asks whether an order may be placed; when it may, it is in the ledger.
    async fn permit(&self, order: &PlannedOrder<'_>) -> sqlx::Result<Permission>;

    /// The provider wants to be left alone for that long. A shorter wish never cuts a longer one.
    async fn pause(&self, provider: &str, wish: Duration) -> sqlx::Result<()>;

    /// An order failed for reasons of the provider's; after some in a row it gets a rest.
    async fn failed(&self, provider: &str) -> sqlx::Result<()>;

    /// The provider takes orders: whatever failed before counts no more.
    async fn succeeded(&self, provider: &str) -> sqlx::Result<()>;

    /// Writes down calls that are over.
    async fn write_down(&self, node: &str, calls: &[Entry]) -> sqlx::Result<()>;

    /// Forgets old calls that bought nothing.
    async fn forget_old_calls(&self) -> sqlx::Result<()>;

    /// Forgets all calls for these pictures.
    async fn forget_calls(&self, photos: &[PhotoId]) -> sqlx::Result<()>;
}

/// The books in the database: tables `provider_accounts` and `provider_calls`.
#[derive(Debug, Clone)]
pub struct PostgresBooks {
    pool: PgPool,
    accounts: ProviderAccounts,
}

impl PostgresBooks {
    /// In that database.
    pub fn new(pool: PgPool) -> Self {
        Self {
            accounts: ProviderAccounts::new(pool.clone()),
            pool,
        }
    }
}

#[async_trait]
impl ProviderBooks for PostgresBooks {
    async fn permit(&self, order: &PlannedOrder<'_>) -> sqlx::Result<Permission> {
        self.accounts.permit(order).await
    }

    async fn pause(&self, provider: &str, wish: Duration) -> sqlx::Result<()> {
        self.accounts.pause(provider, wish).await
    }

    async fn failed(&self, provider: &str) -> sqlx::Result<()> {
        self.accounts.failed(provider).await
    }

    async fn succeeded(&self, provider: &str) -> sqlx::Result<()> {
        self.accounts.succeeded(provider).await
    }

    async fn write_down(&self, node: &str, calls: &[Entry]) -> sqlx::Result<()> {
        insert(&self.pool, node, calls).await
    }

    async fn forget_old_calls(&self) -> sqlx::Result<()> {
        forget_old_calls(&self.pool).await
    }

    async fn forget_calls(&self, photos: &[PhotoId]) -> sqlx::Result<()> {
        forget_calls(&self.pool, photos).await
    }
}
