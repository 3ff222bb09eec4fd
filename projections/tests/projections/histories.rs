//! Short ways to say what happened.

use chrono::{DateTime, TimeZone, Utc};
use domain::{
    avatar::{self, Profile},
    conversation::{
        self, Decline, FailureReason, Intervention, InterventionKind, Mode, Promise, Segment,
    },
    personal::Personal,
    photo_request::{self, FailureClass, Image, Marks, Purpose},
    policy::recorded::{Decision, Verdict},
    report::{self, Reason, Subject, SubjectKind},
    subscription::{Snapshot, Status, Terms},
    values::{Age, AvatarId, MessageId, Personality, PhotoId, UserId},
};
use uuid::Uuid;

pub fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(0xA000 + n))
}

pub fn photo(n: u128) -> PhotoId {
    PhotoId(Uuid::from_u128(0xF000 + n))
}

pub fn avatar_id(owner: UserId) -> AvatarId {
    AvatarId(Uuid::from_u128(owner.0.as_u128() + 0xBB_0000))
}

pub fn at(second: i64) -> DateTime<Utc> {
    Utc.timestamp_opt(1_800_000_000 + second, 0).unwrap()
}

pub fn profile() -> Profile {
    Profile {
        name: Personal::new("Mira".parse().unwrap()),
        age: Age::try_from(25).unwrap(),
        gender: Personal::new("female".parse().unwrap()),
        nationality: Personal::new("Portuguese".parse().unwrap()),
        appearance: Personal::new("long dark hair, green eyes".parse().unwrap()),
        personality: Personality::Caring,
    }
}

pub fn created(owner: UserId) -> avatar::Event {
    avatar::Event::AvatarCreated {
        avatar_id: avatar_id(owner),
        owner,
        profile: profile(),
    }
}

pub fn reference_requested(n: u128) -> avatar::Event {
    avatar::Event::ReferenceImageRequested { photo_id: photo(n) }
}

pub fn reference_ready(n: u128) -> avatar::Event {
    avatar::Event::ReferenceImageReady { photo_id: photo(n) }
}

pub fn reference_failed(n: u128) -> avatar::Event {
    avatar::Event::ReferenceImageFailed {
        photo_id: photo(n),
        class: FailureClass::Transient,
        reason: "the provider was away".to_owned(),
    }
}

pub fn reference_approved(n: u128) -> avatar::Event {
    avatar::Event::ReferenceImageApproved { photo_id: photo(n) }
}

pub fn requested(owner: UserId, n: u128, purpose: Purpose) -> photo_request::Event {
    let scene = match purpose {
        Purpose::Reference => None,
        Purpose::Scene => Some(Personal::new("at the beach".parse().unwrap())),
    };
    photo_request::Event::PhotoRequested {
        photo_id: photo(n),
        owner,
        purpose,
        avatar_id: avatar_id(owner),
        avatar_sequence: 1,
        scene,
        prompt: Personal::new("adult woman, 25 years old".parse().unwrap()),
        reference: None,
        policy: verdict(Decision::Allow),
    }
}

pub fn verdict(decision: Decision) -> Verdict {
    Verdict {
        decision,
        rules: Vec::new(),
        pack: "0".repeat(64),
    }
}

pub fn started(attempt: u32) -> photo_request::Event {
    photo_request::Event::GenerationStarted {
        attempt,
        provider: "replicate".to_owned(),
        model: "flux".to_owned(),
    }
}

pub fn attempt_failed(attempt: u32, retry_at: Option<DateTime<Utc>>) -> photo_request::Event {
    photo_request::Event::AttemptFailed {
        attempt,
        class: FailureClass::Transient,
        detail: "502".to_owned(),
        retry_at,
    }
}

pub fn delivered(attempt: u32) -> photo_request::Event {
    photo_request::Event::PhotoDelivered {
        attempt,
        image: image(),
        marks: marks(),
    }
}

pub fn failed() -> photo_request::Event {
    photo_request::Event::PhotoFailed {
        class: FailureClass::Deadline,
        reason: "it took\0 too long".to_owned(),
    }
}

