//! Problems in the OpenAPI document: each operation names its own, grouped by status, each with an example.

use std::{borrow::Cow, collections::BTreeMap};

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder,
        example::ExampleBuilder,
        schema::{Schema, Type},
    },
};

use super::{Code, Document, MEDIA_TYPE};
use crate::examples;

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        let words = Self::ALL.iter().map(|code| code.slug());
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A kind of problem; `/problems` explains each one."))
            .enum_values(Some(words));
        Schema::from(schema.build()).into()
    }
}

impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ProblemCode")
    }
}

/// What any operation of a signed-in person can answer.
pub(crate) const SIGNED_IN: &[Code] = &[
    Code::Unauthenticated,
    Code::InternalError,
    Code::Unavailable,
];

/// What any read from the read models can answer.
pub(crate) const READ: &[Code] = &[Code::InvalidParameter, Code::ReadModelBehind];

/// What any command can answer.
pub(crate) const COMMAND: &[Code] = &[
    Code::InvalidParameter,
    Code::RequestTimeout,
    Code::IdempotencyKeyInUse,
    Code::PersonErased,
    Code::BodyTooLarge,
    Code::IdempotencyKeyReused,
    Code::Busy,
    Code::ReadModelBehind,
];

/// What a closed gate answers.
pub(crate) const GATE: &[Code] = &[
    Code::SubscriptionRequired,
    Code::PaymentIncomplete,
    Code::PaymentPastDue,
    Code::SubscriptionUnpaid,
    Code::SubscriptionPaused,
];

/// What any operation with a JSON body can answer.
pub(crate) const BODY: &[Code] = &[
    Code::InvalidJson,
    Code::RequestTimeout,
    Code::BodyTooLarge,
    Code::UnsupportedMediaType,
    Code::InvalidBody,
];

/// Declares what an operation can answer besides success, for its `responses(…)`.
macro_rules! problems {
    ($name:ident = $($codes:expr),+ $(,)?) => {
        pub(crate) struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::Response>,
            > {
                $crate::problem::documented(&[$($codes),+])
            }
        }
    };
}
pub(crate) use problems;

/// The responses that stand for those kinds of problem, one for each status.
pub(crate) fn documented(groups: &[&[Code]]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status = BTreeMap::<u16, Vec<Code>>::new();
    // Whatever can be asked for can be asked for too often.
    let groups = groups.iter().copied().flatten().copied();
    for code in groups.chain([Code::RateLimited]) {
        let codes = by_status.entry(code.status_number()).or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    by_status
        .into_iter()
        .map(|(status, codes)| (status.to_string(), response(&codes).into()))
        .collect()
}

/// The response that stands for those kinds of problem, all of one status.
fn response(codes: &[Code]) -> Response {
    let titles: Vec<_> = codes
        .iter()
        .map(|code| format!("`{}`: {}.", code.slug(), code.title()))
        .collect();
    let mut content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Document::name())));
    for code in codes {
        let example = ExampleBuilder::new()
            .summary(code.title())
            .value(Some(examples::problem(*code)))
            .build();
        content = content.examples_from_iter([(code.slug(), example)]);
    }
    let mut response = ResponseBuilder::new()
        .description(titles.join(" "))
        .content(MEDIA_TYPE, content.build())
        .header("X-Request-Id", header("The request's id.", Type::String));
    if codes.contains(&Code::Unauthenticated) {
        let what = "`Bearer`, with `error=\"invalid_token\"` when a token was sent.";
        response = response.header("WWW-Authenticate", header(what, Type::String));
    }
    let limited = codes.contains(&Code::RateLimited);
    if limited {
        let policy = "What is granted, as `\"commands\";q=600;w=60`: units and seconds.";
        let limit = "What is left, as `\"commands\";r=0;t=1`: units, and seconds until one more.";
        response = response
            .header("RateLimit-Policy", header(policy, Type::String))
            .header("RateLimit", header(limit, Type::String));
    }
    if limited || codes.iter().any(|code| code.retry_after().is_some()) {
        let what = "After how many seconds it is sensible to try again.";
        response = response.header("Retry-After", header(what, Type::Integer));
    }
    if codes.contains(&Code::RangeNotSatisfiable) {
        let what = "The picture's size, as `bytes */184320`.";
        response = response.header("Content-Range", header(what, Type::String));
    }
    response.build()
}

/// A response's header.
pub(crate) fn header(description: &str, kind: Type) -> utoipa::openapi::Header {
    HeaderBuilder::new()
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(kind).build()))
        .build()
}
