//! The billing portal: sessions, and a simple page to cancel, resume or pay.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Form, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::answer;
use super::clock;
use super::customers::Card;
use super::error::Error;
use super::state::{State, new_id};
use super::steps::set_card;
use super::subscriptions::{self, Status, Subscription};
use crate::pages::{day, escape, money, page, see_other};
use crate::world::World;

/// Links into the portal are short-lived: one hour, in seconds.
const LIFETIME_S: i64 = 3_600;

/// A way into the portal for one customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PortalSession {
    id: String,
    customer: String,
    created: i64,
    return_url: Option<String>,
    flow: Option<String>,
}

impl PortalSession {
    fn json(&self, url: &str) -> Value {
        json!({
            "id": self.id,
            "object": "billing_portal.session",
            "configuration": "bpc_sandbox",
            "created": self.created,
            "customer": self.customer,
            "flow": self.flow.as_ref().map(|kind| json!({
                "after_completion": {"hosted_confirmation": null, "redirect": null, "type": "portal_homepage"},
                "subscription_cancel": null,
                "subscription_update": null,
                "subscription_update_confirm": null,
                "type": kind,
            })),
            "livemode": false,
            "locale": null,
            "on_behalf_of": null,
            "return_url": self.return_url,
            "url": format!("{url}/portal/{}", self.id),
        })
    }
}

/// Registers the session's route and the page.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(create).service(show).service(submit);
}

#[post("/v1/billing_portal/sessions")]
async fn create(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    answer(&world, &request, &body, |call| {
        let params = call.params;
        let customer = params
            .text(&["customer"])
            .ok_or_else(|| Error::missing_param("customer"))?;
        if call.state.customer(customer).is_none_or(|one| one.deleted) {
            return Err(Error::no_such("customer", customer, "customer"));
        }
        let now = call.now;
        call.state
            .portal_sessions
            .retain(|one| now - one.created < LIFETIME_S);
        let session = PortalSession {
            id: new_id("bps_"),
            customer: customer.to_owned(),
            created: now,
            return_url: params.text(&["return_url"]).map(str::to_owned),
            flow: params.text(&["flow_data", "type"]).map(str::to_owned),
        };
        let json = session.json(call.url);
        call.state.portal_sessions.push(session);
        Ok(json)
    })
    .await
}

/// What the visitor chose.
#[derive(Deserialize)]
struct Choice {
    action: Action,
    /// The price to change to.
    price: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Cancel,
    Resume,
    Pay,
    Switch,
}

#[get("/portal/{id}")]
async fn show(world: Data<World>, id: Path<String>) -> HttpResponse {
    world.read(|state| match session(&state.stripe, &id) {
        None => over(),
        Some(session) => portal(&state.stripe, session),
    })
}

#[post("/portal/{id}")]
async fn submit(world: Data<World>, id: Path<String>, choice: Form<Choice>) -> HttpResponse {
    let answer = world.change(|state| {
        let state = &mut state.stripe;
        let Some(session) = session(state, &id).cloned() else {
            return over();
        };
        let now = state.now();
        if let Some(subscription) = current(state, &session.customer).map(|one| one.id.clone()) {
            let cancel = |cancel: bool| {
                move |one: &mut Subscription| {
                    one.cancel_at_period_end = cancel;
                    one.canceled_at = cancel.then_some(now);
                }
            };
            match choice.action {
                Action::Cancel => subscriptions::change(state, &subscription, now, cancel(true)),
                Action::Resume => subscriptions::change(state, &subscription, now, cancel(false)),
                Action::Pay => {
                    set_card(state, &session.customer, Card::Good);
                    clock::recover(state, &subscription, now);
                }
                Action::Switch => {
                    let price = choice.price.clone();
                    if let Some(price) = price.filter(|price| state.price(price).is_some()) {
                        subscriptions::change(state, &subscription, now, |one| one.price = price);
                    }
                }
            }
        }
        see_other(&format!("{}/portal/{}", world.url, session.id))
    });
    world.kept().await;
    answer
}

fn session<'a>(state: &'a State, id: &str) -> Option<&'a PortalSession> {
    let found = state.portal_sessions.iter().find(|one| one.id == id)?;
    (state.now() - found.created < LIFETIME_S).then_some(found)
}

/// The customer's newest subscription that is not over.
fn current<'a>(state: &'a State, customer: &str) -> Option<&'a Subscription> {
    let mut newest_first = state.subscriptions.iter().rev();
    newest_first.find(|one| one.customer == customer && !one.status.is_final())
}

fn over() -> HttpResponse {
    let body = "<h1>This link is over</h1><p>Open the billing portal again from the app.</p>";
    page(StatusCode::NOT_FOUND, "Billing", body)
}

fn portal(state: &State, session: &PortalSession) -> HttpResponse {
    let content = match current(state, &session.customer) {
        None => "<p>There is no subscription.</p>".to_owned(),
        Some(subscription) => details(state, subscription),
    };
    let back = session.return_url.as_ref().map_or_else(String::new, |url| {
        format!("<p><a href=\"{}\">Return to the app</a></p>", escape(url))
    });
    let body = format!(
        "<span class=\"test\">Sandbox: no real money</span><h1>Your subscription</h1>{content}{back}\
         <footer>Played by the local sandbox in place of Stripe.</footer>"
    );
    page(StatusCode::OK, "Billing", &body)
}

fn details(state: &State, subscription: &Subscription) -> String {
    let price = state.price(&subscription.price);
    let cost = price.as_ref().map_or_else(String::new, |price| {
        let amount = money(price.unit_amount * subscription.quantity, &price.currency);
        format!("{amount} per {}", price.interval.name())
    });
    let name = price.map_or_else(|| "Subscription".to_owned(), |price| price.product_name);
    let until = day(subscription.period_end);
    let (status, actions) = match (subscription.status, subscription.cancel_at_period_end) {
        (Status::PastDue, _) => (
            "The last payment failed".to_owned(),
            "<button class=\"main\" name=\"action\" value=\"pay\">Pay with a new card</button>\
             <button name=\"action\" value=\"cancel\">Cancel at the end of the period</button>",
        ),
        (_, true) => (
            format!("Ends on {until}"),
            "<button class=\"main\" name=\"action\" value=\"resume\">Keep the subscription</button>",
        ),
        (Status::Trialing, false) => (
            format!("Free until {until}"),
            "<button name=\"action\" value=\"cancel\">Cancel at the end of the trial</button>",
        ),
        (_, false) => (
            format!("Renews on {until}"),
            "<button name=\"action\" value=\"cancel\">Cancel at the end of the period</button>",
        ),
    };
    format!(
        "<p class=\"price\">{} <small>{cost}</small></p><dl><dt>Status</dt><dd>{status}</dd></dl>\
         <form method=\"post\">{actions}</form>{}",
        escape(&name),
        others(state, subscription)
    )
}

/// What the subscription could be changed to.
fn others(state: &State, subscription: &Subscription) -> String {
    let others = state
        .prices
        .iter()
        .filter(|price| price.id != subscription.price);
    others
        .map(|price| {
            format!(
                "<form method=\"post\"><input type=\"hidden\" name=\"price\" value=\"{}\">\
                 <button name=\"action\" value=\"switch\">Change to {} for {} per {}</button></form>",
                escape(&price.id),
                escape(&price.product_name),
                money(price.unit_amount, &price.currency),
                price.interval.name()
            )
        })
        .collect()
}
