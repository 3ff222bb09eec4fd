//! Wishing for a picture: avatar, rules, quota and request in one append.

use application::{context::CommandError, photos::RequestPhotoError};
use domain::{
    avatar,
    photo_request::{Command, FailureClass, Rejection},
    recorded::AnyEvent,
    subscription::{self, ClosedReason},
    values::Scene,
};

use crate::story::{Story, photo};

#[tokio::test]
async fn without_a_subscription_the_gate_is_closed() {
    let story = Story::begin().with_avatar().await;
    let before = story.events().await.len();
    let refused = story
        .photos
        .request_scene(story.context(), photo(), beach())
        .await;
    assert!(matches!(
        refused,
        Err(RequestPhotoError::Gate(
            subscription::Rejection::GateClosed(ClosedReason::None)
        ))
    ));
    assert_eq!(story.events().await.len(), before);
}

#[tokio::test]
async fn without_an_approved_picture_there_is_nobody_to_show() {
    let story = Story::begin().with_subscription(5).await;
    let refused = story
        .photos
        .request_scene(story.context(), photo(), beach())
        .await;
    assert!(matches!(refused, Err(RequestPhotoError::AvatarNotFound)));
}

#[tokio::test]
async fn a_deleted_reference_picture_can_be_followed_no_more() {
    let story = Story::begin()
        .with_avatar()
        .await
        .with_subscription(5)
        .await;
    let avatar = story.avatars.load(story.user).await.unwrap().state;
    let reference = avatar.approved_reference().unwrap();
    story
        .photos
        .request_reference(story.context(), reference)
        .await
        .unwrap();
    story
        .photos
        .cancel(story.context(), reference)
        .await
        .unwrap();
    story
        .photos
        .delete(story.context(), reference)
        .await
        .unwrap();
    let before = story.events().await.len();
    let refused = story
        .photos
        .request_scene(story.context(), photo(), beach())
        .await;
    assert!(matches!(refused, Err(RequestPhotoError::AvatarNotReady)));
    assert_eq!(
        story.events().await.len(),
        before,
        "and nothing is reserved"
    );
    let approved = story
        .avatars
        .approve_reference_image(story.context(), reference)
        .await;
    assert!(matches!(
        approved,
        Err(CommandError::Rejected(avatar::Rejection::ReferenceNotReady))
    ));
}

#[tokio::test]
async fn a_wish_takes_a_picture_out_of_the_quota_in_the_same_append() {
    let story = Story::begin()
        .with_avatar()
        .await
        .with_subscription(5)
        .await;
    let wished = photo();
    let receipt = story
        .photos
        .request_scene(story.context(), wished, beach())
        .await
        .unwrap();
    let events = story.events().await;
    let [.., requested, reserved] = events.as_slice() else {
        panic!("two events")
    };
    assert_eq!(requested.event.event_type(), "PhotoRequested");
    assert_eq!(reserved.event.event_type(), "PhotoReserved");
    assert_eq!(receipt.position, reserved.position);
    assert_eq!(
        requested.metadata.correlation_id,
        reserved.metadata.correlation_id
    );
    assert!(
        requested.metadata.policy_pack.is_some(),
        "the verdict's pack is on record"
    );
}

#[tokio::test]
async fn concurrent_wishes_never_overspend_the_quota() {
    let story = Story::begin()
        .with_avatar()
        .await
        .with_subscription(3)
        .await;
    let wishes = (0..10).map(|_| {
        story
            .photos
            .request_scene(story.context(), photo(), beach())
    });
    let outcomes = futures::future::join_all(wishes).await;
    let granted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let exhausted = outcomes.iter().filter(|outcome| {
        matches!(
            outcome,
            Err(RequestPhotoError::Gate(
                subscription::Rejection::QuotaExhausted { limit: 3 }
            ))
        )
    });
    assert_eq!((granted, exhausted.count()), (3, 7));
    let types = story.event_types().await;
    assert_eq!(
        types
            .iter()
            .filter(|name| *name == "PhotoRequested")
            .count(),
        3
    );
    assert_eq!(
        types.iter().filter(|name| *name == "PhotoReserved").count(),
        3
    );
}

