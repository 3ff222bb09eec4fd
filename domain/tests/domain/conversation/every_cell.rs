//! The whole table of a conversation's commands and states.

use domain::conversation::{Command, Conversation, Event, Mode, PhotoStage, Reply, TurnStage};

use super::samples::*;
use crate::{
    given::replay,
    table::{Samples, assert_complete, assert_table, variants},
};

#[test]
fn every_command_in_every_state_is_answered_as_the_table_says() {
    let states = states();
    let replayed: Vec<Conversation> = states
        .iter()
        .map(|(_, history)| replay(history.clone()))
        .collect();
    let turns: Vec<_> = replayed
        .iter()
        .filter_map(|state| state.turn(message(1)).map(|turn| turn.stage))
        .collect();
    assert_complete(
        turns.iter(),
        variants!(TurnStage: Open Answered Failed Intervened),
    );
    let photos: Vec<_> = replayed
        .iter()
        .filter_map(|state| state.photo(photo(1)))
        .collect();
    assert_complete(
        photos.iter(),
        variants!(PhotoStage: Promised Attached Withheld),
    );

    assert_table::<Conversation>(
        include_str!("../tables/conversation.txt"),
        &states,
        &commands(),
        variants!(Command: SendMessage RecordReply RecordFailure AttachPhoto WithholdPhoto
            ChangeMode ShowIntervention),
    );
}

#[test]
fn a_stored_state_reads_back_the_same() {
    for (_, history) in states() {
        let state: Conversation = replay(history);
        let stored = serde_json::to_string(&state).unwrap();

        assert_eq!(
            serde_json::from_str::<Conversation>(&stored).unwrap(),
            state
        );
    }
}

fn states() -> Samples<Vec<Event>> {
    let promised = || vec![say(1, "hello"), answer(1, promising(1, 1))];
    let after = |orders: Vec<Command>| told(orders);
    vec![
        ("empty", vec![]),
        ("mode chosen", after(vec![choose(Mode::Intimate)])),
        ("open", after(vec![say(1, "hello")])),
        (
            "answered",
            after(vec![say(1, "hello"), answer(1, reply(1))]),
        ),
        ("failed", after(vec![say(1, "hello"), give_up(1)])),
        ("intervened", after(vec![say_in_crisis(1)])),
        ("promised", after(promised())),
        ("attached", after([promised(), vec![attach(1)]].concat())),
        ("withheld", after([promised(), vec![withhold(1)]].concat())),
    ]
}

fn choose(mode: Mode) -> Command {
    Command::ChangeMode { mode }
}

fn commands() -> Samples<Command> {
    let another = Reply {
        reply_id: message(199),
        ..reply(1)
    };
    vec![
        ("say 1", say(1, "hello")),
        ("say 1 otherwise", say(1, "good evening")),
        ("say 1 in crisis", say_in_crisis(1)),
        ("say 2", say(2, "and then?")),
        ("say 2 as a friend", say_in(Mode::Friendly, 2, "and then?")),
        ("answer 1", answer(1, reply(1))),
        ("answer 1 otherwise", answer(1, another)),
        ("answer 1 with a picture", answer(1, promising(1, 1))),
        ("answer 1 without one", answer(1, declining(1))),
        ("answer 2", answer(2, reply(2))),
        ("give up 1", give_up(1)),
        ("give up 2", give_up(2)),
        ("attach 1", attach(1)),
        ("attach 2", attach(2)),
        ("withhold 1", withhold(1)),
        ("withhold 2", withhold(2)),
        ("be intimate", choose(Mode::Intimate)),
        ("be friendly", choose(Mode::Friendly)),
        (
            "remind of a break",
            Command::ShowIntervention {
                intervention: rest(),
            },
        ),
    ]
}
