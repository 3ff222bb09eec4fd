//! What operators and auditors do, each thing on record together with what came of it.

use std::sync::Arc;

use cqrs_es::Aggregate;
use domain::{
    photo_request::{self, PhotoRequest},
    stewardship::{Command, Rejection, Shift, Stewardship},
    values::PhotoId,
};

use crate::{
    context::{CommandError, Context, Receipt},
    dispatcher::{Decided, Dispatcher, Outcome, back_off},
    photos,
    ports::{Clock, StreamId, StreamSlice},
};

/// How often a deed that conflicts with others is decided anew before it gives up as `Busy`.
const ATTEMPTS: u32 = 12;

/// The use cases of stewardship. Every context that they take is of the steward.
#[derive(Clone)]
pub struct Stewardships {
    dispatcher: Dispatcher,
    clock: Arc<dyn Clock>,
}

/// The stream of what one steward does on one day.
pub fn stream(shift: Shift) -> StreamId {
    StreamId {
        aggregate_type: Stewardship::TYPE,
        aggregate_id: shift.to_string(),
    }
}

/// What a deed adds to the log, and how the thing stood that it was done to.
pub(crate) struct Deed {
    pub(crate) slices: Vec<StreamSlice>,
    /// The sequence of the thing's stream before it.
    pub(crate) sequence: u64,
}

impl Stewardships {
    /// Over that dispatcher and clock, which says what day it is.
    pub const fn new(dispatcher: Dispatcher, clock: Arc<dyn Clock>) -> Self {
        Self { dispatcher, clock }
    }

    /// Records a view, or a deed whose effect is outside of the log. What was not recorded must not be shown or done.
    ///
    /// # Errors
    /// As `CommandError` says.
    pub async fn record(
        &self,
        context: Context,
        command: Command,
    ) -> Result<Receipt, CommandError<Rejection>> {
        let stream = self.stream(&context);
        self.dispatcher
            .execute::<Stewardship>(stream, command, context)
            .await
    }

    /// Lets a failed photo be tried again. Nothing is taken out of its person's quota.
    ///
    /// # Errors
    /// As `CommandError` says.
    pub async fn retry_photo(
        &self,
        context: Context,
        photo_id: PhotoId,
    ) -> Result<Receipt, CommandError<photo_request::Rejection>> {
        let deed = Command::RetryPhoto { photo_id };
        self.change_photo(context, photo_id, photo_request::Command::Reopen, deed)
            .await
    }

    /// Cancels a photo in its person's stead.
    ///
    /// # Errors
    /// As `CommandError` says.
    pub async fn cancel_photo(
        &self,
        context: Context,
        photo_id: PhotoId,
    ) -> Result<Receipt, CommandError<photo_request::Rejection>> {
        let deed = Command::CancelPhoto { photo_id };
        self.change_photo(context, photo_id, photo_request::Command::Cancel, deed)
            .await
    }

    async fn change_photo(
        &self,
        context: Context,
        photo_id: PhotoId,
        command: photo_request::Command,
        deed: Command,
    ) -> Result<Receipt, CommandError<photo_request::Rejection>> {
        self.act(&context, async || {
            let changed = self.decide_on_photo(&context, photo_id, &command).await?;
            let noted = self.note(&context, &deed).await?;
            Ok(Deed {
                sequence: changed.sequence,
                slices: changed.slice.into_iter().chain(noted).collect(),
            })
        })
        .await
    }

    /// What a command of a steward's adds to a photo, whose events belong to its person.
    pub(crate) async fn decide_on_photo(
        &self,
        context: &Context,
        photo_id: PhotoId,
        command: &photo_request::Command,
    ) -> Result<Decided<PhotoRequest>, CommandError<photo_request::Rejection>> {
        let stream = photos::stream(photo_id);
        let known = self.dispatcher.load::<PhotoRequest>(stream.clone()).await?;
        let owner = known.state.wish().map(|wish| wish.owner);
        let owner = owner.ok_or(CommandError::Rejected(photo_request::Rejection::NotFound))?;
        let context = Context {
            owner,
            ..context.clone()
        };
        self.dispatcher
            .decide(stream, command.clone(), &context)
            .await
    }

    /// What a deed adds to its steward's own stream.
    pub(crate) async fn note<R: std::error::Error + 'static>(
        &self,
        context: &Context,
        deed: &Command,
    ) -> Result<Option<StreamSlice>, CommandError<R>> {
        // `If-Match` speaks of what the deed is done to.
        let own = Context {
            if_match: None,
            ..context.clone()
        };
        let noted = self
            .dispatcher
            .decide::<Stewardship>(self.stream(context), deed.clone(), &own)
            .await
            .map_err(CommandError::without_rejection)?;
        Ok(noted.slice)
    }

    /// Appends all of a deed together, decided anew as long as others change the same things.
    pub(crate) async fn act<R: std::error::Error + 'static>(
        &self,
        context: &Context,
        plan: impl AsyncFn() -> Result<Deed, CommandError<R>>,
    ) -> Result<Receipt, CommandError<R>> {
        for attempt in 0..ATTEMPTS {
            back_off(attempt).await;
            let Deed { slices, sequence } = match plan().await {
                Err(
                    refusal @ (CommandError::Rejected(_) | CommandError::PreconditionFailed { .. }),
                ) => {
                    // A twin with the same key may have been first: then its receipt is the answer.
                    return match self.dispatcher.known_receipt(context).await? {
                        Some(receipt) => Ok(receipt),
                        None => Err(refusal),
                    };
                }
                other => other?,
            };
            let events = slices.iter().map(|slice| slice.events.len()).sum();
            match self.dispatcher.append(slices, context).await? {
                None => {}
                Some(Outcome::Appended(appended)) => {
                    return Ok(Receipt {
                        position: appended.position,
                        sequence,
                        events,
                        replayed: false,
                    });
                }
                Some(Outcome::Replayed(position)) => {
                    return Ok(Receipt {
                        position,
                        sequence,
                        events: 0,
                        replayed: true,
                    });
                }
            }
        }
        Err(CommandError::Busy)
    }

    fn stream(&self, context: &Context) -> StreamId {
        stream(Shift {
            day: self.clock.now().date_naive(),
            steward: context.owner,
        })
    }
}
