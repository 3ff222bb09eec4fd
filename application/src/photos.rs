//! What can be asked of photos.

mod job;
mod wishing;

use std::sync::Arc;

use cqrs_es::Aggregate;
use domain::{
    photo_request::{Command, PhotoRequest, Rejection},
    values::PhotoId,
};

pub use job::{Attempt, PhotoJob};
pub use wishing::RequestPhotoError;

use crate::{
    conduct::{Conducts, Watch},
    context::{CommandError, Context, Receipt},
    dispatcher::Dispatcher,
    ports::{Clock, StreamId},
};

/// The use cases of photos.
#[derive(Clone)]
pub struct Photos {
    dispatcher: Dispatcher,
    clock: Arc<dyn Clock>,
    free_of_charge: bool,
    watch: Watch,
}

/// The stream of a photo request.
pub fn stream(photo_id: PhotoId) -> StreamId {
    StreamId {
        aggregate_type: PhotoRequest::TYPE,
        aggregate_id: photo_id.to_string(),
    }
}

type CommandOutcome = Result<Receipt, CommandError<Rejection>>;

impl Photos {
    /// Over that dispatcher and clock, which is the one by which subscriptions run.
    pub fn new(dispatcher: Dispatcher, clock: Arc<dyn Clock>) -> Self {
        Self {
            dispatcher,
            clock,
            free_of_charge: false,
            watch: Watch(None),
        }
    }

    /// The same, but refused wishes are counted, and too many of them lead to a pause.
    pub fn watched_by(self, conducts: Conducts) -> Self {
        Self {
            watch: Watch(Some(conducts)),
            ..self
        }
    }

    /// The same, but nobody needs a subscription, and no quota is counted.
    pub fn free_of_charge(self) -> Self {
        Self {
            free_of_charge: true,
            ..self
        }
    }

    /// The user no longer wants it.
    pub async fn cancel(&self, context: Context, photo_id: PhotoId) -> CommandOutcome {
        self.execute(context, photo_id, Command::Cancel).await
    }

    /// The user wants an ended request gone.
    pub async fn delete(&self, context: Context, photo_id: PhotoId) -> CommandOutcome {
        self.execute(context, photo_id, Command::DeletePhoto).await
    }

    /// Any command on one photo request.
    pub async fn execute(
        &self,
        context: Context,
        photo_id: PhotoId,
        command: Command,
    ) -> CommandOutcome {
        self.dispatcher
            .execute::<PhotoRequest>(stream(photo_id), command, context)
            .await
    }

    /// A photo request as a worker needs it; none when it was never recorded.
    ///
    /// # Errors
    /// When the log is away or the history cannot be read.
    pub async fn job(
        &self,
        photo_id: PhotoId,
    ) -> Result<Option<PhotoJob>, CommandError<Rejection>> {
        let log = self.dispatcher.log();
        let history = log.load(&stream(photo_id)).await?;
        PhotoJob::from_history(log.upcasters(), &history).map_err(CommandError::Unreadable)
    }
}
