//! Where a list goes on: opaque to clients, versioned, so that its meaning may change.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use domain::values::{PhotoId, Position};
use projections::photos::PhotoCursor;

use crate::parameters;

const FOREIGN: &str =
    "is not a cursor of this list; send `next_cursor` of the last page as it came";

/// A cursor of a list in the order of the event log.
pub(crate) fn encode_position(position: Position) -> String {
    URL_SAFE_NO_PAD.encode(format!("1 {position}"))
}

/// Reads a cursor that `encode_position` made.
pub(crate) fn decode_position(text: &str) -> Result<Position, String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let digits = text.strip_prefix("1 ").unwrap_or_default();
    parameters::position(digits).map_err(|_| FOREIGN.to_owned())
}

/// A cursor as text.
pub(crate) fn encode(cursor: &PhotoCursor) -> String {
    let micros = cursor.requested_at.timestamp_micros();
    URL_SAFE_NO_PAD.encode(format!("1 {micros} {}", cursor.photo_id))
}

/// Reads a cursor that `encode` made.
pub(crate) fn decode(text: &str) -> Result<PhotoCursor, String> {
    read(text).ok_or_else(|| FOREIGN.to_owned())
}

fn read(text: &str) -> Option<PhotoCursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let mut parts = text.split(' ');
    let (version, micros, id, end) = (parts.next()?, parts.next()?, parts.next()?, parts.next());
    let cursor = PhotoCursor {
        requested_at: DateTime::from_timestamp_micros(micros.parse().ok()?)?,
        photo_id: id.parse::<PhotoId>().ok()?,
    };
    (version == "1" && end.is_none()).then_some(cursor)
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let micros = Utc::now().timestamp_micros();
        let cursor = PhotoCursor {
            requested_at: DateTime::from_timestamp_micros(micros).expect("now"),
            photo_id: PhotoId(Uuid::now_v7()),
        };
        let text = encode(&cursor);
        let back = decode(&text).expect("a cursor");
        assert_eq!(back.requested_at, cursor.requested_at);
        assert_eq!(back.photo_id, cursor.photo_id);
    }

    #[test]
    fn a_position_comes_back_as_it_went_and_nothing_else_does() {
        let text = encode_position(Position(42));
        assert_eq!(decode_position(&text), Ok(Position(42)));
        for garbage in [
            "",
            "!",
            "42",
            &URL_SAFE_NO_PAD.encode("2 42"),
            &URL_SAFE_NO_PAD.encode("1 x"),
        ] {
            assert!(decode_position(garbage).is_err(), "{garbage:?}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let id = Uuid::nil();
        for garbage in [
            String::new(),
            "garbage".to_owned(),
            "!".to_owned(),
            URL_SAFE_NO_PAD.encode(format!("2 0 {id}")),
            URL_SAFE_NO_PAD.encode(format!("1 x {id}")),
            URL_SAFE_NO_PAD.encode(format!("1 0 {id} more")),
            URL_SAFE_NO_PAD.encode(format!("1 9223372036854775807 {id}")),
        ] {
            assert!(decode(&garbage).is_err(), "{garbage:?}");
        }
    }
}
