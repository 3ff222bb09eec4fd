//! What a person and the companion say to each other.

mod every_cell;
mod samples;

use domain::{
    conversation::{
        Command, Conversation, Decline, Event, Mode, Rejection, Reply, Segment, TurnStage,
    },
    personal::Personal,
    policy::recorded::Decision,
    values::UserId,
};
use proptest::prelude::*;
use samples::*;
use uuid::Uuid;

use crate::given::{given, replay};

#[test]
fn a_message_waits_for_its_answer_and_has_exactly_one() {
    let state = given::<Conversation>([])
        .when(say(1, "hello"))
        .then_expect_events([disclosed(), sent(1)]);
    assert_eq!(state.turn(message(1)).unwrap().stage, TurnStage::Open);

    let history = told([say(1, "hello"), answer(1, reply(1))]);
    let again = |reply| given::<Conversation>(history.clone()).when(answer(1, reply));
    again(reply(1)).then_nothing_happened();
    let other = Reply {
        reply_id: message(7),
        ..reply(1)
    };
    again(other).then_expect_error(Rejection::AlreadyAnswered);
}

#[test]
fn it_is_known_what_the_person_and_the_companion_said() {
    let asked: Conversation = replay(told([say(1, "hello")]));
    assert!(asked.was_said(message(1)));
    assert!(!asked.was_said(message(101)), "it is not answered yet");
    let answered: Conversation = replay(told([say(1, "hello"), answer(1, reply(1))]));
    assert!(answered.was_said(message(101)));
    assert!(!answered.was_said(message(2)));
}

#[test]
fn the_same_message_twice_is_one_and_another_must_not_take_its_id() {
    given::<Conversation>([sent(1)])
        .when(say(1, "hello"))
        .then_nothing_happened();
    given::<Conversation>([sent(1)])
        .when(say(1, "something else"))
        .then_expect_error(Rejection::AlreadySent);
}

#[test]
fn a_day_begins_with_the_disclosure_and_has_it_once() {
    given::<Conversation>([Event::ModeChanged {
        mode: Mode::Intimate,
    }])
    .when(say(1, "hello"))
    .then_expect_events([disclosed(), sent(1)]);
    given::<Conversation>([disclosed(), sent(1)])
        .when(say_in_crisis(2))
        .then_expect_events([
            Event::MessageSent {
                message_id: message(2),
                mode: Mode::Intimate,
                text: Personal::new("I cannot go on".parse().unwrap()),
                policy: judged(Decision::Refuse),
            },
            Event::SafetyInterventionShown {
                message_id: Some(message(2)),
                intervention: crisis(),
            },
        ]);
}

#[test]
fn a_reply_and_the_picture_that_it_promises_are_recorded_together() {
    let outcome = given::<Conversation>([sent(1)])
        .when(answer(1, promising(1, 4)))
        .outcome()
        .unwrap();

    let [
        Event::ReplyRecorded { reply_id, .. },
        Event::PhotoPromised { promise: made, .. },
    ] = &outcome[..]
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(*reply_id, message(101));
    assert_eq!(*made, promise(4));
}

#[test]
fn a_called_tool_that_does_nothing_stays_in_the_history_with_the_reason() {
    let outcome = given::<Conversation>([sent(1)])
        .when(answer(1, declining(1)))
        .outcome()
        .unwrap();

    let [
        Event::ReplyRecorded {
            tool_call,
            declined,
            ..
        },
    ] = &outcome[..]
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(tool_call.as_ref().unwrap().name, "send_photo");
    assert_eq!(*declined, Some(Decline::ContentRefused));
}

