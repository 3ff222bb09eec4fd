//! Query parameters and headers as checked values; all that are malformed are named in one answer.

use std::str::FromStr;

use actix_web::{HttpRequest, http::header::HeaderMap};
use chrono::{DateTime, Utc};
use domain::values::Position;
use url::form_urlencoded;

use crate::problem::{Code, FieldError, Problem};

/// Collects a request's parameters and headers, and everything that is wrong with them.
pub(crate) struct Parameters<'r> {
    query: Vec<(String, String)>,
    headers: &'r HeaderMap,
    errors: Vec<FieldError>,
}

impl<'r> Parameters<'r> {
    /// Those of a request.
    pub(crate) fn of(request: &'r HttpRequest) -> Self {
        Self {
            query: form_urlencoded::parse(request.query_string().as_bytes())
                .into_owned()
                .collect(),
            headers: request.headers(),
            errors: Vec::new(),
        }
    }

    /// A query parameter, when it is there and readable. One that is given twice is not.
    pub(crate) fn query<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let mut given = self.query.iter().filter(|(key, _)| key == name);
        let (_, value) = given.next()?;
        let outcome = match given.next() {
            Some(_) => Err("is given twice; send it once".to_owned()),
            None => read(value),
        };
        outcome
            .map_err(|detail| self.errors.push(FieldError::parameter(name, detail)))
            .ok()
    }

    /// A query parameter that must be there, when it is readable.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if !self.query.iter().any(|(key, _)| key == name) {
            let missing = FieldError::parameter(name, "is missing; send it");
            self.errors.push(missing);
            return None;
        }
        self.query(name, read)
    }

    /// A header, when it is there and readable. One that is given twice is not.
    pub(crate) fn header<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let mut given = self.headers.get_all(name);
        let value = given.next()?;
        let outcome = match (given.next(), value.to_str()) {
            (None, Ok(text)) => read(text.trim()),
            (Some(_), _) => Err("is given twice; send it once".to_owned()),
            (None, Err(_)) => Err("must be plain text".to_owned()),
        };
        outcome
            .map_err(|detail| self.errors.push(FieldError::header(name, detail)))
            .ok()
    }

    /// A header that is a list, whose parts may come in a header each.
    pub(crate) fn list_header<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let given: Result<Vec<&str>, _> = self
            .headers
            .get_all(name)
            .map(|value| value.to_str().map(str::trim))
            .collect();
        let outcome = match given {
            Ok(parts) if parts.is_empty() => return None,
            Ok(parts) => read(&parts.join(", ")),
            Err(_) => Err("must be plain text".to_owned()),
        };
        outcome
            .map_err(|detail| self.errors.push(FieldError::header(name, detail)))
            .ok()
    }

    /// Says that everything was well, or names everything that was not.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(Code::InvalidParameter, self.errors))
        }
    }
}

/// A place in the event log: a whole number from 0.
pub(crate) fn position(text: &str) -> Result<Position, String> {
    whole(text)
        // The log counts in the database's 64 bits with a sign.
        .filter(|position| i64::try_from(*position).is_ok())
        .map(Position)
        .ok_or_else(|| "must be a position in the event log, a whole number from 0".to_owned())
}

/// How many events, or the position of one: a whole number from 1.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    match position(text) {
        Ok(Position(count)) if count > 0 => Ok(count),
        Ok(_) | Err(_) => Err("must be a whole number from 1".to_owned()),
    }
}

/// A page's length: 1 to 100.
pub(crate) fn limit(text: &str) -> Result<u32, String> {
    whole(text)
        .filter(|limit| (1..=100).contains(limit))
        .ok_or_else(|| "must be a whole number from 1 to 100".to_owned())
}

/// A time as RFC 3339 has it.
pub(crate) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    // In a query a plus sign that is not encoded stands for a blank.
    let time = DateTime::parse_from_rfc3339(text).map(DateTime::<Utc>::from);
    time.map_err(|_| "must be a time in UTC, as 2026-11-22T14:00:00Z".to_owned())
}

/// One of some words.
pub(crate) fn word<T: Copy>(
    text: &str,
    known: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    let found = known.iter().copied().find(|word| as_str(*word) == text);
    found.ok_or_else(|| {
        let words: Vec<_> = known.iter().map(|word| as_str(*word)).collect();
        format!("must be one of {}", words.join(", "))
    })
}

/// Digits and nothing else: no sign, no blank.
fn whole<N: FromStr>(text: &str) -> Option<N> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn everything_that_is_malformed_is_named_at_once() {
        let request = TestRequest::with_uri("/photos?limit=0&cursor=a&cursor=b")
            .insert_header(("await-log-position", "-1"))
            .to_http_request();
        let mut parameters = Parameters::of(&request);
        assert_eq!(parameters.query("limit", limit), None);
        assert_eq!(parameters.query("cursor", |text| Ok(text.to_owned())), None);
        assert_eq!(parameters.header("await-log-position", position), None);
        let problem = parameters.finish().expect_err("malformed");
        assert_eq!(problem.code(), Code::InvalidParameter);
        assert_eq!(problem.document().errors.len(), 3);
    }

    #[test]
    fn a_position_is_digits_that_the_log_can_count_to() {
        assert_eq!(position("0"), Ok(Position(0)));
        assert_eq!(position("42"), Ok(Position(42)));
        for bad in ["", "+1", " 1", "1.0", "x", "9223372036854775808", "-1"] {
            assert!(position(bad).is_err(), "{bad:?}");
        }
    }
}
