//! Image providers' messages: signature, then the durable row that wakes the worker, then 200.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    post,
    web::{Data, Path, Payload},
};
use application::ports::{AttemptId, MessageRefused, PredictionWebhook, WebhookHeaders};
use domain::values::PhotoId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::State,
    body, examples, limits, metrics,
    problem::{Code, Problem, problems},
    reply::Reply,
};

/// A prediction of Replicate's, in its own shape. Only what is listed here is read, and nothing of it is kept but that.
#[derive(Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body, which the provider's adapter reads"
)]
pub(crate) struct PredictionMessage {
    /// The prediction's id.
    id: String,
    /// As `succeeded`. Whatever it says, the worker asks Replicate itself.
    status: String,
}

/// The message is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageKept {
    received: bool,
}

problems!(
    ImageWebhookProblems = &[
        Code::InvalidSignature,
        Code::InvalidJson,
        Code::NotFound,
        Code::RequestTimeout,
        Code::BodyTooLarge,
        Code::InternalError,
        Code::Unavailable,
    ]
);

/// Receive a message of the image provider.
///
/// For Replicate, with its signature (Standard Webhooks) instead of a token. 200 means that the message is durable; one
/// that comes twice counts once. Anything else means that it has to be sent again.
#[utoipa::path(
    tag = "Photos",
    security(()),
    params(
        ("photo_id" = Uuid, Path, description = "The picture that the prediction is for."),
        ("attempt" = u32, Path, description = "The attempt, from 1.", minimum = 1),
        ("webhook-id" = String, Header, description = "Unique; the same for every delivery of one message."),
        ("webhook-timestamp" = String, Header, description = "When it was sent, in seconds since 1970; at most five minutes from now."),
        ("webhook-signature" = String, Header, description = "`v1,<base64>`, over the id, the time and the raw body; several with spaces between."),
    ),
    request_body(content = PredictionMessage, example = examples::prediction_message),
    responses(
        (status = 200, description = "It is kept.", body = MessageKept, example = examples::received),
        ImageWebhookProblems,
    ),
)]
#[post("/webhooks/replicate/{photo_id}/{attempt}")]
pub(crate) async fn receive_prediction_message(
    app: Data<State>,
    request: HttpRequest,
    path: Path<(String, String)>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let kept = keep(&app, &request, &path, payload).await;
    metrics::count_webhook(app.image_webhook.provider(), &kept);
    kept?;
    Ok(Reply::json(StatusCode::OK, &MessageKept { received: true })?.respond())
}

async fn keep(
    app: &State,
    request: &HttpRequest,
    path: &(String, String),
    payload: Payload,
) -> Result<(), Problem> {
    let about = attempt_of(path).ok_or_else(|| Problem::plain(Code::NotFound))?;
    let body = body::read(payload, limits::PREDICTION_MESSAGE).await?;
    let header = |name: &str| {
        let value = request.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let headers = WebhookHeaders {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let webhook: &dyn PredictionWebhook = app.image_webhook.as_ref();
    let message = webhook
        .read(headers, &body, app.clock.now())
        .map_err(refused)?;
    app.notices
        .keep(webhook.provider(), about, &message)
        .await?;
    tracing::info!(
        photo.id = %about.photo_id,
        "The image provider says that prediction {} is {}", message.prediction_id, message.status
    );
    Ok(())
}

fn attempt_of((photo_id, attempt): &(String, String)) -> Option<AttemptId> {
    Some(AttemptId {
        photo_id: PhotoId(Uuid::try_parse(photo_id).ok()?),
        attempt: attempt
            .parse()
            .ok()
            .filter(|attempt| (1..=i32::MAX.unsigned_abs()).contains(attempt))?,
    })
}

fn refused(refusal: MessageRefused) -> Problem {
    tracing::warn!(reason = %refusal, "Refused a message of the image provider");
    let code = match refusal {
        MessageRefused::Signature(_) => Code::InvalidSignature,
        MessageRefused::Unreadable => Code::InvalidJson,
    };
    Problem::new(code, refusal.to_string())
}
