//! Sending people to pay, each of them to one page.

use chrono::{DateTime, Utc};
use domain::{
    subscription::{Command, Gate, Rejection, Subscription},
    values::UserId,
};
use sha2::{Digest, Sha256};

use super::{ApplyNoticeError, Subscriptions, notices::of_provider, snapshots::Cause};
use crate::{
    context::{CommandError, Context, Receipt},
    ports::{CheckoutEnd, CheckoutOrder, CheckoutSession, PaymentError, Plan},
};

/// Why nobody was sent to pay.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// The configuration has no such plan.
    #[error("there is no plan of that id")]
    UnknownPlan,
    /// The payment provider did not make a page.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// An earlier page was paid, and what was bought cannot be applied yet.
    #[error("an earlier page was paid, and it cannot be applied yet")]
    Earlier(#[source] Box<ApplyNoticeError>),
    /// The rules say no, or the log is away.
    #[error(transparent)]
    Command(#[from] CommandError<Rejection>),
}

impl From<ApplyNoticeError> for CheckoutError {
    /// What closing an earlier page may meet.
    fn from(error: ApplyNoticeError) -> Self {
        match error {
            ApplyNoticeError::Payment(error) => error.into(),
            ApplyNoticeError::Command(error) => error.into(),
            error @ (ApplyNoticeError::NobodyKnown { .. }
            | ApplyNoticeError::UnknownSubscription(_)
            | ApplyNoticeError::UnknownPrice(_)
            | ApplyNoticeError::Directory(_)) => Self::Earlier(Box::new(error)),
        }
    }
}

impl Subscriptions {
    /// Makes a page where the context's owner can pay for a plan.
    ///
    /// The provider is asked first, then `CheckoutStarted` is recorded. The other order would record pages that do not
    /// exist; this one may leave a page that nobody was sent to, which expires by itself. Whoever
    /// tries again with the same idempotency key gets the same page.
    ///
    /// One person has one page that can be paid: pages that were made before are closed first.
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
        let mut plan = self
            .plans
            .by_id(plan_id)
            .ok_or(CheckoutError::UnknownPlan)?
            .clone();
        let owner = context.owner;
        let subscription = self.load(owner).await?.state;
        // A request that succeeded before must not fail when it comes again, although its page was paid meanwhile.
        let known = self.dispatcher.known_receipt::<Rejection>(&context).await?;
        if known.is_none() {
            self.no_other_way_to_pay(owner, &subscription).await?;
        }
        if !subscription.may_begin_trial() {
            plan.trial_days = 0;
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
        if !receipt.replayed {
            self.close_all_but_the_newest(owner).await?;
        }
        Ok((session, receipt))
    }

    /// Refuses who pays already, and closes the pages on which they still could.
    ///
    /// # Errors
    /// `AlreadySubscribed`, also when an earlier page turns out to be paid just now.
    async fn no_other_way_to_pay(
        &self,
        owner: UserId,
        subscription: &Subscription,
    ) -> Result<(), CheckoutError> {
        let taken = || Err(CommandError::Rejected(Rejection::AlreadySubscribed).into());
        if subscription.gate(self.clock.now()) == Gate::Open {
            return taken();
        }
        let mut paid = false;
        for session_id in subscription.open_pages() {
            paid |= self.close_page(owner, session_id).await?;
        }
        if paid && self.load(owner).await?.state.gate(self.clock.now()) == Gate::Open {
            return taken();
        }
        Ok(())
    }

    /// Of two requests at once each may have made a page; the log says which one is the newer.
    async fn close_all_but_the_newest(&self, owner: UserId) -> Result<(), CheckoutError> {
        let subscription = self.load(owner).await?.state;
        let newest = subscription.checkout_session();
        for session_id in subscription.open_pages() {
            if Some(session_id) != newest {
                self.close_page(owner, session_id).await?;
            }
        }
        Ok(())
    }

    /// Closes a page, or learns what was bought on it; true when it was paid.
    pub(super) async fn close_page(
        &self,
        owner: UserId,
        session_id: &str,
    ) -> Result<bool, ApplyNoticeError> {
        let end = self.payment.close_checkout(session_id).await?;
        let paid = match end {
            CheckoutEnd::Expired => false,
            CheckoutEnd::Paid { subscription_id } => {
                if let Some(subscription_id) = subscription_id {
                    let cause = Cause::look(session_id, self.clock.now());
                    self.apply_snapshot(owner, &cause, &subscription_id).await?;
                }
                true
            }
        };
        let command = Command::CloseCheckout {
            session_id: session_id.to_owned(),
        };
        self.execute(of_provider(owner, session_id, None), command)
            .await?;
        Ok(paid)
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
