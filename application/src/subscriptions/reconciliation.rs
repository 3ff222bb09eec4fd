//! Compares what the payment provider says with what we hold, reports each difference, and mends it.
//!
//! Messages may be lost for longer than the provider delivers them again, and people change things by hand. So from
//! time to time every subscription that is not over, there or here, is compared.

use std::{collections::HashSet, time::Duration};

use domain::{
    subscription::{Snapshot, Subscription},
    values::UserId,
};

use super::{ApplyNoticeError, Subscriptions, snapshots::Cause};
use crate::ports::{ProviderSubscription, RunningSubscriptions};

/// How long a difference must last to be one: meanwhile a message that is on its way arrives.
const SETTLE: Duration = Duration::from_secs(2);

/// How many of ours are read at once.
const PAGE: u32 = 500;

/// What stands beside the snapshots that a comparison adds, in place of a message's id.
const CAUSE: &str = "reconciliation";

/// Whether differences are mended or only reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Repair {
    Mend,
    ReportOnly,
}

/// What kind of difference was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// The provider says something else than we hold.
    Differs,
    /// We have never heard of it.
    UnknownHere,
    /// It names no user, and its customer is nobody's.
    NobodysCustomer,
    /// It runs here, and the provider does not know it.
    UnknownThere,
    /// One person pays for two.
    PaidTwice,
    /// It cannot be understood: no plan has its price, or it has a shape that we do not know.
    Unreadable,
}

impl Drift {
    /// The word that stands for it in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Differs => "differs",
            Self::UnknownHere => "unknown_here",
            Self::NobodysCustomer => "nobodys_customer",
            Self::UnknownThere => "unknown_there",
            Self::PaidTwice => "paid_twice",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The provider's id of the subscription.
    pub subscription_id: String,
    /// Whose it is, as far as we know.
    pub owner: Option<UserId>,
    /// What kind it is.
    pub drift: Drift,
    /// What differs, for an operator; no personal data.
    pub detail: String,
    /// Whether it is mended; otherwise an operator must act.
    pub mended: bool,
}

