//! Read models as they stood at any point of the log: the events up to then, folded by the very functions that fill the
//! tables. What a table cannot hold of the past, the log can.

use std::collections::{BTreeSet, HashSet};

use application::ports::{EventLog, LogUnavailable, ReadError, StoredEvent, StreamId};
use cqrs_es::Aggregate;
use domain::{
    avatar::{self, Avatar},
    photo_request::{PhotoRequest, Purpose},
    recorded::{AnyEvent, Recorded, UnreadableEvent},
    subscription::Subscription,
    values::{PhotoId, Position, UserId},
};
use futures::future::try_join_all;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    avatars::{self, AvatarRow},
    gate::{self, SubscriptionRow},
    photos::{self, PhotoRow},
    updates,
};

/// Why the past cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// An event of then is not readable by this version.
    #[error(transparent)]
    Unreadable(#[from] UnreadableEvent),
    /// The log is away.
    #[error(transparent)]
    Unavailable(#[from] LogUnavailable),
    /// The database is away, or an event names something that cannot be.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<ReadError> for PastError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unreadable { source, .. } => Self::Unreadable(source),
            ReadError::Unavailable(away) => Self::Unavailable(away),
        }
    }
}

/// A point of the log, and the log.
#[derive(Clone, Copy)]
pub struct Past<'a> {
    /// Where the events are.
    pub log: &'a dyn EventLog,
    /// The last event that counts.
    pub upto: Position,
}

impl Past<'_> {
    /// A user's companion, with those of the reference pictures that were not deleted by then.
    ///
    /// # Errors
    /// As [`PastError`] says.
    pub async fn avatar(
        &self,
        owner: UserId,
    ) -> Result<Option<(AvatarRow, HashSet<PhotoId>)>, PastError> {
        let own = self.history(Avatar::TYPE, owner).await?;
        let rows = avatars::past(&own)?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        let wished: Vec<PhotoId> = wishes(&own).collect();
        let there = self.rows(own, wished).await?.into_iter();
        let there =
            there.filter(|photo| photo.owner == owner && photo.purpose == Purpose::Reference);
        Ok(Some((row, there.map(|photo| photo.photo_id).collect())))
    }

    /// One of a user's photos; none when it is somebody else's, too.
    ///
    /// # Errors
    /// As [`PastError`] says.
    pub async fn photo(
        &self,
        owner: UserId,
        photo_id: PhotoId,
    ) -> Result<Option<PhotoRow>, PastError> {
        let wishes = self.history(Avatar::TYPE, owner).await?;
        let rows = self.rows(wishes, [photo_id]).await?;
        Ok(rows
            .into_iter()
            .find(|row| row.owner == owner && row.photo_id == photo_id))
    }

    /// All of a user's photos, newest first. The read model `updates` says which there ever were: it has to have seen
    /// that point of the log.
    ///
    /// # Errors
    /// As [`PastError`] says.
    pub async fn photos(&self, pool: &PgPool, owner: UserId) -> Result<Vec<PhotoRow>, PastError> {
        let own = self.history(Avatar::TYPE, owner).await?;
        let known = updates::photos(pool, owner, self.upto).await?;
        let known: BTreeSet<PhotoId> = known.into_iter().chain(wishes(&own)).collect();
        let mut rows = self.rows(own, known).await?;
        rows.retain(|row| row.owner == owner);
        rows.sort_by_key(|row| std::cmp::Reverse((row.requested_at, row.photo_id)));
        Ok(rows)
    }

    /// A user's subscription, once there was anything to tell.
    ///
    /// # Errors
    /// As [`PastError`] says.
    pub async fn subscription(&self, owner: UserId) -> Result<Option<SubscriptionRow>, PastError> {
        let own = self.history(Subscription::TYPE, owner).await?;
        Ok(gate::past(&own)?.into_iter().next())
    }

    /// The photos that follow from the avatar's wishes and from their own requests.
    async fn rows(
        &self,
        avatar: Vec<Recorded<AnyEvent>>,
        photo_ids: impl IntoIterator<Item = PhotoId>,
    ) -> Result<Vec<PhotoRow>, PastError> {
        let requests = photo_ids
            .into_iter()
            .map(|photo_id| self.history(PhotoRequest::TYPE, photo_id));
        let requests = try_join_all(requests).await?;
        let mut events: Vec<_> = requests.into_iter().flatten().chain(avatar).collect();
        events.sort_unstable_by_key(|recorded| recorded.position);
        Ok(photos::past(&events)?)
    }

    /// What had happened to one aggregate.
    async fn history(
        &self,
        aggregate_type: &'static str,
        aggregate_id: impl ToString,
    ) -> Result<Vec<Recorded<AnyEvent>>, PastError> {
        let stream = StreamId {
            aggregate_type,
            aggregate_id: aggregate_id.to_string(),
        };
        let stored = self.log.load(&stream).await?;
        let until = stored.partition_point(|event| event.position <= self.upto);
        let recorded = stored[..until]
            .iter()
            .map(|event| self.recorded(&stream, event));
        recorded.collect()
    }

    fn recorded(
        &self,
        stream: &StreamId,
        event: &StoredEvent,
    ) -> Result<Recorded<AnyEvent>, PastError> {
        let metadata = serde_json::from_str(&event.metadata).map_err(UnreadableEvent::Metadata)?;
        Ok(Recorded {
            position: event.position,
            // A stream does not tell it, and no row here is made of it.
            event_id: Uuid::nil(),
            aggregate_id: stream.aggregate_id.clone(),
            sequence: event.sequence,
            event: AnyEvent::decode(
                self.log.upcasters(),
                stream.aggregate_type,
                &event.event_type,
                &event.event_version,
                &event.payload,
            )?,
            metadata,
            recorded_at: event.recorded_at,
        })
    }
}

/// The reference pictures that an avatar ever wished for.
fn wishes(avatar: &[Recorded<AnyEvent>]) -> impl Iterator<Item = PhotoId> {
    avatar.iter().filter_map(|recorded| match &recorded.event {
        AnyEvent::Avatar(avatar::Event::ReferenceImageRequested { photo_id }) => Some(*photo_id),
        AnyEvent::Avatar(_)
        | AnyEvent::Conduct(_)
        | AnyEvent::Conversation(_)
        | AnyEvent::Person(_)
        | AnyEvent::PhotoRequest(_)
        | AnyEvent::Report(_)
        | AnyEvent::Stewardship(_)
        | AnyEvent::Subscription(_) => None,
    })
}