#[tokio::test]
async fn the_same_key_wishes_once() {
    let story = Story::begin()
        .with_avatar()
        .await
        .with_subscription(1)
        .await;
    let wish = |_| {
        story
            .photos
            .request_scene(story.keyed("key", 1), photo(), beach())
    };
    let receipts = futures::future::join_all((0..20).map(wish)).await;
    let positions: Vec<_> = receipts
        .into_iter()
        .map(|receipt| receipt.unwrap().position)
        .collect();
    assert!(positions.iter().all(|position| *position == positions[0]));
    assert_eq!(
        story
            .event_types()
            .await
            .iter()
            .filter(|name| *name == "PhotoRequested")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_wish_against_the_rules_is_on_record_and_costs_nothing() {
    let story = Story::begin()
        .with_avatar()
        .await
        .with_subscription(5)
        .await;
    let scene: Scene = "make her look like a 16 year old".parse().unwrap();
    match story
        .photos
        .request_scene(story.context(), photo(), scene)
        .await
    {
        Err(RequestPhotoError::ContentRefused { refusal, position }) => {
            assert!(refusal.rules.contains(&"R1".to_owned()), "{refusal:?}");
            assert!(refusal.hits.iter().any(|hit| hit.field == "scene"));
            assert_eq!(position, story.events().await.last().unwrap().position);
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
    let types = story.event_types().await;
    assert!(types.ends_with(&["PhotoRequested".to_owned(), "PhotoRefused".to_owned()]));
    assert!(!types.contains(&"PhotoReserved".to_owned()));
}

#[tokio::test]
async fn a_refused_wish_under_a_key_is_told_so_too() {
    let story = Story::begin()
        .with_avatar()
        .await
        .with_subscription(5)
        .await;
    let scene: Scene = "make her look like a 16 year old".parse().unwrap();
    let context = story.keyed("key", 1);
    let refused = story.photos.request_scene(context, photo(), scene).await;
    assert!(matches!(
        refused,
        Err(RequestPhotoError::ContentRefused { .. })
    ));
}

#[tokio::test]
async fn a_reference_picture_needs_no_subscription_and_twice_changes_nothing() {
    let story = Story::begin().with_avatar().await;
    let wished = photo();
    story
        .photos
        .request_reference(story.context(), wished)
        .await
        .unwrap();
    let again = story
        .photos
        .request_reference(story.context(), wished)
        .await
        .unwrap();
    assert_eq!(again.events, 0);
    let requests = story
        .events()
        .await
        .into_iter()
        .filter(|recorded| matches!(recorded.event, AnyEvent::PhotoRequest(_)));
    assert_eq!(requests.count(), 1);
}

#[tokio::test]
async fn a_job_says_how_far_others_got() {
    let story = Story::begin()
        .with_avatar()
        .await
        .with_subscription(5)
        .await;
    let wished = photo();
    assert_eq!(story.photos.job(wished).await.unwrap(), None);
    story
        .photos
        .request_scene(story.context(), wished, beach())
        .await
        .unwrap();
    for command in [
        Command::StartAttempt {
            attempt: 1,
            provider: "replicate".to_owned(),
            model: "m".to_owned(),
        },
        Command::RecordPrediction {
            attempt: 1,
            provider_id: "p1".to_owned(),
        },
    ] {
        story
            .photos
            .execute(story.context(), wished, command)
            .await
            .unwrap();
    }
    let job = story.photos.job(wished).await.unwrap().unwrap();
    assert_eq!((job.attempts(), job.ended, job.sequence), (1, false, 3));
    assert_eq!(job.attempt.unwrap().provider_id.as_deref(), Some("p1"));
    assert!(job.prompt.unwrap().contains("beach"));

    let failure = Command::RecordAttemptFailure {
        attempt: 1,
        class: FailureClass::Transient,
        detail: "busy".to_owned(),
        retry_at: Some(crate::story::noon()),
    };
    story
        .photos
        .execute(story.context(), wished, failure)
        .await
        .unwrap();
    let job = story.photos.job(wished).await.unwrap().unwrap();
    assert_eq!(job.retry_at, Some(crate::story::noon()));
    assert!(job.attempt.unwrap().failed);

    let elsewhere = Command::StartAttempt {
        attempt: 2,
        provider: "openai".to_owned(),
        model: "m".to_owned(),
    };
    story
        .photos
        .execute(story.context(), wished, elsewhere)
        .await
        .unwrap();
    let job = story.photos.job(wished).await.unwrap().unwrap();
    let asked: Vec<_> = job.asked.into_iter().collect();
    assert_eq!(asked, ["openai", "replicate"], "all of them");
}

#[tokio::test]
async fn a_canceled_wish_stays_canceled_when_its_picture_comes_late() {
    let story = Story::begin()
        .with_avatar()
        .await
        .with_subscription(5)
        .await;
    let wished = photo();
    story
        .photos
        .request_scene(story.context(), wished, beach())
        .await
        .unwrap();
    story.photos.cancel(story.context(), wished).await.unwrap();
    let late = Command::StartAttempt {
        attempt: 1,
        provider: "replicate".to_owned(),
        model: "m".to_owned(),
    };
    let late = story.photos.execute(story.context(), wished, late).await;
    assert!(matches!(
        late,
        Err(CommandError::Rejected(Rejection::AlreadyCanceled))
    ));
    assert_eq!(
        story
            .photos
            .cancel(story.context(), wished)
            .await
            .unwrap()
            .events,
        0
    );
}

fn beach() -> Scene {
    "walking on the beach at sunset".parse().unwrap()
}
