//! The hosted checkout page: a form that pays, is declined, or goes back.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, ServiceConfig};
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;

use super::checkout::{self, Session, SessionStatus};
use super::state::State;
use super::subscriptions;
use crate::pages::{escape, money, page, see_other};
use crate::world::World;

/// Registers the page.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(show).service(submit);
}

/// What the visitor chose.
#[derive(Deserialize)]
struct Choice {
    outcome: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Paid,
    Declined,
    Abandoned,
}

#[get("/checkout/{id}")]
async fn show(world: Data<World>, id: Path<String>) -> HttpResponse {
    world.read(|state| match state.stripe.session(&id) {
        None => no_such_session(),
        Some(session) => form(&state.stripe, session, None),
    })
}

#[post("/checkout/{id}")]
async fn submit(world: Data<World>, id: Path<String>, choice: Form<Choice>) -> HttpResponse {
    let answer = world.change(|state| {
        let state = &mut state.stripe;
        let Some(session) = state.session(&id).cloned() else {
            return no_such_session();
        };
        if session.status == SessionStatus::Expired {
            return form(state, &session, None);
        }
        match choice.outcome {
            Outcome::Paid if is_taken(state, &session) => form(
                state,
                &session,
                Some("You are subscribed already. Manage your subscription instead."),
            ),
            Outcome::Paid => {
                // Posting the form twice pays once and leads to the same place.
                let now = state.now();
                checkout::pay(state, &id, true, &world.url, now);
                see_other(
                    &session
                        .success_url
                        .replace("{CHECKOUT_SESSION_ID}", &session.id),
                )
            }
            Outcome::Declined => form(
                state,
                &session,
                Some("Your card was declined. Try another card."),
            ),
            Outcome::Abandoned => match &session.cancel_url {
                Some(url) => see_other(&url.replace("{CHECKOUT_SESSION_ID}", &session.id)),
                None => form(state, &session, None),
            },
        }
    });
    world.kept().await;
    answer
}

/// Whether the customer has another subscription; a session that is paid has led to its own.
fn is_taken(state: &State, session: &Session) -> bool {
    session.status == SessionStatus::Open
        && subscriptions::is_taken(state, session.customer.as_deref())
}

fn no_such_session() -> HttpResponse {
    let body = "<h1>Nothing to pay here</h1><p>This checkout does not exist, or is long over.</p>";
    page(StatusCode::NOT_FOUND, "Checkout", body)
}

fn form(state: &State, session: &Session, notice: Option<&str>) -> HttpResponse {
    let price = state.price(&session.price);
    let (name, currency, cents, interval) = price.map_or_else(
        || ("Subscription".to_owned(), "usd".to_owned(), 0, "month"),
        |price| {
            (
                price.product_name,
                price.currency,
                price.unit_amount * session.quantity,
                price.interval.name(),
            )
        },
    );
    let amount = money(cents, &currency);
    let customer = session.customer.as_ref().and_then(|id| state.customer(id));
    let email = customer
        .and_then(|one| one.email.clone())
        .or(session.customer_email.clone());
    let due = money(session.amount(state), &currency);
    let (heading, buttons) = match session.status {
        SessionStatus::Open => (format!("Subscribe to {name}"), buttons(session)),
        SessionStatus::Complete => (format!("You are subscribed to {name}"), String::new()),
        SessionStatus::Expired => ("This checkout has expired".to_owned(), String::new()),
    };
    let trial = session.trial_days.map_or_else(String::new, |days| {
        format!("<p>{days} days free, then {amount} per {interval}</p>")
    });
    let notice = notice.map_or_else(String::new, |notice| {
        format!("<p class=\"notice\" role=\"alert\">{}</p>", escape(notice))
    });
    let email = email.map_or_else(String::new, |email| {
        format!("<dt>Account</dt><dd>{}</dd>", escape(&email))
    });
    let body = format!(
        "<span class=\"test\">Sandbox: no real money</span><h1>{}</h1>\
         <p class=\"price\">{amount} <small>per {interval}</small></p>{trial}{notice}\
         <dl>{email}<dt>Due today</dt><dd><strong>{due}</strong></dd></dl>{buttons}\
         <footer>Played by the local sandbox in place of Stripe.</footer>",
        escape(&heading)
    );
    let status = if notice.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::PAYMENT_REQUIRED
    };
    page(status, &heading, &body)
}

fn buttons(session: &Session) -> String {
    let pay = if session.trial_days.is_some() {
        "Start the free trial"
    } else {
        "Pay and subscribe"
    };
    let back = match &session.cancel_url {
        Some(_) => "<button name=\"outcome\" value=\"abandoned\">Go back without paying</button>",
        None => "",
    };
    format!(
        "<form method=\"post\"><button class=\"main\" name=\"outcome\" value=\"paid\">{pay}</button>\
         <button name=\"outcome\" value=\"declined\">Pay with a card that is declined</button>{back}</form>"
    )
}
