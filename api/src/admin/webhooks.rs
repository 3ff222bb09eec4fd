//! The payment provider's messages as operators see them, and handing one out again.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    post,
    web::{Data, Path},
};
use application::ports::{InboxEntry, InboxState, Role};
use chrono::{DateTime, Utc};
use domain::stewardship;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::State,
    command::CommandRequest,
    documentation::CommandHeaders,
    examples,
    idempotency::{Executed, once},
    paging,
    parameters::{self, Parameters},
    problem::{COMMAND, Code, Problem, SIGNED_IN, problems},
    reply::Reply,
    steward,
};

/// A page of messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookPage {
    /// Newest first.
    items: Vec<Webhook>,
    /// Where the next page begins; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A message of the payment provider, without its body.
#[derive(Serialize, ToSchema)]
pub(crate) struct Webhook {
    /// The provider's id of it.
    id: String,
    provider: String,
    /// What it tells of, in the provider's words.
    #[serde(rename = "type")]
    kind: String,
    #[schema(value_type = WebhookState)]
    state: &'static str,
    /// How often it was handed out since it came, or since it was handed out again.
    attempts: u32,
    /// How often an operator has handed it out again.
    replays: u32,
    /// Why the latest attempt failed.
    error: Option<String>,
    received_at: DateTime<Utc>,
    /// When it was done or parked.
    settled_at: Option<DateTime<Utc>>,
}

/// `waiting`: it waits for its work, or is being worked on. `done`: it is dealt with. `parked`: it failed, and waits for an operator.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words, which the inbox writes")]
enum WebhookState {
    Waiting,
    Done,
    Parked,
}

impl From<InboxEntry> for Webhook {
    fn from(entry: InboxEntry) -> Self {
        Self {
            id: entry.id,
            provider: entry.provider,
            kind: entry.kind,
            state: entry.state.as_str(),
            attempts: entry.attempts,
            replays: entry.replays,
            error: entry.error,
            received_at: entry.received_at,
            settled_at: entry.settled_at,
        }
    }
}

problems!(
    ListProblems = SIGNED_IN,
    &[Code::InvalidParameter, Code::RoleRequired, Code::Busy]
);

/// List the payment provider's messages.
///
/// Newest first, without their bodies. For operators; the view is recorded.
#[utoipa::path(
    tag = "Operator",
    params(
        ("state" = Option<WebhookState>, Query, description = "Only messages that stand so.", nullable = false),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 when it is left out.", minimum = 1, maximum = 100, nullable = false),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", nullable = false),
    ),
    responses(
        (status = 200, description = "A page of messages.", headers(
            ("Link" = String, description = "`<…>; rel=\"next\"`: the next page, when there is one."),
        ), body = WebhookPage, example = examples::webhooks),
        ListProblems,
    ),
)]
#[get("/admin/webhooks")]
pub(crate) async fn list_webhooks(
    app: Data<State>,
    raw: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&raw, Role::Operator).await?;
    let mut parameters = Parameters::of(&raw);
    let state = parameters.query("state", |text| {
        parameters::word(text, &InboxState::ALL, InboxState::as_str)
    });
    let limit = parameters.query("limit", parameters::limit).unwrap_or(20);
    let before = parameters.query("cursor", paging::arrival_cursor);
    parameters.finish()?;

    let mut entries = app.steward_inbox.page(state, before, limit + 1).await?;
    let last = paging::cut(&mut entries, limit);
    let next = last.map(|entry| paging::arrival_cursor_text(entry.arrival));
    let state = state.map(InboxState::as_str);
    let view = stewardship::Command::ViewWebhooks {
        state: state.map(str::to_owned),
    };
    app.record(context, view).await?;
    let page = WebhookPage {
        items: entries.into_iter().map(Webhook::from).collect(),
        next_cursor: next.clone(),
    };
    let filters = [("state", state)];
    paging::answer(&page, "/admin/webhooks", &filters, limit, next.as_deref())
}

problems!(
    ReplayProblems = SIGNED_IN,
    COMMAND,
    &[Code::RoleRequired, Code::WebhookNotFound]
);

/// Hand a message out again.
///
/// Whatever became of it. A message is only a hint: the worker asks the payment provider how its subscription stands
/// now, so this never brings back the past. For operators.
#[utoipa::path(
    tag = "Operator",
    params(("webhook_id" = String, Path, description = "The provider's id of the message."), CommandHeaders),
    responses(
        (status = 202, description = "It waits for its work again.", headers(
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Webhook, example = examples::webhook),
        ReplayProblems,
    ),
)]
#[post("/admin/webhooks/{webhook_id}/replay")]
pub(crate) async fn replay_webhook(
    app: Data<State>,
    request: CommandRequest,
    webhook_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let context = steward::acting(&request, Role::Operator)?;
    let id = webhook_id.into_inner();
    let request = request.unhurried();
    let execute = async |context| {
        if app.steward_inbox.entry(&id).await?.is_none() {
            return Err(Problem::plain(Code::WebhookNotFound));
        }
        let deed = stewardship::Command::ReplayWebhook {
            webhook_id: id.clone(),
        };
        let receipt = app.stewardships.record(context, deed).await?;
        app.steward_inbox.hand_out_again(&id).await?;
        Ok(receipt.into())
    };
    let answer = async |executed: Executed| {
        let entry = app.steward_inbox.entry(&id).await?;
        let entry = entry.ok_or_else(|| Problem::plain(Code::WebhookNotFound))?;
        let reply = Reply::json(StatusCode::ACCEPTED, &Webhook::from(entry))?;
        Ok(reply.at(executed.position()))
    };
    once(&app, &request, context, execute, answer).await
}
