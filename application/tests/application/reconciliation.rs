//! What the provider says, compared with what we hold.

use application::{
    ports::{LogUnavailable, ProviderSubscription, RunningSubscriptions},
    subscriptions::{Drift, Reconciliation, Repair},
};
use async_trait::async_trait;
use domain::{
    subscription::{Gate, Status},
    values::UserId,
};

use crate::shop::{SUBSCRIPTION, Shop, after, message, noon};

/// What the read model would list.
struct Ours(Vec<(UserId, String)>);

#[async_trait]
impl RunningSubscriptions for Ours {
    async fn running(
        &self,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<(UserId, String)>, LogUnavailable> {
        let rest = self.0.iter().filter(|(owner, _)| Some(*owner) > after);
        Ok(rest.take(limit as usize).cloned().collect())
    }
}

async fn reconcile(shop: &Shop, ours: &Ours, repair: Repair) -> Reconciliation {
    shop.subscriptions.reconcile(ours, repair).await.unwrap()
}

async fn subscribed() -> Shop {
    let shop = Shop::open();
    shop.provider.says(&shop.told(Status::Active));
    shop.apply(&message("evt_1", &shop.told(Status::Active), noon()))
        .await;
    shop.it_is(after(3_600));
    shop
}

#[tokio::test]
async fn what_agrees_is_left_alone() {
    let shop = subscribed().await;
    let ours = Ours(vec![(shop.user, SUBSCRIPTION.to_owned())]);
    let report = reconcile(&shop, &ours, Repair::Mend).await;
    assert_eq!((report.checked, report.findings.len()), (1, 0));
    assert_eq!(shop.events().await.len(), 1);
}

#[tokio::test]
async fn a_lost_message_is_mended_or_only_reported() {
    let shop = subscribed().await;
    shop.provider.says(&shop.told(Status::PastDue));
    let ours = Ours(vec![(shop.user, SUBSCRIPTION.to_owned())]);

    let report = reconcile(&shop, &ours, Repair::ReportOnly).await;
    let [finding] = report.findings.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!((finding.drift, finding.mended), (Drift::Differs, false));
    assert_eq!(finding.detail, "status: active here, past_due there");
    assert_eq!(shop.current().await.status, Status::Active);

    let report = reconcile(&shop, &ours, Repair::Mend).await;
    assert_eq!(
        (report.findings.len(), report.findings[0].mended),
        (1, true)
    );
    assert_eq!(shop.current().await.status, Status::PastDue);
    assert_eq!(shop.current().await.source_event, "reconciliation");
    assert_eq!(reconcile(&shop, &ours, Repair::Mend).await.findings, []);
}

#[tokio::test]
async fn an_end_that_nobody_told_us_of_is_found_from_our_side() {
    let shop = subscribed().await;
    shop.provider.says(&shop.told(Status::Canceled));
    let ours = Ours(vec![(shop.user, SUBSCRIPTION.to_owned())]);
    let report = reconcile(&shop, &ours, Repair::Mend).await;
    assert_eq!((report.checked, report.findings.len()), (1, 1));
    assert!(report.findings[0].mended);
    assert_ne!(shop.state().await.gate(noon()), Gate::Open);
}

#[tokio::test]
async fn a_subscription_that_we_never_heard_of_opens_the_gate_of_its_user() {
    let shop = Shop::open();
    shop.provider.says(&shop.told(Status::Active));
    let report = reconcile(&shop, &Ours(Vec::new()), Repair::Mend).await;
    assert_eq!(report.findings[0].drift, Drift::UnknownHere);
    assert!(report.findings[0].mended);
    assert_eq!(shop.state().await.gate(noon()), Gate::Open);
}

#[tokio::test]
async fn what_nobody_here_can_mend_is_reported() {
    let shop = subscribed().await;
    let stranger = ProviderSubscription {
        id: "sub_9".to_owned(),
        customer_id: "cus_9".to_owned(),
        user: None,
        ..shop.told(Status::Active)
    };
    shop.provider.says(&stranger);
    let ours = Ours(vec![(shop.user, SUBSCRIPTION.to_owned())]);
    let report = reconcile(&shop, &ours, Repair::Mend).await;
    let kinds: Vec<Drift> = report.findings.iter().map(|found| found.drift).collect();
    assert_eq!(kinds, [Drift::NobodysCustomer, Drift::UnknownThere]);
    assert!(report.findings.iter().all(|found| !found.mended));
    assert_eq!(
        shop.current().await.status,
        Status::Active,
        "nothing is taken away on silence"
    );
}

#[tokio::test]
async fn who_pays_twice_is_reported() {
    let shop = subscribed().await;
    let older = ProviderSubscription {
        id: "sub_0".to_owned(),
        period_start: after(-86_400),
        ..shop.told(Status::Active)
    };
    shop.provider.says(&older);
    shop.apply(&message("evt_2", &older, noon())).await;
    assert_eq!(shop.current().await.provider_id, SUBSCRIPTION);
    let report = reconcile(&shop, &Ours(Vec::new()), Repair::Mend).await;
    let [finding] = report.findings.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(finding.drift, Drift::PaidTwice);
    assert_eq!(finding.subscription_id, "sub_0");
    assert!(finding.detail.contains(SUBSCRIPTION) && !finding.mended);
}
