//! What can be asked of a person's own data: to take them along, and to have them forgotten.

use cqrs_es::Aggregate;
use domain::{
    person::{Command, Person, Rejection},
    stewardship,
    values::UserId,
};

use crate::{
    context::{CommandError, Context, Receipt},
    dispatcher::Dispatcher,
    ports::StreamId,
    stewardship::{Deed, Stewardships},
};

/// The use cases of people.
#[derive(Clone)]
pub struct People {
    dispatcher: Dispatcher,
    stewardships: Stewardships,
}

/// The stream of a person's record.
pub fn stream(user: UserId) -> StreamId {
    StreamId {
        aggregate_type: Person::TYPE,
        aggregate_id: user.to_string(),
    }
}

impl People {
    /// Over that dispatcher; what operators do is recorded by `stewardships`.
    pub const fn new(dispatcher: Dispatcher, stewardships: Stewardships) -> Self {
        Self {
            dispatcher,
            stewardships,
        }
    }

    /// Whether somebody was erased, as the log has it now. Nothing of theirs is done any more then.
    ///
    /// # Errors
    /// When the log is away or the history cannot be read.
    pub async fn is_erased(&self, user: UserId) -> Result<bool, CommandError<Rejection>> {
        let known = self.dispatcher.load::<Person>(stream(user)).await?;
        Ok(known.state.is_erased())
    }

    /// Records that the context's person takes a copy of all their data along.
    ///
    /// # Errors
    /// `Erased` when nothing is left.
    pub async fn record_export(
        &self,
        context: Context,
    ) -> Result<Receipt, CommandError<Rejection>> {
        let stream = stream(context.owner);
        self.dispatcher
            .execute::<Person>(stream, Command::RecordExport, context)
            .await
    }

    /// Forgets the context's person, who wants it. Twice changes nothing.
    ///
    /// With the answer their key is destroyed, and every command of theirs refused. What else is theirs, read models,
    /// files and what runs elsewhere, goes after it: by the projectors, and by the reaction that follows the event.
    ///
    /// # Errors
    /// As `CommandError` says; never a rejection.
    pub async fn erase(&self, context: Context) -> Result<Receipt, CommandError<Rejection>> {
        let receipt = self
            .dispatcher
            .execute::<Person>(stream(context.owner), Command::Erase, forgetful(context))
            .await?;
        self.dispatcher.forget_all();
        Ok(receipt)
    }

    /// Forgets somebody in an operator's name, whose context this is: the order is recorded in the same append. Of
    /// somebody who was erased before, only the order is.
    ///
    /// # Errors
    /// As `CommandError` says; never a rejection.
    pub async fn erase_for_operator(
        &self,
        context: Context,
        user: UserId,
    ) -> Result<Receipt, CommandError<Rejection>> {
        let context = forgetful(context);
        let deed = stewardship::Command::ErasePerson { user_id: user };
        let receipt = self.stewardships.act(&context, async || {
            let of_person = Context {
                owner: user,
                ..context.clone()
            };
            let erased = self
                .dispatcher
                .decide::<Person>(stream(user), Command::Erase, &of_person)
                .await?;
            let noted = self.stewardships.note(&context, &deed).await?;
            Ok(Deed {
                sequence: erased.sequence,
                slices: erased.slice.into_iter().chain(noted).collect(),
            })
        });
        let receipt = receipt.await?;
        self.dispatcher.forget_all();
        Ok(receipt)
    }

    /// Lets this process remember nothing of anybody: for those who learn that somebody was erased elsewhere.
    pub fn forget_what_is_remembered(&self) {
        self.dispatcher.forget_all();
    }
}

/// An erasure leaves no key behind that its person chose, and waits for no state that anybody saw: who asks again finds it
/// done.
fn forgetful(context: Context) -> Context {
    Context {
        idempotency: None,
        if_match: None,
        ..context
    }
}
