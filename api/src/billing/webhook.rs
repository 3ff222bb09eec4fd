//! The payment provider's messages: signature, then the durable inbox, then 200; the work comes later.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    post,
    web::{Data, Payload},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::State,
    body, examples, limits, metrics,
    problem::{Code, Problem, problems},
    reply::Reply,
};

/// The provider's name, as the inbox keeps it.
const PROVIDER: &str = "stripe";

/// An event of the payment provider's, in its own shape.
#[derive(Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body, which the payment adapter reads"
)]
pub(crate) struct PaymentMessage {
    /// Unique; a message that comes twice counts once.
    id: String,
    /// Always `event`.
    object: String,
    /// As `invoice.paid`. Unknown types are kept and ignored.
    #[serde(rename = "type")]
    kind: String,
    /// When the provider made it, in seconds since 1970.
    created: i64,
    /// What it is about, in the provider's own shape.
    data: serde_json::Value,
}

/// The message is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct Received {
    received: bool,
}

problems!(
    WebhookProblems = &[
        Code::InvalidSignature,
        Code::InvalidJson,
        Code::RequestTimeout,
        Code::BodyTooLarge,
        Code::InternalError,
        Code::Unavailable,
    ]
);

/// Receive a message of the payment provider.
///
/// For Stripe, with its signature instead of a token. 200 means that the message is durable, whatever its type;
/// anything else means that it has to be sent again.
#[utoipa::path(
    tag = "Billing",
    security(()),
    params(("Stripe-Signature" = String, Header, description = "`t=<seconds>,v1=<hex>`, over the time and the raw body.")),
    request_body(content = PaymentMessage, example = examples::payment_message),
    responses(
        (status = 200, description = "It is kept.", body = Received, example = examples::received),
        WebhookProblems,
    ),
)]
#[post("/billing/webhook")]
pub(crate) async fn receive_payment_message(
    app: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let kept = keep(&app, &request, payload).await;
    metrics::count_webhook(PROVIDER, &kept);
    kept?;
    Ok(Reply::json(StatusCode::OK, &Received { received: true })?.respond())
}

async fn keep(app: &State, request: &HttpRequest, payload: Payload) -> Result<(), Problem> {
    let body = body::read(payload, limits::PAYMENT_MESSAGE).await?;
    let signature = request
        .headers()
        .get("stripe-signature")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    app.payment
        .verify_webhook(&body, signature, app.clock.now())
        .map_err(|rejected| {
            tracing::warn!(reason = %rejected, "Refused a message of the payment provider");
            Problem::new(Code::InvalidSignature, rejected.to_string())
        })?;
    let notice = app.payment.read_webhook(&body).map_err(|error| {
        tracing::error!(error = %crate::problem::Chain(&error), "A signed message of the payment provider is not readable");
        Problem::new(Code::InvalidJson, "the message is not an event")
    })?;
    app.inbox
        .keep(PROVIDER, &notice.id, &notice.kind, &body)
        .await?;
    Ok(())
}
