//! Load → decide → append.

mod counting_log;
mod remembering;

use application::{
    avatars::ProfileError,
    context::{CommandError, Context},
};
use domain::{
    avatar::{ProfileChanges, Rejection},
    values::{Age, AvatarId, Position},
};
use uuid::Uuid;

use crate::story::{Story, photo, profile};

#[tokio::test]
async fn a_receipt_says_where_the_events_are() {
    let story = Story::begin();
    let created = story
        .avatars
        .create(story.context(), new_avatar(), profile())
        .await
        .unwrap();
    assert_eq!(
        (created.position, created.sequence, created.events),
        (Position(1), 1, 1)
    );
    let asked = story
        .avatars
        .request_reference_image(story.context(), photo())
        .await
        .unwrap();
    assert_eq!(
        (asked.position, asked.sequence, asked.events),
        (Position(2), 2, 1)
    );
    assert!(!asked.replayed);
}

#[tokio::test]
async fn an_event_says_who_caused_it_and_through_what() {
    let story = Story::begin();
    let context = Context {
        trace_id: Some("4bf9".to_owned()),
        ..story.keyed("key", 1)
    };
    let (correlation, user) = (context.correlation_id, story.user);
    story
        .avatars
        .create(context, new_avatar(), profile())
        .await
        .unwrap();
    let metadata = &story.events().await[0].metadata;
    assert_eq!(metadata.actor, format!("user:{user}"));
    assert_eq!(metadata.owner, user);
    assert_eq!(metadata.command, "CreateAvatar");
    assert_eq!(
        (metadata.correlation_id, metadata.causation_id),
        (correlation, correlation)
    );
    let claim = story.keyed("key", 1).idempotency.unwrap();
    assert_eq!(
        metadata.idempotency_key, None,
        "clients may write anything into it"
    );
    assert_eq!(metadata.idempotency_key_sha256, Some(claim.sha256()));
    assert_eq!(metadata.trace_id.as_deref(), Some("4bf9"));
}

#[tokio::test]
async fn a_rejected_command_leaves_no_trace() {
    let story = Story::begin();
    let rejected = story
        .avatars
        .request_reference_image(story.keyed("key", 1), photo())
        .await;
    assert!(matches!(
        rejected,
        Err(CommandError::Rejected(Rejection::NotFound))
    ));
    assert!(story.events().await.is_empty());
    // Its key may be used again once the reason is gone.
    story
        .avatars
        .create(story.context(), new_avatar(), profile())
        .await
        .unwrap();
    let receipt = story
        .avatars
        .request_reference_image(story.keyed("key", 1), photo())
        .await
        .unwrap();
    assert!(!receipt.replayed);
}

#[tokio::test]
async fn a_command_that_changes_nothing_writes_nothing() {
    let story = Story::begin();
    story
        .avatars
        .create(story.context(), new_avatar(), profile())
        .await
        .unwrap();
    let same = ProfileChanges {
        age: Some(profile().age),
        ..ProfileChanges::default()
    };
    let receipt = story.avatars.change(story.context(), same).await.unwrap();
    assert_eq!(
        (receipt.position, receipt.sequence, receipt.events),
        (Position(1), 1, 0)
    );
}

#[tokio::test]
async fn who_saw_an_older_state_learns_what_came_in_between() {
    let story = Story::begin().with_avatar().await;
    let stale = Context {
        if_match: Some(2.into()),
        ..story.context()
    };
    match story.avatars.change(stale, older()).await {
        Err(ProfileError::Command(CommandError::PreconditionFailed {
            current,
            intervening,
        })) => {
            assert_eq!(current, 4);
            let names: Vec<_> = intervening
                .iter()
                .map(|event| event.event_type.as_str())
                .collect();
            assert_eq!(names, ["ReferenceImageReady", "ReferenceImageApproved"]);
        }
        other => panic!("expected a failed precondition, got {other:?}"),
    }
    let fresh = Context {
        if_match: Some(4.into()),
        ..story.context()
    };
    assert_eq!(
        story.avatars.change(fresh, older()).await.unwrap().sequence,
        5
    );
}

#[tokio::test]
async fn the_same_key_executes_once() {
    let story = Story::begin();
    let first = story
        .avatars
        .create(story.keyed("key", 1), new_avatar(), profile())
        .await
        .unwrap();
    // Decided again it would be refused: but it is the same request.
    let second = story
        .avatars
        .create(story.keyed("key", 1), new_avatar(), profile())
        .await
        .unwrap();
    assert!(second.replayed && !first.replayed);
    assert_eq!(second.position, first.position);
    assert_eq!(story.events().await.len(), 1);
}

#[tokio::test]
async fn a_twin_that_changed_what_was_matched_is_no_failed_precondition() {
    let story = Story::begin().with_avatar().await;
    let conditional = || Context {
        if_match: Some(4.into()),
        ..story.keyed("key", 1)
    };
    let first = story.avatars.change(conditional(), older()).await.unwrap();
    let second = story.avatars.change(conditional(), older()).await.unwrap();
    assert!(second.replayed);
    assert_eq!(second.position, first.position);
}

#[tokio::test]
async fn the_same_key_with_another_request_is_a_mistake() {
    let story = Story::begin();
    story
        .avatars
        .create(story.keyed("key", 1), new_avatar(), profile())
        .await
        .unwrap();
    let other = story
        .avatars
        .request_reference_image(story.keyed("key", 2), photo())
        .await;
    assert!(matches!(other, Err(CommandError::KeyReused)));
    assert_eq!(story.events().await.len(), 1);
}

#[tokio::test]
async fn of_many_twins_under_one_key_one_executes_and_all_are_told_the_same() {
    let story = Story::begin();
    let twins = (0..50).map(|_| {
        story
            .avatars
            .create(story.keyed("key", 1), new_avatar(), profile())
    });
    let receipts = futures::future::join_all(twins).await;
    let positions: Vec<_> = receipts
        .into_iter()
        .map(|receipt| receipt.unwrap().position)
        .collect();
    assert_eq!(positions, vec![Position(1); 50]);
    assert_eq!(story.events().await.len(), 1);
}

#[tokio::test]
async fn commands_that_meet_on_one_stream_are_decided_anew_until_all_are_done() {
    let story = Story::begin();
    story
        .avatars
        .create(story.context(), new_avatar(), profile())
        .await
        .unwrap();
    let wishes = (0..8).map(|_| {
        story
            .avatars
            .request_reference_image(story.context(), photo())
    });
    let receipts = futures::future::join_all(wishes).await;
    assert!(receipts.iter().all(Result::is_ok));
    assert_eq!(story.events().await.len(), 9);
}

fn new_avatar() -> AvatarId {
    AvatarId(Uuid::now_v7())
}

fn older() -> ProfileChanges {
    ProfileChanges {
        age: Some(Age::try_from(40).unwrap()),
        ..ProfileChanges::default()
    }
}
