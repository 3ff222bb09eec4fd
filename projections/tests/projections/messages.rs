//! The read model of messages.

use domain::{
    conversation::{
        Decline, Event, FailureReason, InterventionKind, Mode, Segment, WithheldReason,
    },
    photo_request::Purpose,
    values::{Position, UserId},
};
use infrastructure::database::DatabaseRole;
use projections::{
    avatars::AvatarsProjector,
    chat_work::ChatWorkProjector,
    messages::{
        Message, MessagesProjector, Notice, Speaker, about, by_id, chat_behind_gate,
        conversation_of_photo, list_behind_gate,
    },
    photos::{PhotoStatus, PhotosProjector},
};

use crate::{
    histories::{
        conversation_of, created, delivered, message, photo, promised, replied, reply_failed,
        requested, sent, shown, started, user,
    },
    test_log::TestLog,
};

async fn told(log: &TestLog, owner: UserId) -> Vec<Message> {
    log.project(&MessagesProjector).await;
    log.project(&PhotosProjector).await;
    let listed = list_behind_gate(&log.pool_as(DatabaseRole::Api), owner, None, None, 100).await;
    listed.unwrap().1
}

#[tokio::test]
async fn what_was_said_is_told_newest_first_with_who_said_it() {
    let mut log = TestLog::start().await;
    let segment = conversation_of(user(1));
    let all = vec![
        shown(None, InterventionKind::Disclosure),
        sent(1),
        replied(1, Some("Very well."), None),
        sent(2),
        reply_failed(2),
    ];
    log.conversation(segment, all).await;
    log.conversation(conversation_of(user(2)), vec![sent(7)])
        .await;

    let rows: Vec<_> = told(&log, user(1))
        .await
        .into_iter()
        .map(|message| message.row)
        .collect();
    let speakers: Vec<_> = rows.iter().map(|row| row.speaker).collect();
    assert_eq!(
        speakers,
        [
            Speaker::System,
            Speaker::User,
            Speaker::Avatar,
            Speaker::User,
            Speaker::System
        ]
    );
    let texts: Vec<_> = rows.iter().map(|row| row.text.as_deref()).collect();
    assert_eq!(
        texts,
        [
            None,
            Some("how are you, 2?"),
            Some("Very well."),
            Some("how are you, 1?"),
            Some("Please call somebody.")
        ]
    );
    let replies: Vec<_> = rows.iter().map(|row| row.in_reply_to).collect();
    assert_eq!(
        replies,
        [Some(message(2)), None, Some(message(1)), None, None]
    );
    assert_eq!(
        rows[0].notice,
        Some(Notice::ReplyFailed(FailureReason::Unavailable))
    );
    assert_eq!(
        rows[4].notice,
        Some(Notice::Shown(InterventionKind::Disclosure))
    );
    assert!(rows.iter().all(|row| row.conversation == segment));
    assert_eq!(rows[0].created_at, log.recorded_at(Position(5)).await);
}

#[tokio::test]
async fn a_promised_picture_is_in_its_message_from_the_wish_to_the_delivery() {
    let mut log = TestLog::start().await;
    let segment = conversation_of(user(1));
    let words = replied(1, Some("One moment."), None);
    log.conversation(segment, vec![sent(1), words, promised(1, 4)])
        .await;
    let wish = requested(user(1), 4, Purpose::Scene);
    log.photo(user(1), photo(4), vec![wish]).await;
    let shown = &told(&log, user(1)).await[0];
    assert_eq!(shown.row.photo_id, Some(photo(4)));
    let status = |shown: &Message| shown.photo.as_ref().map(|photo| photo.status);
    assert_eq!(status(shown), Some(PhotoStatus::Requested));
    let found = conversation_of_photo(&log.pool(), photo(4)).await.unwrap();
    assert_eq!(found, Some(segment));
    let other = conversation_of_photo(&log.pool(), photo(5)).await.unwrap();
    assert_eq!(other, None);

    log.photo(user(1), photo(4), vec![started(1), delivered(1)])
        .await;
    log.project(&PhotosProjector).await;
    for ids in [shown.row.message_id.0, photo(4).0] {
        let found = about(&log.pool_as(DatabaseRole::Api), user(1), &[ids])
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(status(&found[0]), Some(PhotoStatus::Delivered));
        let foreign = about(&log.pool_as(DatabaseRole::Api), user(2), &[ids])
            .await
            .unwrap();
        assert_eq!(foreign, [], "somebody else's are not told");
    }
}

