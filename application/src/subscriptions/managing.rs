//! What people do with the subscription that they pay for: see what they paid, end it, keep it.

use std::collections::BTreeSet;

use domain::{
    subscription::{Command, Rejection, Subscription, Survey},
    values::{Position, UserId},
};

use super::{ApplyNoticeError, Subscriptions, snapshots::Cause, stream};
use crate::{
    context::{CommandError, Context, Receipt},
    ports::{InvoicePage, PaymentError},
};

/// Why a subscription was not shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// The payment provider has never heard of the user.
    #[error("the payment provider does not know this person yet")]
    NoCustomer,
    /// The payment provider did not do what was asked.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// The subscription stands otherwise at the provider, and that cannot be recorded yet.
    #[error("what the payment provider says cannot be recorded yet")]
    NotApplied(#[source] Box<ApplyNoticeError>),
    /// The rules say no, or the log is away.
    #[error(transparent)]
    Command(#[from] CommandError<Rejection>),
}

impl Subscriptions {
    /// Asks the provider how the owner's subscriptions stand, without waiting for its messages: whoever comes back from
    /// its page is often here before them. Answers how far the subscription's history reaches then.
    ///
    /// # Errors
    /// When the provider or the log is away, or what the provider says cannot be applied; the messages will tell of it.
    pub async fn look(&self, owner: UserId) -> Result<Position, ManageError> {
        let known = self.load(owner).await?;
        let Some(customer_id) = known.state.customer_id() else {
            return Ok(known.position);
        };
        let page = self.payment.subscriptions_of(customer_id).await?;
        let held = known.state.running().map(|one| one.provider_id.clone());
        let told = page.subscriptions.into_iter().map(|one| one.id);
        let cause = Cause::look("look", self.clock.now());
        for id in told.chain(held).collect::<BTreeSet<_>>() {
            self.apply_snapshot(owner, &cause, &id)
                .await
                .map_err(|error| ManageError::NotApplied(Box::new(error)))?;
        }
        Ok(self.load(owner).await?.position)
    }

    /// A short-lived way into the provider's page for the owner, who comes back to `return_url`; and how far the
    /// subscription's history reaches.
    ///
    /// # Errors
    /// `NoCustomer` for who was never sent to pay.
    pub async fn portal(
        &self,
        owner: UserId,
        return_url: &str,
    ) -> Result<(String, Position), ManageError> {
        let known = self.load(owner).await?;
        let customer_id = known.state.customer_id().ok_or(ManageError::NoCustomer)?;
        let url = self.payment.create_portal(customer_id, return_url).await?;
        Ok((url, known.position))
    }

    /// The owner's invoices, newest first: `limit` of them, those that follow the invoice `after`. None when that is
    /// no invoice of theirs.
    ///
    /// # Errors
    /// When the provider or the log is away.
    pub async fn invoices(
        &self,
        owner: UserId,
        limit: u32,
        after: Option<&str>,
    ) -> Result<Option<InvoicePage>, ManageError> {
        let known = self.load(owner).await?;
        let Some(customer_id) = known.state.customer_id() else {
            let nothing = InvoicePage {
                items: Vec::new(),
                has_more: false,
            };
            return Ok(after.is_none().then_some(nothing));
        };
        Ok(self.payment.invoices(customer_id, limit, after).await?)
    }

    /// Lets the owner's subscription end with its period. Twice changes nothing.
    ///
    /// # Errors
    /// `NoSubscription` when none is running.
    pub async fn cancel(
        &self,
        context: Context,
        survey: Option<Survey>,
    ) -> Result<Receipt, ManageError> {
        let command = Command::ScheduleCancellation {
            survey: survey.clone(),
        };
        self.decide_the_end(context, command, true, survey.as_ref())
            .await
    }

    /// Lets it go on after all. Twice changes nothing.
    ///
    /// # Errors
    /// `NoSubscription` when none is running.
    pub async fn resume(&self, context: Context) -> Result<Receipt, ManageError> {
        self.decide_the_end(context, Command::ResumeSubscription, false, None)
            .await
    }

    /// The provider is asked first, then it is recorded: what is recorded has happened. Should we not come to record
    /// it, the provider's own message tells of it.
    async fn decide_the_end(
        &self,
        context: Context,
        command: Command,
        ends: bool,
        survey: Option<&Survey>,
    ) -> Result<Receipt, ManageError> {
        let owner = context.owner;
        let decided = self
            .dispatcher
            .decide::<Subscription>(stream(owner), command.clone(), &context)
            .await;
        let decided = match decided {
            Ok(decided) => decided,
            Err(refusal) => {
                // A request that succeeded before must not fail when it comes again.
                let known = self.dispatcher.known_receipt(&context).await?;
                return known.ok_or_else(|| refusal.into());
            }
        };
        if decided.slice.is_some() {
            let running = decided
                .state
                .running()
                .ok_or(CommandError::Rejected(Rejection::NoSubscription))?;
            let changed = self
                .payment
                .end_with_period(&running.provider_id, ends, survey)
                .await?;
            if changed.is_none() {
                let cause = Cause::look("end-with-period", self.clock.now());
                self.apply_snapshot(owner, &cause, &running.provider_id)
                    .await
                    .map_err(|error| ManageError::NotApplied(Box::new(error)))?;
                return Err(CommandError::Rejected(Rejection::NoSubscription).into());
            }
        }
        Ok(self.execute(context, command).await?)
    }
}
