//! What the worker asks the read models, and how far they have followed the log.

use std::time::Duration;

use application::ports::LogUnavailable;
use async_trait::async_trait;
use domain::event_versions::VersionedEvent as _;
use domain::{
    conversation::Segment,
    photo_request,
    values::{PhotoId, Position, UserId},
};
use projections::{
    audit_index,
    chat_work::{self, ChatWorkRow},
    engine::{Behind, Checkpoints},
    gate, messages, photos,
};
use sqlx::PgPool;
use tokio::sync::watch;

/// The read models as the worker sees them: those of the database, or, of a simulation, those folded in memory.
#[async_trait]
pub trait Sights: Send + Sync {
    /// Returns once all of these projectors have seen the event at `position`.
    ///
    /// # Errors
    /// When one has not after `patience`, whatever the reason.
    async fn await_position(
        &self,
        projectors: &[&'static str],
        position: Position,
        patience: Duration,
    ) -> Result<(), Behind>;

    /// Changes when the projector moved on. A hint: poll as well.
    fn moves(&self, projector: &str) -> watch::Receiver<Position>;

    /// The oldest message of a conversation that is still to be answered.
    async fn next_message(&self, conversation: &str) -> sqlx::Result<Option<ChatWorkRow>>;

    /// The day of a conversation in which a picture was promised; none for a picture that was not asked for in the chat.
    async fn conversation_of_photo(&self, photo_id: PhotoId) -> sqlx::Result<Option<Segment>>;

    /// Whether any photo, whosever it is, shows the picture or the thumbnail that is stored under that key.
    async fn any_photo_shows(&self, key: &str) -> sqlx::Result<bool>;

    /// The ids of all pictures that a person ever wished for; none while nobody can tell.
    async fn pictures_of(&self, owner: UserId) -> anyhow::Result<Option<Vec<PhotoId>>>;

    /// All customers that a user ever was at the payment provider.
    async fn customers_of(&self, owner: UserId) -> sqlx::Result<Vec<String>>;

    /// The subscriptions that give access, with the provider's id of each: at most `limit`, in the order of their users,
    /// from the one after `after` on.
    async fn running(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<(UserId, String)>, LogUnavailable>;
}

/// The read models of the database.
#[derive(Clone)]
pub struct PostgresSights {
    pool: PgPool,
    checkpoints: Checkpoints,
}

impl PostgresSights {
    /// Of that database.
    pub const fn new(pool: PgPool, checkpoints: Checkpoints) -> Self {
        Self { pool, checkpoints }
    }
}

#[async_trait]
impl Sights for PostgresSights {
    async fn await_position(
        &self,
        projectors: &[&'static str],
        position: Position,
        patience: Duration,
    ) -> Result<(), Behind> {
        self.checkpoints
            .await_position(projectors, position, patience)
            .await
    }

    fn moves(&self, projector: &str) -> watch::Receiver<Position> {
        self.checkpoints.subscribe(projector)
    }

    async fn next_message(&self, conversation: &str) -> sqlx::Result<Option<ChatWorkRow>> {
        chat_work::next_of(&self.pool, conversation).await
    }

    async fn conversation_of_photo(&self, photo_id: PhotoId) -> sqlx::Result<Option<Segment>> {
        messages::conversation_of_photo(&self.pool, photo_id).await
    }

    async fn any_photo_shows(&self, key: &str) -> sqlx::Result<bool> {
        photos::any_stores(&self.pool, key).await
    }

    async fn pictures_of(&self, owner: UserId) -> anyhow::Result<Option<Vec<PhotoId>>> {
        if !audit_index::knows_owners(&self.pool).await? {
            return Ok(None);
        }
        let streams = audit_index::streams_of(&self.pool, owner).await?;
        let pictures = streams
            .iter()
            .filter(|stream| stream.aggregate_type == photo_request::Event::AGGREGATE_TYPE)
            .map(|stream| Ok(stream.aggregate_id.parse()?));
        pictures.collect::<anyhow::Result<_>>().map(Some)
    }

    async fn customers_of(&self, owner: UserId) -> sqlx::Result<Vec<String>> {
        gate::customers_of(&self.pool, owner).await
    }

    async fn running(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<(UserId, String)>, LogUnavailable> {
        let running = gate::running(&self.pool, after, limit).await;
        running.map_err(|error| LogUnavailable(error.into()))
    }
}
