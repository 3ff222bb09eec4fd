//! A person takes their data along, and is forgotten for ever.

use domain::person::{Command, Event, Person, Rejection};

use crate::{
    given::given,
    table::{assert_table, variants},
};

#[test]
fn every_command_in_every_state_is_answered_as_the_table_says() {
    let states = vec![
        ("new", vec![]),
        ("exported", vec![Event::DataExported]),
        ("erased", vec![Event::DataExported, Event::PersonErased]),
    ];
    let commands = vec![
        ("record export", Command::RecordExport),
        ("erase", Command::Erase),
    ];
    assert_table::<Person>(
        include_str!("tables/person.txt"),
        &states,
        &commands,
        variants!(Command: RecordExport Erase),
    );
}

#[test]
fn who_never_left_a_trace_can_be_erased_all_the_same() {
    let person = given::<Person>([])
        .when(Command::Erase)
        .then_expect_events([Event::PersonErased]);
    assert!(person.is_erased());
}

#[test]
fn who_was_erased_has_nothing_to_take_along() {
    given::<Person>([Event::PersonErased])
        .when(Command::RecordExport)
        .then_expect_error(Rejection::Erased);
}

#[test]
fn with_this_event_the_log_destroys_the_key() {
    use domain::{event_versions::VersionedEvent, personal::forgets_owner};
    assert!(forgets_owner(
        Event::AGGREGATE_TYPE,
        Event::PersonErased.name()
    ));
    assert!(!forgets_owner(
        Event::AGGREGATE_TYPE,
        Event::DataExported.name()
    ));
}
