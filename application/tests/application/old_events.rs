//! Events of older versions, which were never written and are invented here, fold like any other.

use application::{
    context::CommandError,
    memory_log::MemoryLog,
    photos,
    ports::{Append, EventLog, NewEvent, ReadError, StreamId, StreamSlice},
};
use domain::{
    avatar::Avatar,
    upcasting::{Upcaster, Upcasters},
    values::{Age, PhotoId, Position},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::story::{Story, photo};

/// Once `AvatarCreated` was called `AvatarBorn`, and at first it counted months; `PhotoRequested` was `PhotoWished`.
const UPCASTERS: Upcasters = Upcasters::new(&[
    Upcaster {
        aggregate_type: "Avatar",
        from: ("AvatarBorn", "0"),
        to: ("AvatarBorn", "1"),
        change: |fields| {
            if let Some(months) = fields.remove("months").as_ref().and_then(Value::as_u64) {
                fields.insert("age".to_owned(), (months / 12).into());
            }
        },
    },
    Upcaster {
        aggregate_type: "Avatar",
        from: ("AvatarBorn", "1"),
        to: ("AvatarCreated", "2"),
        change: |_| {},
    },
    Upcaster {
        aggregate_type: "PhotoRequest",
        from: ("PhotoWished", "1"),
        to: ("PhotoRequested", "1"),
        change: |_| {},
    },
]);

#[tokio::test]
async fn a_command_is_decided_on_events_of_old_versions() {
    let story = Story::on(MemoryLog::upcasting_with(UPCASTERS));
    let stream = application::avatars::stream(story.user);
    write(&story, &stream, "AvatarBorn", "0", born(&story)).await;

    let loaded = story.dispatcher.load::<Avatar>(stream).await.unwrap();
    let profile = loaded.state.profile().unwrap();
    assert_eq!(profile.age, Age::try_from(25).unwrap());
    let asked = story
        .avatars
        .request_reference_image(story.context(), photo())
        .await
        .unwrap();
    assert_eq!(asked.sequence, 2);

    let names: Vec<_> = story.event_types().await;
    assert_eq!(names[0], "AvatarCreated", "followers see what it is today");
}

#[tokio::test]
async fn a_job_is_folded_from_events_of_old_versions() {
    let story = Story::on(MemoryLog::upcasting_with(UPCASTERS));
    let photo_id = photo();
    let wished = wished(&story, "PhotoWished", photo_id);
    write(
        &story,
        &photos::stream(photo_id),
        "PhotoWished",
        "1",
        wished,
    )
    .await;

    let job = story.photos.job(photo_id).await.unwrap().unwrap();
    assert_eq!((job.photo_id, job.owner), (photo_id, story.user));
}

/// With our own list: whoever went past it would accept these events, whose JSON is that of today.
#[tokio::test]
async fn what_a_newer_program_wrote_is_refused_in_the_same_words_by_every_reader() {
    let story = Story::begin();
    let photo_id = photo();
    let stream = photos::stream(photo_id);
    let requested = wished(&story, "PhotoRequested", photo_id);
    write(&story, &stream, "PhotoRequested", "2", requested).await;

    let folded = story.photos.cancel(story.context(), photo_id).await;
    let job = story.photos.job(photo_id).await;
    let read = story.log.read(Position(0), 10).await;
    for told in [
        sentence(folded.unwrap_err()),
        sentence(job.unwrap_err()),
        match read {
            Err(ReadError::Unreadable { position, source }) => {
                assert_eq!(position, Position(1));
                source.to_string()
            }
            other => panic!("expected an unreadable event, got {other:?}"),
        },
    ] {
        assert_eq!(
            told,
            "PhotoRequest.PhotoRequested has version 2, but only versions up to 1 are known here; \
             a newer version of Ava wrote this log"
        );
    }
}

fn sentence<R: std::error::Error + 'static>(error: CommandError<R>) -> String {
    match error {
        CommandError::Unreadable(source) => source.to_string(),
        other => panic!("expected an unreadable event, got {other:?}"),
    }
}

async fn write(story: &Story, stream: &StreamId, name: &str, version: &str, payload: Value) {
    let metadata = json!({
        "actor": "user:x", "owner": story.user, "command": "x",
        "correlation_id": Uuid::nil(), "causation_id": Uuid::nil(),
    });
    let event = NewEvent {
        event_id: Uuid::now_v7(),
        event_type: name.to_owned(),
        event_version: version.to_owned(),
        payload: payload.to_string(),
        metadata: metadata.to_string().into(),
    };
    let slice = StreamSlice {
        stream: stream.clone(),
        expected_sequence: 0,
        events: vec![event],
    };
    story
        .log
        .append(Append {
            slices: vec![slice],
            idempotency: None,
        })
        .await
        .unwrap();
}

fn born(story: &Story) -> Value {
    json!({
        "type": "AvatarBorn", "avatar_id": Uuid::nil(), "owner": story.user, "months": 301,
        "name": {"personal": "Ava"}, "gender": {"personal": "woman"}, "nationality": {"personal": "French"},
        "appearance": {"personal": "auburn hair"}, "personality": "caring",
    })
}

fn wished(story: &Story, name: &str, photo_id: PhotoId) -> Value {
    json!({
        "type": name, "photo_id": photo_id, "owner": story.user, "purpose": "scene",
        "avatar_id": Uuid::nil(), "avatar_sequence": 1, "prompt": {"personal": "a portrait"},
        "policy": {"decision": "allow", "pack": "9f"},
    })
}
