//! The page on which people sign in (OpenID Connect Core 1.0, section 3.1.2; PKCE, RFC 7636).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use actix_web::{HttpResponse, get, post};
use serde::Deserialize;
use url::Url;

use super::state::Grant;
use crate::pages::{escape, page, see_other};
use crate::world::{World, now_ms, random_text};

/// What a client asks for.
#[derive(Deserialize)]
struct Ask {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    nonce: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    audience: Option<String>,
    login_hint: Option<String>,
}

/// What the visitor says.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    email: String,
    /// With commas or blanks between.
    #[serde(default)]
    roles: String,
    outcome: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    SignIn,
    Cancel,
}

#[get("/oidc/authorize")]
pub(super) async fn show(ask: Query<Ask>) -> HttpResponse {
    match client(&ask) {
        Err(why) => nobody(why),
        Ok((back, _)) => match problem(&ask) {
            Some(why) => refused(back, &ask, "invalid_request", why),
            None => form(&ask, ask.login_hint.as_deref().unwrap_or_default(), None),
        },
    }
}

#[post("/oidc/authorize")]
pub(super) async fn submit(world: Data<World>, ask: Query<Ask>, said: Form<Said>) -> HttpResponse {
    let (mut back, client_id) = match client(&ask) {
        Err(why) => return nobody(why),
        Ok(client) => client,
    };
    if let Some(why) = problem(&ask) {
        return refused(back, &ask, "invalid_request", why);
    }
    if matches!(said.outcome, Outcome::Cancel) {
        return refused(back, &ask, "access_denied", "The person went back.");
    }
    let email = said.email.trim().to_lowercase();
    if !email.contains('@') {
        return form(
            &ask,
            &email,
            Some("Say who you are: any e-mail address will do."),
        );
    }
    let roles = said.roles.split([',', ' ']).filter(|role| !role.is_empty());
    let grant = Grant {
        client_id,
        redirect_uri: ask.redirect_uri.clone().unwrap_or_default(),
        challenge: ask.code_challenge.clone().unwrap_or_default(),
        nonce: ask.nonce.clone(),
        scope: ask.scope.clone().unwrap_or_default(),
        audience: ask.audience.clone(),
        email,
        roles: roles.map(str::to_owned).collect(),
        at_ms: now_ms(),
    };
    let code = random_text(
        b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        32,
    );
    world.change(|state| state.oidc.codes.insert(code.clone(), grant));
    world.kept().await;
    back.query_pairs_mut().append_pair("code", &code);
    lead_back(back, &ask)
}

/// Where to lead back to, and who asks. Until both are known, nobody is led anywhere (RFC 6749, section 4.1.2.1).
fn client(ask: &Ask) -> Result<(Url, String), &'static str> {
    let client_id = ask.client_id.clone().filter(|id| !id.is_empty());
    let client_id = client_id.ok_or("client_id is missing.")?;
    let back = ask.redirect_uri.as_deref().map(Url::parse);
    match back {
        Some(Ok(back)) if matches!(back.scheme(), "http" | "https") => Ok((back, client_id)),
        _ => Err("redirect_uri is missing, or not an http or https address."),
    }
}

/// What is wrong with the request.
fn problem(ask: &Ask) -> Option<&'static str> {
    let scope = ask.scope.as_deref().unwrap_or_default();
    if ask.response_type.as_deref() != Some("code") {
        return Some("response_type must be code.");
    }
    if !scope.split(' ').any(|one| one == "openid") {
        return Some("scope must name openid.");
    }
    if ask.code_challenge_method.as_deref() != Some("S256")
        || ask
            .code_challenge
            .as_deref()
            .is_none_or(|it| it.len() != 43)
    {
        return Some("PKCE is needed: code_challenge, and code_challenge_method=S256.");
    }
    None
}

fn nobody(why: &str) -> HttpResponse {
    let body = format!("<h1>This sign-in cannot begin</h1><p>{}</p>", escape(why));
    page(StatusCode::BAD_REQUEST, "Sign in", &body)
}

fn refused(mut back: Url, ask: &Ask, error: &str, why: &str) -> HttpResponse {
    back.query_pairs_mut()
        .append_pair("error", error)
        .append_pair("error_description", why);
    lead_back(back, ask)
}

fn lead_back(mut back: Url, ask: &Ask) -> HttpResponse {
    if let Some(state) = &ask.state {
        back.query_pairs_mut().append_pair("state", state);
    }
    see_other(back.as_str())
}

fn form(ask: &Ask, email: &str, notice: Option<&str>) -> HttpResponse {
    let client = ask.client_id.as_deref().unwrap_or_default();
    let notice = notice.map_or_else(String::new, |notice| {
        format!("<p class=\"notice\" role=\"alert\">{}</p>", escape(notice))
    });
    let body = format!(
        "<span class=\"test\">Sandbox: everybody is believed</span><h1>Sign in to {}</h1>{notice}\
         <form method=\"post\">\
         <label>E-mail address <input name=\"email\" type=\"email\" value=\"{}\" autocomplete=\"email\"></label>\
         <label>Roles <input name=\"roles\" placeholder=\"none\"></label>\
         <button class=\"main\" name=\"outcome\" value=\"sign_in\">Sign in</button>\
         <button name=\"outcome\" value=\"cancel\" formnovalidate>Go back</button></form>\
         <footer>Played by the local sandbox in place of an identity provider.</footer>",
        escape(client),
        escape(email)
    );
    let status = if notice.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    page(status, "Sign in", &body)
}