#[test]
fn what_the_rules_refuse_ends_with_an_intervention_and_never_reaches_the_model() {
    let state = given::<Conversation>([])
        .when(say_in_crisis(1))
        .then_expect_events([
            disclosed(),
            Event::MessageSent {
                message_id: message(1),
                mode: Mode::Intimate,
                text: Personal::new("I cannot go on".parse().unwrap()),
                policy: judged(Decision::Refuse),
            },
            Event::SafetyInterventionShown {
                message_id: Some(message(1)),
                intervention: crisis(),
            },
        ]);
    assert_eq!(state.turn(message(1)).unwrap().stage, TurnStage::Intervened);

    let unanswered = Command::SendMessage {
        message_id: message(1),
        mode: Mode::Intimate,
        text: Personal::new("hello".parse().unwrap()),
        policy: judged(Decision::Refuse),
        intervention: None,
        disclosure: String::new(),
    };
    given::<Conversation>([])
        .when(unanswered)
        .then_expect_error(Rejection::AgainstTheRules);
}

#[test]
fn a_reply_against_the_rules_and_one_that_says_nothing_are_no_replies() {
    let refused = Reply {
        policy: judged(Decision::Refuse),
        ..reply(1)
    };
    given::<Conversation>([sent(1)])
        .when(answer(1, refused))
        .then_expect_error(Rejection::AgainstTheRules);
    let silent = Reply {
        text: None,
        ..reply(1)
    };
    given::<Conversation>([sent(1)])
        .when(answer(1, silent))
        .then_expect_error(Rejection::SaysNothing);
}

#[test]
fn a_stream_is_one_day_of_one_mode_of_one_user() {
    let segment = Segment {
        owner: UserId(Uuid::from_u128(2)),
        mode: Mode::Intimate,
        day: "2026-11-25".parse().unwrap(),
    };
    let text = "00000000-0000-0000-0000-000000000002.intimate.2026-11-25";
    assert_eq!(segment.to_string(), text);
    assert_eq!(text.parse(), Ok(segment));
    for wrong in [
        "",
        "x.intimate.2026-11-25",
        "a.b",
        &text.replace("intimate", "explicit"),
    ] {
        assert!(wrong.parse::<Segment>().is_err(), "{wrong}");
    }
}

fn orders() -> impl Strategy<Value = Vec<Command>> {
    let order = prop_oneof![
        (1u128..4).prop_map(|n| say(n, "hello")),
        (1u128..4).prop_map(say_in_crisis),
        (1u128..4).prop_map(|n| answer(n, reply(n))),
        (1u128..4, 1u128..4).prop_map(|(n, p)| answer(n, promising(n, p))),
        (1u128..4).prop_map(|n| answer(n, declining(n))),
        (1u128..4).prop_map(give_up),
        (1u128..4).prop_map(attach),
        (1u128..4).prop_map(withhold),
    ];
    prop::collection::vec(order, 0..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_turn_has_at_most_one_end_and_one_picture_and_every_picture_at_most_one_end(
        orders in orders(),
    ) {
        let story = told(orders);
        for number in 1..4 {
            let ends = story.iter().filter(|event| ends_turn(event, number)).count();
            prop_assert!(ends <= 1, "{:?}", story);
            let promises = story.iter().filter(|event| matches!(event,
                Event::PhotoPromised { message_id, .. } if *message_id == message(number)));
            prop_assert!(promises.count() <= 1, "{:?}", story);
            let ends = story.iter().filter(|event| matches!(event,
                Event::PhotoAttached { photo_id } | Event::PhotoWithheld { photo_id, .. }
                    if *photo_id == photo(number)));
            prop_assert!(ends.count() <= 1, "{:?}", story);
        }
    }
}

fn ends_turn(event: &Event, number: u128) -> bool {
    let ended = match event {
        Event::ReplyRecorded { message_id, .. } | Event::ReplyFailed { message_id, .. } => {
            Some(*message_id)
        }
        Event::SafetyInterventionShown { message_id, .. } => *message_id,
        Event::MessageSent { .. }
        | Event::PhotoPromised { .. }
        | Event::PhotoAttached { .. }
        | Event::PhotoWithheld { .. }
        | Event::ModeChanged { .. } => None,
    };
    ended == Some(message(number))
}
