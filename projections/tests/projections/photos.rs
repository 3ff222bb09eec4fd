//! The read model of photos.

use domain::{
    personal::Personal,
    photo_request::{Event, FailureClass, Purpose},
    policy::recorded::Decision,
    values::{PhotoId, UserId},
};
use infrastructure::database::DatabaseRole;
use projections::photos::{
    PhotoCursor, PhotoFilter, PhotoRow, PhotoStatus, PhotosProjector, by_id, list, own_of_ids,
};

use crate::{
    histories::{
        at, attempt_failed, created, delivered, failed, image, photo, reference_requested,
        requested, started, user, verdict,
    },
    test_log::TestLog,
};

#[tokio::test]
async fn a_requested_photo_is_seen_with_its_scene() {
    let mut log = TestLog::start().await;
    let position = log
        .photo(
            user(1),
            photo(1),
            vec![requested(user(1), 1, Purpose::Scene)],
        )
        .await;
    let row = seen(&log, 1).await.unwrap();
    assert_eq!(
        (row.photo_id, row.owner, row.purpose),
        (photo(1), user(1), Purpose::Scene)
    );
    assert_eq!(
        (row.scene.as_deref(), row.status),
        (Some("at the beach"), PhotoStatus::Requested)
    );
    assert_eq!((row.attempts, row.sequence, row.position), (0, 1, position));
    assert_eq!(row.requested_at, log.recorded_at(position).await);
    assert_eq!(
        (row.image, row.failure, row.delivered_at),
        (None, None, None)
    );
}

#[tokio::test]
async fn a_status_follows_what_happened() {
    let rules = vec!["R1".to_owned(), "R7".to_owned()];
    for (events, status, attempts) in [
        (vec![started(1)], PhotoStatus::Generating, 1),
        (
            vec![started(1), attempt_failed(1, Some(at(9)))],
            PhotoStatus::Generating,
            1,
        ),
        (
            vec![started(1), attempt_failed(1, Some(at(9))), started(2)],
            PhotoStatus::Generating,
            2,
        ),
        (vec![started(1), delivered(1)], PhotoStatus::Delivered, 1),
        (
            vec![started(1), attempt_failed(1, None), failed()],
            PhotoStatus::Failed,
            1,
        ),
        (
            vec![Event::PhotoRefused {
                rules: rules.clone(),
            }],
            PhotoStatus::Refused,
            0,
        ),
        (
            vec![started(1), Event::PhotoCanceled],
            PhotoStatus::Canceled,
            1,
        ),
    ] {
        let row = after(events).await.unwrap();
        assert_eq!((row.status, row.attempts), (status, attempts));
        assert_eq!(
            row.rules,
            if status == PhotoStatus::Refused {
                rules.clone()
            } else {
                vec![]
            }
        );
    }
}

#[tokio::test]
async fn a_delivered_photo_has_its_picture_and_a_failed_one_its_reason() {
    let row = after(vec![started(1), delivered(1)]).await.unwrap();
    assert_eq!(row.image, Some(image()));
    assert!(row.delivered_at.is_some());
    assert_eq!(row.failure, None);

    let row = after(vec![started(1), failed()]).await.unwrap();
    let failure = row.failure.unwrap();
    assert_eq!(failure.class, FailureClass::Deadline);
    assert_eq!(
        failure.reason, "it took too long",
        "the character that PostgreSQL cannot hold is gone"
    );
    assert_eq!((row.image, row.delivered_at), (None, None));
}

#[tokio::test]
async fn a_deleted_photo_is_gone() {
    assert_eq!(
        after(vec![started(1), delivered(1), Event::PhotoDeleted]).await,
        None
    );
}

#[tokio::test]
async fn the_scene_of_a_forgotten_person_reads_erased() {
    let mut log = TestLog::start().await;
    let Event::PhotoRequested {
        photo_id,
        owner,
        purpose,
        avatar_id,
        avatar_sequence,
        prompt,
        reference,
        ..
    } = requested(user(1), 1, Purpose::Scene)
    else {
        unreachable!()
    };
    let event = Event::PhotoRequested {
        photo_id,
        owner,
        purpose,
        avatar_id,
        avatar_sequence,
        scene: Some(Personal::erased()),
        prompt,
        reference,
        policy: verdict(Decision::Allow),
    };
    log.photo(user(1), photo(1), vec![event]).await;
    assert_eq!(
        seen(&log, 1).await.unwrap().scene.as_deref(),
        Some("[erased]")
    );
}

#[tokio::test]
async fn a_wish_for_a_reference_picture_is_a_photo_before_its_request_exists() {
    let mut log = TestLog::start().await;
    let wished = log
        .avatar(user(1), vec![created(user(1)), reference_requested(1)])
        .await;
    let row = seen(&log, 1).await.unwrap();
    assert_eq!(
        (row.owner, row.purpose, row.scene.clone()),
        (user(1), Purpose::Reference, None)
    );
    assert_eq!(
        (row.status, row.sequence, row.position),
        (PhotoStatus::Requested, 0, wished)
    );

    let request = log
        .photo(
            user(1),
            photo(1),
            vec![requested(user(1), 1, Purpose::Reference)],
        )
        .await;
    let later = seen(&log, 1).await.unwrap();
    assert_eq!((later.sequence, later.position), (1, request));
    assert_eq!(
        later.requested_at, row.requested_at,
        "it keeps its place in the list"
    );
}

