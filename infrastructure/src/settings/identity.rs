//! Whose access tokens are accepted, and how they are checked.

use url::Url;

use super::{Environment, reader::Reader};
use crate::identity::{
    DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, RolesClaim, SharedSecret, discovery_address,
};

const SECRET: &str = "AUTH_JWT_SECRET";
const KEYS: &str = "AUTH_JWKS_URL";
const ISSUER: &str = "AUTH_ISSUER";
const CLIENT: &str = "AUTH_WEB_CLIENT_ID";

/// Whose access tokens are accepted.
#[derive(Debug, Clone)]
pub struct IdentitySettings {
    /// `AUTH_ISSUER`.
    pub issuer: Issuer,
    /// What tokens are checked with.
    pub keys: TokenKeys,
    /// `AUTH_AUDIENCE`.
    pub audience: String,
    /// `AUTH_ROLES_CLAIM`: where in a token the roles stand.
    pub roles_claim: RolesClaim,
    /// `AUTH_WEB_CLIENT_ID` at the issuer; none when the web client signs in for development only.
    pub web_client_id: Option<String>,
}

/// Who issues the tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuer {
    /// By its claim `iss`.
    Named(String),
    /// The provider that the sandbox plays, wherever it listens.
    Sandbox,
}

/// What tokens are checked with.
#[derive(Debug, Clone)]
pub enum TokenKeys {
    /// The secret that was made for development.
    Generated,
    /// `AUTH_JWT_SECRET`.
    Shared(SharedSecret),
    /// `AUTH_JWKS_URL`.
    Jwks(Url),
    /// The keys that the issuer's metadata leads to.
    Discovered,
}

pub(super) fn read(reader: &mut Reader<'_>, environment: Environment) -> IdentitySettings {
    let issuer = issuer(reader, environment);
    let settings = IdentitySettings {
        keys: keys(reader, environment, &issuer),
        web_client_id: web_client_id(reader, &issuer),
        audience: reader
            .text("AUTH_AUDIENCE")
            .unwrap_or_else(|| DEVELOPMENT_AUDIENCE.to_owned()),
        roles_claim: reader
            .value("AUTH_ROLES_CLAIM", "app_metadata.roles")
            .unwrap_or_default(),
        issuer,
    };
    if environment == Environment::Production {
        refuse_defaults(reader, &settings);
    }
    settings
}

fn issuer(reader: &mut Reader<'_>, environment: Environment) -> Issuer {
    match reader.text(ISSUER).as_deref() {
        Some("sandbox") if environment == Environment::Production => {
            reader.problem(
                ISSUER,
                "is sandbox, and APP_ENV is production: there everybody is believed, so name your identity provider",
            );
            Issuer::Sandbox
        }
        Some("sandbox") => Issuer::Sandbox,
        Some(DEVELOPMENT_ISSUER) if environment == Environment::Production => {
            reader.problem(
                ISSUER,
                "is that of development, and APP_ENV is production: name your identity provider",
            );
            Issuer::Named(DEVELOPMENT_ISSUER.to_owned())
        }
        Some(issuer) => Issuer::Named(issuer.to_owned()),
        None => Issuer::Named(DEVELOPMENT_ISSUER.to_owned()),
    }
}

fn keys(reader: &mut Reader<'_>, environment: Environment, issuer: &Issuer) -> TokenKeys {
    let secret = secret(reader);
    let jwks = reader.address(KEYS, "https://login.example.com/jwks");
    if reader.text(SECRET).is_some() && reader.text(KEYS).is_some() {
        reader.problem(
            KEYS,
            "is set, and so is AUTH_JWT_SECRET; tokens are signed with the one or with the other, so unset one of them",
        );
    }
    let by_itself = reader.text(SECRET).is_none() && reader.text(KEYS).is_none();
    if *issuer == Issuer::Sandbox && !by_itself {
        reader.problem(
            ISSUER,
            "is sandbox, which signs with keys of its own: unset AUTH_JWT_SECRET and AUTH_JWKS_URL",
        );
    }
    let allow_http = environment != Environment::Production;
    if let Some(jwks) = jwks {
        if reader.text(ISSUER).is_none() {
            reader.problem(
                KEYS,
                "is set, but AUTH_ISSUER is not: the claim `iss` of the tokens that these keys sign",
            );
        }
        if jwks.scheme() != "https" && !allow_http {
            reader.problem(
                KEYS,
                "must be an https address, since APP_ENV is production",
            );
        }
        return TokenKeys::Jwks(jwks);
    }
    match (secret, issuer) {
        (Some(secret), _) => TokenKeys::Shared(secret),
        (None, Issuer::Named(issuer)) if discovery_address(issuer).is_none() => {
            TokenKeys::Generated
        }
        (None, Issuer::Named(issuer)) => {
            if by_itself && !allow_http && !issuer.starts_with("https://") {
                reader.problem(
                    ISSUER,
                    "must be an https address, since APP_ENV is production and its keys are looked for there",
                );
            }
            TokenKeys::Discovered
        }
        (None, Issuer::Sandbox) => TokenKeys::Discovered,
    }
}

fn secret(reader: &mut Reader<'_>) -> Option<SharedSecret> {
    let text = reader.text(SECRET)?;
    match SharedSecret::new(text) {
        Ok(secret) => Some(secret),
        Err(error) => {
            reader.problem(
                SECRET,
                format_args!("is too short ({error}); make one with `openssl rand -hex 32`"),
            );
            None
        }
    }
}

fn web_client_id(reader: &mut Reader<'_>, issuer: &Issuer) -> Option<String> {
    let client_id = reader.text(CLIENT)?;
    if reader.text(ISSUER).is_none() {
        reader.problem(
            CLIENT,
            "is set, but AUTH_ISSUER is not, at which the web client would sign in",
        );
        return None;
    }
    if *issuer != Issuer::Sandbox {
        reader.address(ISSUER, "https://login.example.com")?;
    }
    Some(client_id)
}

/// Production takes nobody's word but a provider's.
fn refuse_defaults(reader: &mut Reader<'_>, settings: &IdentitySettings) {
    if reader.text(ISSUER).is_none() {
        reader.problem(
            ISSUER,
            "is missing, and APP_ENV is production: the development issuer is not to be trusted",
        );
    }
    let given = reader.text(SECRET).is_some() || reader.text(KEYS).is_some();
    if matches!(settings.keys, TokenKeys::Generated) && !given {
        reader.problem(
            SECRET,
            "is missing, and APP_ENV is production: the generated one is for development; set it, or AUTH_JWKS_URL, or \
             let AUTH_ISSUER be the https address of an OpenID Connect provider",
        );
    }
}
