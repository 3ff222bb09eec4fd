//! Repeated hard refusals lead to a pause.

use chrono::{DateTime, TimeDelta, Utc};
use domain::conduct::{Command, Conduct, Event, Limits, Refusal, Stage};

use crate::{
    given::{given, replay},
    table::{Samples, assert_table, variants},
};

#[test]
fn every_command_in_every_state_is_answered_as_the_table_says() {
    let states: Samples<Vec<Event>> = vec![
        ("absent", vec![]),
        ("one hard", vec![refused(0, true)]),
        ("one soft", vec![refused(0, false)]),
        ("two hard", vec![refused(0, true), refused(1, true)]),
        (
            "two hard, one of them long ago",
            vec![refused(-60, true), refused(1, true)],
        ),
        (
            "paused",
            vec![
                refused(0, true),
                refused(1, true),
                refused(1, true),
                paused(11),
            ],
        ),
        (
            "paused until now",
            vec![
                refused(0, true),
                refused(1, true),
                refused(1, true),
                paused(2),
            ],
        ),
    ];
    let commands = vec![("hard at 2", note(2, true)), ("soft at 2", note(2, false))];
    assert_table::<Conduct>(
        include_str!("tables/conduct.txt"),
        &states,
        &commands,
        variants!(Command: NoteRefusal),
    );
}

#[test]
fn the_third_hard_refusal_within_the_window_begins_a_pause() {
    let conduct = given::<Conduct>([refused(0, true), refused(1, true)])
        .when(note(2, true))
        .then_expect_events([refused(2, true), paused(12)]);
    assert_eq!(conduct.paused_until(at(2)), Some(at(12)));
    assert_eq!(conduct.paused_until(at(12)), None, "it is over then");
}

#[test]
fn after_a_pause_the_count_begins_anew() {
    let history = [
        refused(0, true),
        refused(1, true),
        refused(2, true),
        paused(12),
    ];
    given::<Conduct>(history.clone())
        .when(note(13, true))
        .then_expect_events([refused(13, true)]);
    let once_more = history
        .into_iter()
        .chain([refused(13, true), refused(14, true)]);
    given::<Conduct>(once_more)
        .when(note(15, true))
        .then_expect_events([refused(15, true), paused(25)]);
}

#[test]
fn without_a_limit_there_is_never_a_pause() {
    let Command::NoteRefusal {
        refusal,
        at,
        limits,
    } = note(2, true);
    let limits = Limits {
        refusals: 0,
        ..limits
    };
    let conduct: Conduct = replay((0..50).map(|_| refused(1, true)));
    assert_eq!(
        conduct.decide(Command::NoteRefusal {
            refusal,
            at,
            limits
        }),
        [refused(2, true)]
    );
}

fn note(minute: i64, hard: bool) -> Command {
    Command::NoteRefusal {
        refusal: refusal(hard),
        at: at(minute),
        limits: Limits {
            refusals: 3,
            window: TimeDelta::minutes(30),
            pause: TimeDelta::minutes(10),
        },
    }
}

fn refused(minute: i64, hard: bool) -> Event {
    Event::ContentRefused {
        refusal: refusal(hard),
        at: at(minute),
    }
}

fn paused(until: i64) -> Event {
    Event::CoolDownStarted {
        until: at(until),
        refusals: 3,
    }
}

fn refusal(hard: bool) -> Refusal {
    Refusal {
        stage: Stage::Scene,
        hard,
        rules: vec!["R1".to_owned()],
        pack: "cafe".to_owned(),
        fingerprint: Some("beef".to_owned()),
    }
}

fn at(minute: i64) -> DateTime<Utc> {
    let noon: DateTime<Utc> = "2026-11-26T12:00:00Z".parse().unwrap();
    noon + TimeDelta::minutes(minute)
}