#[tokio::test]
async fn a_picture_that_does_not_come_is_told_with_the_reason() {
    let mut log = TestLog::start().await;
    let withheld = Event::PhotoWithheld {
        photo_id: photo(4),
        reason: WithheldReason::Canceled,
    };
    let declined = replied(1, None, Some(Decline::QuotaExhausted));
    log.conversation(conversation_of(user(1)), vec![sent(1), declined, withheld])
        .await;
    let told = told(&log, user(1)).await;
    let notices: Vec<_> = told.iter().map(|message| message.row.notice).collect();
    assert_eq!(
        notices,
        [
            Some(Notice::PhotoWithheld(WithheldReason::Canceled)),
            Some(Notice::Declined(Decline::QuotaExhausted)),
            None
        ]
    );
}

#[tokio::test]
async fn a_list_goes_on_where_the_page_before_ended_and_keeps_to_a_mode() {
    let mut log = TestLog::start().await;
    let intimate = conversation_of(user(1));
    let friendly = Segment {
        mode: Mode::Friendly,
        ..intimate
    };
    for n in 0..6 {
        let segment = if n % 2 == 0 { intimate } else { friendly };
        log.conversation(segment, vec![sent(n)]).await;
    }
    log.project(&MessagesProjector).await;
    let page = async |mode, before, limit| -> Vec<u64> {
        let listed = list_behind_gate(
            &log.pool_as(DatabaseRole::Api),
            user(1),
            mode,
            before,
            limit,
        )
        .await;
        let (_, messages) = listed.unwrap();
        messages
            .iter()
            .map(|message| message.row.position.0)
            .collect()
    };
    assert_eq!(page(None, None, 4).await, [6, 5, 4, 3]);
    assert_eq!(page(None, Some(Position(3)), 4).await, [2, 1]);
    assert_eq!(page(Some(Mode::Intimate), None, 2).await, [5, 3]);
    let rest = page(Some(Mode::Intimate), Some(Position(3)), 2).await;
    assert_eq!(rest, [1]);
    let own = by_id(&log.pool_as(DatabaseRole::Api), user(1), message(3))
        .await
        .unwrap();
    assert!(own.is_some());
    let foreign = by_id(&log.pool_as(DatabaseRole::Api), user(2), message(3))
        .await
        .unwrap();
    assert_eq!(foreign, None);
}

#[tokio::test]
async fn the_chat_is_in_the_mode_that_the_person_turned_to_last() {
    let mut log = TestLog::start().await;
    let chat = async |log: &TestLog| {
        log.project(&MessagesProjector).await;
        log.project(&ChatWorkProjector).await;
        log.project(&AvatarsProjector).await;
        chat_behind_gate(&log.pool_as(DatabaseRole::Api), user(1))
            .await
            .unwrap()
            .1
    };
    let first = chat(&log).await;
    assert_eq!(
        (first.mode, first.position, first.companion),
        (Mode::Friendly, Position(0), None)
    );

    log.avatar(user(1), vec![created(user(1))]).await;
    let intimate = conversation_of(user(1));
    let turned = Event::ModeChanged {
        mode: Mode::Intimate,
    };
    let position = log.conversation(intimate, vec![turned]).await;
    log.conversation(intimate, vec![sent(1), sent(2), reply_failed(1)])
        .await;
    let friendly = Segment {
        mode: Mode::Friendly,
        ..intimate
    };
    log.conversation(friendly, vec![sent(3)]).await;
    let now = chat(&log).await;
    assert_eq!((now.mode, now.position), (Mode::Intimate, position));
    assert_eq!(now.companion.as_deref(), Some("Mira"));
    assert_eq!(now.unanswered, [message(2)], "those of the mode alone");
}