pub fn image() -> Image {
    Image {
        key: "images/ab.jpg".to_owned(),
        thumbnail_key: "images/ab-thumbnail.jpg".to_owned(),
        sha256: "ab".repeat(32),
        width: 768,
        height: 1024,
        media_type: "image/jpeg".to_owned(),
        bytes: 123_456,
    }
}

fn marks() -> Marks {
    Marks {
        sha256: "ab".repeat(32),
        visible: true,
        xmp: "trainedAlgorithmicMedia".to_owned(),
        c2pa: None,
    }
}

/// Somebody reports a photo.
pub fn filed(owner: UserId, n: u128) -> report::Event {
    report::Event::ReportFiled {
        owner,
        subject: Subject {
            kind: SubjectKind::Photo,
            id: photo(n).0,
        },
        reason: Reason::RealPerson,
        text: Some(Personal::new("She looks like \"Noor\".".parse().unwrap())),
        due_at: at(86_400),
    }
}

/// An operator answers a report.
pub fn decided() -> report::Event {
    report::Event::ReportDecided {
        decision: report::Decision::Dismissed,
        note: None,
    }
}

/// An operator opens a failed photo again.
pub fn reopened(owner: UserId, attempts: u32) -> photo_request::Event {
    photo_request::Event::PhotoReopened {
        owner,
        purpose: Purpose::Scene,
        attempts,
    }
}

/// A provider subscription `sub_<n>` of customer `cus_<n>`, as it was at `second`.
pub fn snapshot(n: u32, status: Status, second: i64) -> Snapshot {
    Snapshot {
        provider_id: format!("sub_{n}"),
        customer_id: format!("cus_{n}"),
        status,
        terms: Terms {
            plan: "monthly".parse().unwrap(),
            price: "price_monthly".to_owned(),
            photos_per_period: 2,
            grace_days: 3,
        },
        period_start: at(0),
        period_end: at(2_592_000),
        cancel_at_period_end: false,
        source_event: format!("evt_{second}"),
        as_of: at(second),
    }
}

pub fn message(n: u128) -> MessageId {
    MessageId(Uuid::from_u128(0xC000_0000 + n))
}

/// The day of a user's intimate conversation on which everything is said.
pub fn conversation_of(owner: UserId) -> Segment {
    Segment {
        owner,
        mode: Mode::Intimate,
        day: "2026-11-25".parse().unwrap(),
    }
}

pub fn sent(n: u128) -> conversation::Event {
    conversation::Event::MessageSent {
        message_id: message(n),
        mode: Mode::Intimate,
        text: Personal::new(format!("how are you, {n}?").parse().unwrap()),
        policy: verdict(Decision::Allow),
    }
}

/// A reply whose id is the message's plus 1,000,000.
pub fn replied(n: u128, text: Option<&str>, declined: Option<Decline>) -> conversation::Event {
    conversation::Event::ReplyRecorded {
        message_id: message(n),
        reply_id: message(n + 1_000_000),
        text: text.map(|text| Personal::new(text.parse().unwrap())),
        model: "a-model".to_owned(),
        usage: None,
        policy: verdict(Decision::Allow),
        tool_call: None,
        declined,
    }
}

pub fn promised(n: u128, picture: u128) -> conversation::Event {
    conversation::Event::PhotoPromised {
        message_id: message(n),
        reply_id: message(n + 1_000_000),
        promise: Promise {
            photo_id: photo(picture),
            scene: Personal::new("at the beach".parse().unwrap()),
        },
    }
}

pub fn reply_failed(n: u128) -> conversation::Event {
    conversation::Event::ReplyFailed {
        message_id: message(n),
        reason: FailureReason::Unavailable,
        detail: "503".to_owned(),
    }
}

pub fn shown(message_id: Option<u128>, kind: InterventionKind) -> conversation::Event {
    conversation::Event::SafetyInterventionShown {
        message_id: message_id.map(message),
        intervention: Intervention {
            kind,
            rules: vec!["R5".to_owned()],
            text: Personal::new("Please\0 call somebody.".to_owned()),
        },
    }
}
