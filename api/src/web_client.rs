//! The web client: its built files, and which requests get them.

mod answer;
mod files;

use std::{io, path::Path, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    guard::GuardContext,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap},
    },
    web::{self, Data, ServiceConfig},
};
use serde::Serialize;
use url::Url;

use crate::app::State;

use files::Files;

/// The first segments of the pages' paths; a test compares them with the client's own list.
pub const PAGES: &[&str] = &[
    "",
    "sign-in",
    "avatar-setup",
    "chat",
    "gallery",
    "subscribe",
    "account",
    "goodbye",
    "audit",
    "operator",
];

/// How people sign in; `GET /config.json` tells the client.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SignInWays {
    /// Whether `POST /dev/token` exists.
    pub development: bool,
    /// The identity provider whose tokens are accepted, when the client knows how to get there.
    pub oidc: Option<OidcClient>,
}

/// An OpenID Connect provider, at which browsers sign in with a code and PKCE (RFC 7636).
#[derive(Debug, Clone, Serialize)]
pub struct OidcClient {
    /// The provider's issuer.
    pub authority: Url,
    /// Our client there; public, as every client in a browser.
    pub client_id: String,
    /// For whom the access tokens must be meant, so that a provider which wants to be told can be.
    pub audience: String,
    /// Where in a token the roles stand, from the outside in.
    pub roles_claim: Vec<String>,
}

/// The web client, as it is served.
#[derive(Debug, Clone)]
pub struct WebClient(Arc<Files>);

impl WebClient {
    /// Reads the built files of a directory, once: they do not change while the process lives. `pictures_from` is where
    /// pictures are stored, when browsers are sent there.
    ///
    /// # Errors
    /// When there is no readable `index.html`, or another file cannot be read.
    pub fn read(
        directory: &Path,
        ways: &SignInWays,
        pictures_from: Option<&Url>,
    ) -> io::Result<Self> {
        Files::read(directory, ways, pictures_from)
            .map(Arc::new)
            .map(Self)
    }
}

/// What comes before the operations of the API: the client's files, and its pages for whoever navigates to one.
///
/// A page and an operation may have the same path, as `GET /chat`. A browser that navigates accepts `text/html`; a
/// client of the API does not.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.service(
        web::resource("/{file:.*}")
            .guard(|context: &GuardContext<'_>| is_file(context))
            .to(serve_file),
    )
    .service(
        web::resource("/{page:.*}")
            .guard(|context: &GuardContext<'_>| is_page(context))
            .to(serve_page),
    );
}

async fn serve_file(app: Data<State>, request: HttpRequest) -> HttpResponse {
    let file = app
        .web
        .as_ref()
        .and_then(|web| web.0.get(request.path()).map(|file| (web, file)));
    match file {
        Some((web, file)) => answer::file(&web.0, file, request.headers(), StatusCode::OK),
        None => HttpResponse::NotFound().finish(),
    }
}

async fn serve_page(app: Data<State>, request: HttpRequest) -> HttpResponse {
    page(&app, &request, StatusCode::OK).unwrap_or_else(|| HttpResponse::NotFound().finish())
}

/// The client's own words for a path that nobody knows, when a browser navigates there.
pub(crate) fn lost(app: &State, request: &HttpRequest) -> Option<HttpResponse> {
    let navigates = request.method() == Method::GET && accepts_page(request.headers());
    navigates
        .then(|| page(app, request, StatusCode::NOT_FOUND))
        .flatten()
}

fn page(app: &State, request: &HttpRequest, status: StatusCode) -> Option<HttpResponse> {
    let files = &app.web.as_ref()?.0;
    Some(answer::file(
        files,
        files.index(),
        request.headers(),
        status,
    ))
}

fn is_file(context: &GuardContext<'_>) -> bool {
    let head = context.head();
    head.method == Method::GET
        && client(context).is_some_and(|web| web.0.get(head.uri.path()).is_some())
}

fn is_page(context: &GuardContext<'_>) -> bool {
    let head = context.head();
    let first = head.uri.path().split('/').nth(1).unwrap_or_default();
    head.method == Method::GET
        && PAGES.contains(&first)
        && accepts_page(head.headers())
        && client(context).is_some()
}

fn client<'c>(context: &'c GuardContext<'_>) -> Option<&'c WebClient> {
    context.app_data::<Data<State>>()?.web.as_ref()
}

/// Whether whoever asks wants a page, and names it: `*/*` does not.
fn accepts_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT);
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.any(|text| {
        text.split(',')
            .any(|range| range.split(';').next().map(str::trim) == Some("text/html"))
    })
}
