//! Did Ava make this picture? For anybody who holds one; without learning whose it is.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    post,
    web::{Bytes, Data, Payload},
};
use application::{
    ports::{ManifestFound, PictureError, picture_key},
    provenance::{Evidence, MadeByAva},
};
use projections::photos;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::State,
    body::{self, Intake},
    examples, limits,
    problem::{Code, Problem, problems},
    reply::Reply,
};

/// XMP's word for a picture that a trained model made (IPTC).
const TRAINED_MODEL: &str = "trainedAlgorithmicMedia";

const INTAKE: Intake = Intake {
    limit: limits::PICTURE_BODY,
    longest: limits::PICTURE_BODY_TIME,
    too_large: Code::PictureTooLarge,
    broken_off: Code::PictureUnusable,
};

/// A picture's bytes as they are.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes the body, which is read as bytes")]
pub(crate) struct PictureBytes(Vec<u8>);

/// Whether Ava made a picture, and what speaks for it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Provenance {
    made_by_ava: MadeByAvaWord,
    evidence: EvidenceFound,
}

/// `yes`: proven by the bytes or by a signature over them. `likely`: it looks so, but what speaks for it could be copied
/// onto another picture. `unknown`: nothing speaks for it, which proves nothing: marks can be cut off, metadata stripped.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MadeByAva)]
enum MadeByAvaWord {
    Yes,
    Likely,
    Unknown,
}

/// What was looked for, each by itself.
#[derive(Serialize, ToSchema)]
#[schema(as = ProvenanceEvidence)]
struct EvidenceFound {
    /// A delivered picture, or its thumbnail, has exactly these bytes. Pictures that were deleted are not known any more.
    known_hash: bool,
    /// The manifest of Content Credentials (C2PA).
    manifest: ManifestWord,
    /// The digital source type in the XMP.
    xmp: XmpWord,
    /// Ava's badge can be seen in the lower right corner.
    visible_mark: bool,
}

/// `ours`: Ava signed exactly this picture. `ours_changed`: Ava signed the manifest, but picture or manifest was changed
/// since, or the manifest was put on another picture. `foreign`: somebody else signed it, or nobody truly did.
/// `unreadable`: it cannot be understood. `none`: there is none. `not_read`: this installation reads none.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ManifestEvidence)]
enum ManifestWord {
    Ours,
    OursChanged,
    Foreign,
    Unreadable,
    None,
    NotRead,
}

/// `trained_model`: it says that a trained model made the picture, but not whose. `other`: it says something else.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = XmpEvidence)]
enum XmpWord {
    TrainedModel,
    Other,
    None,
}

problems!(
    CheckProblems = &[
        Code::RequestTimeout,
        Code::PictureTooLarge,
        Code::UnsupportedPicture,
        Code::PictureUnusable,
        Code::InternalError,
        Code::Unavailable,
        Code::TooManyChecks,
    ]
);

/// Ask whether Ava made a picture.
///
/// For anybody, without a token. The answer says nothing about whose picture it is or when it was made, and the picture
/// is forgotten once it was looked at.
#[utoipa::path(
    tag = "Provenance",
    security(()),
    request_body(
        description = "The picture's bytes: at most 20 MiB, 8192 pixels a side and 40 million pixels.",
        content(
            (PictureBytes = "image/jpeg"),
            (PictureBytes = "image/png"),
            (PictureBytes = "image/webp"),
        ),
    ),
    responses(
        (status = 200, description = "What speaks for it.", body = Provenance, examples(
            ("as delivered" = (summary = "A picture as Ava delivered it.", value = json!(examples::provenance_of_ours()))),
            ("screenshot" = (summary = "A screenshot of one: only the badge is left.", value = json!(examples::provenance_of_a_screenshot()))),
            ("camera" = (summary = "A photo from a camera.", value = json!(examples::provenance_of_a_stranger()))),
        )),
        CheckProblems,
    ),
)]
#[post("/provenance/check")]
pub(crate) async fn check_provenance(
    app: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    if !is_picture(&request) {
        return Err(Problem::plain(Code::UnsupportedPicture));
    }
    // Held until the answer is known: it is the memory that is short.
    let _place = app
        .checks
        .try_acquire()
        .map_err(|_| Problem::plain(Code::TooManyChecks))?;
    let bytes = body::read_as(payload, &INTAKE).await?;
    let evidence = evidence(&app, bytes).await?;
    Ok(Reply::json(StatusCode::OK, &Provenance::from(&evidence))?.respond())
}

async fn evidence(app: &State, bytes: Bytes) -> Result<Evidence, Problem> {
    let marks = app
        .inspector
        .inspect(bytes)
        .await
        .map_err(|error| match error {
            PictureError::Unusable(reason) => Problem::new(Code::PictureUnusable, reason),
            PictureError::Internal(_) => Problem::internal(&error),
        })?;
    let key = picture_key(&marks.sha256);
    Ok(Evidence {
        known_hash: photos::any_stores(&app.pool, &key).await?,
        marks,
    })
}

/// Whether the body is said to be of a kind that is taken; which one it is, its bytes tell.
fn is_picture(request: &HttpRequest) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let essence = content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    ["image/jpeg", "image/png", "image/webp"]
        .iter()
        .any(|taken| essence.eq_ignore_ascii_case(taken))
}

impl From<&Evidence> for Provenance {
    fn from(evidence: &Evidence) -> Self {
        let marks = &evidence.marks;
        Self {
            made_by_ava: match evidence.made_by_ava() {
                MadeByAva::Yes => MadeByAvaWord::Yes,
                MadeByAva::Likely => MadeByAvaWord::Likely,
                MadeByAva::Unknown => MadeByAvaWord::Unknown,
            },
            evidence: EvidenceFound {
                known_hash: evidence.known_hash,
                manifest: match marks.manifest {
                    ManifestFound::Ours { .. } => ManifestWord::Ours,
                    ManifestFound::OursChanged => ManifestWord::OursChanged,
                    ManifestFound::Foreign => ManifestWord::Foreign,
                    ManifestFound::Unreadable => ManifestWord::Unreadable,
                    ManifestFound::None => ManifestWord::None,
                    ManifestFound::Unread => ManifestWord::NotRead,
                },
                xmp: match marks.xmp.as_deref() {
                    Some(TRAINED_MODEL) => XmpWord::TrainedModel,
                    Some(_) => XmpWord::Other,
                    None => XmpWord::None,
                },
                visible_mark: marks.visible,
            },
        }
    }
}
