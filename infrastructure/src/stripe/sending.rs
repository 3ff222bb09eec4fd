//! Sends what async-stripe builds, as all other services are asked: so Stripe, too, hears of the trace.

use std::time::{Duration, Instant};

use application::figures::PROVIDER_CALLS;
use reqwest::{
    Client, Method, RequestBuilder,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::Value;
use stripe_client_core::{
    IdempotencyKey, RequestBuilder as StripeBuilt, StripeMethod, StripeRequest, VERSION,
};
use url::Url;

use super::{StripeMisconfigured, answers::Failure};
use crate::{
    limits::PAYMENT_ANSWER,
    web_service::{self, bearer, read_up_to, trouble},
};

/// Stripe itself.
const STRIPE: &str = "https://api.stripe.com";

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Where requests go, and on whose behalf.
pub(super) struct Sender {
    client: Client,
    /// Without a slash at the end.
    base: String,
    bearer: HeaderValue,
    /// Only to be struck out of whatever goes to a log.
    secret_key: String,
}

impl Sender {
    pub(super) fn new(
        secret_key: String,
        base: Option<&Url>,
        timeout: Duration,
    ) -> Result<Self, StripeMisconfigured> {
        let base = base.map_or(STRIPE, Url::as_str).trim_end_matches('/');
        let client = web_service::client(base.starts_with("http:"))
            .timeout(timeout)
            // We ask seldom: a connection that is kept would mostly be one that Stripe has left.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| StripeMisconfigured(error.to_string()))?;
        let bearer = bearer(&secret_key)
            .ok_or_else(|| StripeMisconfigured("the key cannot stand in a header".to_owned()))?;
        Ok(Self {
            client,
            base: base.to_owned(),
            bearer,
            secret_key,
        })
    }

    /// Sends a request whose parameters async-stripe checked, and takes the answer as it comes; with a key, Stripe carries
    /// it out once.
    ///
    /// The answer is not parsed into async-stripe's types: one field that an account's older (or next) API version shapes
    /// differently would make the whole answer unreadable, and we need few of them.
    pub(super) async fn send(
        &self,
        request: &impl StripeRequest,
        once: Option<&IdempotencyKey>,
    ) -> Result<Value, Failure> {
        let request = request.build();
        let call = match request.method {
            StripeMethod::Get => "read",
            StripeMethod::Post | StripeMethod::Delete => "change",
        };
        let began = Instant::now();
        let answered = self.ask(self.written(request, once)).await;
        let outcome = answered.as_ref().map_or_else(Failure::outcome, |_| "done");
        PROVIDER_CALLS.took(["stripe", call, outcome], began.elapsed());
        answered.map_err(|failure| failure.without(&self.secret_key))
    }

    fn written(&self, request: StripeBuilt, once: Option<&IdempotencyKey>) -> RequestBuilder {
        let method = match request.method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        // async-stripe has encoded it: nothing is to be encoded once more.
        let query = request.query.map(|query| format!("?{query}"));
        let address = format!(
            "{}/v1{}{}",
            self.base,
            request.path,
            query.unwrap_or_default()
        );
        let mut written = self
            .client
            .request(method, address)
            .header(reqwest::header::AUTHORIZATION, self.bearer.clone())
            .header("stripe-version", VERSION.as_str());
        if let Some(key) = once {
            written = written.header("idempotency-key", key.as_str());
        }
        match request.body {
            Some(body) => written.header(CONTENT_TYPE, FORM).body(body),
            None => written,
        }
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let answer = web_service::send("stripe", request)
            .await
            .map_err(|error| Failure::unanswered(&trouble(&error)))?;
        let status = answer.status();
        let body = read_up_to(answer, PAYMENT_ANSWER)
            .await
            .map_err(|error| Failure::unanswered(&error.to_string()))?;
        match serde_json::from_slice::<Value>(&body) {
            Ok(told) if status.is_success() => Ok(told),
            Ok(told) if told["error"].is_object() => Err(Failure::told(status.as_u16(), &told)),
            // An error page of something in between, for one.
            Ok(_) | Err(_) => Err(Failure::foreign(status.as_u16())),
        }
    }
}
