//! The way up from old versions, and where it ends.

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use domain::{
    avatar,
    recorded::{AnyEvent, UnreadableEvent},
    upcasting::{Upcaster, Upcasters},
};
use serde_json::Value;

use crate::{
    golden_corpus::written_today,
    invented_versions::{UPCASTERS, born, created, newborn},
};

#[test]
fn an_event_of_an_old_version_reads_as_what_it_is_today() {
    for (name, version, json) in [
        ("AvatarBorn", "0", born()),
        ("AvatarBorn", "1", newborn()),
        (
            "AvatarCreated",
            "2",
            serde_json::to_value(created()).unwrap(),
        ),
    ] {
        let read = UPCASTERS.decode::<avatar::Event>(name, version, &json.to_string());
        assert_eq!(read.unwrap(), created(), "{name} v{version}");
    }
}

#[test]
fn todays_version_never_meets_the_list() {
    const TRAP: Upcasters = Upcasters::new(&[Upcaster {
        aggregate_type: "Avatar",
        from: ("AvatarCreated", "2"),
        to: ("AvatarCreated", "3"),
        change: |_| panic!("the text is decoded directly"),
    }]);
    let json = serde_json::to_string(&created()).unwrap();
    assert_eq!(
        TRAP.decode::<avatar::Event>("AvatarCreated", "2", &json)
            .unwrap(),
        created()
    );
}

#[test]
fn what_only_a_newer_program_knows_is_an_error_that_says_so() {
    let json = r#"{"type":"PhotoCanceled"}"#;
    let read = |aggregate, event, version| {
        AnyEvent::decode(UPCASTERS, aggregate, event, version, json).unwrap_err()
    };

    let unknown = read("Horoscope", "HoroscopeCast", "1");
    assert!(unknown.is_from_newer_program());
    assert_eq!(
        unknown.to_string(),
        r#"unknown aggregate type "Horoscope"; a newer version of Ava wrote this log"#
    );

    let unknown = read("Avatar", "AvatarCloned", "1");
    assert!(unknown.is_from_newer_program());
    assert_eq!(
        unknown.to_string(),
        "unknown event Avatar.AvatarCloned; a newer version of Ava wrote this log"
    );

    // The JSON is what today's version promises, but what version 2 means nobody here knows.
    let newer = read("PhotoRequest", "PhotoCanceled", "2");
    assert!(newer.is_from_newer_program());
    assert_eq!(
        newer.to_string(),
        "PhotoRequest.PhotoCanceled has version 2, but only versions up to 1 are known here; \
         a newer version of Ava wrote this log"
    );
    // A name that is no longer written has versions, too.
    let newer = read("Avatar", "AvatarBorn", "2");
    assert!(matches!(
        newer,
        UnreadableEvent::NewerVersion { newest: 1, .. }
    ));
}

#[test]
fn what_was_never_written_is_an_error_and_no_guess() {
    let json = serde_json::to_string(&created()).unwrap();
    for version in ["0", "01", "+1", "1.0", "one", ""] {
        let read = Upcasters::OURS.decode::<avatar::Event>("AvatarCreated", version, &json);
        let error = read.unwrap_err();
        assert!(!error.is_from_newer_program());
        assert_eq!(
            error.to_string(),
            format!("nothing here reads version {version:?} of Avatar.AvatarCreated")
        );
    }

    let misnamed = Upcasters::OURS.decode::<avatar::Event>("ProfileChanged", "2", &json);
    assert_eq!(
        misnamed.unwrap_err().to_string(),
        "the log calls it Avatar.ProfileChanged, but its JSON says AvatarCreated"
    );

    let broken = UPCASTERS.decode::<avatar::Event>("AvatarBorn", "0", r#"{"type":"AvatarBorn"}"#);
    assert_eq!(
        broken.unwrap_err().to_string(),
        "version 0 of Avatar.AvatarBorn is not readable"
    );
}

#[test]
fn a_list_that_leads_in_a_circle_ends_as_an_error() {
    const CIRCLE: Upcasters = Upcasters::new(&[
        Upcaster {
            aggregate_type: "Avatar",
            from: ("A", "1"),
            to: ("B", "1"),
            change: |_| {},
        },
        Upcaster {
            aggregate_type: "Avatar",
            from: ("B", "1"),
            to: ("A", "1"),
            change: |_| {},
        },
    ]);
    let read = CIRCLE.decode::<avatar::Event>("A", "1", "{}");
    assert!(matches!(read, Err(UnreadableEvent::NoWayUp { .. })));
    assert!(!complaints(CIRCLE).is_empty());
}

#[test]
fn a_step_leaves_events_of_the_same_name_of_another_aggregate_alone() {
    let foreign = SerializedEvent::new(
        "an id".to_owned(),
        1,
        "PhotoRequest".to_owned(),
        "AvatarBorn".to_owned(),
        "0".to_owned(),
        born(),
        Value::Null,
    );
    assert_eq!(UPCASTERS.steps()[0].upcast(foreign.clone()), foreign);
}

#[test]
fn our_list_leads_every_old_version_to_todays_in_its_own_order() {
    let none: [&str; 0] = [];
    assert_eq!(complaints(Upcasters::OURS), none);
    assert_eq!(not_led_to(Upcasters::OURS), none);
    assert_eq!(complaints(UPCASTERS), none);

    const LATER_FIRST: &[Upcaster] = &[UPCASTERS.steps()[1], UPCASTERS.steps()[0]];
    assert_eq!(
        complaints(Upcasters::new(LATER_FIRST)),
        ["Avatar.AvatarBorn v0 does not reach a version of today"]
    );
}

/// A stock store goes through the list once, in its order: every step must come before those that go on from it.
fn complaints(list: Upcasters) -> Vec<String> {
    let today = written_today();
    let mut complaints = Vec::new();
    for (nth, first) in list.steps().iter().enumerate() {
        let aggregate = first.aggregate_type;
        let (event, version) = first.from;
        if today.contains(&(aggregate, event, version)) {
            complaints.push(format!("{aggregate}.{event} v{version} is written today"));
        }
        let mut reached = first.to;
        for step in &list.steps()[nth + 1..] {
            if step.aggregate_type == aggregate && step.from == reached {
                reached = step.to;
            }
        }
        if !today.contains(&(aggregate, reached.0, reached.1)) {
            complaints.push(format!(
                "{aggregate}.{event} v{version} does not reach a version of today"
            ));
        }
    }
    complaints
}

/// Later versions of today that no step of a whole list leads to.
fn not_led_to(list: Upcasters) -> Vec<String> {
    let mut complaints = Vec::new();
    for (aggregate, event, version) in written_today() {
        let led = |step: &Upcaster| step.aggregate_type == aggregate && step.to == (event, version);
        if version != "1" && !list.steps().iter().any(led) {
            complaints.push(format!(
                "no upcaster leads to {aggregate}.{event} v{version}"
            ));
        }
    }
    complaints
}
