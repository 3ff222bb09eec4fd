//! From time to time: what the payment provider says, compared with what we hold, and mended.

use std::{sync::Arc, time::Duration};

use application::{
    ports::{LogUnavailable, RunningSubscriptions},
    subscriptions::{ApplyNoticeError, Finding, Reconciliation, Repair, Subscriptions},
};
use async_trait::async_trait;
use domain::values::UserId;
use tokio_util::sync::CancellationToken;

use crate::{
    leases::{Lease, Leases},
    parts::WorkerParts,
    sights::Sights,
};

/// Who holds it compares; it is given back only when the next comparison is due.
const LEASE: &str = "reconcile_subscriptions";

/// How often a process looks whether a comparison is due, at most.
const LOOK: Duration = Duration::from_secs(60);

/// After a comparison that failed, the next one.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// What runs here, from the read model of the gate.
struct ReadModel(Arc<dyn Sights>);

#[async_trait]
impl RunningSubscriptions for ReadModel {
    async fn running(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<(UserId, String)>, LogUnavailable> {
        self.0.running(after, limit).await
    }
}

/// Compares every subscription that is not over, at the provider or in these read models.
///
/// # Errors
/// When provider, log or database are away: what was mended until then stays so.
pub async fn reconcile_subscriptions(
    subscriptions: &Subscriptions,
    sights: Arc<dyn Sights>,
    repair: Repair,
) -> Result<Reconciliation, ApplyNoticeError> {
    subscriptions.reconcile(&ReadModel(sights), repair).await
}

/// Compares from time to time: one process of all, in each interval once.
pub(crate) struct ReconcileSubscriptions {
    subscriptions: Subscriptions,
    sights: Arc<dyn Sights>,
    leases: Leases,
    every: Option<Duration>,
}

impl ReconcileSubscriptions {
    pub(crate) fn new(parts: &WorkerParts) -> Self {
        let times = parts.settings.photos.lease;
        Self {
            subscriptions: parts.subscriptions.clone(),
            sights: Arc::clone(&parts.ground.sights),
            leases: Leases::new(Arc::clone(&parts.ground.leases), parts.node.clone(), times),
            every: parts.settings.reconcile_every,
        }
    }

    /// Works until `stop`; a comparison that is cut short is made anew by whoever comes next.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let Some(every) = self.every else {
            return stop.cancelled().await;
        };
        loop {
            match self.leases.claim(LEASE.to_owned()).await {
                Ok(Some(lease)) => {
                    let worked = stop.run_until_cancelled(self.work(lease, every));
                    if worked.await.is_none() {
                        return;
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "Could not ask whether subscriptions are to be compared");
                }
            }
            let pause = tokio::time::sleep(LOOK.min(every));
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    async fn work(&self, lease: Lease, every: Duration) {
        let compare =
            reconcile_subscriptions(&self.subscriptions, Arc::clone(&self.sights), Repair::Mend);
        let compared = tokio::select! {
            biased;
            compared = compare => compared,
            // Somebody else compares then.
            () = lease.keep() => return,
        };
        let rest = match compared {
            Ok(report) => {
                tell(&report);
                every
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "Subscriptions could not be compared with the payment provider's"
                );
                every.min(TRY_AGAIN)
            }
        };
        if let Err(error) = lease.release_after(rest).await {
            tracing::warn!(%error, "The next comparison of subscriptions may come too soon");
        }
    }
}

fn tell(report: &Reconciliation) {
    for finding in &report.findings {
        let Finding {
            subscription_id,
            owner,
            drift,
            detail,
            mended,
        } = finding;
        let owner = owner.map(|owner| owner.to_string());
        let drift = drift.as_str();
        if *mended {
            tracing::warn!(
                subscription.id = subscription_id,
                owner,
                drift,
                "Subscription {subscription_id} was not as the payment provider says, and is now: {detail}"
            );
        } else {
            tracing::error!(
                subscription.id = subscription_id,
                owner,
                drift,
                "Subscription {subscription_id} needs an operator: {detail}"
            );
        }
    }
    tracing::info!(
        checked = report.checked,
        findings = report.findings.len(),
        "Compared {} subscriptions with the payment provider's",
        report.checked
    );
}
