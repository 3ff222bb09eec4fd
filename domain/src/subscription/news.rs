//! What a snapshot means to people.

use super::{Event, Snapshot, Status, snapshot::Standing};

/// What a snapshot that people see changes in their eyes.
pub(super) fn news(before: Option<&Snapshot>, snapshot: Snapshot) -> Event {
    let same = before.filter(|before| before.provider_id == snapshot.provider_id);
    let before_standing = before.map_or(Standing::Closed, |before| before.status.standing());
    let new_period = before.is_none_or(|before| before.period_start != snapshot.period_start);
    let new_terms = before.is_none_or(|before| before.terms != snapshot.terms);

    match (before_standing, snapshot.status.standing()) {
        (Standing::PastDue, Standing::Active) if same.is_some() => {
            Event::PaymentRecovered { snapshot }
        }
        (Standing::Closed, Standing::Active)
            if same.is_some_and(|before| before.status == Status::Unpaid) =>
        {
            Event::PaymentRecovered { snapshot }
        }
        (Standing::Closed | Standing::PastDue, Standing::Active) => {
            Event::SubscriptionActivated { snapshot }
        }
        (Standing::Active, Standing::Active) if new_terms => Event::PlanChanged { snapshot },
        (Standing::Active, Standing::Active) if new_period => {
            Event::SubscriptionRenewed { snapshot }
        }
        (Standing::Active, Standing::Active) => Event::SnapshotRecorded { snapshot },

        (Standing::Closed | Standing::Active, Standing::PastDue) => {
            Event::RenewalFailed { snapshot }
        }
        (Standing::PastDue, Standing::PastDue) if same.is_none() || new_period => {
            Event::RenewalFailed { snapshot }
        }
        (Standing::PastDue, Standing::PastDue) if new_terms => Event::PlanChanged { snapshot },
        (Standing::PastDue, Standing::PastDue) => Event::SnapshotRecorded { snapshot },

        (Standing::Active | Standing::PastDue, Standing::Closed) => Event::SubscriptionEnded {
            reason: snapshot.status,
            snapshot,
        },
        // It was closed before, but perhaps not for ever, or not for this reason.
        (Standing::Closed, Standing::Closed)
            if snapshot.status != Status::Incomplete
                && same.is_none_or(|before| before.status != snapshot.status) =>
        {
            Event::SubscriptionEnded {
                reason: snapshot.status,
                snapshot,
            }
        }
        (Standing::Closed, Standing::Closed) => Event::SnapshotRecorded { snapshot },
    }
}
