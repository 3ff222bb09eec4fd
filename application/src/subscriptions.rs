//! What can be asked of subscriptions, and what the payment provider's messages do to them.

mod checkout;
mod erasure;
mod managing;
mod notices;
mod reconciliation;
mod snapshots;

use std::sync::Arc;

use cqrs_es::Aggregate;
use domain::{
    subscription::{Command, Rejection, Subscription},
    values::{PhotoId, UserId},
};

pub use checkout::CheckoutError;
pub use managing::ManageError;
pub use notices::{Applied, ApplyNoticeError};
pub use reconciliation::{Drift, Finding, Reconciliation, Repair};

use crate::{
    context::{CommandError, Context, Receipt},
    dispatcher::{Dispatcher, Loaded},
    ports::{Clock, CustomerDirectory, LogUnavailable, PaymentGateway, Plans, StreamId},
};

/// The use cases of subscriptions. A user's subscription is found by the user's id. Cheap to clone.
#[derive(Clone)]
pub struct Subscriptions {
    dispatcher: Dispatcher,
    clock: Arc<dyn Clock>,
    plans: Arc<Plans>,
    payment: Arc<dyn PaymentGateway>,
    customers: Arc<dyn CustomerDirectory>,
}

/// The stream of a user's subscription.
pub fn stream(owner: UserId) -> StreamId {
    StreamId {
        aggregate_type: Subscription::TYPE,
        aggregate_id: owner.to_string(),
    }
}

impl Subscriptions {
    /// With those plans, paid through that provider.
    pub fn new(
        dispatcher: Dispatcher,
        clock: Arc<dyn Clock>,
        plans: Arc<Plans>,
        payment: Arc<dyn PaymentGateway>,
        customers: Arc<dyn CustomerDirectory>,
    ) -> Self {
        Self {
            dispatcher,
            clock,
            plans,
            payment,
            customers,
        }
    }

    /// The subscription as the log has it now.
    ///
    /// # Errors
    /// When the log is away or the history cannot be read.
    pub async fn load(
        &self,
        owner: UserId,
    ) -> Result<Loaded<Subscription>, CommandError<Rejection>> {
        self.dispatcher.load(stream(owner)).await
    }

    /// Gives a picture back that was reserved and never made.
    ///
    /// # Errors
    /// As `CommandError` says; never a rejection.
    pub async fn release_photo(
        &self,
        context: Context,
        photo_id: PhotoId,
    ) -> Result<Receipt, CommandError<Rejection>> {
        self.execute(context, Command::ReleasePhoto { photo_id })
            .await
    }

    /// The user that the provider names, else the one whose customer it is.
    async fn whose(
        &self,
        user: Option<UserId>,
        customer_id: Option<&str>,
    ) -> Result<Option<UserId>, LogUnavailable> {
        match (user, customer_id) {
            (Some(user), _) => Ok(Some(user)),
            (None, Some(customer_id)) => self.customers.owner_of(customer_id).await,
            (None, None) => Ok(None),
        }
    }

    async fn execute(
        &self,
        context: Context,
        command: Command,
    ) -> Result<Receipt, CommandError<Rejection>> {
        self.dispatcher
            .execute::<Subscription>(stream(context.owner), command, context)
            .await
    }
}
