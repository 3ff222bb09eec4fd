//! The headers that operations take, as the OpenAPI document tells them.

use utoipa::{
    IntoParams,
    openapi::{
        Object, ObjectBuilder,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{KnownFormat, SchemaFormat, Type},
    },
};

/// What every command takes.
pub(crate) struct CommandHeaders;

/// What a command on an existing resource takes.
pub(crate) struct ConditionalHeaders;

/// What every read takes.
pub(crate) struct ReadHeaders;

impl IntoParams for CommandHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![idempotency_key(), request_id(), traceparent()]
    }
}

impl IntoParams for ConditionalHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![idempotency_key(), if_match(), request_id(), traceparent()]
    }
}

impl IntoParams for ReadHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![await_log_position(), request_id(), traceparent()]
    }
}

fn idempotency_key() -> Parameter {
    let schema = text()
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[ -~]+$"))
        .build();
    header(
        "Idempotency-Key",
        "Makes the command execute once: the same key and body give the same answer for 7 days.",
        schema,
        "3f1c8e0a-7b52-4d6e-9a41-0c2d5e8f7b63",
    )
}

fn if_match() -> Parameter {
    let description = "The `ETag` that the resource must still have, or several with commas between, of which it must have one; otherwise 412. A weak one matches nothing; `*` matches whatever is there.";
    header("If-Match", description, text().build(), "\"3\"")
}

fn await_log_position() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0))
        .build();
    header(
        "Await-Log-Position",
        "`Log-Position` of an earlier command: the answer has seen it.",
        schema,
        42,
    )
}

fn request_id() -> Parameter {
    let description = "The request's id, when the client wants to choose it: 1 to 128 letters, digits and `-_.:`. Any other text is passed over.";
    header(
        "X-Request-Id",
        description,
        text().build(),
        "0193e7f9-5c00-7e21-b0aa-7d6e5f4c3b2a",
    )
}

fn traceparent() -> Parameter {
    let description = "W3C Trace Context; the trace's id is kept with the events.";
    let example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    header("traceparent", description, text().build(), example)
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn header(
    name: &str,
    description: &str,
    schema: Object,
    example: impl Into<serde_json::Value>,
) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(utoipa::openapi::Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .example(Some(example.into()))
        .build()
}
