//! The read models in memory, as the worker sees them.

use std::{pin::pin, time::Duration};

use application::ports::LogUnavailable;
use async_trait::async_trait;
use domain::{
    conversation::Segment,
    values::{PhotoId, Position, UserId},
};
use projections::{chat_work::ChatWorkRow, engine::Behind, in_memory::Table};
use tokio::sync::watch;

use super::{Kept, MemoryGround};
use crate::sights::Sights;

impl Kept {
    fn behind(&self, projectors: &[&'static str], awaited: Position) -> Option<Behind> {
        let known = Table::ALL
            .into_iter()
            .filter(|table| projectors.contains(&table.projector()));
        known
            .map(|table| (self.checkpoint(table), table.projector()))
            .min()
            .filter(|(reached, _)| *reached < awaited)
            .map(|(reached, projector)| Behind {
                projector,
                reached,
                awaited,
            })
    }
}

#[async_trait]
impl Sights for MemoryGround {
    async fn await_position(
        &self,
        projectors: &[&'static str],
        position: Position,
        patience: Duration,
    ) -> Result<(), Behind> {
        let mut over = pin!(tokio::time::sleep(patience));
        loop {
            let mut moved = pin!(self.moved.notified());
            moved.as_mut().enable();
            let Some(behind) = self.kept().behind(projectors, position) else {
                return Ok(());
            };
            tokio::select! {
                biased;
                () = moved => {}
                () = &mut over => return Err(behind),
            }
        }
    }

    fn moves(&self, projector: &str) -> watch::Receiver<Position> {
        let mut kept = self.kept();
        let table = Table::ALL
            .into_iter()
            .find(|table| table.projector() == projector);
        let (listener, moves) = watch::channel(Position(0));
        if let Some(table) = table {
            listener.send_replace(kept.checkpoint(table));
            kept.listeners.push((table, listener));
        }
        moves
    }

    async fn next_message(&self, conversation: &str) -> sqlx::Result<Option<ChatWorkRow>> {
        let kept = self.kept();
        let rows = kept.rows.chat_work.values();
        let waiting = rows.filter(|row| row.conversation.to_string() == conversation);
        Ok(waiting.min_by_key(|row| row.position).cloned())
    }

    async fn conversation_of_photo(&self, photo_id: PhotoId) -> sqlx::Result<Option<Segment>> {
        Ok(self.kept().rows.promises.get(&photo_id).copied())
    }

    async fn any_photo_shows(&self, key: &str) -> sqlx::Result<bool> {
        let kept = self.kept();
        let mut images = kept
            .rows
            .photos
            .values()
            .filter_map(|row| row.image.as_ref());
        Ok(images.any(|image| image.key == key || image.thumbnail_key == key))
    }

    /// Those that were deleted need nothing more and are not told.
    async fn pictures_of(&self, owner: UserId) -> anyhow::Result<Option<Vec<PhotoId>>> {
        let kept = self.kept();
        let rows = kept.rows.photos.values();
        let own = rows.filter(|row| row.owner == owner);
        Ok(Some(own.map(|row| row.photo_id).collect()))
    }

    async fn customers_of(&self, owner: UserId) -> sqlx::Result<Vec<String>> {
        let kept = self.kept();
        let row = kept.rows.subscriptions.get(&owner);
        Ok(row
            .and_then(|row| row.customer_id.clone())
            .into_iter()
            .collect())
    }

    async fn running(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<(UserId, String)>, LogUnavailable> {
        let kept = self.kept();
        let rows = kept.rows.subscriptions.values();
        let later = rows.filter(|row| after.is_none_or(|after| row.owner > after));
        let running = later.filter(|row| row.status.is_some_and(|status| status.is_paid_for()));
        let named = running.filter_map(|row| Some((row.owner, row.provider_id.clone()?)));
        Ok(named.take(limit as usize).collect())
    }
}
