//! Given, when, then: cqrs-es's `TestFramework`, which cannot look at the resulting state, with that added. What is given,
//! ordered and answered can be written down (`recording`).

use std::{fmt::Debug, panic::Location};

use cqrs_es::{Aggregate, test::TestFramework};
use serde::Serialize;

use crate::recording;

/// What had happened before.
pub(crate) struct Given<A: Aggregate>(Vec<A::Event>);

/// What a command led to.
#[must_use = "a test must say what it expects"]
pub(crate) struct Then<A: Aggregate> {
    history: Vec<A::Event>,
    outcome: Result<Vec<A::Event>, A::Error>,
}

/// An aggregate to which that had happened.
pub(crate) fn given<A: Aggregate<Services = ()>>(
    events: impl IntoIterator<Item = A::Event>,
) -> Given<A> {
    Given(events.into_iter().collect())
}

/// The state that those events lead to.
pub(crate) fn replay<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> A {
    let mut state = A::default();
    for event in events {
        state.apply(event);
    }
    state
}

/// What a command leads to after that history.
pub(crate) fn outcome<A: Aggregate<Services = ()>>(
    history: &[A::Event],
    command: A::Command,
) -> Result<Vec<A::Event>, A::Error> {
    let test = TestFramework::<A>::with(()).given(history.to_vec());
    test.when(command).inspect_result()
}

impl<A: Aggregate<Services = (), Command: Serialize>> Given<A> {
    #[track_caller]
    pub(crate) fn when(self, command: A::Command) -> Then<A> {
        let written = recording::written(&command);
        let outcome = outcome::<A>(&self.0, command);
        recording::scenario::<A>(Location::caller(), &self.0, written, &outcome);
        Then {
            outcome,
            history: self.0,
        }
    }
}

impl<A> Then<A>
where
    A: Aggregate + Debug + PartialEq,
    A::Error: PartialEq,
{
    pub(crate) fn then_expect_events(self, expected: impl IntoIterator<Item = A::Event>) -> A {
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(self.outcome.as_ref(), Ok(&expected));
        replay(self.history.into_iter().chain(expected))
    }

    pub(crate) fn outcome(self) -> Result<Vec<A::Event>, A::Error> {
        self.outcome
    }

    pub(crate) fn then_expect_error(self, expected: A::Error) {
        assert_eq!(self.outcome, Err(expected));
    }

    /// It was accepted and changed nothing.
    pub(crate) fn then_nothing_happened(self) {
        assert_eq!(self.outcome, Ok(Vec::new()));
    }
}
