//! A photo as clients see it.

use chrono::{DateTime, Utc};
use domain::{
    photo_request::{FailureClass, Image},
    values::PhotoId,
};
use projections::photos::{PhotoRow, PhotoStatus};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::signed_url::{Signer, Variant};

/// One picture, from wish to delivery.
#[derive(Serialize, ToSchema)]
pub(crate) struct Photo {
    id: Uuid,
    #[schema(value_type = PurposeWord)]
    purpose: &'static str,
    /// What it should show, in the person's words; null for a reference picture.
    #[schema(required = true)]
    scene: Option<String>,
    #[schema(value_type = PhotoStatusWord)]
    status: &'static str,
    /// How many attempts at it were started.
    attempts: u32,
    /// The picture, once it is delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    image: Option<PhotoImage>,
    /// Why there is none, when it failed or was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failure: Option<Failure>,
    requested_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    delivered_at: Option<DateTime<Utc>>,
}

/// A delivered picture.
#[derive(Serialize, ToSchema)]
struct PhotoImage {
    /// Signed, good for one hour.
    url: String,
    /// Signed, good for one hour.
    thumbnail_url: String,
    /// In pixels.
    width: u32,
    /// In pixels.
    height: u32,
    #[schema(example = "image/jpeg")]
    media_type: String,
    /// The picture's size in bytes.
    bytes: u64,
    /// SHA-256 of the picture's bytes, in hex.
    sha256: String,
}

/// Why there is no picture.
#[derive(Serialize, ToSchema)]
pub(crate) struct Failure {
    /// `transient`: the drawing service stumbled. `content`: the content is against the rules. `operator`: we have
    /// to mend something. `deadline`: it took too long.
    #[schema(value_type = FailureCode)]
    code: &'static str,
    /// For people.
    detail: String,
    /// Whether asking for the same again may succeed.
    retryable: bool,
}

/// What a picture is for: the portrait that later ones follow, or a scene.
#[derive(ToSchema)]
#[schema(as = Purpose, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words, which the domain writes")]
pub(crate) enum PurposeWord {
    Reference,
    Scene,
}

/// How far a picture is.
#[derive(ToSchema)]
#[schema(as = PhotoStatus, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words, which the read model writes")]
pub(crate) enum PhotoStatusWord {
    Requested,
    Generating,
    Delivered,
    Failed,
    Refused,
    Canceled,
}

/// Why a picture could not be made.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words, which the domain writes")]
pub(crate) enum FailureCode {
    Transient,
    Content,
    Operator,
    Deadline,
}

impl Photo {
    /// As the read model has it, with addresses signed by `signer`.
    pub(crate) fn of(row: PhotoRow, signer: &Signer<'_>) -> Self {
        let failure = match row.status {
            PhotoStatus::Refused => Some(Failure::of_rules(&row.rules)),
            PhotoStatus::Failed => row.failure.map(|failure| Failure::of_class(failure.class)),
            PhotoStatus::Requested
            | PhotoStatus::Generating
            | PhotoStatus::Delivered
            | PhotoStatus::Canceled => None,
        };
        Self {
            id: row.photo_id.0,
            purpose: row.purpose.as_str(),
            scene: row.scene,
            status: row.status.as_str(),
            attempts: row.attempts,
            image: row
                .image
                .map(|image| PhotoImage::of(row.photo_id, image, signer)),
            failure,
            requested_at: row.requested_at,
            delivered_at: row.delivered_at,
        }
    }

    /// Without the picture's addresses, for somebody whose gate is closed.
    pub(crate) fn behind_the_gate(self) -> Self {
        Self {
            image: None,
            ..self
        }
    }
}

impl PhotoImage {
    fn of(photo_id: PhotoId, image: Image, signer: &Signer<'_>) -> Self {
        Self {
            url: signer.address(photo_id, Variant::Full),
            thumbnail_url: signer.address(photo_id, Variant::Thumbnail),
            width: image.width,
            height: image.height,
            media_type: image.media_type,
            bytes: image.bytes,
            sha256: image.sha256,
        }
    }
}

impl Failure {
    /// In words for people: the worker's own may name things of ours or of the provider's.
    pub(crate) fn of_class(class: FailureClass) -> Self {
        let (detail, retryable) = match class {
            FailureClass::Transient => ("The drawing service stumbled. Ask again.", true),
            FailureClass::Content => (
                "The drawing service found this against its rules. Ask for something else.",
                false,
            ),
            FailureClass::Operator => ("We have to mend something first.", false),
            FailureClass::Deadline => ("It took too long. Ask again.", true),
        };
        Self {
            code: class.as_str(),
            detail: detail.to_owned(),
            retryable,
        }
    }

    fn of_rules(rules: &[String]) -> Self {
        let detail = if rules.is_empty() {
            "This is against the rules about content. Ask for something else.".to_owned()
        } else {
            format!(
                "This is against the rules about content ({}). Ask for something else.",
                rules.join(", ")
            )
        };
        Self {
            code: FailureClass::Content.as_str(),
            detail,
            retryable: false,
        }
    }
}
