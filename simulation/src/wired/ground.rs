//! Leases, books and read models, over a wire.

use std::{fmt, sync::Arc, time::Duration};

use application::ports::LogUnavailable;
use async_trait::async_trait;
use domain::{
    conversation::Segment,
    values::{PhotoId, Position, UserId},
};
use projections::{chat_work::ChatWorkRow, engine::Behind};
use tokio::sync::watch;
use worker::{
    file_notes::{FileNote, FileNotes, Looks},
    ground::Ground,
    leases::{Claim, Claimed, LeaseStore, ToDo},
    provider_books::{Entry, Permission, PlannedOrder, ProviderBooks},
    sights::Sights,
};

use crate::{variant::Variant, wire::Wire};

/// What the worker stands on besides the log, over a wire.
pub struct WiredGround(Wire);

fn away() -> sqlx::Error {
    sqlx::Error::PoolTimedOut
}

impl WiredGround {
    /// Over that wire, as the worker takes it.
    pub fn over(wire: &Wire) -> Ground {
        let ground = Arc::new(Self(wire.clone()));
        Ground {
            leases: ground.clone(),
            books: ground.clone(),
            file_notes: ground.clone(),
            sights: ground,
        }
    }

    async fn ask<T>(
        &self,
        port: &'static str,
        effect: impl Future<Output = sqlx::Result<T>>,
    ) -> sqlx::Result<T> {
        self.0.call(port, away, effect).await
    }
}

impl fmt::Debug for WiredGround {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WiredGround").finish_non_exhaustive()
    }
}

#[async_trait]
impl LeaseStore for WiredGround {
    async fn claim_due(
        &self,
        list: ToDo,
        claim: Claim<'_>,
        most: usize,
    ) -> sqlx::Result<Vec<Claimed>> {
        let effect = self.0.world.ground.claim_due(list, claim, most);
        self.ask("leases.claim_due", effect).await
    }

    async fn claim(&self, name: &str, claim: Claim<'_>) -> sqlx::Result<Option<i64>> {
        let effect = self.0.world.ground.claim(name, claim);
        self.ask("leases.claim", effect).await
    }

    async fn set_until(&self, name: &str, fence: i64, from_now: Duration) -> sqlx::Result<bool> {
        let effect = self.0.world.ground.set_until(name, fence, from_now);
        self.ask("leases.set_until", effect).await
    }

    async fn release(&self, name: &str, fence: i64) -> sqlx::Result<()> {
        let effect = self.0.world.ground.release(name, fence);
        self.ask("leases.release", effect).await
    }

    async fn take_back(&self, kind: &str, holder: &str) -> sqlx::Result<u64> {
        let effect = self.0.world.ground.take_back(kind, holder);
        self.ask("leases.take_back", effect).await
    }

    async fn forget_expired(&self) -> sqlx::Result<u64> {
        let effect = self.0.world.ground.forget_expired();
        self.ask("leases.forget", effect).await
    }
}

#[async_trait]
impl ProviderBooks for WiredGround {
    async fn permit(&self, order: &PlannedOrder<'_>) -> sqlx::Result<Permission> {
        self.ask("books.permit", self.0.world.ground.permit(order))
            .await
    }

    async fn pause(&self, provider: &str, wish: Duration) -> sqlx::Result<()> {
        let effect = self.0.world.ground.pause(provider, wish);
        self.ask("books.pause", effect).await
    }

    async fn failed(&self, provider: &str) -> sqlx::Result<()> {
        self.ask("books.failed", self.0.world.ground.failed(provider))
            .await
    }

    async fn succeeded(&self, provider: &str) -> sqlx::Result<()> {
        self.ask("books.succeeded", self.0.world.ground.succeeded(provider))
            .await
    }

    async fn write_down(&self, node: &str, calls: &[Entry]) -> sqlx::Result<()> {
        let effect = self.0.world.ground.write_down(node, calls);
        self.ask("books.write_down", effect).await
    }

    async fn forget_old_calls(&self) -> sqlx::Result<()> {
        self.ask("books.forget_old", self.0.world.ground.forget_old_calls())
            .await
    }

    async fn forget_calls(&self, photos: &[PhotoId]) -> sqlx::Result<()> {
        self.ask("books.forget", self.0.world.ground.forget_calls(photos))
            .await
    }
}

#[async_trait]
impl FileNotes for WiredGround {
    async fn note_down(&self, note: &FileNote, due_after: Duration) -> sqlx::Result<()> {
        if self.0.world.variant == Variant::FilesUnnoted {
            return Ok(());
        }
        let effect = self.0.world.ground.note_down(note, due_after);
        self.ask("notes.note_down", effect).await
    }

    async fn settle(&self, note: &FileNote) -> sqlx::Result<()> {
        self.ask("notes.settle", self.0.world.ground.settle(note))
            .await
    }

    async fn take_due(&self, most: u32, due_again: Duration) -> sqlx::Result<Vec<FileNote>> {
        let effect = self.0.world.ground.take_due(most, due_again);
        self.ask("notes.take_due", effect).await
    }

    async fn of_photo(&self, photo_id: PhotoId) -> sqlx::Result<Vec<FileNote>> {
        self.ask("notes.of_photo", self.0.world.ground.of_photo(photo_id))
            .await
    }

    async fn naming(&self, keys: [&str; 2]) -> sqlx::Result<Vec<(FileNote, u32)>> {
        self.ask("notes.naming", self.0.world.ground.naming(keys))
            .await
    }

    async fn found_clear(&self, note: &FileNote, looks: Looks) -> sqlx::Result<()> {
        let effect = self.0.world.ground.found_clear(note, looks);
        self.ask("notes.found_clear", effect).await
    }
}

#[async_trait]
impl Sights for WiredGround {
    async fn await_position(
        &self,
        projectors: &[&'static str],
        position: Position,
        patience: Duration,
    ) -> Result<(), Behind> {
        self.0.on_the_way().await;
        let ground = &self.0.world.ground;
        let outcome = ground.await_position(projectors, position, patience).await;
        self.0.on_the_way().await;
        outcome
    }

    fn moves(&self, projector: &str) -> watch::Receiver<Position> {
        self.0.world.ground.moves(projector)
    }

    async fn next_message(&self, conversation: &str) -> sqlx::Result<Option<ChatWorkRow>> {
        let effect = self.0.world.ground.next_message(conversation);
        self.ask("sights.next_message", effect).await
    }

    async fn conversation_of_photo(&self, photo_id: PhotoId) -> sqlx::Result<Option<Segment>> {
        let effect = self.0.world.ground.conversation_of_photo(photo_id);
        self.ask("sights.conversation", effect).await
    }

    async fn any_photo_shows(&self, key: &str) -> sqlx::Result<bool> {
        if self.0.world.variant == Variant::FilesRemovedUnseen {
            return Ok(false);
        }
        let effect = self.0.world.ground.any_photo_shows(key);
        self.ask("sights.shows", effect).await
    }

    async fn pictures_of(&self, owner: UserId) -> anyhow::Result<Option<Vec<PhotoId>>> {
        self.0.world.ground.pictures_of(owner).await
    }

    async fn customers_of(&self, owner: UserId) -> sqlx::Result<Vec<String>> {
        self.0.world.ground.customers_of(owner).await
    }

    async fn running(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<(UserId, String)>, LogUnavailable> {
        self.0.world.ground.running(after, limit).await
    }
}
