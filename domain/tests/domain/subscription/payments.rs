//! Pages to pay on, and payments that did not stay.

use domain::subscription::{Event, Subscription};
use proptest::prelude::*;

use super::samples::*;
use crate::given::{given, replay};

#[test]
fn a_page_can_be_paid_until_it_is_closed() {
    let mut state: Subscription = replay([checkout()]);
    assert_eq!(state.open_pages().collect::<Vec<_>>(), ["cs_1"]);
    for event in state.decide(start_checkout("cs_2", day(1))).unwrap() {
        cqrs_es::Aggregate::apply(&mut state, event);
    }
    assert_eq!(state.open_pages().collect::<Vec<_>>(), ["cs_1", "cs_2"]);
    assert_eq!(state.checkout_session(), Some("cs_2"));

    let closed = Event::CheckoutClosed {
        session_id: "cs_1".to_owned(),
    };
    let state = given::<Subscription>([checkout()])
        .when(close("cs_1"))
        .then_expect_events([closed.clone()]);
    assert_eq!(state.open_pages().count(), 0);
    given::<Subscription>([checkout(), closed])
        .when(close("cs_1"))
        .then_nothing_happened();
    given::<Subscription>([])
        .when(close("cs_9"))
        .then_nothing_happened();
}

#[test]
fn a_refund_counts_once_and_only_while_it_grows() {
    let refunded = |amount_refunded| Event::PaymentRefunded {
        charge_id: "ch_1".to_owned(),
        amount_refunded,
        currency: "usd".to_owned(),
    };
    given::<Subscription>([activated()])
        .when(refund("ch_1", 2))
        .then_expect_events([refunded(2)]);
    for late in [1, 2] {
        given::<Subscription>([activated(), refunded(2)])
            .when(refund("ch_1", late))
            .then_nothing_happened();
    }
    given::<Subscription>([activated(), refunded(2)])
        .when(refund("ch_1", 3))
        .then_expect_events([refunded(3)]);
}

#[test]
fn money_that_goes_back_leaves_the_gate_to_the_provider() {
    let before: Subscription = replay([activated()]);
    let mut state = before.clone();
    for command in [refund("ch_1", 1_499), dispute("dp_1")] {
        for event in state.decide(command).unwrap() {
            cqrs_es::Aggregate::apply(&mut state, event);
        }
    }
    assert_eq!(state.gate(day(3)), before.gate(day(3)));
    assert_eq!(state.usage(), before.usage());
}

proptest! {
    /// Whatever order they come in and however often, the same is known in the end.
    #[test]
    fn refunds_disputes_and_failures_converge(
        news in prop::collection::vec((0..4_u8, 0..2_u8, 1..4_u64), 0..12),
        shuffled in any::<prop::sample::Index>(),
    ) {
        let told = |news: &[(u8, u8, u64)]| {
            let mut state: Subscription = replay([checkout(), activated()]);
            for (kind, which, amount) in news {
                let command = match kind {
                    0 | 1 => refund(&format!("ch_{which}"), *amount),
                    2 => dispute(&format!("dp_{which}")),
                    _ => close(&format!("cs_{which}")),
                };
                for event in state.decide(command).unwrap() {
                    cqrs_es::Aggregate::apply(&mut state, event);
                }
            }
            state
        };
        let expected = told(&news);
        let mut other = news.clone();
        other.reverse();
        if !other.is_empty() {
            let turn = shuffled.index(other.len());
            other.rotate_left(turn);
        }
        prop_assert_eq!(&told(&other), &expected);
        let twice: Vec<_> = other.iter().chain(&news).copied().collect();
        prop_assert_eq!(&told(&twice), &expected);
    }
}
