//! Absent ─ CreateAvatar ▶ Created, whose picture goes none ▶ generating ▶ ready | failed ▶ approved.
//!
//! A user's one companion. The aggregate's id is the user's id: that is what makes it one.

use serde::{Deserialize, Serialize};

mod state;

pub use state::{Avatar, Companion, ReferenceStatus};

use crate::{
    event_versions::event_versions,
    personal::Personal,
    photo_request::FailureClass,
    values::{
        Age, Appearance, AvatarId, AvatarName, Gender, Nationality, Personality, PhotoId, UserId,
    },
};

/// Who the companion is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the types say it")]
pub struct Profile {
    pub name: Personal<AvatarName>,
    pub age: Age,
    pub gender: Personal<Gender>,
    pub nationality: Personal<Nationality>,
    pub appearance: Personal<Appearance>,
    pub personality: Personality,
}

/// The fields of a profile that change; the others stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the types say it")]
pub struct ProfileChanges {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Personal<AvatarName>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<Age>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<Personal<Gender>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nationality: Option<Personal<Nationality>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appearance: Option<Personal<Appearance>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personality: Option<Personality>,
}

/// An order to an avatar.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type")]
#[expect(missing_docs, reason = "the fields' types say it")]
pub enum Command {
    /// Designs the companion. Twice is refused.
    CreateAvatar {
        avatar_id: AvatarId,
        owner: UserId,
        profile: Profile,
    },
    /// Changes some fields; fields that already hold the value are not changed.
    ChangeProfile { changes: ProfileChanges },
    /// Wishes for a (new) reference picture; supersedes one that is still being made.
    RequestReferenceImage { photo_id: PhotoId },
    /// The picture was delivered.
    RecordReferenceImage { photo_id: PhotoId },
    /// The picture could not be made.
    RecordReferenceFailure {
        photo_id: PhotoId,
        class: FailureClass,
        reason: String,
    },
    /// The user likes it.
    ApproveReferenceImage { photo_id: PhotoId },
}

/// What happened to an avatar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Event {
    AvatarCreated {
        avatar_id: AvatarId,
        owner: UserId,
        #[serde(flatten)]
        profile: Profile,
    },
    ProfileChanged {
        #[serde(flatten)]
        changes: ProfileChanges,
    },
    ReferenceImageRequested {
        photo_id: PhotoId,
    },
    ReferenceImageReady {
        photo_id: PhotoId,
    },
    ReferenceImageFailed {
        photo_id: PhotoId,
        class: FailureClass,
        reason: String,
    },
    ReferenceImageApproved {
        photo_id: PhotoId,
    },
}

event_versions!(
    Avatar,
    Event {
        AvatarCreated: "2",
        ProfileChanged: "2",
        ReferenceImageRequested: "1",
        ReferenceImageReady: "1",
        ReferenceImageFailed: "1",
        ReferenceImageApproved: "1",
    }
);

/// Why an order to an avatar is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Rejection {
    #[error("there is no avatar yet; create it first")]
    NotFound,
    #[error("there is an avatar already; change it instead")]
    AlreadyExists,
    #[error("that picture is not a delivered reference picture of this avatar")]
    ReferenceNotReady,
    #[error("that picture was never requested for this avatar")]
    UnknownReference,
}
