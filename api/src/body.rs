//! Request bodies: read with a limit, and checked field by field, so that one answer names all bad fields.

use std::time::Duration;

use actix_web::{
    http::header::{self, HeaderMap},
    web::{Bytes, BytesMut, Payload},
};
use domain::values::Invalid;
use futures::StreamExt;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use crate::{
    limits,
    pace::body_deadline,
    problem::{Code, FieldError, Problem},
};

/// How a body is taken in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intake {
    /// The most bytes.
    pub(crate) limit: usize,
    /// How long it may take to arrive, as long as it keeps the pace.
    pub(crate) longest: Duration,
    /// What a larger one is called.
    pub(crate) too_large: Code,
    /// What one that does not arrive whole is called.
    pub(crate) broken_off: Code,
}

/// Reads a body of at most `limit` bytes that should be JSON.
pub(crate) async fn read(payload: Payload, limit: usize) -> Result<Bytes, Problem> {
    let intake = Intake {
        limit,
        longest: limits::BODY_TIME,
        too_large: Code::BodyTooLarge,
        broken_off: Code::InvalidJson,
    };
    read_as(payload, &intake).await
}

/// Reads a body.
pub(crate) async fn read_as(mut payload: Payload, intake: &Intake) -> Result<Bytes, Problem> {
    let began = Instant::now();
    let mut body = BytesMut::new();
    loop {
        let deadline = body_deadline(began, body.len(), intake.longest);
        let chunk = match timeout_at(deadline, payload.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(_))) => {
                let detail = "the body could not be read to its end";
                return Err(Problem::new(intake.broken_off, detail));
            }
            Ok(None) => return Ok(body.freeze()),
            Err(_) => {
                let seconds = (deadline - began).as_secs();
                let detail = format!("the body did not arrive within {seconds} seconds");
                return Err(Problem::new(Code::RequestTimeout, detail));
            }
        };
        if body.len() + chunk.len() > intake.limit {
            let detail = format!("the body is larger than {} bytes", intake.limit);
            return Err(Problem::new(intake.too_large, detail));
        }
        body.extend_from_slice(&chunk);
    }
}

/// Reads a body as the fields of one JSON object.
pub(crate) fn fields(headers: &HeaderMap, body: &[u8]) -> Result<Fields, Problem> {
    if !is_json(headers) {
        return Err(Problem::plain(Code::UnsupportedMediaType));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(Fields {
            object,
            errors: Vec::new(),
        }),
        Ok(_) => Err(Problem::invalid(
            Code::InvalidBody,
            vec![FieldError::at("", "must be a JSON object")],
        )),
        Err(error) => Err(Problem::new(Code::InvalidJson, error.to_string())),
    }
}

/// Reads a body that may be left out altogether.
pub(crate) fn optional_fields(headers: &HeaderMap, body: &[u8]) -> Result<Fields, Problem> {
    if body.is_empty() {
        return Ok(Fields {
            object: Map::new(),
            errors: Vec::new(),
        });
    }
    fields(headers, body)
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(content_type)) = headers.get(header::CONTENT_TYPE).map(|v| v.to_str()) else {
        return false;
    };
    let mut parts = content_type.split(';').map(str::trim);
    let json = parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    json && utf8
}

/// The fields of a JSON object, and everything that is wrong with them.
#[derive(Debug)]
pub(crate) struct Fields {
    object: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// A field that must be there. None when it is not valid: then `finish` says so.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, Invalid>,
    ) -> Option<T> {
        if self.object.contains_key(name) {
            return self.optional(name, read);
        }
        let missing = FieldError::at(pointer(name), "is missing");
        self.errors.push(missing);
        None
    }

    /// A field that may be left out. None when it is, or when it is not valid: then `finish` says so.
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, Invalid>,
    ) -> Option<T> {
        let value = self.object.remove(name)?;
        read(&value)
            .map_err(|Invalid(detail)| self.refuse(name, detail))
            .ok()
    }

    /// A list that may be left out; each bad element is named by its own pointer.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        read: impl Fn(&Value) -> Result<T, Invalid>,
    ) -> Vec<T> {
        let elements = match self.object.remove(name) {
            None => return Vec::new(),
            Some(Value::Array(elements)) => elements,
            Some(_) => {
                self.refuse(name, "must be a list".to_owned());
                return Vec::new();
            }
        };
        let mut values = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            match read(element) {
                Ok(value) => values.push(value),
                Err(Invalid(detail)) => {
                    let pointer = format!("{}/{index}", pointer(name));
                    self.errors.push(FieldError::at(pointer, detail));
                }
            }
        }
        values
    }

    /// Says that everything was well, or names everything that was not: what was read, and fields that nobody asked for.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
        for name in self.object.keys() {
            let unknown = FieldError::at(pointer(name), "is not a field of this request");
            self.errors.push(unknown);
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(Code::InvalidBody, self.errors))
        }
    }

    fn refuse(&mut self, name: &str, detail: String) {
        self.errors.push(FieldError::at(pointer(name), detail));
    }
}

