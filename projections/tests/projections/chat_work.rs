//! The worker's list of messages to answer.

use domain::{conversation::InterventionKind, personal::Personal};
use infrastructure::database::DatabaseRole;
use projections::chat_work::{ChatWorkProjector, ChatWorkRow, next_of};

use crate::{
    histories::{conversation_of, message, replied, reply_failed, sent, shown, user},
    test_log::TestLog,
};

async fn next(log: &TestLog) -> Option<ChatWorkRow> {
    log.project(&ChatWorkProjector).await;
    let conversation = conversation_of(user(1)).to_string();
    next_of(&log.pool_as(DatabaseRole::Worker), &conversation)
        .await
        .unwrap()
}

#[tokio::test]
async fn messages_wait_for_their_answers_in_the_order_in_which_they_were_sent() {
    let mut log = TestLog::start().await;
    let segment = conversation_of(user(1));
    let position = log.conversation(segment, vec![sent(2)]).await;
    log.conversation(conversation_of(user(2)), vec![sent(9)])
        .await;
    log.conversation(segment, vec![sent(1)]).await;
    let expected = ChatWorkRow {
        message_id: message(2),
        owner: user(1),
        conversation: segment,
        position,
        sent_at: log.recorded_at(position).await,
    };
    assert_eq!(next(&log).await, Some(expected));
}

#[tokio::test]
async fn a_turn_that_has_ended_is_no_work() {
    for end in [
        replied(1, Some("hello"), None),
        reply_failed(1),
        shown(Some(1), InterventionKind::Stop),
    ] {
        let mut log = TestLog::start().await;
        log.conversation(conversation_of(user(1)), vec![sent(1), end])
            .await;
        assert_eq!(next(&log).await, None);
    }
}

#[tokio::test]
async fn what_is_shown_beside_the_turns_ends_none() {
    let mut log = TestLog::start().await;
    let segment = conversation_of(user(1));
    let reminder = shown(None, InterventionKind::Break);
    log.conversation(segment, vec![sent(1), reminder]).await;
    assert_eq!(next(&log).await.unwrap().message_id, message(1));
}

#[tokio::test]
async fn what_an_erased_person_said_is_no_work() {
    let mut log = TestLog::start().await;
    let mut event = sent(1);
    if let domain::conversation::Event::MessageSent { text, .. } = &mut event {
        *text = Personal::erased();
    }
    log.conversation(conversation_of(user(1)), vec![event])
        .await;
    assert_eq!(next(&log).await, None);
}
