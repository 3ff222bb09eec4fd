//! Absent ─ RequestPhoto ▶ Requested ─ StartAttempt ▶ Generating ─ Deliver | Fail | Refuse | Cancel ▶ ended ─ DeletePhoto ▶ Deleted.
//! Failed ─ Reopen ▶ Waiting.
//!
//! One picture, from wish to delivery. The aggregate's id is the photo's id.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

mod decide;
mod state;

pub use state::{PhotoRequest, Wish};

use crate::{
    event_versions::event_versions,
    personal::Personal,
    policy::recorded::Verdict,
    values::{AvatarId, PhotoId, Prompt, Scene, UserId},
};

/// What a picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The portrait that every later picture follows.
    Reference,
    /// A picture of the avatar in a scene.
    Scene,
}

impl Purpose {
    /// The word that stands for it in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Scene => "scene",
        }
    }
}

/// Whose fault a failure is, and so what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The provider or the way there stumbled; another attempt may succeed.
    Transient,
    /// The provider found the content unsafe; asking for something else may succeed.
    Content,
    /// Our account, our request or our configuration is wrong; an operator must act.
    Operator,
    /// It took longer than a request may take.
    Deadline,
}

impl FailureClass {
    /// The word that stands for it in JSON and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Content => "content",
            Self::Operator => "operator",
            Self::Deadline => "deadline",
        }
    }
}

/// The delivered picture: where its bytes are, and what they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The storage key of the full picture; made from `sha256`.
    pub key: String,
    /// The storage key of the thumbnail.
    pub thumbnail_key: String,
    /// SHA-256 of the full picture's bytes, lower-case hex.
    pub sha256: String,
    /// Width of the full picture in pixels.
    pub width: u32,
    /// Height of the full picture in pixels.
    pub height: u32,
    /// As `image/jpeg`.
    pub media_type: String,
    /// Size of the full picture in bytes.
    pub bytes: u64,
}

/// How a picture was marked as made by AI, and on which bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// SHA-256 of the marked bytes, lower-case hex; must be the delivered picture's.
    pub sha256: String,
    /// The visible badge was drawn.
    pub visible: bool,
    /// The XMP digital source type was written: the IPTC term, as `trainedAlgorithmicMedia`.
    pub xmp: String,
    /// The C2PA manifest's hash, when the picture was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c2pa: Option<String>,
}

/// An order to a photo request. `at` is the time of the order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type")]
#[expect(missing_docs, reason = "the fields' types say it")]
pub enum Command {
    /// Wishes for a picture. A verdict that does not allow it ends the request at once, on record.
    /// The same order twice changes nothing.
    RequestPhoto {
        photo_id: PhotoId,
        owner: UserId,
        purpose: Purpose,
        avatar_id: AvatarId,
        avatar_sequence: u64,
        scene: Option<Personal<Scene>>,
        prompt: Personal<Prompt>,
        reference: Option<PhotoId>,
        policy: Verdict,
    },
    /// A worker starts attempt `attempt`, which must be one more than the last one; that fences the last one off.
    StartAttempt {
        attempt: u32,
        provider: String,
        model: String,
    },
    /// The provider accepted the current attempt under its own id.
    RecordPrediction { attempt: u32, provider_id: String },
    /// The current attempt failed; with `retry_at` another one may start then.
    RecordAttemptFailure {
        attempt: u32,
        class: FailureClass,
        detail: String,
        retry_at: Option<DateTime<Utc>>,
    },
    /// The current attempt's picture is marked and stored.
    Deliver {
        attempt: u32,
        image: Image,
        marks: Marks,
    },
    /// Gives up.
    Fail {
        attempt: u32,
        class: FailureClass,
        reason: String,
    },
    /// The provider (or a check after it) found the picture against the rules.
    Refuse { attempt: u32, rules: Vec<String> },
    /// The user no longer wants it. Twice changes nothing.
    Cancel,
    /// An operator mended what it failed of: further attempts may be made. Twice changes nothing.
    Reopen,
    /// The user wants an ended request gone: the files go, the events stay. Twice changes nothing.
    DeletePhoto,
}

/// What happened to a photo request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Event {
    PhotoRequested {
        photo_id: PhotoId,
        owner: UserId,
        purpose: Purpose,
        avatar_id: AvatarId,
        /// The avatar's sequence whose profile the prompt was built from.
        avatar_sequence: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scene: Option<Personal<Scene>>,
        prompt: Personal<Prompt>,
        /// The approved reference picture that this one follows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<PhotoId>,
        policy: Verdict,
    },
    PhotoRefused {
        rules: Vec<String>,
    },
    GenerationStarted {
        attempt: u32,
        provider: String,
        model: String,
    },
    PredictionAccepted {
        attempt: u32,
        provider_id: String,
    },
    AttemptFailed {
        attempt: u32,
        class: FailureClass,
        detail: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<DateTime<Utc>>,
    },
    PhotoDelivered {
        attempt: u32,
        image: Image,
        marks: Marks,
    },
    PhotoFailed {
        class: FailureClass,
        reason: String,
    },
    PhotoCanceled,
    /// A failed request may be tried again, as if it had been asked for now. Attempts are counted on.
    PhotoReopened {
        owner: UserId,
        purpose: Purpose,
        /// How many attempts there were.
        attempts: u32,
    },
    PhotoDeleted,
}

event_versions!(
    PhotoRequest,
    Event {
        PhotoRequested: "1",
        PhotoRefused: "1",
        GenerationStarted: "1",
        PredictionAccepted: "1",
        AttemptFailed: "1",
        PhotoDelivered: "1",
        PhotoFailed: "1",
        PhotoCanceled: "1",
        PhotoReopened: "1",
        PhotoDeleted: "1",
    }
);

/// Why an order to a photo request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Rejection {
    #[error("there is no such photo")]
    NotFound,
    #[error("the photo's id is taken by another request")]
    AlreadyRequested,
    #[error("a picture of a scene follows the approved reference picture, and none came along")]
    WithoutReference,
    #[error("attempt {given} is not the current one ({current}); its result comes too late")]
    StaleAttempt { given: u32, current: u32 },
    #[error("no attempt is under way")]
    NoAttempt,
    #[error("the attempt already runs under another prediction")]
    PredictionAlreadyRecorded,
    #[error("the picture was not marked, or the marks are those of other bytes")]
    NotMarked,
    #[error("the photo is already delivered")]
    AlreadyDelivered,
    #[error("the photo request has already failed")]
    AlreadyFailed,
    #[error("the photo request was refused")]
    AlreadyRefused,
    #[error("the photo request was canceled")]
    AlreadyCanceled,
    #[error("the photo was deleted")]
    Deleted,
    #[error("the photo is still being made; cancel it first")]
    StillRunning,
    #[error("the content was found unsafe; asking again would bring the same")]
    FailedByContent,
}