/// A field's JSON pointer (RFC 6901).
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A JSON text as a checked value.
pub(crate) fn text<T: std::str::FromStr<Err = Invalid>>(value: &Value) -> Result<T, Invalid> {
    match value {
        Value::String(text) => text.parse(),
        _ => Err(Invalid("must be text".to_owned())),
    }
}

/// A JSON number without a fraction.
pub(crate) fn whole_number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        // Beyond 2^53 a double is no longer exact, and no number of ours is that large.
        let exact = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
        exact.then_some(number as i64)
    })
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use actix_web::{
        FromRequest,
        error::PayloadError,
        http::header::{CONTENT_TYPE, HeaderValue},
        test::TestRequest,
    };
    use domain::values::{AvatarName, Gender};
    use futures::Stream;
    use serde_json::json;

    use super::*;

    fn given(content_type: &'static str, body: &str) -> Result<Fields, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        fields(&headers, body.as_bytes())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_is_given_up() {
        let request = TestRequest::default().to_http_request();
        let never: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> =
            Box::pin(futures::stream::pending());
        let payload = Payload::from_request(&request, &mut never.into()).await;
        let outcome = read(payload.expect("a payload"), limits::JSON_BODY).await;
        let code = outcome.expect_err("nothing came").code();
        assert_eq!(code, Code::RequestTimeout);
    }

    #[test]
    fn all_bad_fields_are_named_in_one_answer() {
        let body = json!({"name": "", "gender": 7, "a/b": 1}).to_string();
        let mut fields = given("application/json; charset=UTF-8", &body).expect("an object");
        assert_eq!(fields.required("name", text::<AvatarName>), None);
        assert_eq!(fields.optional("gender", text::<Gender>), None);
        assert_eq!(fields.required("age", text::<AvatarName>), None);
        let problem = fields.finish().expect_err("bad fields");
        let pointers: Vec<_> = problem
            .document()
            .errors
            .iter()
            .filter_map(|error| error.pointer.as_deref())
            .collect();
        assert_eq!(pointers, ["/name", "/gender", "/age", "/a~1b"]);
    }

    #[test]
    fn each_bad_element_of_a_list_has_its_own_pointer() {
        let mut fields = given("application/json", r#"{"roles": ["x", 1]}"#).expect("an object");
        let roles = fields.list("roles", |value| match value {
            Value::String(text) => Ok(text.clone()),
            _ => Err(Invalid("must be text".to_owned())),
        });
        assert_eq!(roles, ["x"]);
        let problem = fields.finish().expect_err("a bad element");
        assert_eq!(
            problem.document().errors,
            [FieldError::at("/roles/1", "must be text")]
        );
    }

    #[test]
    fn only_json_in_utf8_is_read_as_json() {
        for (content_type, code) in [
            ("text/plain", Code::UnsupportedMediaType),
            (
                "application/json; charset=latin1",
                Code::UnsupportedMediaType,
            ),
            ("application/json", Code::InvalidJson),
        ] {
            let problem = given(content_type, "{").expect_err(content_type);
            assert_eq!(problem.code(), code, "{content_type}");
        }
        let list = given("application/json", "[]").expect_err("a list is no object");
        assert_eq!(list.code(), Code::InvalidBody);
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_zero_fraction() {
        assert_eq!(whole_number(&json!(25)), Some(25));
        assert_eq!(whole_number(&json!(25.0)), Some(25));
        for other in [json!(25.5), json!("25"), json!(1e300), json!(null)] {
            assert_eq!(whole_number(&other), None, "{other}");
        }
    }
}
