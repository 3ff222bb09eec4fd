//! The OpenAPI document: made from the routes themselves, served, and readable offline.

mod headers;

use std::sync::LazyLock;

use actix_web::{
    App, HttpResponse,
    dev::ResourceDef,
    get,
    http::header,
    web::{Bytes, Data},
};
use utoipa::{
    OpenApi,
    openapi::{
        self, PathItem, RefOr, Schema, ServerBuilder,
        schema::Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::{Config, SwaggerUi};

pub(crate) use headers::{CommandHeaders, ConditionalHeaders, ReadHeaders};

use crate::{
    app::{State, routes},
    examples,
    problem::{self, Code},
    rate_limits,
    updates::MessageDelta,
};

const DESCRIPTION: &str = include_str!("documentation/description.md");

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ava",
        description = DESCRIPTION,
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    security(("token" = [])),
    components(schemas(problem::Document, MessageDelta<'static>)),
    tags(
        (name = "Avatar", description = "The companion: design it, give it a face, approve it."),
        (name = "Photos", description = "Pictures of the companion. For subscribers."),
        (name = "Chat", description = "What the person and the companion say to each other. For subscribers."),
        (name = "Provenance", description = "Where a picture comes from. For everybody."),
        (name = "Updates", description = "What changes, as it changes."),
        (name = "Billing", description = "Plans, payment, and what is paid for."),
        (name = "Reports", description = "Say that something should not be there, and see what became of it."),
        (name = "Account", description = "The person's own data: to take along, and to have forgotten."),
        (name = "Operator", description = "Running the system. For those whose access token names the role `operator`; every view and every act is recorded."),
        (name = "Audit", description = "What auditors look at. For those whose access token names the role `auditor`."),
        (name = "Service", description = "The service itself."),
    ),
)]
struct Base;

/// The OpenAPI 3.1 document of every operation.
pub fn openapi() -> openapi::OpenApi {
    let app = App::new().into_utoipa_app().openapi(Base::openapi());
    let (_, mut document) = app.configure(routes).split_for_parts();
    let components = document.components.get_or_insert_default();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "An access token of the identity provider, or of `POST /dev/token`.",
        ))
        .build();
    let scheme = SecurityScheme::Http(scheme);
    components
        .security_schemes
        .insert("token".to_owned(), scheme.into());
    // Also those that belong to no single operation, as `method-not-allowed`.
    if let Some(RefOr::T(Schema::Object(problem))) = components.schemas.get_mut("Problem") {
        problem.examples = Code::ALL.iter().copied().map(examples::problem).collect();
    }
    document.servers = Some(vec![
        ServerBuilder::new()
            .url("/")
            .description(Some("Where this document comes from."))
            .build(),
    ]);
    for (path, item) in &mut document.paths.paths {
        for operation in operations_mut(item) {
            let responses = &mut operation.responses.responses;
            if rate_limits::is_exempt(path) {
                responses.remove("429");
            } else if !responses.contains_key("429") {
                responses.extend(problem::documented(&[]));
            }
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    let id = problem::header("The request's id.", Type::String);
                    response
                        .headers
                        .insert("X-Request-Id".to_owned(), id.into());
                }
            }
        }
    }
    document
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut openapi::path::Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

/// The document as it is served.
pub(crate) fn served() -> Bytes {
    // A document of ours is always JSON; a test compares it with the file that is checked in.
    openapi().to_json().unwrap_or_default().into()
}

/// Describe this API.
///
/// This document: OpenAPI 3.1.
#[utoipa::path(
    tag = "Service",
    security(()),
    responses((status = 200, description = "The document.", body = serde_json::Value, content_type = "application/json", example = json!({"openapi": "3.1.0", "info": {"title": "Ava"}}))),
)]
#[get("/openapi.json")]
pub(crate) async fn get_openapi(app: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(app.openapi.clone())
}

/// The interactive reference under `/docs/`. Everything in it is built in; it asks nobody else for anything.
pub(crate) fn reference() -> SwaggerUi {
    let config = Config::from("/openapi.json")
        .validator_url("none")
        .doc_expansion("list")
        .persist_authorization(true)
        .try_it_out_enabled(true);
    SwaggerUi::new("/docs/{_:.*}").config(config)
}

/// The methods that a path takes, as the document has them; none for a path that it does not have.
pub(crate) fn methods_of(path: &str) -> Vec<&'static str> {
    static PATHS: LazyLock<Vec<(ResourceDef, Vec<&'static str>)>> = LazyLock::new(|| {
        let paths = openapi().paths.paths;
        paths
            .into_iter()
            .map(|(pattern, item)| (ResourceDef::new(pattern), methods(&item)))
            .collect()
    });
    let matching = PATHS.iter().filter(|(pattern, _)| pattern.is_match(path));
    let mut methods: Vec<_> = matching.flat_map(|(_, methods)| methods.clone()).collect();
    methods.sort_unstable();
    methods.dedup();
    methods
}

fn methods(item: &PathItem) -> Vec<&'static str> {
    let methods = [
        ("DELETE", &item.delete),
        ("GET", &item.get),
        ("HEAD", &item.get),
        ("PATCH", &item.patch),
        ("POST", &item.post),
        ("PUT", &item.put),
    ];
    let there = methods
        .into_iter()
        .filter(|(_, operation)| operation.is_some());
    there.map(|(method, _)| method).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_knows_its_methods() {
        assert_eq!(methods_of("/avatars/me"), ["GET", "HEAD", "PATCH"]);
        assert_eq!(methods_of("/photos/7"), ["DELETE", "GET", "HEAD"]);
        assert!(methods_of("/photos/7/").is_empty());
        assert!(methods_of("/nowhere").is_empty());
    }
}
