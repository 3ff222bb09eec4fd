//! The payment provider's messages: what each one does to its subscription.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{
    subscription::{Command, Rejection, Snapshot, Subscription, Terms},
    values::UserId,
};
use tracing::warn;
use uuid::Uuid;

use super::Subscriptions;
use crate::{
    context::{Actor, CommandError, Context, DEFAULT_LOCALE, Receipt},
    ports::{IdempotencyClaim, LogUnavailable, PaymentError, PaymentNotice, ProviderSubscription},
};

/// As it stands in events.
const PROVIDER: &str = "stripe";

/// The message about an invoice that could not be paid.
const PAYMENT_FAILED: &str = "invoice.payment_failed";

/// How often the provider is asked anew when the stream moved on meanwhile.
const ATTEMPTS: u32 = 5;

/// What a message did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It is about no subscription.
    Ignored,
    /// It was applied to this user's subscription, which may have known it all already.
    To {
        /// Whose subscription it is.
        owner: UserId,
        /// What it added.
        receipt: Receipt,
    },
}

/// Why a message was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyNoticeError {
    /// It names no user, and its customer is nobody's (or the read model has not seen the customer yet).
    #[error("nobody here is customer {customer_id:?} of subscription {subscription_id}")]
    NobodyKnown {
        /// The provider's subscription.
        subscription_id: String,
        /// The provider's customer, when it is named.
        customer_id: Option<String>,
    },
    /// The provider does not know the subscription that its message is about.
    #[error("the payment provider does not know its subscription {0}")]
    UnknownSubscription(String),
    /// No plan is sold at that price, and nothing tells which plan was meant.
    #[error("no plan has the price {0}; add it to the plans and hand the message out again")]
    UnknownPrice(String),
    /// The provider did not answer, and the message itself does not tell how the subscription stands.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// The customers' directory is away.
    #[error(transparent)]
    Directory(#[from] LogUnavailable),
    /// The log is away, or the stream is contended.
    #[error(transparent)]
    Command(#[from] CommandError<Rejection>),
}

impl ApplyNoticeError {
    /// Whether time alone may mend it; otherwise an operator must act first.
    pub const fn is_worth_retrying(&self) -> bool {
        match self {
            Self::NobodyKnown { .. }
            | Self::UnknownSubscription(_)
            | Self::Payment(PaymentError::Unavailable(_))
            | Self::Directory(_)
            | Self::Command(CommandError::Busy | CommandError::Unavailable(_)) => true,
            // During a rolling deployment a newer process applies it.
            Self::Command(CommandError::Unreadable(source)) => source.is_from_newer_program(),
            Self::UnknownPrice(_)
            | Self::Payment(PaymentError::NotConfigured | PaymentError::Refused(_))
            | Self::Command(
                CommandError::Rejected(_)
                | CommandError::PreconditionFailed { .. }
                | CommandError::KeyReused
                | CommandError::Unwritable(_),
            ) => false,
        }
    }
}

/// A subscription as somebody told it.
struct Told {
    subscription: ProviderSubscription,
    /// The moment that it describes, in whole seconds.
    as_of: DateTime<Utc>,
    /// Whether the provider was asked just now, rather than its message believed.
    is_fresh: bool,
}

impl Subscriptions {
    /// Brings the subscription that a message is about to what the provider says of it now.
    ///
    /// A message is only a hint that something changed: messages come late, twice and out of order, and
    /// their seconds are too coarse to order them. So the provider is asked for the subscription as it is.
    ///
    /// This converges. The last change is followed by a message; whoever handles it asks after the change and
    /// so learns the final state; and what was asked later always supersedes, see `snapshot`. When the provider does
    /// not answer, the message's own content counts, with its own time: the aggregate drops what is older
    /// than what it knows, and settles ties by rank.
    ///
    /// # Errors
    /// Nothing was applied, or not all of it; the same message can be applied again safely.
    pub async fn apply(&self, notice: &PaymentNotice) -> Result<Applied, ApplyNoticeError> {
        let Some(subscription_id) = &notice.subscription_id else {
            return Ok(Applied::Ignored);
        };
        let owner = self.owner(notice, subscription_id).await?;
        if notice.kind == PAYMENT_FAILED
            && let Some(invoice_id) = notice.invoice_id.clone()
        {
            let context = of_provider(owner, notice, "payment-failure");
            self.execute(context, Command::RecordPaymentFailure { invoice_id })
                .await?;
        }
        let receipt = self.apply_snapshot(owner, notice, subscription_id).await?;
        Ok(Applied::To { owner, receipt })
    }

    /// The user in the metadata that we gave session and subscription, else the one whose customer it is.
    async fn owner(
        &self,
        notice: &PaymentNotice,
        subscription_id: &str,
    ) -> Result<UserId, ApplyNoticeError> {
        let told = notice.subscription.as_ref();
        if let Some(user) = notice.user.or(told.and_then(|told| told.user)) {
            return Ok(user);
        }
        let named = notice
            .customer_id
            .as_deref()
            .or(told.map(|told| told.customer_id.as_str()));
        if let Some(customer_id) = named
            && let Some(owner) = self.customers.owner_of(customer_id).await?
        {
            return Ok(owner);
        }
        let asked = self.payment.subscription(subscription_id).await?;
        if let Some(user) = asked.as_ref().and_then(|asked| asked.user) {
            return Ok(user);
        }
        let customer_id = asked.map(|asked| asked.customer_id);
        if let Some(customer_id) = customer_id.as_deref().filter(|id| Some(*id) != named)
            && let Some(owner) = self.customers.owner_of(customer_id).await?
        {
            return Ok(owner);
        }
        Err(ApplyNoticeError::NobodyKnown {
            subscription_id: subscription_id.to_owned(),
            customer_id: customer_id.or(named.map(str::to_owned)),
        })
    }

    async fn apply_snapshot(
        &self,
        owner: UserId,
        notice: &PaymentNotice,
        subscription_id: &str,
    ) -> Result<Receipt, ApplyNoticeError> {
        for _ in 0..ATTEMPTS {
            let known = self.load(owner).await?;
            let told = self.ask(notice, subscription_id).await?;
            let mut context = of_provider(owner, notice, "snapshot");
            // What was asked after the load is newer than all that the load saw, but not than what came in between.
            context.if_match = told.is_fresh.then_some(known.sequence);
            let snapshot = self.snapshot(&known.state, told, notice)?;
            match self
                .execute(context, Command::ApplyProviderSnapshot { snapshot })
                .await
            {
                Err(CommandError::PreconditionFailed { .. }) => {}
                done => return Ok(done?),
            }
        }
        Err(CommandError::Busy.into())
    }

    /// The subscription as the provider tells it now, else as its message told it.
    async fn ask(
        &self,
        notice: &PaymentNotice,
        subscription_id: &str,
    ) -> Result<Told, ApplyNoticeError> {
        // Before the question: the answer is at least as new as this. And at least as new as
        // the message, which was made before we heard of it, whatever our clock says.
        let asked_at = self.clock.now().trunc_subsecs(0).max(notice.created);
        let failure = match self.payment.subscription(subscription_id).await {
            Ok(Some(subscription)) => {
                return Ok(Told {
                    subscription,
                    as_of: asked_at,
                    is_fresh: true,
                });
            }
            Ok(None) => ApplyNoticeError::UnknownSubscription(subscription_id.to_owned()),
            Err(error) => error.into(),
        };
        let Some(subscription) = notice.subscription.clone() else {
            return Err(failure);
        };
        warn!(
            notice.id = %notice.id,
            error = &failure as &dyn std::error::Error,
            "Cannot ask for subscription {subscription_id}; believing message {} as it is", notice.id
        );
        Ok(Told {
            subscription,
            as_of: notice.created,
            is_fresh: false,
        })
    }

    /// What was told, as the aggregate takes it.
    ///
    /// Seconds cannot tell two answers of one second apart, and clocks of several machines disagree. But a fresh
    /// answer was asked for after `known` was loaded, so it is the later one, and its `as_of` must
    /// say so: if it differs from what is known, it counts as at least one second younger.
    fn snapshot(
        &self,
        known: &Subscription,
        told: Told,
        notice: &PaymentNotice,
    ) -> Result<Snapshot, ApplyNoticeError> {
        let terms = self.terms(known, &told.subscription)?;
        let subscription = told.subscription;
        let mut snapshot = Snapshot {
            provider_id: subscription.id,
            customer_id: subscription.customer_id,
            status: subscription.status,
            terms,
            period_start: subscription.period_start,
            period_end: subscription.period_end,
            cancel_at_period_end: subscription.cancel_at_period_end,
            source_event: notice.id.clone(),
            as_of: told.as_of,
        };
        let rival = known
            .snapshot_of(&snapshot.provider_id)
            .filter(|rival| told.is_fresh && rival.as_of >= snapshot.as_of);
        if let Some(rival) = rival {
            snapshot.as_of = rival.as_of;
            snapshot.source_event.clone_from(&rival.source_event);
            // The same once more stays the same, and adds nothing to the log.
            if snapshot != *rival {
                snapshot.as_of += TimeDelta::seconds(1);
                snapshot.source_event.clone_from(&notice.id);
            }
        }
        Ok(snapshot)
    }

    /// What the subscription gives: by its price; for a price that is no longer sold, what it gave so far; else what
    /// the plan gives that the user was sent to pay for.
    fn terms(
        &self,
        known: &Subscription,
        told: &ProviderSubscription,
    ) -> Result<Terms, ApplyNoticeError> {
        let sold = || self.plans.by_price(&told.price_id).map(|plan| plan.terms());
        let so_far = || {
            let terms = known
                .snapshot_of(&told.id)
                .map(|snapshot| snapshot.terms.clone());
            terms.filter(|terms| terms.price == told.price_id)
        };
        let meant = || {
            let plan = self.plans.by_id(known.checkout_plan()?.as_str())?;
            Some(Terms {
                price: told.price_id.clone(),
                ..plan.terms()
            })
        };
        sold()
            .or_else(so_far)
            .or_else(meant)
            .ok_or_else(|| ApplyNoticeError::UnknownPrice(told.price_id.clone()))
    }
}

/// The provider gives the commands of one message, each once. All of them, and all later attempts, share
/// one correlation id, made from the message's id.
fn of_provider(owner: UserId, notice: &PaymentNotice, command: &str) -> Context {
    let message = Uuid::new_v5(
        &Uuid::NAMESPACE_URL,
        format!("{PROVIDER}:{}", notice.id).as_bytes(),
    );
    Context {
        actor: Actor::Provider(PROVIDER),
        owner,
        correlation_id: message,
        causation_id: message,
        trace_id: None,
        idempotency: Some(IdempotencyClaim {
            scope: format!("provider:{PROVIDER}"),
            key: format!("{}/{command}", notice.id),
            request_hash: [0; 32],
        }),
        if_match: None,
        locale: DEFAULT_LOCALE.to_owned(),
    }
}
