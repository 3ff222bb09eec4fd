//! The books of image providers in memory.

use std::time::Duration;

use async_trait::async_trait;
use domain::values::PhotoId;

use super::{MemoryGround, Order};
use crate::{
    provider_accounts::Account,
    provider_books::{Entry, Kind, Permission, PlannedOrder, ProviderBooks},
};

#[async_trait]
impl ProviderBooks for MemoryGround {
    async fn permit(&self, order: &PlannedOrder<'_>) -> sqlx::Result<Permission> {
        let now = self.now();
        let mut kept = self.kept();
        let account = kept
            .accounts
            .entry(order.provider.to_owned())
            .or_insert_with(|| Account::open(order.per_minute, now));
        let permission = account.permit(order.per_minute, now);
        if permission == Permission::Granted {
            kept.orders.push(Order {
                call_id: order.call_id,
                provider: order.provider.to_owned(),
                photo_id: order.photo_id,
                attempt: order.attempt,
                outcome: None,
            });
        }
        Ok(permission)
    }

    async fn pause(&self, provider: &str, wish: Duration) -> sqlx::Result<()> {
        let now = self.now();
        if let Some(account) = self.kept().accounts.get_mut(provider) {
            account.pause(wish, now);
        }
        Ok(())
    }

    async fn failed(&self, provider: &str) -> sqlx::Result<()> {
        let now = self.now();
        if let Some(account) = self.kept().accounts.get_mut(provider) {
            account.failed(now);
        }
        Ok(())
    }

    async fn succeeded(&self, provider: &str) -> sqlx::Result<()> {
        if let Some(account) = self.kept().accounts.get_mut(provider) {
            account.succeeded();
        }
        Ok(())
    }

    async fn write_down(&self, _: &str, calls: &[Entry]) -> sqlx::Result<()> {
        let mut kept = self.kept();
        for entry in calls.iter().filter(|entry| entry.call.kind == Kind::Order) {
            let mut orders = kept.orders.iter_mut();
            if let Some(order) = orders.find(|order| order.call_id == entry.call.id) {
                order.outcome = Some(entry.outcome.to_owned());
            }
        }
        Ok(())
    }

    /// Nothing is old enough: the ledger ends with the process.
    async fn forget_old_calls(&self) -> sqlx::Result<()> {
        Ok(())
    }

    async fn forget_calls(&self, photos: &[PhotoId]) -> sqlx::Result<()> {
        self.kept()
            .orders
            .retain(|order| !photos.contains(&order.photo_id));
        Ok(())
    }
}
