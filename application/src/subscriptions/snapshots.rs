//! From what the provider says of a subscription to the snapshot that the aggregate takes.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{
    subscription::{Command, Snapshot, Subscription, Terms},
    values::UserId,
};
use tracing::warn;

use super::{ApplyNoticeError, Subscriptions, notices::of_provider};
use crate::{
    context::{CommandError, Receipt},
    ports::{PaymentNotice, ProviderSubscription},
};

/// How often the provider is asked anew when the stream moved on meanwhile.
const ATTEMPTS: u32 = 5;

/// Why a subscription is looked at.
pub(super) struct Cause<'a> {
    /// The message's id, or a name of our own.
    id: &'a str,
    /// The provider's answer is at least as new as this.
    since: DateTime<Utc>,
    /// The subscription as the message tells it, should the provider not answer.
    told: Option<&'a ProviderSubscription>,
    /// The name under which it is carried out once; none for a look that may be taken again.
    once: Option<String>,
}

impl<'a> Cause<'a> {
    /// A message of the provider; `replay` counts how often an operator has handed it out again.
    pub(super) fn message(notice: &'a PaymentNotice, replay: u32) -> Self {
        Self {
            id: &notice.id,
            since: notice.created,
            told: notice.subscription.as_ref(),
            once: Some(match replay {
                0 => "snapshot".to_owned(),
                again => format!("snapshot/{again}"),
            }),
        }
    }

    /// A look of our own accord, at `now`.
    pub(super) fn look(id: &'a str, now: DateTime<Utc>) -> Self {
        Self {
            id,
            since: now.trunc_subsecs(0),
            told: None,
            once: None,
        }
    }

    /// Whether it was our own idea to look.
    const fn is_look(&self) -> bool {
        self.once.is_none()
    }

    /// The name under which that is carried out once. A message that was only believed can be looked into yet.
    fn claim(&self, told: &Told) -> Option<String> {
        let once = self.once.as_ref()?;
        Some(match told.is_fresh() {
            true => once.clone(),
            false => format!("{once}/believed"),
        })
    }
}

/// A subscription as somebody told it.
struct Told {
    subscription: ProviderSubscription,
    /// The moment that it describes, in whole seconds.
    as_of: DateTime<Utc>,
    /// Why the provider could not be asked just now, so that its message has to be believed.
    unasked: Option<ApplyNoticeError>,
}

impl Told {
    /// Whether the provider was asked just now.
    const fn is_fresh(&self) -> bool {
        self.unasked.is_none()
    }
}

impl Subscriptions {
    /// Brings a subscription to what the provider says of it now.
    pub(super) async fn apply_snapshot(
        &self,
        owner: UserId,
        cause: &Cause<'_>,
        subscription_id: &str,
    ) -> Result<Receipt, ApplyNoticeError> {
        for _ in 0..ATTEMPTS {
            let known = self.load(owner).await?;
            let told = self.ask(cause, subscription_id).await?;
            let mut context = of_provider(owner, cause.id, cause.claim(&told).as_deref());
            // What was asked after the load is newer than all that the load saw, but not than what came in between; and
            // whether a message can be believed depends on what is known.
            context.if_match = Some(known.sequence.into());
            let snapshot = self.snapshot(&known.state, &told, cause)?;
            let doubt = told.unasked.filter(|unasked| {
                matches!(unasked, ApplyNoticeError::Payment(_))
                    && is_doubtful(&known.state, &snapshot)
            });
            match self
                .execute(context, Command::ApplyProviderSnapshot { snapshot })
                .await
            {
                Err(CommandError::PreconditionFailed { .. }) => {}
                done => {
                    let receipt = done?;
                    return doubt.map_or(Ok(receipt), Err);
                }
            }
        }
        Err(CommandError::Busy.into())
    }

    /// The subscription as the provider tells it now, else as its message told it.
    async fn ask(
        &self,
        cause: &Cause<'_>,
        subscription_id: &str,
    ) -> Result<Told, ApplyNoticeError> {
        // Before the question: the answer is at least as new as this. And at least as new as
        // the message, which was made before we heard of it, whatever our clock says.
        let asked_at = self.clock.now().trunc_subsecs(0).max(cause.since);
        let failure = match self.payment.subscription(subscription_id).await {
            Ok(Some(subscription)) => {
                return Ok(Told {
                    subscription,
                    as_of: asked_at,
                    unasked: None,
                });
            }
            Ok(None) => ApplyNoticeError::UnknownSubscription(subscription_id.to_owned()),
            Err(error) => error.into(),
        };
        let Some(subscription) = cause.told.cloned() else {
            return Err(failure);
        };
        warn!(
            notice.id = %cause.id,
            error = &failure as &dyn std::error::Error,
            "Cannot ask for subscription {subscription_id}; believing message {} as it is", cause.id
        );
        Ok(Told {
            subscription,
            as_of: cause.since,
            unasked: Some(failure),
        })
    }

    /// What was told, as the aggregate takes it.
    ///
    /// Seconds cannot tell two answers of one second apart, and clocks of several machines disagree. But a fresh
    /// answer was asked for after `known` was loaded, so it is the later one, and its `as_of` must
    /// say so: if it differs from what is known, it counts as at least one second younger. A look that finds nothing new
    /// is no news, however much later it is.
    fn snapshot(
        &self,
        known: &Subscription,
        told: &Told,
        cause: &Cause<'_>,
    ) -> Result<Snapshot, ApplyNoticeError> {
        let terms = self.terms(known, &told.subscription)?;
        let subscription = told.subscription.clone();
        let mut snapshot = Snapshot {
            provider_id: subscription.id,
            customer_id: subscription.customer_id,
            status: subscription.status,
            terms,
            period_start: subscription.period_start,
            period_end: subscription.period_end,
            cancel_at_period_end: subscription.cancel_at_period_end,
            source_event: cause.id.to_owned(),
            as_of: told.as_of,
        };
        let rival = known
            .snapshot_of(&snapshot.provider_id)
            .filter(|rival| told.is_fresh() && (cause.is_look() || rival.as_of >= snapshot.as_of));
        let Some(rival) = rival else {
            return Ok(snapshot);
        };
        // The same once more stays the same, and adds nothing to the log.
        let unchanged = as_if_told_with(rival, &snapshot);
        let as_ordered = known.running().map(|running| &running.provider_id)
            != Some(&snapshot.provider_id)
            || known.cancels_at_period_end() == snapshot.cancel_at_period_end;
        if unchanged == *rival && as_ordered {
            return Ok(unchanged);
        }
        snapshot.as_of = snapshot.as_of.max(rival.as_of + TimeDelta::seconds(1));
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

/// The same, as of when the other was told and by whom.
fn as_if_told_with(other: &Snapshot, snapshot: &Snapshot) -> Snapshot {
    Snapshot {
        as_of: other.as_of,
        source_event: other.source_event.clone(),
        ..snapshot.clone()
    }
}

/// Whether a message that says this, and cannot be asked about, may be the last word or may not be: what is known is of the
/// same second or of a later one, says something else, and a clock or a guess may have put it there. Or it is this very
/// message that was doubtful before.
fn is_doubtful(known: &Subscription, snapshot: &Snapshot) -> bool {
    known
        .snapshot_of(&snapshot.provider_id)
        .is_some_and(|rival| {
            rival.as_of >= snapshot.as_of
                && (rival.source_event == snapshot.source_event
                    || as_if_told_with(rival, snapshot) != *rival)
        })
}
