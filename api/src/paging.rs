//! Pages of lists that are no list of photos: their cursors, and the way to the next page.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use domain::values::ReportId;
use projections::reports::ReportCursor;
use serde::Serialize;
use url::form_urlencoded::Serializer;

use crate::{problem::Problem, reply::Reply};

const FOREIGN: &str =
    "is not a cursor of this list; send `next_cursor` of the last page as it came";

/// Reads the cursor of a list of reports.
pub(crate) fn report_cursor(text: &str) -> Result<ReportCursor, String> {
    read_report(text).ok_or_else(|| FOREIGN.to_owned())
}

/// The cursor of a list of reports as text.
pub(crate) fn report_cursor_text(cursor: &ReportCursor) -> String {
    let micros = cursor.filed_at.timestamp_micros();
    URL_SAFE_NO_PAD.encode(format!("1 {micros} {}", cursor.report_id))
}

/// Reads the cursor of a list in the order of arrival.
pub(crate) fn arrival_cursor(text: &str) -> Result<u64, String> {
    let arrival = decoded(text).and_then(|text| text.strip_prefix("1 ")?.parse().ok());
    // The database counts in 64 bits with a sign.
    arrival
        .filter(|arrival| i64::try_from(*arrival).is_ok())
        .ok_or_else(|| FOREIGN.to_owned())
}

/// The cursor of a list in the order of arrival as text.
pub(crate) fn arrival_cursor_text(arrival: u64) -> String {
    URL_SAFE_NO_PAD.encode(format!("1 {arrival}"))
}

/// Cuts off the one row more than the page holds; the last one that stays, when there was one more.
pub(crate) fn cut<R>(rows: &mut Vec<R>, limit: u32) -> Option<&R> {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    rows.last().filter(|_| more)
}

/// A page as an answer, with the way to the next one: the list's path and its filters.
pub(crate) fn answer(
    page: &impl Serialize,
    path: &str,
    filters: &[(&str, Option<&str>)],
    limit: u32,
    next: Option<&str>,
) -> Result<HttpResponse, Problem> {
    let reply = Reply::json(StatusCode::OK, page)?;
    let Some(cursor) = next else {
        return Ok(reply.respond());
    };
    let mut query = Serializer::new(String::new());
    for (name, value) in filters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    query.append_pair("limit", &limit.to_string());
    query.append_pair("cursor", cursor);
    let link = format!("<{path}?{}>; rel=\"next\"", query.finish());
    Ok(reply.header(header::LINK.as_str(), &link).respond())
}

fn read_report(text: &str) -> Option<ReportCursor> {
    let text = decoded(text)?;
    let (micros, id) = text.strip_prefix("1 ")?.split_once(' ')?;
    Some(ReportCursor {
        filed_at: DateTime::from_timestamp_micros(micros.parse().ok()?)?,
        report_id: id.parse::<ReportId>().ok()?,
    })
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn cursors_come_back_as_they_went_and_nothing_else_does() {
        let micros = Utc::now().timestamp_micros();
        let cursor = ReportCursor {
            filed_at: DateTime::from_timestamp_micros(micros).expect("now"),
            report_id: ReportId(Uuid::now_v7()),
        };
        assert_eq!(report_cursor(&report_cursor_text(&cursor)), Ok(cursor));
        assert_eq!(arrival_cursor(&arrival_cursor_text(7)), Ok(7));
        for garbage in [
            "",
            "!",
            "7",
            &URL_SAFE_NO_PAD.encode("2 7"),
            &URL_SAFE_NO_PAD.encode("1 -7 x"),
        ] {
            assert!(report_cursor(garbage).is_err(), "{garbage:?}");
            assert!(arrival_cursor(garbage).is_err(), "{garbage:?}");
        }
    }

    #[test]
    fn only_a_page_with_one_row_more_has_a_next_one() {
        let mut rows = vec![1, 2, 3];
        assert_eq!(cut(&mut rows, 2), Some(&2));
        assert_eq!(rows, [1, 2]);
        assert_eq!(cut(&mut rows, 2), None);
    }
}
