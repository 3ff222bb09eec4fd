//! Stripe, played: customers, checkout, subscriptions with a movable clock, invoices, signed events.

mod answer;
mod catalogue;
mod charges;
mod checkout;
mod checkout_page;
mod clock;
mod control;
mod customers;
mod delivery;
mod error;
mod events;
mod expand;
mod idempotency;
mod invoices;
mod ledger;
mod lists;
mod params;
mod portal;
mod shape;
mod state;
mod steps;
mod subscriptions;

use actix_web::web::ServiceConfig;

pub use catalogue::{PriceInterval, StripePrice};
pub(crate) use clock::follow_the_clock;
pub(crate) use control::{add_prices, reset, routes as control_routes};
pub(crate) use delivery::deliver_webhooks;
pub(crate) use state::State;

/// Registers Stripe's routes and its two hosted pages.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.configure(customers::routes)
        .configure(catalogue::routes)
        .configure(checkout::routes)
        .configure(checkout_page::routes)
        .configure(subscriptions::routes)
        .configure(invoices::routes)
        .configure(charges::routes)
        .configure(portal::routes)
        .configure(events::routes);
}
