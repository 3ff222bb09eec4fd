//! What can be asked of subscriptions, and what the payment provider's messages do to them.

mod notices;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::{
    subscription::{Command, Gate, Rejection, Subscription},
    values::{PhotoId, UserId},
};
use sha2::{Digest, Sha256};

pub use notices::{Applied, ApplyNoticeError};

use crate::{
    context::{CommandError, Context, Receipt},
    dispatcher::{Dispatcher, Loaded},
    ports::{
        CheckoutOrder, CheckoutSession, Clock, CustomerDirectory, PaymentError, PaymentGateway,
        Plan, Plans, StreamId,
    },
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

/// Why nobody was sent to pay.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// The configuration has no such plan.
    #[error("there is no plan of that id")]
    UnknownPlan,
    /// The payment provider did not make a page.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// The rules say no, or the log is away.
    #[error(transparent)]
    Command(#[from] CommandError<Rejection>),
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

    /// Makes a page where the context's owner can pay for a plan.
    ///
    /// The provider is asked first, then `CheckoutStarted` is recorded. The other order would record pages that do not
    /// exist; this one may leave a page that nobody was sent to, which expires by itself. Whoever
    /// tries again with the same idempotency key gets the same page.
    ///
    /// # Errors
    /// When a subscription is open already, nothing was asked of the provider.
    pub async fn start_checkout(
        &self,
        context: Context,
        email: Option<String>,
        plan_id: &str,
        success_url: String,
        cancel_url: String,
    ) -> Result<(CheckoutSession, Receipt), CheckoutError> {
        let plan = self
            .plans
            .by_id(plan_id)
            .ok_or(CheckoutError::UnknownPlan)?
            .clone();
        let owner = context.owner;
        let subscription = self.load(owner).await?.state;
        let is_open = subscription.gate(self.clock.now()) == Gate::Open;
        // A request that succeeded before must not fail when it comes again, although its page was paid meanwhile.
        if is_open
            && self
                .dispatcher
                .known_receipt::<Rejection>(&context)
                .await?
                .is_none()
        {
            return Err(CommandError::Rejected(Rejection::AlreadySubscribed).into());
        }
        let customer_id = match subscription.customer_id() {
            Some(customer_id) => customer_id.to_owned(),
            None => {
                let key = customer_key(owner, email.as_deref(), self.clock.now());
                self.payment
                    .create_customer(owner, email.as_deref(), &key)
                    .await?
            }
        };
        let order = CheckoutOrder {
            user: owner,
            idempotency_key: checkout_key(&context, &plan),
            customer_id,
            plan,
            success_url,
            cancel_url,
        };
        let session = self.payment.create_checkout(&order).await?;
        let command = Command::StartCheckout {
            session_id: session.id.clone(),
            customer_id: order.customer_id,
            plan: order.plan.id,
            at: self.clock.now(),
        };
        let receipt = self.execute(context, command).await?;
        Ok((session, receipt))
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

/// One key for one user, one address of theirs, and the ten minutes around `now`.
///
/// Stripe refuses a key that comes again with other parameters, so a changed address is another key. And it
/// keeps a failure under its key for a day, too (docs.stripe.com/idempotency): nobody must be locked out for that
/// long. Who comes back later, without a customer on record, gets a second one; the first stays empty.
fn customer_key(user: UserId, email: Option<&str>, now: DateTime<Utc>) -> String {
    let digest = hex::encode(Sha256::digest(email.unwrap_or_default()));
    let window = now.timestamp().div_euclid(600);
    format!("ava-customer-{user}-{}-{window}", &digest[..16])
}

/// The key under which the provider makes one page for one request: hashed, since a client's key may be as long as the
/// provider's keys can be, and must not meet another client's. The plan is in it, so that a key that
/// was wrongly used again meets our own refusal and not the provider's.
fn checkout_key(context: &Context, plan: &Plan) -> String {
    let (scope, key) = context.idempotency.as_ref().map_or_else(
        || ("request".to_owned(), context.correlation_id.to_string()),
        |claim| (claim.scope.clone(), claim.key.clone()),
    );
    let digest = Sha256::digest(format!("{scope}\n{key}\n{}", plan.id));
    format!("ava-checkout-{}", hex::encode(digest))
}