/// What a comparison came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// How many subscriptions were compared.
    pub checked: u64,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Subscriptions {
    /// Compares every subscription that is not over, at the provider or in `ours`.
    ///
    /// # Errors
    /// When provider, log or read model are away: what was mended until then stays so.
    pub async fn reconcile(
        &self,
        ours: &dyn RunningSubscriptions,
        repair: Repair,
    ) -> Result<Reconciliation, ApplyNoticeError> {
        let mut report = Reconciliation::default();
        let mut seen = HashSet::new();
        let mut from: Option<String> = None;
        loop {
            let page = self.payment.subscriptions(from.as_deref()).await?;
            for id in page.unreadable {
                report.checked += 1;
                report.findings.push(unreadable(&id, None));
                seen.insert(id);
            }
            for told in page.subscriptions {
                report.checked += 1;
                report.findings.extend(self.compare(&told, repair).await?);
                seen.insert(told.id);
            }
            match page.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        self.compare_ours(ours, &seen, repair, &mut report).await?;
        Ok(report)
    }

    /// Those that run here and are not among the provider's that are not over.
    async fn compare_ours(
        &self,
        ours: &dyn RunningSubscriptions,
        seen: &HashSet<String>,
        repair: Repair,
        report: &mut Reconciliation,
    ) -> Result<(), ApplyNoticeError> {
        let mut after = None;
        loop {
            let page = ours.running(after, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = Some(*last);
            for (owner, id) in page {
                if seen.contains(&id) {
                    continue;
                }
                report.checked += 1;
                match self.payment.subscription(&id).await? {
                    Some(told) => report
                        .findings
                        .extend(self.compare_with(owner, &told, repair).await?),
                    None => report.findings.push(Finding {
                        subscription_id: id,
                        owner: Some(owner),
                        drift: Drift::UnknownThere,
                        detail: "it runs here, and the provider does not know it".to_owned(),
                        mended: false,
                    }),
                }
            }
        }
    }

    async fn compare(
        &self,
        told: &ProviderSubscription,
        repair: Repair,
    ) -> Result<Vec<Finding>, ApplyNoticeError> {
        match self.whose(told.user, Some(&told.customer_id)).await? {
            Some(owner) => self.compare_with(owner, told, repair).await,
            None => Ok(vec![Finding {
                subscription_id: told.id.clone(),
                owner: None,
                drift: Drift::NobodysCustomer,
                detail: format!("nobody here is customer {}", told.customer_id),
                mended: false,
            }]),
        }
    }

    async fn compare_with(
        &self,
        owner: UserId,
        told: &ProviderSubscription,
        repair: Repair,
    ) -> Result<Vec<Finding>, ApplyNoticeError> {
        let mut known = self.load(owner).await?.state;
        let mut findings = Vec::new();
        if difference(&known, told).is_some() {
            findings.extend(self.settle(owner, &told.id, repair).await?);
            known = self.load(owner).await?.state;
        }
        findings.extend(paid_twice(owner, &known, told));
        Ok(findings)
    }

    /// Looks again after a while; what differs then is reported, and mended.
    async fn settle(
        &self,
        owner: UserId,
        id: &str,
        repair: Repair,
    ) -> Result<Option<Finding>, ApplyNoticeError> {
        tokio::time::sleep(SETTLE).await;
        let Some(told) = self.payment.subscription(id).await? else {
            return Ok(None);
        };
        let known = self.load(owner).await?.state;
        let Some((drift, detail)) = difference(&known, &told) else {
            return Ok(None);
        };
        let mended = match repair {
            Repair::ReportOnly => false,
            Repair::Mend => {
                let cause = Cause::look(CAUSE, self.clock.now());
                match self.apply_snapshot(owner, &cause, id).await {
                    Ok(_) => difference(&self.load(owner).await?.state, &told).is_none(),
                    Err(ApplyNoticeError::UnknownPrice(price)) => {
                        let price = format!("no plan has the price {price}");
                        return Ok(Some(Finding {
                            detail: price,
                            ..unreadable(id, Some(owner))
                        }));
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        Ok(Some(Finding {
            subscription_id: told.id,
            owner: Some(owner),
            drift,
            detail,
            mended,
        }))
    }
}

fn unreadable(id: &str, owner: Option<UserId>) -> Finding {
    Finding {
        subscription_id: id.to_owned(),
        owner,
        drift: Drift::Unreadable,
        detail: "it has a shape that is not known here".to_owned(),
        mended: false,
    }
}

/// What the provider says otherwise than we hold. What a plan gives is no difference: it was agreed when it was bought.
fn difference(known: &Subscription, told: &ProviderSubscription) -> Option<(Drift, String)> {
    let Some(held) = known.snapshot_of(&told.id) else {
        let detail = format!("it is {} there", told.status.as_str());
        return Some((Drift::UnknownHere, detail));
    };
    let parts = differing(held, told);
    (!parts.is_empty()).then(|| (Drift::Differs, parts.join("; ")))
}

fn differing(held: &Snapshot, told: &ProviderSubscription) -> Vec<String> {
    let field = |name: &str, here: String, there: String| {
        (here != there).then(|| format!("{name}: {here} here, {there} there"))
    };
    [
        field(
            "status",
            held.status.as_str().to_owned(),
            told.status.as_str().to_owned(),
        ),
        field("price", held.terms.price.clone(), told.price_id.clone()),
        field(
            "customer",
            held.customer_id.clone(),
            told.customer_id.clone(),
        ),
        field(
            "period_start",
            held.period_start.to_rfc3339(),
            told.period_start.to_rfc3339(),
        ),
        field(
            "period_end",
            held.period_end.to_rfc3339(),
            told.period_end.to_rfc3339(),
        ),
        field(
            "cancel_at_period_end",
            held.cancel_at_period_end.to_string(),
            told.cancel_at_period_end.to_string(),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Told once for each pair: for the one of the two that people do not see.
fn paid_twice(owner: UserId, known: &Subscription, told: &ProviderSubscription) -> Option<Finding> {
    let seen = known.running()?;
    let other = known.snapshot_of(&told.id)?;
    (seen.provider_id != other.provider_id && other.status.is_paid_for()).then(|| Finding {
        subscription_id: other.provider_id.clone(),
        owner: Some(owner),
        drift: Drift::PaidTwice,
        detail: format!("its customer pays for {} as well", seen.provider_id),
        mended: false,
    })
}
