//! Billing: what there is to buy, the way to pay, and what is paid for.

mod invoices;
mod managing;
mod resource;
mod webhook;

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post, web::Data};
use application::ports::CheckoutSession;
use chrono::{DateTime, Utc};
use domain::values::{PlanId, UserId};
use projections::gate::{self, SubscriptionRow};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use utoipa::ToSchema;

pub(crate) use invoices::{InvoiceResource as Invoice, list_invoices};
pub(crate) use managing::{
    cancel_subscription, open_portal, resume_subscription, sync_subscription,
};
pub(crate) use resource::Subscription;
pub(crate) use webhook::receive_payment_message;

use self::resource::{PlanList, PlanResource};
use crate::{
    app::State,
    as_of::{AsOf, AsOfParameters},
    body,
    command::CommandRequest,
    documentation::{CommandHeaders, ReadHeaders},
    examples,
    idempotency::{Executed, once},
    positions,
    problem::{BODY, COMMAND, Code, Problem, READ, SIGNED_IN, problems},
    read::ReadRequest,
    reply::Reply,
};

problems!(PlansProblems = SIGNED_IN, &[Code::InvalidParameter]);

/// List the plans.
///
/// They come from the service's configuration; amounts are in the currency's smallest unit.
#[utoipa::path(
    tag = "Billing",
    responses(
        (status = 200, description = "What can be subscribed to.", body = PlanList, example = examples::plans),
        PlansProblems,
    ),
)]
#[get("/billing/plans")]
pub(crate) async fn list_plans(
    app: Data<State>,
    _request: ReadRequest,
) -> Result<HttpResponse, Problem> {
    let items = app.plans.0.iter().map(PlanResource::of).collect();
    Ok(Reply::json(StatusCode::OK, &PlanList { items })?.respond())
}

/// A plan to be paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewCheckout {
    /// The id of one of the plans.
    #[schema(min_length = 1, max_length = 100)]
    plan: String,
}

/// A page where a person can pay.
#[derive(Serialize, ToSchema)]
pub(crate) struct Checkout {
    /// Send the person there.
    #[schema(format = "uri")]
    checkout_url: String,
    /// The payment provider's id of it.
    session_id: String,
}

problems!(
    CheckoutProblems = SIGNED_IN,
    COMMAND,
    BODY,
    &[
        Code::SubscriptionActive,
        Code::PaymentProviderFailed,
        Code::PaymentUnavailable,
    ]
);

/// Start a checkout.
///
/// Makes a page of the payment provider where the person can pay. The subscription opens when the provider
/// confirms the payment, and not when the person comes back: watch `/updates`. A page that was made before can no
/// longer be paid then.
#[utoipa::path(
    tag = "Billing",
    params(CommandHeaders),
    request_body(content = NewCheckout, example = examples::new_checkout),
    responses(
        (status = 201, description = "The page.", headers(
            ("Log-Position" = u64, description = "The position in the event log that the command reached."),
        ), body = Checkout, example = examples::checkout),
        CheckoutProblems,
    ),
)]
#[post("/billing/checkout")]
pub(crate) async fn start_checkout(
    app: Data<State>,
    request: CommandRequest,
) -> Result<HttpResponse, Problem> {
    let mut fields = request.fields()?;
    let plan = fields.required("plan", body::text::<PlanId>);
    fields.finish()?;
    let plan = plan.ok_or_else(|| Problem::plain(Code::InvalidBody))?;

    let request = request.unhurried();
    let context = request.unconditional_context();
    let start = async |context| {
        let email = request.caller.email.clone();
        let back = |outcome| app.web_page(&format!("subscribe?checkout={outcome}"));
        let (success, cancel) = (back("success"), back("canceled"));
        let subscriptions = &app.subscriptions;
        subscriptions
            .start_checkout(context, email, plan.as_str(), success, cancel)
            .await
    };
    let execute = async |context| {
        let (session, receipt) = start(context).await?;
        Ok(Executed::of(&receipt, session))
    };
    let answer = async |executed: Executed<CheckoutSession>| {
        let position = executed.position();
        let session = match executed {
            Executed::Now { made, .. } => made,
            // The provider gives the same page for the same key.
            Executed::Earlier { .. } => start(context.clone()).await?.0,
        };
        let page = Checkout {
            checkout_url: session.url,
            session_id: session.id,
        };
        Ok(Reply::json(StatusCode::CREATED, &page)?.at(position))
    };
    once(&app, &request, context.clone(), execute, answer).await
}

problems!(SubscriptionProblems = SIGNED_IN, READ);

/// Show the subscription.
///
/// Everybody has one; until the first payment its status is `none`. With `as_of_position` or `as_of`: as it was answered then;
/// whether it was open is told for the moment of that event, or for that time.
#[utoipa::path(
    tag = "Billing",
    params(AsOfParameters, ReadHeaders),
    responses(
        (status = 200, description = "The subscription.", headers(
            ("ETag" = String, description = "The subscription's version."),
        ), body = Subscription, example = examples::subscription),
        SubscriptionProblems,
    ),
)]
#[get("/billing/subscription")]
pub(crate) async fn get_subscription(
    app: Data<State>,
    request: ReadRequest,
    raw: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let as_of = AsOf::of(&raw)?;
    let user = request.user;
    let reply = match as_of.point(&app).await? {
        Some(point) => {
            request.seen(&app, positions::GATE).await?;
            let row = app.past(point).subscription(user).await?;
            let moment = as_of.moment(&app, point).await?;
            told(&app, row, moment)?
        }
        None => {
            let own = async |pool: &PgPool| gate::of_owner(pool, user).await;
            let row = request.ask(&app, positions::GATE, own).await?;
            told(&app, row, app.billing_clock.now())?
        }
    };
    Ok(reply.respond())
}

/// The subscription as the read model has it now.
async fn shown(app: &State, user: UserId) -> Result<Reply, Problem> {
    let row = gate::of_owner(&app.pool, user).await?;
    told(app, row, app.billing_clock.now())
}

/// A subscription at that time.
fn told(app: &State, row: Option<SubscriptionRow>, now: DateTime<Utc>) -> Result<Reply, Problem> {
    let sequence = row.as_ref().map_or(0, |row| row.sequence);
    let subscription = Subscription::at(row, app, now);
    Ok(Reply::json(StatusCode::OK, &subscription)?.etag(sequence))
}
