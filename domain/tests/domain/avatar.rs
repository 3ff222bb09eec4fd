//! A user's one companion.

use domain::{
    avatar::{Avatar, Command, Event, Profile, ProfileChanges, ReferenceStatus, Rejection},
    personal::Personal,
    photo_request::FailureClass,
    values::{Age, AvatarId, Personality, PhotoId, UserId},
};
use uuid::Uuid;

use crate::{
    given::{given, replay},
    table::{assert_table, variants},
};

#[test]
fn every_command_in_every_state_is_answered_as_the_table_says() {
    let states = vec![
        ("absent", vec![]),
        ("created", vec![created()]),
        ("generating", vec![created(), requested(1)]),
        ("ready", vec![created(), requested(1), ready(1)]),
        ("failed", vec![created(), requested(1), failed(1)]),
        ("superseded", vec![created(), requested(1), requested(2)]),
        (
            "approved",
            vec![created(), requested(1), ready(1), approved(1)],
        ),
        (
            "another approved",
            vec![
                created(),
                requested(1),
                ready(1),
                requested(2),
                ready(2),
                approved(2),
            ],
        ),
    ];
    let commands = vec![
        ("create", create()),
        ("change nothing", change(ProfileChanges::default())),
        ("change to the same", change(all_of(profile()))),
        ("change the age", change(new_age(31))),
        ("request 1", request(1)),
        ("request 3", request(3)),
        ("record 1 ready", record_ready(1)),
        ("record 9 ready", record_ready(9)),
        ("record 1 failed", record_failed(1)),
        ("record 9 failed", record_failed(9)),
        ("approve 1", approve(1)),
        ("approve 9", approve(9)),
    ];

    assert_table::<Avatar>(
        include_str!("tables/avatar.txt"),
        &states,
        &commands,
        variants!(Command: CreateAvatar ChangeProfile RequestReferenceImage RecordReferenceImage
            RecordReferenceFailure ApproveReferenceImage),
    );
}

#[test]
fn a_user_has_one_avatar() {
    given::<Avatar>([created()])
        .when(create())
        .then_expect_error(Rejection::AlreadyExists);
}

#[test]
fn only_the_fields_that_really_change_are_recorded() {
    let wanted = ProfileChanges {
        personality: Some(Personality::Shy),
        appearance: Some(Personal::new("short black hair".parse().unwrap())),
        ..all_of(profile())
    };
    let changed = ProfileChanges {
        personality: Some(Personality::Shy),
        appearance: Some(Personal::new("short black hair".parse().unwrap())),
        ..ProfileChanges::default()
    };

    let state = given::<Avatar>([created()])
        .when(change(wanted))
        .then_expect_events([Event::ProfileChanged { changes: changed }]);

    let expected = Profile {
        personality: Personality::Shy,
        appearance: Personal::new("short black hair".parse().unwrap()),
        ..profile()
    };
    assert_eq!(state.profile(), Some(&expected));
}

#[test]
fn every_field_can_be_changed() {
    let other = Profile {
        name: Personal::new("Zoé".parse().unwrap()),
        age: age(44),
        gender: Personal::new("man".parse().unwrap()),
        nationality: Personal::new("Swiss".parse().unwrap()),
        appearance: Personal::new("grey beard".parse().unwrap()),
        personality: Personality::Caring,
    };

    let state = given::<Avatar>([created()])
        .when(change(all_of(other.clone())))
        .then_expect_events([Event::ProfileChanged {
            changes: all_of(other.clone()),
        }]);

    assert_eq!(state.profile(), Some(&other));
}

#[test]
fn a_delivered_picture_is_ready_but_not_approved_by_itself() {
    let state = given::<Avatar>([created(), requested(1)])
        .when(record_ready(1))
        .then_expect_events([ready(1)]);

    assert_eq!(
        state.reference_status(photo(1)),
        Some(ReferenceStatus::Ready)
    );
    assert_eq!(state.approved_reference(), None);
}

#[test]
fn a_late_picture_of_a_superseded_wish_is_recorded_and_never_becomes_current_by_itself() {
    let history = [created(), requested(1), requested(2), ready(2), approved(2)];

    let state = given::<Avatar>(history)
        .when(record_ready(1))
        .then_expect_events([ready(1)]);

    assert_eq!(
        state.reference_status(photo(1)),
        Some(ReferenceStatus::Ready)
    );
    assert_eq!(state.approved_reference(), Some(photo(2)));
}

