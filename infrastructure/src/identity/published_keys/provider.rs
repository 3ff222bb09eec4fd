//! Asks an identity provider for its keys.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, StatusCode, header::ACCEPT};
use serde::Deserialize;
use url::Url;

use super::discovery_address;
use crate::{
    identity::key_set::KeySet,
    web_service::{self, read_up_to, trouble},
};

/// Keys and metadata have a few thousand bytes.
const LARGEST_ANSWER: usize = 256 * 1024;

/// Where an issuer publishes its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyAddress {
    /// There, as a JWK Set.
    Jwks(Url),
    /// Where the issuer's metadata says (OpenID Connect Discovery 1.0).
    Discovered,
}

/// The part of an issuer's metadata that counts here.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: Url,
}

/// One provider.
pub(in crate::identity) struct Provider {
    client: Client,
    issuer: String,
    address: KeyAddress,
    allow_http: bool,
    /// Where the metadata said that the keys are, until they are not to be had there.
    discovered: Option<Url>,
}

impl Provider {
    /// Each question may take as long as `patience`. Redirects are not followed. Without `allow_http` only `https` will do.
    ///
    /// # Errors
    /// When no TLS set-up can be made on this machine.
    pub(in crate::identity) fn new(
        issuer: String,
        address: KeyAddress,
        allow_http: bool,
        patience: Duration,
    ) -> Result<Self, reqwest::Error> {
        let client = web_service::client(allow_http).timeout(patience);
        Ok(Self {
            client: client.build()?,
            issuer,
            address,
            allow_http,
            discovered: None,
        })
    }

    /// The keys as they are now, or in words why they are not to be had.
    pub(super) async fn keys(&mut self) -> Result<KeySet, String> {
        let address = match (&self.address, &self.discovered) {
            (KeyAddress::Jwks(address), _) => address.clone(),
            (KeyAddress::Discovered, Some(address)) => address.clone(),
            (KeyAddress::Discovered, None) => self.discover().await?,
        };
        // What was discovered counts again only when it works.
        self.discovered = None;
        let answer = self.get(address.clone()).await;
        let answer = answer.map_err(|error| format!("its key set: {error}"))?;
        let keys = KeySet::of_jwks(&answer).map_err(|error| error.to_string())?;
        self.discovered = Some(address);
        Ok(keys)
    }

    async fn discover(&self) -> Result<Url, String> {
        let address = discovery_address(&self.issuer).ok_or("the issuer is no address")?;
        let answer = self.get(address).await;
        let answer = answer.map_err(|error| format!("its metadata: {error}"))?;
        let metadata: Metadata = serde_json::from_slice(&answer)
            .map_err(|_| "its metadata names no usable `issuer` and `jwks_uri`")?;
        // Discovery 1.0, section 4.3: exactly; who says otherwise speaks for somebody else.
        if metadata.issuer != self.issuer {
            return Err(format!(
                "its metadata is that of {:?}, and AUTH_ISSUER is {:?}; they must be the same to the last character",
                metadata.issuer, self.issuer
            ));
        }
        if metadata.jwks_uri.scheme() != "https" && !self.allow_http {
            return Err("its metadata names keys that are not at an https address".to_owned());
        }
        Ok(metadata.jwks_uri)
    }

    async fn get(&self, address: Url) -> Result<Bytes, String> {
        let request = self.client.get(address).header(ACCEPT, "application/json");
        let response = request.send().await.map_err(|error| trouble(&error))?;
        match response.status() {
            StatusCode::OK => {}
            status => return Err(format!("it answered {status}")),
        }
        let body = read_up_to(response, LARGEST_ANSWER).await;
        body.map_err(|error| error.to_string())
    }
}
