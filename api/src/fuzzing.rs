//! The door for fuzzers to what reads a client's bytes: each function panics when something does not hold.

use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use domain::values::{Age, AvatarName, Invalid, Position};
use serde_json::Value;

use crate::{body, cursor, parameters};

/// Reads a body as an operation does. All that is wrong is named at once, by pointers that lead there.
pub fn body(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let Ok(mut fields) = body::fields(&headers, bytes) else {
        return;
    };
    fields.required("name", body::text::<AvatarName>);
    fields.optional("age", |value| {
        let years = body::whole_number(value);
        let years = years.ok_or_else(|| Invalid("must be a whole number".to_owned()))?;
        Age::try_from(years)
    });
    fields.list("roles", body::text::<AvatarName>);
    let Err(problem) = fields.finish() else {
        return;
    };
    let whole: Value = serde_json::from_slice(bytes).unwrap_or_default();
    for error in &problem.document().errors {
        let pointer = error.pointer.as_deref();
        let there = pointer.and_then(|pointer| whole.pointer(pointer));
        // What is missing is not there, and nothing else is.
        assert_eq!(there.is_none(), error.detail == "is missing", "{error:?}");
    }
}

/// Reads what says where a list or a stream goes on. What is taken comes out again as it went in.
pub fn cursor(text: &str) {
    if let Ok(read) = cursor::decode(text) {
        let again = cursor::decode(&cursor::encode(&read));
        let again = again.map(|again| (again.requested_at, again.photo_id));
        assert_eq!(again, Ok((read.requested_at, read.photo_id)));
    }
    if let Ok(read) = cursor::decode_position(text) {
        assert_eq!(
            cursor::decode_position(&cursor::encode_position(read)),
            Ok(read)
        );
    }
    if let Ok(Position(read)) = parameters::position(text) {
        assert!(i64::try_from(read).is_ok() && text.bytes().all(|byte| byte.is_ascii_digit()));
    }
    let _ = (
        parameters::count(text),
        parameters::limit(text),
        parameters::time(text),
    );
}