#[test]
fn the_user_may_pick_any_ready_picture_from_the_history_and_go_back() {
    let history = [
        created(),
        requested(1),
        requested(2),
        ready(2),
        approved(2),
        ready(1),
    ];

    let state = given::<Avatar>(history.clone())
        .when(approve(1))
        .then_expect_events([approved(1)]);
    assert_eq!(state.approved_reference(), Some(photo(1)));

    let state = given::<Avatar>(history.into_iter().chain([approved(1)]))
        .when(approve(2))
        .then_expect_events([approved(2)]);
    assert_eq!(state.approved_reference(), Some(photo(2)));
}

#[test]
fn the_approved_picture_stays_while_another_is_made_and_fails() {
    let state: Avatar = replay([
        created(),
        requested(1),
        ready(1),
        approved(1),
        requested(2),
        failed(2),
    ]);

    assert_eq!(state.approved_reference(), Some(photo(1)));
    assert_eq!(
        state.reference_status(photo(2)),
        Some(ReferenceStatus::Failed)
    );
}

#[test]
fn the_picture_of_another_avatar_cannot_be_approved() {
    given::<Avatar>([created(), requested(1), ready(1)])
        .when(approve(7))
        .then_expect_error(Rejection::ReferenceNotReady);
}

#[test]
fn a_failure_after_the_picture_came_changes_nothing() {
    given::<Avatar>([created(), requested(1), ready(1)])
        .when(record_failed(1))
        .then_nothing_happened();
}

#[test]
fn an_absent_avatar_has_nothing_to_show() {
    let state = Avatar::default();

    assert_eq!(state.avatar_id(), None);
    assert_eq!(state.profile(), None);
    assert_eq!(state.approved_reference(), None);
    assert_eq!(state.reference_status(photo(1)), None);
}

#[test]
fn a_stored_state_reads_back_the_same() {
    let state: Avatar = replay([created(), requested(1), ready(1), approved(1), requested(2)]);
    let stored = serde_json::to_string(&state).unwrap();

    assert_eq!(serde_json::from_str::<Avatar>(&stored).unwrap(), state);
    assert_eq!(state.avatar_id(), Some(avatar_id()));
}

fn profile() -> Profile {
    Profile {
        name: Personal::new("Amélie".parse().unwrap()),
        age: age(25),
        gender: Personal::new("woman".parse().unwrap()),
        nationality: Personal::new("French".parse().unwrap()),
        appearance: Personal::new("long auburn hair, green eyes, freckles".parse().unwrap()),
        personality: Personality::Playful,
    }
}

fn all_of(profile: Profile) -> ProfileChanges {
    ProfileChanges {
        name: Some(profile.name),
        age: Some(profile.age),
        gender: Some(profile.gender),
        nationality: Some(profile.nationality),
        appearance: Some(profile.appearance),
        personality: Some(profile.personality),
    }
}

fn new_age(years: i64) -> ProfileChanges {
    ProfileChanges {
        age: Some(age(years)),
        ..ProfileChanges::default()
    }
}

fn age(years: i64) -> Age {
    Age::try_from(years).unwrap()
}

fn avatar_id() -> AvatarId {
    AvatarId(Uuid::from_u128(0xa))
}

fn owner() -> UserId {
    UserId(Uuid::from_u128(0xb))
}

fn photo(number: u128) -> PhotoId {
    PhotoId(Uuid::from_u128(number))
}

fn create() -> Command {
    Command::CreateAvatar {
        avatar_id: avatar_id(),
        owner: owner(),
        profile: profile(),
    }
}

fn change(changes: ProfileChanges) -> Command {
    Command::ChangeProfile { changes }
}

fn request(number: u128) -> Command {
    Command::RequestReferenceImage {
        photo_id: photo(number),
    }
}

fn record_ready(number: u128) -> Command {
    Command::RecordReferenceImage {
        photo_id: photo(number),
    }
}

fn record_failed(number: u128) -> Command {
    let class = FailureClass::Transient;
    Command::RecordReferenceFailure {
        photo_id: photo(number),
        class,
        reason: "busy".to_owned(),
    }
}

fn approve(number: u128) -> Command {
    Command::ApproveReferenceImage {
        photo_id: photo(number),
    }
}

fn created() -> Event {
    Event::AvatarCreated {
        avatar_id: avatar_id(),
        owner: owner(),
        profile: profile(),
    }
}

fn requested(number: u128) -> Event {
    Event::ReferenceImageRequested {
        photo_id: photo(number),
    }
}

fn ready(number: u128) -> Event {
    Event::ReferenceImageReady {
        photo_id: photo(number),
    }
}

fn failed(number: u128) -> Event {
    let class = FailureClass::Transient;
    Event::ReferenceImageFailed {
        photo_id: photo(number),
        class,
        reason: "busy".to_owned(),
    }
}

fn approved(number: u128) -> Event {
    Event::ReferenceImageApproved {
        photo_id: photo(number),
    }
}
