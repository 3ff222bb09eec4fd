//! What we ask of Stripe.

use std::collections::HashMap;

use application::ports::CheckoutOrder;
use domain::{subscription::Survey, values::UserId};
use serde_json::Value;
use stripe_billing::subscription::{
    ListSubscription, RetrieveSubscription, UpdateSubscription,
    UpdateSubscriptionCancellationDetails, UpdateSubscriptionCancellationDetailsFeedback,
};
use stripe_checkout::{
    CheckoutSessionMode,
    checkout_session::{
        CreateCheckoutSession, CreateCheckoutSessionLineItems,
        CreateCheckoutSessionSubscriptionData, ExpireCheckoutSession, RetrieveCheckoutSession,
    },
};
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest};
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

pub(super) fn subscriptions(from: Option<&str>, limit: i64) -> ListSubscription {
    // Without a status: those that are not canceled.
    let request = ListSubscription::new().limit(limit);
    match from {
        Some(after) => request.starting_after(after),
        None => request,
    }
}

pub(super) fn subscriptions_of(customer_id: &str, limit: i64) -> ListSubscription {
    ListSubscription::new().customer(customer_id).limit(limit)
}

pub(super) fn end_with_period(id: &str, ends: bool, survey: Option<&Survey>) -> UpdateSubscription {
    let request = UpdateSubscription::new(id).cancel_at_period_end(ends);
    let Some(survey) = survey else {
        return request;
    };
    let said = |reason: &str| reason.parse::<UpdateSubscriptionCancellationDetailsFeedback>();
    let comment = survey.comment.as_ref().and_then(|comment| comment.known());
    request.cancellation_details(UpdateSubscriptionCancellationDetails {
        comment: comment.map(|comment| comment.as_str().to_owned()),
        feedback: survey.reason.and_then(|reason| said(reason.as_str()).ok()),
        feedback_option: None,
    })
}

/// `id` becomes a part of the address: the caller has checked it. <https://docs.stripe.com/api/subscriptions/cancel>
pub(super) fn end_at_once(id: &str) -> Plain {
    Plain {
        method: StripeMethod::Delete,
        path: format!("/subscriptions/{id}"),
        parameters: Vec::new(),
    }
}

pub(super) fn expire_checkout(session_id: &str) -> ExpireCheckoutSession {
    ExpireCheckoutSession::new(session_id)
}

pub(super) fn checkout_session(session_id: &str) -> RetrieveCheckoutSession {
    RetrieveCheckoutSession::new(session_id)
}

/// A request that is so plain that async-stripe's own type of it is not worth compiling: those of invoices and charges
/// alone are tens of thousands of lines.
pub(super) struct Plain {
    method: StripeMethod,
    path: String,
    parameters: Vec<(&'static str, String)>,
}

impl StripeRequest for Plain {
    type Output = Value;

    fn build(&self) -> RequestBuilder {
        let parameters: HashMap<_, _> = self.parameters.iter().cloned().collect();
        match self.method {
            StripeMethod::Get => {
                RequestBuilder::new(StripeMethod::Get, &self.path).query(&parameters)
            }
            StripeMethod::Post => {
                RequestBuilder::new(StripeMethod::Post, &self.path).form(&parameters)
            }
            StripeMethod::Delete => RequestBuilder::new(StripeMethod::Delete, &self.path),
        }
    }
}

pub(super) fn portal(customer_id: &str, return_url: &str) -> Plain {
    Plain {
        method: StripeMethod::Post,
        path: "/billing_portal/sessions".to_owned(),
        parameters: vec![
            ("customer", customer_id.to_owned()),
            ("return_url", return_url.to_owned()),
        ],
    }
}

pub(super) fn invoices(customer_id: &str, limit: u32, after: Option<&str>) -> Plain {
    let mut parameters = vec![
        ("customer", customer_id.to_owned()),
        ("limit", limit.to_string()),
    ];
    parameters.extend(after.map(|after| ("starting_after", after.to_owned())));
    Plain {
        method: StripeMethod::Get,
        path: "/invoices".to_owned(),
        parameters,
    }
}

/// `id` becomes a part of the address: the caller has checked it.
pub(super) fn charge(id: &str) -> Plain {
    Plain {
        method: StripeMethod::Get,
        path: format!("/charges/{id}"),
        parameters: Vec::new(),
    }
}

fn metadata(user: UserId) -> HashMap<String, String> {
    HashMap::from([(USER.to_owned(), user.to_string())])
}
