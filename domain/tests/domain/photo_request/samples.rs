//! Events and commands of a photo request, for tests.

use chrono::{DateTime, Utc};
use domain::{
    personal::Personal,
    photo_request::{Command, Event, FailureClass, Image, Marks, Purpose},
    policy::recorded::{Decision, Verdict},
    values::{AvatarId, PhotoId, UserId},
};
use uuid::Uuid;

pub(crate) fn request() -> Command {
    request_judged(allowed())
}

pub(crate) fn request_judged(policy: Verdict) -> Command {
    wish("at the beach", Some(PhotoId(Uuid::from_u128(4))), policy)
}

pub(crate) fn request_without_reference() -> Command {
    wish("at the beach", None, allowed())
}

pub(crate) fn request_another() -> Command {
    let reference = Some(PhotoId(Uuid::from_u128(4)));
    wish("in the mountains", reference, allowed())
}

fn wish(scene: &str, reference: Option<PhotoId>, policy: Verdict) -> Command {
    Command::RequestPhoto {
        photo_id: PhotoId(Uuid::from_u128(1)),
        owner: UserId(Uuid::from_u128(2)),
        purpose: Purpose::Scene,
        avatar_id: AvatarId(Uuid::from_u128(3)),
        avatar_sequence: 5,
        scene: Some(Personal::new(scene.parse().unwrap())),
        prompt: Personal::new("a photograph".parse().unwrap()),
        reference,
        policy,
    }
}

pub(crate) fn requested() -> Event {
    requested_judged(allowed())
}

pub(crate) fn requested_judged(policy: Verdict) -> Event {
    Event::PhotoRequested {
        photo_id: PhotoId(Uuid::from_u128(1)),
        owner: UserId(Uuid::from_u128(2)),
        purpose: Purpose::Scene,
        avatar_id: AvatarId(Uuid::from_u128(3)),
        avatar_sequence: 5,
        scene: Some(Personal::new("at the beach".parse().unwrap())),
        prompt: Personal::new("a photograph".parse().unwrap()),
        reference: Some(PhotoId(Uuid::from_u128(4))),
        policy,
    }
}

pub(crate) fn allowed() -> Verdict {
    Verdict {
        decision: Decision::Allow,
        rules: vec![],
        pack: "cafe".to_owned(),
    }
}

pub(crate) fn start(attempt: u32) -> Command {
    Command::StartAttempt {
        attempt,
        provider: "replicate".to_owned(),
        model: "flux".to_owned(),
    }
}

pub(crate) fn started(attempt: u32) -> Event {
    Event::GenerationStarted {
        attempt,
        provider: "replicate".to_owned(),
        model: "flux".to_owned(),
    }
}

pub(crate) fn predict(attempt: u32, provider_id: &str) -> Command {
    Command::RecordPrediction {
        attempt,
        provider_id: provider_id.to_owned(),
    }
}

pub(crate) fn accepted(attempt: u32, provider_id: &str) -> Event {
    Event::PredictionAccepted {
        attempt,
        provider_id: provider_id.to_owned(),
    }
}

pub(crate) fn fail_attempt(attempt: u32) -> Command {
    Command::RecordAttemptFailure {
        attempt,
        class: FailureClass::Transient,
        detail: "503".to_owned(),
        retry_at: Some(retry_at()),
    }
}

pub(crate) fn attempt_failed(attempt: u32) -> Event {
    Event::AttemptFailed {
        attempt,
        class: FailureClass::Transient,
        detail: "503".to_owned(),
        retry_at: Some(retry_at()),
    }
}

pub(crate) fn retry_at() -> DateTime<Utc> {
    "2026-11-22T12:00:30Z".parse().unwrap()
}

pub(crate) fn deliver(attempt: u32, sha256: &str) -> Command {
    Command::Deliver {
        attempt,
        image: image(sha256),
        marks: marks(sha256),
    }
}

pub(crate) fn delivered(attempt: u32, sha256: &str) -> Event {
    Event::PhotoDelivered {
        attempt,
        image: image(sha256),
        marks: marks(sha256),
    }
}

pub(crate) fn image(sha256: &str) -> Image {
    Image {
        key: format!("photos/{sha256}.jpg"),
        thumbnail_key: format!("thumbnails/{sha256}.jpg"),
        sha256: sha256.to_owned(),
        width: 1024,
        height: 1024,
        media_type: "image/jpeg".to_owned(),
        bytes: 123_456,
    }
}

pub(crate) fn marks(sha256: &str) -> Marks {
    Marks {
        sha256: sha256.to_owned(),
        visible: true,
        xmp: "trainedAlgorithmicMedia".to_owned(),
        c2pa: None,
    }
}

pub(crate) fn fail(attempt: u32) -> Command {
    Command::Fail {
        attempt,
        class: FailureClass::Operator,
        reason: "no credit".to_owned(),
    }
}

pub(crate) fn failed() -> Event {
    Event::PhotoFailed {
        class: FailureClass::Operator,
        reason: "no credit".to_owned(),
    }
}

pub(crate) fn failed_by_content() -> Event {
    Event::PhotoFailed {
        class: FailureClass::Content,
        reason: "unsafe".to_owned(),
    }
}

pub(crate) fn reopened(attempts: u32) -> Event {
    Event::PhotoReopened {
        owner: UserId(Uuid::from_u128(2)),
        purpose: Purpose::Scene,
        attempts,
    }
}

pub(crate) fn refuse(attempt: u32) -> Command {
    Command::Refuse {
        attempt,
        rules: vec!["R3".to_owned()],
    }
}
