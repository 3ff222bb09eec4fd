//! What becomes of a subscription whose person is erased: it ends at once.

use std::collections::BTreeSet;

use domain::values::UserId;

use super::{ApplyNoticeError, Subscriptions, snapshots::Cause};
use crate::ports::LogUnavailable;

/// As it stands in events.
const CAUSE: &str = "person-erased";

impl Subscriptions {
    /// Ends whatever the owner pays for, now, and closes every page on which they still could: nobody is charged for
    /// somebody who is not there any more. Again changes nothing.
    ///
    /// # Errors
    /// When the provider or the log is away; the same can be done again safely.
    pub async fn end_at_once(&self, owner: UserId) -> Result<(), ApplyNoticeError> {
        let known = self.load(owner).await?.state;
        for session_id in known.open_pages() {
            match self.close_page(owner, session_id).await {
                // What was bought there a moment ago is ended below like everything else.
                Ok(_) | Err(ApplyNoticeError::UnknownPrice(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let Some(customer_id) = known.customer_id() else {
            return Ok(());
        };
        let page = self.payment.subscriptions_of(customer_id).await?;
        let told = page.subscriptions.into_iter().map(|one| one.id);
        let held = known.running().map(|one| one.provider_id.clone());
        let running: BTreeSet<_> = told.chain(page.unreadable).chain(held).collect();
        for id in running {
            self.payment.end_at_once(&id).await?;
            let cause = Cause::look(CAUSE, self.clock.now());
            match self.apply_snapshot(owner, &cause, &id).await {
                Ok(_) => {}
                // It has ended all the same; what it was is nothing that could be recorded.
                Err(
                    error @ (ApplyNoticeError::UnknownPrice(_)
                    | ApplyNoticeError::UnknownSubscription(_)),
                ) => {
                    tracing::warn!(subscription.id = %id, error = &error as &dyn std::error::Error, "Subscription {id} of an erased person has ended unrecorded");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The user whose payment customer that is, also when they were erased since.
    ///
    /// # Errors
    /// When the directory is away.
    pub async fn owner_of_customer(
        &self,
        customer_id: &str,
    ) -> Result<Option<UserId>, LogUnavailable> {
        self.customers.owner_of(customer_id).await
    }
}
