//! What holds for a photo request whatever is ordered, in whatever order.

use cqrs_es::Aggregate;
use domain::{
    photo_request::{Command, Event, Marks, PhotoRequest, Rejection},
    policy::recorded::{Decision, Verdict},
};
use proptest::prelude::*;

use crate::photo_request::samples::{
    deliver, fail, fail_attempt, image, marks, predict, refuse, request, request_another,
    request_judged, start,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_request_ends_once_each_time_that_it_is_opened_and_nothing_but_that_or_deletion_follows(orders in orders()) {
        let story = told(orders);
        for (at, event) in story.iter().enumerate() {
            if is_ending(event) {
                let next = story.get(at + 1);
                let failed = matches!(event, Event::PhotoFailed { .. });
                let goes_on = match next {
                    None | Some(Event::PhotoDeleted) => true,
                    Some(Event::PhotoReopened { .. }) => failed,
                    Some(_) => false,
                };
                prop_assert!(goes_on, "{:?}", story);
            }
            if matches!(event, Event::PhotoReopened { .. }) {
                prop_assert!(matches!(story[at - 1], Event::PhotoFailed { .. }), "{:?}", story);
            }
            let is_last = at + 1 == story.len();
            prop_assert!(*event != Event::PhotoDeleted || is_last, "{:?}", story);
            let is_first = matches!(event, Event::PhotoRequested { .. });
            prop_assert_eq!(is_first, at == 0, "{:?}", story);
        }
    }

    #[test]
    fn the_result_of_an_attempt_that_is_not_current_never_changes_anything(orders in orders()) {
        let (mut state, mut current) = (PhotoRequest::default(), 0);
        for order in orders {
            let late = result_of(&order).is_some_and(|attempt| attempt != current);
            let outcome = state.decide(order.clone());
            if late {
                let changes = outcome.as_ref().is_ok_and(|events| !events.is_empty());
                prop_assert!(!changes, "{order:?} in {state:?} gave {outcome:?}");
            }
            for event in outcome.unwrap_or_default() {
                if let Event::GenerationStarted { attempt, .. } = event {
                    prop_assert_eq!(attempt, current + 1);
                    current = attempt;
                }
                state.apply(event);
            }
        }
    }

    #[test]
    fn whatever_is_delivered_is_marked_and_came_from_a_running_attempt(orders in orders()) {
        let mut running = None;
        for event in told(orders) {
            match event {
                Event::GenerationStarted { attempt, .. } => running = Some(attempt),
                Event::AttemptFailed { .. } => running = None,
                Event::PhotoDelivered { attempt, image, marks } => {
                    prop_assert_eq!(Some(attempt), running);
                    prop_assert!(marks.visible && !marks.xmp.is_empty());
                    prop_assert_eq!(marks.sha256, image.sha256);
                }
                Event::PhotoRequested { .. }
                | Event::PhotoRefused { .. }
                | Event::PredictionAccepted { .. }
                | Event::PhotoFailed { .. }
                | Event::PhotoCanceled
                | Event::PhotoReopened { .. }
                | Event::PhotoDeleted => {}
            }
        }
    }

    #[test]
    fn what_the_rules_refused_never_reaches_a_provider(orders in orders()) {
        let refused = Verdict {
            decision: Decision::Refuse,
            rules: vec!["R3".to_owned()],
            pack: "cafe".to_owned(),
        };
        let story = told([vec![request_judged(refused)], orders].concat());
        let reached = story.iter().any(|event| matches!(
            event,
            Event::GenerationStarted { .. }
                | Event::PredictionAccepted { .. }
                | Event::PhotoDelivered { .. }
        ));
        prop_assert!(!reached, "{:?}", story);
    }

    #[test]
    fn an_order_that_was_accepted_changes_nothing_the_second_time(orders in orders()) {
        let mut state = PhotoRequest::default();
        for order in orders {
            let Ok(events) = state.decide(order.clone()) else { continue };
            for event in events {
                state.apply(event);
            }
            match state.decide(order.clone()) {
                Ok(again) => prop_assert_eq!(again, vec![], "{:?}", order),
                Err(rejection) => prop_assert!(
                    matches!(rejection, Rejection::StaleAttempt { .. }) && is_start(&order),
                    "{order:?} again: {rejection:?}"
                ),
            }
        }
    }
}

/// Orders that make sense more often than not: their attempts are near each other.
fn orders() -> impl Strategy<Value = Vec<Command>> {
    let attempt = 0..4_u32;
    let hash = prop::sample::select(vec!["aa", "bb"]);
    let order = prop_oneof![
        1 => Just(request()),
        1 => Just(request_another()),
        6 => attempt.clone().prop_map(start),
        2 => (attempt.clone(), prop::sample::select(vec!["p1", "p2"]))
            .prop_map(|(attempt, id)| predict(attempt, id)),
        2 => attempt.clone().prop_map(fail_attempt),
        2 => (attempt.clone(), hash.clone()).prop_map(|(attempt, hash)| deliver(attempt, hash)),
        1 => (attempt.clone(), hash, any::<bool>(), any::<bool>()).prop_map(
            |(attempt, hash, visible, xmp)| Command::Deliver {
                attempt,
                image: image("aa"),
                marks: Marks {
                    visible,
                    xmp: if xmp { "trainedAlgorithmicMedia" } else { "" }.to_owned(),
                    ..marks(hash)
                },
            }
        ),
        1 => attempt.clone().prop_map(fail),
        1 => attempt.prop_map(refuse),
        1 => Just(Command::Cancel),
        2 => Just(Command::Reopen),
        2 => Just(Command::DeletePhoto),
    ];
    (any::<bool>(), prop::collection::vec(order, 0..30)).prop_map(|(begins, mut orders)| {
        if begins {
            orders.insert(0, request());
        }
        orders
    })
}

fn told(orders: Vec<Command>) -> Vec<Event> {
    let (mut state, mut story) = (PhotoRequest::default(), Vec::new());
    for order in orders {
        for event in state.decide(order).unwrap_or_default() {
            state.apply(event.clone());
            story.push(event);
        }
    }
    story
}

fn is_start(order: &Command) -> bool {
    matches!(order, Command::StartAttempt { .. })
}

fn is_ending(event: &Event) -> bool {
    match event {
        Event::PhotoDelivered { .. }
        | Event::PhotoFailed { .. }
        | Event::PhotoRefused { .. }
        | Event::PhotoCanceled => true,
        Event::PhotoRequested { .. }
        | Event::GenerationStarted { .. }
        | Event::PredictionAccepted { .. }
        | Event::AttemptFailed { .. }
        | Event::PhotoReopened { .. }
        | Event::PhotoDeleted => false,
    }
}

/// The attempt whose result an order brings.
fn result_of(order: &Command) -> Option<u32> {
    match order {
        Command::RecordPrediction { attempt, .. }
        | Command::RecordAttemptFailure { attempt, .. }
        | Command::Deliver { attempt, .. }
        | Command::Fail { attempt, .. }
        | Command::Refuse { attempt, .. } => Some(*attempt),
        Command::RequestPhoto { .. }
        | Command::StartAttempt { .. }
        | Command::Cancel
        | Command::Reopen
        | Command::DeletePhoto => None,
    }
}
