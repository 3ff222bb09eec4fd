//! Messages are answered: by whom, in which order, and however the model misbehaves.

use std::time::Duration;

use application::{conversations::photo_id, ports::ReplyDrafts};
use domain::{
    conversation::{Decline, Event, FailureReason, WithheldReason},
    photo_request,
};
use infrastructure::wake_ups::WakeUps;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    patience::{in_time, until, until_equal},
    system::{of, start},
};

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_answered_one_after_the_other_and_each_once_by_whoever_is_there() {
    let system = start().await;
    let (mara, jo) = (system.talker().await, system.talker().await);
    let _workers = [system.worker(), system.worker(), system.worker()];
    let mut said = Vec::new();
    for n in 0..4 {
        said.push((mara, system.say(mara, &format!("story {n}")).await));
        said.push((jo, system.say(jo, &format!("question {n}?")).await));
    }
    for (user, message) in &said {
        system.turned_out_once(*user, *message, 0).await;
    }
    assert_eq!(system.asked().await, said.len(), "nobody paid twice");
    for user in [mara, jo] {
        let answered: Vec<_> = system
            .talk(user)
            .await
            .into_iter()
            .filter_map(|event| match event {
                Event::ReplyRecorded { message_id, .. } => Some(message_id),
                _ => None,
            })
            .collect();
        let own = said.iter().filter(|(whose, _)| *whose == user);
        let own: Vec<_> = own.map(|(_, message)| *message).collect();
        assert_eq!(answered, own, "in the order in which they were said");
    }
    let turns = system.figures.now().turns;
    assert_eq!(turns.get("replied"), Some(&said.len().try_into().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_silent_to_one_keeps_nobody_else_waiting() {
    let system = start().await;
    let (mara, jo) = (system.talker().await, system.talker().await);
    let _worker = system.worker();
    let stuck = system.say(mara, "hello [[sandbox:silence]]").await;
    until_equal(1, async || system.asked().await).await;
    let began = Instant::now();
    let quick = system.say(jo, "hello").await;
    system.reply_to(jo, quick).await;
    assert!(began.elapsed() < Duration::from_secs(3));
    let end = system.end_of_turn(mara, stuck).await;
    assert!(
        matches!(
            end,
            Event::ReplyFailed {
                reason: FailureReason::Unavailable,
                ..
            }
        ),
        "{end:?}"
    );
}

/// How each misbehaviour ends: with words or a reason, with what came of a call, and with so many pictures.
#[tokio::test(flavor = "multi_thread")]
async fn however_the_model_misbehaves_the_turn_has_one_kind_end() {
    let system = start().await;
    let user = system.talker().await;
    let _worker = system.worker();
    for (behaviour, failure, declined, pictures) in [
        ("text", None, None, 0),
        ("tool_call", None, None, 1),
        ("tool_call_in(9)", None, None, 1),
        ("two_calls", None, None, 1),
        ("bad_json", None, Some(Decline::BadArguments), 0),
        ("bad_arguments", None, Some(Decline::BadArguments), 0),
        ("unknown_tool", None, Some(Decline::UnknownTool), 0),
        ("refusal", Some(FailureReason::Refused), None, 0),
        ("content_filter", Some(FailureReason::Filtered), None, 0),
        (
            "claims_human",
            Some(FailureReason::AgainstTheRules),
            None,
            0,
        ),
        ("length", None, None, 0),
        ("429", None, None, 0),
        ("500", None, None, 0),
    ] {
        let wish = match behaviour {
            "length" | "429" | "500" => "how was your day?",
            _ => "a photo of you at the lake",
        };
        let text = format!("{wish} [[sandbox:{behaviour}]]");
        let message = system.say(user, &text).await;
        let end = system.end_of_turn(user, message).await;
        let told = match &end {
            Event::ReplyRecorded { declined, .. } => (None, *declined),
            Event::ReplyFailed { reason, .. } => (Some(*reason), None),
            other => panic!("{behaviour}: {other:?}"),
        };
        assert_eq!(told, (failure, declined), "{behaviour}: {end:?}");
        system.turned_out_once(user, message, pictures).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_cut_is_asked_for_again_and_given_up_in_the_end() {
    let system = start().await;
    let user = system.talker().await;
    let _worker = system.worker();
    let once = system.say(user, "hello [[sandbox:cut_stream]]").await;
    system.reply_to(user, once).await;
    assert_eq!(system.asked().await, 2);

    system
        .control("/chat/default", json!({"behaviour": "cut_stream"}))
        .await;
    let always = system.say(user, "are you there?").await;
    let end = system.end_of_turn(user, always).await;
    let reason = FailureReason::Unavailable;
    assert!(matches!(end, Event::ReplyFailed { reason: given, .. } if given == reason));
    assert_eq!(system.asked().await, 2 + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promised_picture_is_attached_when_it_is_drawn() {
    let system = start().await;
    let user = system.talker().await;
    let _worker = system.worker();
    let message = system
        .say(user, "send me a photo of you at the beach")
        .await;
    let photo = photo_id(message);
    let end = system.end_of_promise(user, photo).await;
    assert_eq!(end, Event::PhotoAttached { photo_id: photo });
    system.turned_out_once(user, message, 1).await;
    assert_eq!(system.used(user).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promised_picture_that_does_not_come_is_withheld_and_given_back() {
    let system = start().await;
    let user = system.talker().await;
    let _worker = system.worker();
    let wish = "send me a photo of you at the beach";
    system.always("fail_nsfw").await;
    let refused = photo_id(system.say(user, wish).await);
    let end = system.end_of_promise(user, refused).await;
    let reason = WithheldReason::Refused;
    assert_eq!(
        end,
        Event::PhotoWithheld {
            photo_id: refused,
            reason
        }
    );

    system.always("fail_infra").await;
    let failed = photo_id(system.say(user, wish).await);
    let end = system.end_of_promise(user, failed).await;
    let reason = WithheldReason::Failed;
    assert_eq!(
        end,
        Event::PhotoWithheld {
            photo_id: failed,
            reason
        }
    );

    system
        .control(
            "/replicate/default",
            json!({"behaviour": "ok_sync", "drawing_time_ms": 20_000}),
        )
        .await;
    let canceled = photo_id(system.say(user, wish).await);
    until("it is wished for", async || {
        (!system.history(canceled).await.is_empty()).then_some(())
    })
    .await;
    system.photos.cancel(of(user), canceled).await.unwrap();
    let end = system.end_of_promise(user, canceled).await;
    let reason = WithheldReason::Canceled;
    assert_eq!(
        end,
        Event::PhotoWithheld {
            photo_id: canceled,
            reason
        }
    );
    until_equal(0, async || system.used(user).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_nobody_promised_is_no_matter_of_a_conversation() {
    let system = start().await;
    let user = system.talker().await;
    let _worker = system.worker();
    let asked_for = system.request_scene(user, "at the beach").await;
    let promised = photo_id(system.say(user, "send me a photo of you at the lake").await);
    let delivered = system.end_of(asked_for).await;
    assert!(matches!(
        delivered,
        photo_request::Event::PhotoDelivered { .. }
    ));
    system.end_of_promise(user, promised).await;
    let talk = system.talk(user).await;
    let ends = talk
        .iter()
        .filter(|event| matches!(event, Event::PhotoAttached { .. }));
    assert_eq!(ends.count(), 1, "{talk:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_heard_in_every_process_while_it_is_said() {
    let system = start().await;
    let user = system.talker().await;
    let elsewhere = infrastructure::reply_drafts::SharedReplyDrafts::start(WakeUps::Postgres(
        system.database.pool(),
    ));
    let stop = tokio_util::sync::CancellationToken::new();
    let listening = {
        let (elsewhere, stop) = (elsewhere.clone(), stop.clone());
        tokio::spawn(async move { elsewhere.listen(stop).await })
    };
    system
        .control("/chat/default", json!({"pause_ms": 60}))
        .await;
    // Once something was heard, the connection listens.
    let _worker = system.worker();
    let mut here = system.drafts.heard();
    let mut there = elsewhere.heard();
    let told = until("the other process hears", async || {
        let message = system.say(user, "how was your day?").await;
        let reply = system.reply_to(user, message).await;
        let mut heard = Vec::new();
        while let Ok(draft) = there.try_recv() {
            heard.push(draft);
        }
        let last = heard.pop().filter(|draft| draft.message_id == message)?;
        Some((reply, last, heard.len()))
    })
    .await;
    let (reply, last, before) = told;
    assert!(before > 0, "it comes in pieces");
    assert!(
        reply.starts_with(&last.text) && last.owner == user,
        "{last:?}"
    );
    let here = in_time("it is heard here", here.recv()).await.unwrap();
    assert!(!here.text.is_empty());
    stop.cancel();
    listening.await.unwrap();
}