#[tokio::test]
async fn a_list_is_one_users_newest_first_in_pages() {
    let mut log = TestLog::start().await;
    for n in 1..=7 {
        log.photo(
            user(1),
            photo(n),
            vec![requested(user(1), n, Purpose::Scene)],
        )
        .await;
        log.photo(
            user(2),
            photo(100 + n),
            vec![requested(user(2), 100 + n, Purpose::Scene)],
        )
        .await;
    }
    log.project(&PhotosProjector).await;

    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let page = listed(&log, PhotoFilter::default(), cursor, 3).await;
        let Some(last) = page.last() else { break };
        cursor = Some(PhotoCursor::from(last));
        pages.push(page.iter().map(|row| row.photo_id).collect::<Vec<_>>());
    }
    assert_eq!(pages, [photos([7, 6, 5]), photos([4, 3, 2]), photos([1])]);
}

#[tokio::test]
async fn photos_of_one_moment_are_each_listed_once() {
    let mut log = TestLog::start().await;
    let mut events = vec![created(user(1))];
    events.extend((1..=5).map(reference_requested));
    log.avatar(user(1), events).await;
    log.project(&PhotosProjector).await;

    let first = listed(&log, PhotoFilter::default(), None, 2).await;
    assert_eq!(first[0].requested_at, first[1].requested_at);
    let rest = listed(
        &log,
        PhotoFilter::default(),
        first.last().map(PhotoCursor::from),
        9,
    )
    .await;
    let ids: Vec<_> = first.iter().chain(&rest).map(|row| row.photo_id).collect();
    assert_eq!(ids, photos([5, 4, 3, 2, 1]));
}

#[tokio::test]
async fn a_list_can_be_narrowed_by_status_and_purpose() {
    let mut log = TestLog::start().await;
    log.avatar(user(1), vec![created(user(1)), reference_requested(1)])
        .await;
    for n in 2..=3 {
        log.photo(
            user(1),
            photo(n),
            vec![requested(user(1), n, Purpose::Scene)],
        )
        .await;
    }
    log.photo(user(1), photo(3), vec![started(1), delivered(1)])
        .await;
    log.project(&PhotosProjector).await;

    for (status, purpose, expected) in [
        (Some(PhotoStatus::Requested), None, photos([2, 1])),
        (None, Some(Purpose::Scene), photos([3, 2])),
        (
            Some(PhotoStatus::Requested),
            Some(Purpose::Scene),
            photos([2]),
        ),
        (Some(PhotoStatus::Failed), None, photos([])),
    ] {
        let page = listed(&log, PhotoFilter { status, purpose }, None, 10).await;
        let mut ids: Vec<_> = page.iter().map(|row| row.photo_id).collect();
        ids.sort_by(|a, b| b.cmp(a));
        assert_eq!(ids, expected);
    }
}

#[tokio::test]
async fn several_photos_of_a_user_can_be_read_at_once() {
    let mut log = TestLog::start().await;
    for n in 1..=3 {
        log.photo(
            user(1),
            photo(n),
            vec![requested(user(1), n, Purpose::Scene)],
        )
        .await;
    }
    log.photo(
        user(2),
        photo(4),
        vec![requested(user(2), 4, Purpose::Scene)],
    )
    .await;
    log.project(&PhotosProjector).await;
    let pool = log.pool_as(DatabaseRole::Api);
    let mut rows = own_of_ids(&pool, user(1), &photos([1, 3, 4, 99]))
        .await
        .unwrap();
    rows.sort_by_key(|row| row.photo_id);
    assert_eq!(
        rows.iter().map(|row| row.photo_id).collect::<Vec<_>>(),
        photos([1, 3])
    );
}

fn photos<const N: usize>(numbers: [u128; N]) -> Vec<PhotoId> {
    numbers.map(photo).to_vec()
}

async fn listed(
    log: &TestLog,
    filter: PhotoFilter,
    before: Option<PhotoCursor>,
    limit: u32,
) -> Vec<PhotoRow> {
    let owner: UserId = user(1);
    list(
        &log.pool_as(DatabaseRole::Api),
        owner,
        &filter,
        before,
        limit,
    )
    .await
    .unwrap()
}

async fn after(events: Vec<Event>) -> Option<PhotoRow> {
    let mut log = TestLog::start().await;
    let request = vec![requested(user(1), 1, Purpose::Scene)];
    log.photo(user(1), photo(1), [request, events].concat())
        .await;
    seen(&log, 1).await
}

async fn seen(log: &TestLog, n: u128) -> Option<PhotoRow> {
    log.project(&PhotosProjector).await;
    by_id(&log.pool(), photo(n)).await.unwrap()
}
