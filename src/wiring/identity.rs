//! Who signs in, and where.

use std::sync::Arc;

use api::{OidcClient, SignInWays};
use application::ports::TokenIssuer;
use infrastructure::{
    identity::{
        DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, DevelopmentIssuer, KeyAddress, KeySource, Pace,
        PublishedAt, SharedSecret, TokenSettings, TokenVerifier,
    },
    settings::{Environment, GeneratedSecrets, IdentitySettings, Issuer, Settings, TokenKeys},
};
use url::Url;

use crate::failure::Failure;

/// Whose tokens are taken, and how people come by them.
pub struct Identity {
    tokens: TokenSettings,
    /// `/dev/token`.
    pub issuer: Option<Arc<dyn TokenIssuer>>,
    web: Option<OidcClient>,
}

/// The secret that tokens are signed with, where they are signed with one.
pub fn shared_secret(
    settings: &Settings,
    generated: Option<&GeneratedSecrets>,
) -> Result<Option<SharedSecret>, Failure> {
    match (&settings.identity.keys, generated) {
        (TokenKeys::Shared(secret), _) => Ok(Some(secret.clone())),
        (TokenKeys::Generated, Some(generated)) => SharedSecret::new(generated.jwt_secret.clone())
            .map(Some)
            .map_err(Failure::other),
        (TokenKeys::Generated, None) => Err(Failure::usage("AUTH_JWT_SECRET is missing")),
        (TokenKeys::Jwks(_) | TokenKeys::Discovered, _) => Ok(None),
    }
}

impl Identity {
    /// By the settings; `secret` is [`shared_secret`].
    pub fn of(
        settings: &Settings,
        secret: Option<SharedSecret>,
        sandbox_url: &Url,
    ) -> Result<Self, Failure> {
        let identity = &settings.identity;
        let issuer = match &identity.issuer {
            Issuer::Named(issuer) => issuer.clone(),
            Issuer::Sandbox => ::sandbox::oidc_issuer(sandbox_url.as_str()),
        };
        let dev = dev_issuer(settings, secret.as_ref());
        let web = match &identity.web_client_id {
            Some(client_id) => Some(OidcClient {
                authority: Url::parse(&issuer).map_err(Failure::usage)?,
                client_id: client_id.clone(),
                audience: identity.audience.clone(),
                roles_claim: identity.roles_claim.path().to_vec(),
            }),
            None => None,
        };
        Ok(Self {
            tokens: TokenSettings {
                issuer,
                audience: identity.audience.clone(),
                roles: identity.roles_claim.clone(),
                keys: keys(settings.environment, identity, secret)?,
            },
            issuer: dev,
            web,
        })
    }

    /// Checks tokens. Must be called on the runtime on which an issuer's keys are to be read.
    pub fn verifier(&self) -> Result<Arc<TokenVerifier>, Failure> {
        let verifier = TokenVerifier::start(self.tokens.clone());
        verifier.map(Arc::new).map_err(Failure::other)
    }

    /// How the web client signs people in.
    pub fn ways(&self) -> SignInWays {
        SignInWays {
            development: self.issuer.is_some(),
            oidc: self.web.clone(),
        }
    }
}

fn keys(
    environment: Environment,
    identity: &IdentitySettings,
    secret: Option<SharedSecret>,
) -> Result<KeySource, Failure> {
    let published = |address| {
        KeySource::Published(PublishedAt {
            address,
            allow_http: environment != Environment::Production,
            pace: Pace::default(),
        })
    };
    match (&identity.keys, secret) {
        (TokenKeys::Jwks(url), _) => Ok(published(KeyAddress::Jwks(url.clone()))),
        (TokenKeys::Discovered, _) => Ok(published(KeyAddress::Discovered)),
        (TokenKeys::Generated | TokenKeys::Shared(_), Some(secret)) => {
            Ok(KeySource::SharedSecret(secret))
        }
        (TokenKeys::Generated | TokenKeys::Shared(_), None) => {
            Err(Failure::usage("AUTH_JWT_SECRET is missing"))
        }
    }
}

/// `/dev/token`, in development only, and only while its tokens are the accepted ones. Never where others can reach it
/// and its tokens would be signed with a secret that somebody configured: that secret may guard more than a trial.
fn dev_issuer(settings: &Settings, secret: Option<&SharedSecret>) -> Option<Arc<dyn TokenIssuer>> {
    let identity = &settings.identity;
    let ours = identity.issuer == Issuer::Named(DEVELOPMENT_ISSUER.to_owned())
        && identity.audience == DEVELOPMENT_AUDIENCE;
    let trusted = matches!(identity.keys, TokenKeys::Shared(_));
    let exposed = trusted && !settings.http_addr.ip().is_loopback();
    match settings.environment {
        Environment::Development if ours && !exposed => {
            Some(Arc::new(DevelopmentIssuer::new(secret?.clone())))
        }
        Environment::Development | Environment::Production | Environment::Test => None,
    }
}
