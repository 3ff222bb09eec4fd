//! The payment provider's messages: what each one does to its subscription.

use domain::{
    subscription::{Command, Gate, Rejection},
    values::UserId,
};
use uuid::Uuid;

use super::{Subscriptions, snapshots::Cause};
use crate::{
    context::{Actor, CommandError, Context, DEFAULT_LOCALE, Receipt},
    ports::{IdempotencyClaim, LogUnavailable, MoneyBack, PaymentError, PaymentNotice},
};

/// As it stands in events.
const PROVIDER: &str = "stripe";

/// The message about an invoice that could not be paid.
const PAYMENT_FAILED: &str = "invoice.payment_failed";

/// What a message did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It is about nothing that concerns us.
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
    #[error("nobody here is customer {customer_id:?} of {about}")]
    NobodyKnown {
        /// What the message is about: the provider's id of a subscription, a checkout or a payment.
        about: String,
        /// The provider's customer, when it is named.
        customer_id: Option<String>,
    },
    /// The provider does not know the subscription that its message is about.
    #[error("the payment provider does not know its subscription {0}")]
    UnknownSubscription(String),
    /// No plan is sold at that price, and nothing tells which plan was meant.
    #[error("no plan has the price {0}; add it to the plans and hand the message out again")]
    UnknownPrice(String),
    /// The provider did not answer, and the message itself does not tell how the subscription stands; or it does, and was
    /// believed, but may not be the last word.
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
                | CommandError::OwnerErased
                | CommandError::Unwritable(_),
            ) => false,
        }
    }
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
    /// than what it knows, and settles ties by rank. Unless the message is newer than all that is known, or says the same,
    /// that is a guess, and an error besides: the message is to be kept, and applied again once the provider answers.
    ///
    /// # Errors
    /// Nothing was applied, or not all of it; the same message can be applied again safely.
    pub async fn apply(&self, notice: &PaymentNotice) -> Result<Applied, ApplyNoticeError> {
        self.apply_again(notice, 0).await
    }

    /// The same for a message that an operator hands out for the `replay`th time, although it may have been applied
    /// before: what it is about is looked at anew.
    ///
    /// # Errors
    /// As [`Subscriptions::apply`].
    pub async fn apply_again(
        &self,
        notice: &PaymentNotice,
        replay: u32,
    ) -> Result<Applied, ApplyNoticeError> {
        let mut applied = Applied::Ignored;
        if let Some(money_back) = &notice.money_back {
            applied = self.note_money_back(notice, money_back).await?;
        }
        if let Some(subscription_id) = &notice.subscription_id {
            let owner = self.owner(notice, subscription_id).await?;
            if notice.kind == PAYMENT_FAILED
                && let Some(invoice_id) = notice.invoice_id.clone()
            {
                let context = of_provider(owner, &notice.id, Some("payment-failure"));
                self.execute(context, Command::RecordPaymentFailure { invoice_id })
                    .await?;
            }
            let cause = Cause::message(notice, replay);
            let receipt = self.apply_snapshot(owner, &cause, subscription_id).await?;
            applied = Applied::To { owner, receipt };
        }
        if let Some(session_id) = &notice.session_id {
            applied = self
                .note_end_of_checkout(notice, session_id, applied)
                .await?;
        }
        Ok(applied)
    }

    /// What went back is recorded; whether access goes on is the provider's to say, through the subscription.
    async fn note_money_back(
        &self,
        notice: &PaymentNotice,
        money_back: &MoneyBack,
    ) -> Result<Applied, ApplyNoticeError> {
        let charge_id = money_back.charge_id();
        let customer_id = match &notice.customer_id {
            Some(customer_id) => Some(customer_id.clone()),
            // A dispute names only the payment.
            None => self.payment.customer_of_charge(charge_id).await?,
        };
        let owner = self.whose(notice.user, customer_id.as_deref()).await?;
        let owner = owner.ok_or_else(|| ApplyNoticeError::NobodyKnown {
            about: charge_id.to_owned(),
            customer_id,
        })?;
        let command = match money_back.clone() {
            MoneyBack::Refunded {
                charge_id,
                amount_refunded,
                currency,
            } => Command::RecordRefund {
                charge_id,
                amount_refunded,
                currency,
            },
            MoneyBack::Disputed {
                dispute_id,
                charge_id,
                amount,
                currency,
                reason,
            } => Command::RecordDispute {
                dispute_id,
                charge_id,
                amount,
                currency,
                reason,
            },
        };
        let context = of_provider(owner, &notice.id, Some("money-back"));
        let receipt = self.execute(context, command).await?;
        Ok(Applied::To { owner, receipt })
    }

    /// A page that was paid or has expired is closed; and once somebody pays, no other page of theirs stays open.
    async fn note_end_of_checkout(
        &self,
        notice: &PaymentNotice,
        session_id: &str,
        applied: Applied,
    ) -> Result<Applied, ApplyNoticeError> {
        let owner = match &applied {
            Applied::To { owner, .. } => Some(*owner),
            Applied::Ignored => {
                self.whose(notice.user, notice.customer_id.as_deref())
                    .await?
            }
        };
        // An expired page of somebody who never was ours changes nothing here.
        let Some(owner) = owner else {
            return Ok(applied);
        };
        let command = Command::CloseCheckout {
            session_id: session_id.to_owned(),
        };
        let closing = of_provider(owner, &notice.id, Some("checkout"));
        let closed = self.execute(closing, command).await?;
        let subscription = self.load(owner).await?.state;
        if subscription.gate(self.clock.now()) == Gate::Open {
            for other in subscription.open_pages() {
                self.close_page(owner, other).await?;
            }
        }
        Ok(match applied {
            Applied::To { .. } => applied,
            Applied::Ignored => Applied::To {
                owner,
                receipt: closed,
            },
        })
    }

    /// The user in the metadata that we gave session and subscription, else the one whose customer it is.
    async fn owner(
        &self,
        notice: &PaymentNotice,
        subscription_id: &str,
    ) -> Result<UserId, ApplyNoticeError> {
        let told = notice.subscription.as_ref();
        let user = notice.user.or(told.and_then(|told| told.user));
        let named = notice
            .customer_id
            .as_deref()
            .or(told.map(|told| told.customer_id.as_str()));
        if let Some(owner) = self.whose(user, named).await? {
            return Ok(owner);
        }
        let asked = self.payment.subscription(subscription_id).await?;
        let user = asked.as_ref().and_then(|asked| asked.user);
        let customer_id = asked.map(|asked| asked.customer_id);
        let other = customer_id.as_deref().filter(|id| Some(*id) != named);
        let owner = self.whose(user, other).await?;
        owner.ok_or_else(|| ApplyNoticeError::NobodyKnown {
            about: subscription_id.to_owned(),
            customer_id: customer_id.or(named.map(str::to_owned)),
        })
    }
}

/// The provider gives the commands of one message, each once. All of them, and all later attempts, share
/// one correlation id, made from the message's id. Without a command's name it is not claimed to be carried out once:
/// for what we look at of our own accord, again and again.
pub(super) fn of_provider(owner: UserId, message: &str, command: Option<&str>) -> Context {
    let correlation = Uuid::new_v5(
        &Uuid::NAMESPACE_URL,
        format!("{PROVIDER}:{message}").as_bytes(),
    );
    Context {
        actor: Actor::Provider(PROVIDER),
        owner,
        correlation_id: correlation,
        causation_id: correlation,
        trace_id: None,
        span_id: None,
        idempotency: command.map(|command| IdempotencyClaim {
            scope: format!("provider:{PROVIDER}"),
            key: format!("{message}/{command}"),
            request_hash: [0; 32],
        }),
        if_match: None,
        locale: DEFAULT_LOCALE.to_owned(),
    }
}
