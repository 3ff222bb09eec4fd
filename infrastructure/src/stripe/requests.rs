//! What we ask of Stripe.

use std::collections::HashMap;

use application::ports::CheckoutOrder;
use domain::values::UserId;
use stripe_billing::subscription::RetrieveSubscription;
use stripe_checkout::{
    CheckoutSessionMode,
    checkout_session::{
        CreateCheckoutSession, CreateCheckoutSessionLineItems,
        CreateCheckoutSessionSubscriptionData,
    },
};
use stripe_core::customer::CreateCustomer;

/// The metadata that names our user.
pub(super) const USER: &str = "user_id";

pub(super) fn customer(user: UserId, email: Option<&str>) -> CreateCustomer {
    let request = CreateCustomer::new().metadata(metadata(user));
    match email {
        Some(email) => request.email(email),
        None => request,
    }
}

pub(super) fn checkout(order: &CheckoutOrder) -> CreateCheckoutSession {
    let item = CreateCheckoutSessionLineItems {
        price: Some(order.plan.price_id.clone()),
        quantity: Some(1),
        ..CreateCheckoutSessionLineItems::new()
    };
    let subscription = CreateCheckoutSessionSubscriptionData {
        // A session's metadata does not reach its subscription.
        metadata: Some(metadata(order.user)),
        // Stripe refuses 0.
        trial_period_days: Some(order.plan.trial_days).filter(|days| *days > 0),
        ..CreateCheckoutSessionSubscriptionData::new()
    };
    CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Subscription)
        .customer(order.customer_id.as_str())
        .client_reference_id(order.user.to_string())
        .metadata(metadata(order.user))
        .line_items(vec![item])
        .subscription_data(subscription)
        .success_url(order.success_url.as_str())
        .cancel_url(order.cancel_url.as_str())
}

pub(super) fn subscription(id: &str) -> RetrieveSubscription {
    RetrieveSubscription::new(id)
}

fn metadata(user: UserId) -> HashMap<String, String> {
    HashMap::from([(USER.to_owned(), user.to_string())])
}
