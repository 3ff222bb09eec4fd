//! The gate: 402 with what the person can do about it.

use domain::{
    subscription::{ClosedReason, Gate},
    values::UserId,
};
use projections::gate::{self, Admission};

use crate::{
    app::State,
    problem::{ClosedGate, Problem},
};

impl State {
    /// Lets a subscriber pass; anybody else gets a 402.
    pub(crate) async fn pass_gate(&self, user: UserId) -> Result<(), Problem> {
        self.admit(&gate::admission(&self.pool, user).await?)
    }

    /// The same, when what the gate asks about is known already.
    pub(crate) fn admit(&self, admission: &Admission) -> Result<(), Problem> {
        if self.free_of_charge {
            return Ok(());
        }
        match admission.gate(self.billing_clock.now()) {
            Gate::Open => Ok(()),
            Gate::Closed(reason) => Err(self.explained(Problem::from(reason), admission)),
        }
    }

    /// Adds to a 402 what the person can do about it; leaves any other problem as it is.
    pub(crate) async fn explain_gate(&self, user: UserId, problem: Problem) -> Problem {
        if problem.code().status_number() != 402 {
            return problem;
        }
        match gate::admission(&self.pool, user).await {
            Ok(admission) => self.explained(problem, &admission),
            Err(error) => error.into(),
        }
    }

    fn explained(&self, problem: Problem, admission: &Admission) -> Problem {
        problem.at_closed_gate(ClosedGate {
            subscribe_url: self.web_page("subscribe"),
            portal_available: admission.has_customer,
        })
    }

    /// The absolute address of a page of the web client.
    pub(crate) fn web_page(&self, path: &str) -> String {
        format!("{}/{path}", self.public_url.as_str().trim_end_matches('/'))
    }
}

/// The word that stands for the reason in JSON.
pub(crate) const fn word(reason: ClosedReason) -> &'static str {
    match reason {
        ClosedReason::None => "none",
        ClosedReason::PaymentIncomplete => "payment_incomplete",
        ClosedReason::IncompleteExpired => "incomplete_expired",
        ClosedReason::PaymentPastDue => "payment_past_due",
        ClosedReason::Unpaid => "unpaid",
        ClosedReason::Paused => "paused",
        ClosedReason::Canceled => "canceled",
    }
}
