//! What the adapters of services over HTTP have in common: an address, a key, a client, and how long to wait.

mod api_base;
mod body;
mod retry_after;
mod words;

use reqwest::{Client, ClientBuilder, header::HeaderValue, redirect};

pub(crate) use api_base::api_base;
pub(crate) use body::{BodyError, read_up_to, trouble};
pub(crate) use retry_after::{LONGEST_PAUSE, retry_after};
pub(crate) use words::known_words;

use crate::limits::CONNECT_TIME;

/// A client without its other limits on time. Redirects are not followed, so that nothing that is sent along goes
/// elsewhere. `allow_http` is for development: then `http` will do, and no proxy is used.
pub(crate) fn client(allow_http: bool) -> ClientBuilder {
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .https_only(!allow_http)
        .connect_timeout(CONNECT_TIME);
    if allow_http {
        client.no_proxy()
    } else {
        client
    }
}

/// The `Authorization` header for a key, which no log shows; none when it is no key that can stand in a header.
pub(crate) fn bearer(key: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("Bearer {key}"))
        .ok()
        .filter(|_| !key.is_empty())?;
    header.set_sensitive(true);
    Some(header)
}
