//! The read models that others act upon, with rows in memory instead of tables: folded by the very functions that fill
//! the tables, for simulations.

use std::collections::BTreeMap;

use domain::{
    conversation::{Event, Segment},
    recorded::{AnyEvent, Recorded},
    values::{MessageId, PhotoId, UserId},
};

use crate::{
    avatars::{self, AvatarRow},
    chat_work::{self, ChatWorkRow},
    gate::{self, SubscriptionRow},
    photo_work::{self, PhotoWorkRow},
    photos::{self, PhotoRow},
};

/// One read model of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the projectors' names say it")]
pub enum Table {
    Avatars,
    Photos,
    Gate,
    PhotoWork,
    ChatWork,
    Messages,
}

impl Table {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Avatars,
        Self::Photos,
        Self::Gate,
        Self::PhotoWork,
        Self::ChatWork,
        Self::Messages,
    ];

    /// The name of the projector that writes it.
    pub const fn projector(self) -> &'static str {
        match self {
            Self::Avatars => "avatars",
            Self::Photos => "photos",
            Self::Gate => "gate",
            Self::PhotoWork => "photo_work",
            Self::ChatWork => "chat_work",
            Self::Messages => "messages",
        }
    }
}

/// The rows of all tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// People's companions.
    pub avatars: BTreeMap<UserId, AvatarRow>,
    /// People's pictures.
    pub photos: BTreeMap<PhotoId, PhotoRow>,
    /// People's subscriptions.
    pub subscriptions: BTreeMap<UserId, SubscriptionRow>,
    /// The pictures that are still to be made.
    pub photo_work: BTreeMap<PhotoId, PhotoWorkRow>,
    /// The messages that are still to be answered.
    pub chat_work: BTreeMap<MessageId, ChatWorkRow>,
    /// Of the messages only this: where a picture was promised.
    pub promises: BTreeMap<PhotoId, Segment>,
}

impl Rows {
    /// Does to one table what a page of events means, as its projector would.
    ///
    /// # Errors
    /// When an event names something that cannot be.
    pub fn follow(&mut self, table: Table, page: &[Recorded<AnyEvent>]) -> sqlx::Result<()> {
        match table {
            Table::Avatars => avatars::follow(&mut self.avatars, page),
            Table::Photos => photos::follow(&mut self.photos, page),
            Table::Gate => gate::follow(&mut self.subscriptions, page),
            Table::PhotoWork => photo_work::follow(&mut self.photo_work, page),
            Table::ChatWork => chat_work::follow(&mut self.chat_work, page),
            Table::Messages => {
                self.promises.extend(page.iter().filter_map(promised));
                Ok(())
            }
        }
    }
}

fn promised(recorded: &Recorded<AnyEvent>) -> Option<(PhotoId, Segment)> {
    let AnyEvent::Conversation(Event::PhotoPromised { promise, .. }) = &recorded.event else {
        return None;
    };
    Some((promise.photo_id, recorded.aggregate_id.parse().ok()?))
}
