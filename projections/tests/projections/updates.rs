//! The read model of updates.

use domain::{
    photo_request::{self, Purpose},
    subscription::{Event, Status},
    values::Position,
};
use infrastructure::database::DatabaseRole;
use projections::updates::{Update, UpdateKind, UpdatesProjector, after};

use crate::{
    histories::{
        attempt_failed, created, delivered, photo, reference_requested, requested, snapshot,
        started, user,
    },
    test_log::TestLog,
};

#[tokio::test]
async fn a_user_is_told_of_what_changed_in_order_and_from_any_point() {
    let mut log = TestLog::start().await;
    let (mine, scene) = (user(1), requested(user(1), 1, Purpose::Scene));
    log.avatar(mine, vec![created(mine), reference_requested(7)])
        .await;
    log.avatar(user(2), vec![created(user(2))]).await;
    let active = Event::SubscriptionActivated {
        snapshot: snapshot(1, Status::Active, 1),
    };
    log.subscription(mine, vec![active]).await;
    log.photo(mine, photo(1), vec![scene, started(1), delivered(1)])
        .await;
    log.project(&UpdatesProjector).await;

    let all = after(&log.pool_as(DatabaseRole::Api), mine, Position(0), 100)
        .await
        .unwrap();
    let expected = [
        (1, UpdateKind::Avatar, mine.to_string()),
        (2, UpdateKind::Avatar, mine.to_string()),
        (4, UpdateKind::Subscription, mine.to_string()),
        (5, UpdateKind::Photo, photo(1).to_string()),
        (6, UpdateKind::Photo, photo(1).to_string()),
        (7, UpdateKind::Photo, photo(1).to_string()),
    ]
    .map(|(position, kind, resource_id)| Update {
        position: Position(position),
        kind,
        resource_id,
    });
    assert_eq!(all, expected);

    assert_eq!(
        after(&log.pool_as(DatabaseRole::Api), mine, Position(4), 2)
            .await
            .unwrap(),
        expected[3..5]
    );
    assert_eq!(
        after(&log.pool_as(DatabaseRole::Api), mine, Position(7), 2)
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn a_user_is_not_told_of_what_happens_behind_the_scenes() {
    let mut log = TestLog::start().await;
    let accepted = photo_request::Event::PredictionAccepted {
        attempt: 1,
        provider_id: "prediction".to_owned(),
    };
    log.photo(user(1), photo(1), vec![accepted, attempt_failed(1, None)])
        .await;
    let recorded = Event::SnapshotRecorded {
        snapshot: snapshot(1, Status::Active, 1),
    };
    log.subscription(user(1), vec![recorded]).await;
    log.project(&UpdatesProjector).await;
    assert_eq!(
        after(&log.pool_as(DatabaseRole::Api), user(1), Position(0), 100)
            .await
            .unwrap(),
        []
    );
}
