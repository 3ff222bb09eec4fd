//! The read model of avatars.

use domain::{
    avatar::{Event, ProfileChanges},
    personal::Personal,
    photo_request::FailureClass,
    values::Age,
};
use infrastructure::database::DatabaseRole;
use projections::avatars::{
    AvatarRow, AvatarsProjector, ReferencePicture, ReferenceStatus, of_owner,
};

use crate::{
    histories::{
        avatar_id, created, photo, profile, reference_approved, reference_failed, reference_ready,
        reference_requested, user,
    },
    test_log::TestLog,
};

#[tokio::test]
async fn a_user_without_a_companion_has_no_row() {
    let log = TestLog::start().await;
    assert_eq!(
        of_owner(&log.pool_as(DatabaseRole::Api), user(1))
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn a_new_companion_is_seen_as_it_was_designed() {
    let mut log = TestLog::start().await;
    let position = log.avatar(user(1), vec![created(user(1))]).await;
    let row = seen(&log).await;
    assert_eq!((row.owner, row.avatar_id), (user(1), avatar_id(user(1))));
    assert_eq!((row.name.as_str(), row.age), ("Mira", 25));
    assert_eq!(
        (row.gender.as_str(), row.nationality.as_str()),
        ("female", "Portuguese")
    );
    assert_eq!(row.appearance, "long dark hair, green eyes");
    assert_eq!(row.personality, "caring");
    assert_eq!((row.sequence, row.position), (1, position));
    assert_eq!(row.created_at, log.recorded_at(position).await);
    assert_eq!(row.updated_at, row.created_at);
    assert_eq!(row.reference.status, ReferenceStatus::None);
    assert_eq!(row.reference.photo_id, None);
}

#[tokio::test]
async fn a_change_changes_what_it_names_and_nothing_else() {
    let mut log = TestLog::start().await;
    log.avatar(user(1), vec![created(user(1))]).await;
    let changes = ProfileChanges {
        age: Some(Age::try_from(31).unwrap()),
        appearance: Some(Personal::new("short red hair".parse().unwrap())),
        ..ProfileChanges::default()
    };
    let changed = log
        .avatar(user(1), vec![Event::ProfileChanged { changes }])
        .await;
    let row = seen(&log).await;
    assert_eq!(
        (row.age, row.appearance.as_str(), row.name.as_str()),
        (31, "short red hair", "Mira")
    );
    assert_eq!((row.sequence, row.position), (2, changed));
    assert_eq!(row.updated_at, log.recorded_at(changed).await);
}

#[tokio::test]
async fn the_personal_fields_of_a_forgotten_person_read_erased() {
    let mut log = TestLog::start().await;
    let profile = domain::avatar::Profile {
        name: Personal::erased(),
        appearance: Personal::erased(),
        ..profile()
    };
    let event = Event::AvatarCreated {
        avatar_id: avatar_id(user(1)),
        owner: user(1),
        profile,
    };
    log.avatar(user(1), vec![event]).await;
    let row = seen(&log).await;
    assert_eq!(
        (row.name.as_str(), row.appearance.as_str()),
        ("[erased]", "[erased]")
    );
}

#[tokio::test]
async fn a_reference_picture_goes_from_generating_to_ready_to_approved() {
    for (events, status) in [
        (vec![], ReferenceStatus::Generating),
        (vec![reference_ready(1)], ReferenceStatus::Ready),
        (
            vec![reference_ready(1), reference_approved(1)],
            ReferenceStatus::Approved,
        ),
        (vec![reference_failed(1)], ReferenceStatus::Failed),
    ] {
        let row = after([vec![reference_requested(1)], events].concat()).await;
        assert_eq!(
            (row.reference.status, row.reference.photo_id),
            (status, Some(photo(1)))
        );
    }
}

#[tokio::test]
async fn a_failed_reference_picture_says_why_until_the_next_wish() {
    let row = after(vec![reference_requested(1), reference_failed(1)]).await;
    let failure = row.reference.failure.unwrap();
    assert_eq!(failure.class, FailureClass::Transient);
    assert_eq!(failure.reason, "the provider was away");
    assert_eq!(row.history, []);

    let row = after(vec![
        reference_requested(1),
        reference_failed(1),
        reference_requested(2),
    ])
    .await;
    assert_eq!(row.reference.failure, None);
}

#[tokio::test]
async fn a_late_picture_of_a_superseded_wish_is_history_and_never_current() {
    let row = after(vec![
        reference_requested(1),
        reference_requested(2),
        reference_ready(1),
    ])
    .await;
    assert_eq!(row.reference.status, ReferenceStatus::Generating);
    assert_eq!(row.reference.photo_id, Some(photo(2)));
    assert_eq!(
        row.history,
        [ReferencePicture {
            photo_id: photo(1),
            approved: false
        }]
    );

    let row = after(vec![
        reference_requested(1),
        reference_requested(2),
        reference_failed(1),
    ])
    .await;
    assert_eq!(row.reference.status, ReferenceStatus::Generating);
}

#[tokio::test]
async fn an_earlier_picture_can_be_approved_and_only_one_is() {
    let row = after(vec![
        reference_requested(1),
        reference_ready(1),
        reference_approved(1),
        reference_requested(2),
        reference_ready(2),
        reference_approved(2),
        reference_approved(1),
    ])
    .await;
    assert_eq!(
        (row.reference.status, row.reference.photo_id),
        (ReferenceStatus::Approved, Some(photo(1)))
    );
    assert_eq!(
        row.history,
        [
            ReferencePicture {
                photo_id: photo(1),
                approved: true
            },
            ReferencePicture {
                photo_id: photo(2),
                approved: false
            },
        ]
    );
}

async fn after(events: Vec<Event>) -> AvatarRow {
    let mut log = TestLog::start().await;
    log.avatar(user(1), [vec![created(user(1))], events].concat())
        .await;
    seen(&log).await
}

async fn seen(log: &TestLog) -> AvatarRow {
    log.project(&AvatarsProjector).await;
    of_owner(&log.pool_as(DatabaseRole::Api), user(1))
        .await
        .unwrap()
        .unwrap()
}
