//! Conversations: what is said, what the model answers, and what survives.

mod talk;

use std::time::Duration;

use application::{
    conversations::{Answered, photo_id, reply_id, stream},
    ports::{ChatErrorKind, ChatMessage, IdempotencyClaim},
};
use domain::{
    conversation::{Decline, Event, FailureReason, InterventionKind, Mode, Segment},
    values::MessageId,
};
use talk::{Talk, calling, stumbles, words};
use uuid::Uuid;

#[tokio::test]
async fn a_message_is_answered_once() {
    let talk = Talk::begin().await;
    let message_id = talk.say("hello").await;
    assert_eq!(talk.answer(message_id).await, Answered::Replied);
    assert_eq!(talk.answer(message_id).await, Answered::Earlier);

    let [
        Event::MessageSent { .. },
        Event::ReplyRecorded {
            reply_id: reply,
            text,
            model,
            usage,
            ..
        },
    ] = &talk.told().await[..]
    else {
        panic!("{:?}", talk.told().await)
    };
    assert_eq!(*reply, reply_id(message_id));
    assert_eq!(
        text.as_ref().unwrap().known().unwrap().as_str(),
        "I hear you."
    );
    assert_eq!(model, "a-model-2026");
    assert_eq!(usage.unwrap().prompt_tokens, 100);
    assert_eq!(talk.script.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_reply_with_a_picture_is_one_append() {
    let talk = Talk::begin().await;
    let message_id = talk.say("send me a photo of you at the beach").await;
    talk.will(Ok(calling("send_photo", r#"{"scene": "at the beach"}"#)));
    assert_eq!(talk.answer(message_id).await, Answered::Replied);

    let events = talk.story.events().await;
    let [.., reply, promise, wish, place] = &events[..] else {
        panic!("{events:?}")
    };
    let types = [reply, promise, wish, place].map(|recorded| recorded.event.event_type());
    assert_eq!(
        types,
        [
            "ReplyRecorded",
            "PhotoPromised",
            "PhotoRequested",
            "PhotoReserved"
        ]
    );
    assert_eq!(wish.aggregate_id, photo_id(message_id).to_string());
    assert!(reply.metadata.policy_pack.is_some() && wish.metadata.policy_pack.is_some());
}

#[tokio::test]
async fn two_workers_at_once_give_one_reply_and_one_picture() {
    let talk = Talk::begin().await;
    let message_id = talk.say("a picture, please").await;
    for _ in 0..6 {
        talk.will(Ok(calling("send_photo", r#"{"scene": "at the beach"}"#)));
    }
    let answers = futures::future::join_all((0..6).map(|_| talk.answer(message_id))).await;
    let replied = answers
        .iter()
        .filter(|answer| **answer == Answered::Replied);
    assert_eq!(replied.count(), 1);
    for event_type in [
        "ReplyRecorded",
        "PhotoPromised",
        "PhotoRequested",
        "PhotoReserved",
    ] {
        assert_eq!(talk.count(event_type).await, 1, "{event_type}");
    }
}

#[tokio::test]
async fn a_process_that_dies_while_the_model_speaks_has_said_nothing() {
    let talk = Talk::begin().await;
    let message_id = talk.say("hello").await;
    *talk.script.hangs.lock().unwrap() = true;
    let dying = tokio::time::timeout(Duration::from_millis(50), talk.answer(message_id)).await;
    assert!(dying.is_err());
    assert_eq!(talk.count("ReplyRecorded").await, 0);

    *talk.script.hangs.lock().unwrap() = false;
    assert_eq!(talk.answer(message_id).await, Answered::Replied);
    assert_eq!(talk.count("ReplyRecorded").await, 1);
}

#[tokio::test]
async fn a_call_that_can_do_nothing_is_kept_with_the_reason() {
    for (call, decline) in [
        (calling("open_door", "{}"), Decline::UnknownTool),
        (
            calling("send_photo", r#"{"scene": "at the"#),
            Decline::BadArguments,
        ),
        (
            calling("send_photo", r#"{"scene": "nude on the beach"}"#),
            Decline::ContentRefused,
        ),
    ] {
        let talk = Talk::begin().await;
        let message_id = talk.say("a picture?").await;
        talk.will(Ok(call));
        assert_eq!(talk.answer(message_id).await, Answered::Replied);
        let [
            _,
            Event::ReplyRecorded {
                declined,
                tool_call,
                ..
            },
        ] = &talk.told().await[..]
        else {
            panic!("{decline:?}")
        };
        assert_eq!(*declined, Some(decline));
        assert!(tool_call.is_some());
        assert_eq!(
            talk.count("PhotoReserved").await,
            0,
            "nothing was taken from the quota"
        );
    }
}

#[tokio::test]
async fn a_picture_that_was_not_offered_is_not_promised_and_costs_nothing() {
    let talk = Talk::begin().await;
    let friendly = Segment {
        mode: Mode::Friendly,
        ..talk.segment()
    };
    let message_id = MessageId(Uuid::now_v7());
    let text = "hello".parse().unwrap();
    talk.conversations
        .send(talk.story.context(), message_id, Mode::Friendly, text)
        .await
        .unwrap();
    talk.will(Ok(calling("send_photo", r#"{"scene": "at the beach"}"#)));
    let answered = talk
        .conversations
        .answer(&talk.story.context(), friendly, message_id, &mut ())
        .await;
    assert_eq!(answered.unwrap(), Answered::Replied);
    let [
        _,
        Event::ReplyRecorded {
            text: Some(_),
            declined,
            ..
        },
    ] = &talk.told().await[..]
    else {
        panic!("{:?}", talk.told().await)
    };
    assert_eq!(*declined, Some(Decline::UnknownTool));
    for event_type in ["PhotoPromised", "PhotoRequested", "PhotoReserved"] {
        assert_eq!(talk.count(event_type).await, 0, "{event_type}");
    }
}

#[tokio::test]
async fn a_picture_beyond_the_quota_is_declined_in_the_reply() {
    let talk = Talk::with_pictures(1).await;
    for decline in [None, Some(Decline::QuotaExhausted)] {
        let message_id = talk.say("a picture, please").await;
        talk.will(Ok(calling("send_photo", r#"{"scene": "at the beach"}"#)));
        talk.answer(message_id).await;
        let told = talk.told().await;
        let mut replies = told.iter().filter_map(|event| {
            let Event::ReplyRecorded { declined, .. } = event else {
                return None;
            };
            Some(*declined)
        });
        assert_eq!(replies.next_back(), Some(decline));
    }
    assert_eq!(talk.count("PhotoReserved").await, 1);
}

#[tokio::test]
async fn the_pair_of_call_and_result_goes_back_to_the_model() {
    let talk = Talk::begin().await;
    let first = talk.say("a picture, please").await;
    talk.will(Ok(calling("send_photo", r#"{"scene": "at the beach"}"#)));
    talk.answer(first).await;
    let second = talk.say("lovely").await;
    talk.answer(second).await;

    let asked = talk.script.asked.lock().unwrap();
    let [
        ChatMessage::Instructions(_),
        ChatMessage::Person(one),
        ChatMessage::Companion {
            call: Some(call), ..
        },
        ChatMessage::Result { call_id, content },
        ChatMessage::Person(two),
    ] = &asked[1].messages[..]
    else {
        panic!("{:?}", asked[1].messages)
    };
    assert_eq!(
        (one.as_str(), two.as_str()),
        ("a picture, please", "lovely")
    );
    assert_eq!(call_id, &call.call_id);
    assert!(content.contains("queued") && content.contains(&photo_id(first).to_string()));
}

#[tokio::test]
async fn a_service_that_stumbles_is_asked_again_and_a_refusal_is_final() {
    let talk = Talk::begin().await;
    let retryable = || stumbles(ChatErrorKind::Retryable { after: None });
    talk.will(Err(retryable()));
    let message_id = talk.say("hello").await;
    assert_eq!(talk.answer(message_id).await, Answered::Replied);

    for (kind, tries, reason) in [
        (
            ChatErrorKind::Retryable { after: None },
            3,
            FailureReason::Unavailable,
        ),
        (
            ChatErrorKind::Retryable {
                after: Some(Duration::from_secs(60)),
            },
            1,
            FailureReason::Unavailable,
        ),
        (ChatErrorKind::Refused, 1, FailureReason::Refused),
        (ChatErrorKind::Filtered, 1, FailureReason::Filtered),
        (ChatErrorKind::TooLong, 1, FailureReason::TooLong),
        (ChatErrorKind::Operator, 1, FailureReason::Operator),
    ] {
        let talk = Talk::begin().await;
        for _ in 0..tries {
            talk.will(Err(stumbles(kind)));
        }
        let message_id = talk.say("hello").await;
        assert_eq!(talk.answer(message_id).await, Answered::Failed(reason));
        assert_eq!(talk.script.asked.lock().unwrap().len(), tries);
        assert_eq!(
            talk.answer(message_id).await,
            Answered::Earlier,
            "a turn has one end"
        );
    }
}

#[tokio::test]
async fn what_the_companion_must_not_say_is_never_recorded_as_said() {
    for wrong in ["I'm a real person, believe me.", "I am naked."] {
        let talk = Talk::begin().await;
        talk.will(Ok(words(wrong)));
        let message_id = talk.say("are you real?").await;
        let end = talk.answer(message_id).await;
        assert_eq!(
            end,
            Answered::Failed(FailureReason::AgainstTheRules),
            "{wrong}"
        );
        assert_eq!(talk.count("ReplyRecorded").await, 0);
    }
}

#[tokio::test]
async fn whoever_may_be_in_danger_reads_where_help_is_and_the_model_is_not_asked() {
    let talk = Talk::begin().await;
    let mut context = talk.story.context();
    context.locale = "de-AT".to_owned();
    let message_id = MessageId(Uuid::now_v7());
    let text = "I want to kill myself".parse().unwrap();
    talk.conversations
        .send(context, message_id, Mode::Friendly, text)
        .await
        .unwrap();
    let [
        _,
        Event::SafetyInterventionShown {
            message_id: about,
            intervention,
        },
    ] = &talk.told().await[..]
    else {
        panic!("{:?}", talk.told().await)
    };
    assert_eq!(*about, Some(message_id));
    assert_eq!(intervention.kind, InterventionKind::Crisis);
    assert!(intervention.text.to_string().contains("142"));
    let segment = Segment {
        mode: Mode::Friendly,
        ..talk.segment()
    };
    let answered = talk
        .conversations
        .answer(&talk.story.context(), segment, message_id, &mut ())
        .await;
    assert_eq!(answered.unwrap(), Answered::Earlier);
    assert!(talk.script.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_modes_have_their_own_histories_and_only_the_intimate_one_offers_pictures() {
    let talk = Talk::begin().await;
    let intimate = talk.say("our secret").await;
    talk.answer(intimate).await;
    let message_id = MessageId(Uuid::now_v7());
    talk.conversations
        .send(
            talk.story.context(),
            message_id,
            Mode::Friendly,
            "hello".parse().unwrap(),
        )
        .await
        .unwrap();
    let friendly = Segment {
        mode: Mode::Friendly,
        ..talk.segment()
    };
    talk.conversations
        .answer(&talk.story.context(), friendly, message_id, &mut ())
        .await
        .unwrap();
    let asked = talk.script.asked.lock().unwrap();
    assert_eq!((asked[0].tools.len(), asked[1].tools.len()), (1, 0));
    let all = format!("{:?}", asked[1].messages);
    assert!(!all.contains("our secret"), "{all}");
    assert_ne!(stream(friendly), stream(talk.segment()));
}

#[tokio::test]
async fn after_long_talk_a_person_is_reminded_of_a_break_once() {
    let talk = Talk::begin().await;
    let message_id = talk.say("still here").await;
    talk.answer(message_id).await;
    let remind = async |after: Option<Duration>| {
        let mut context = talk.story.context();
        context.idempotency = Some(IdempotencyClaim {
            scope: "reaction:remind_of_breaks".to_owned(),
            key: message_id.to_string(),
            request_hash: [0; 32],
        });
        let conversations = talk.conversations.clone().reminding_after(after);
        let reminded = conversations.remind_of_break(context, talk.segment());
        reminded.await.unwrap()
    };
    assert!(!remind(None).await, "not where nobody wants it");
    assert!(!remind(Some(Duration::from_secs(3600))).await, "not yet");
    assert!(remind(Some(Duration::ZERO)).await);
    assert!(
        !remind(Some(Duration::ZERO)).await,
        "nothing was said since"
    );
    let told = talk.told().await;
    let reminders = told.iter().filter(|event| {
        matches!(event, Event::SafetyInterventionShown { message_id: None, intervention }
            if intervention.kind == InterventionKind::Break && intervention.text.to_string().contains("AI"))
    });
    assert_eq!(reminders.count(), 1);
}
