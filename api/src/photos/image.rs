//! A photo's bytes, by signed address: whole or in ranges (RFC 9110, section 14).

use std::{ops::Range, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{self, HeaderMap},
    web::{Data, Path},
};
use application::ports::StorageError;
use domain::photo_request::Image;
use projections::photos;
use sqlx::PgPool;
use url::form_urlencoded;

use super::id;
use crate::{
    app::State,
    positions,
    problem::{Code, Problem, problems},
    signed_url::Variant,
};

problems!(
    ImageProblems = &[
        Code::ImageUrlExpired,
        Code::ImageUrlInvalid,
        Code::PhotoNotFound,
        Code::RangeNotSatisfiable,
        Code::InternalError,
        Code::Unavailable,
    ]
);

/// Fetch a photo's picture.
///
/// The address comes signed in the photo, so that it works in an `<img>` without a token, for one hour.
/// One range of bytes can be asked for; several at once get the whole picture.
#[utoipa::path(
    tag = "Photos",
    security(()),
    params(
        ("photo_id" = uuid::Uuid, Path, description = "The photo's id."),
        ("variant" = Option<String>, Query, description = "`full`, or `thumbnail`: at most 320 pixels a side.", nullable = false),
        ("expires" = i64, Query, description = "Until when the address is good, in seconds since 1970."),
        ("signature" = String, Query, description = "The service's signature over all of it."),
        ("Range" = Option<String>, Header, description = "As `bytes=0-1023`.", nullable = false),
        ("If-Range" = Option<String>, Header, description = "The `ETag` that the range is of; otherwise the whole picture comes.", nullable = false),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the bytes that the client has.", nullable = false),
    ),
    responses(
        (status = 200, description = "The picture.", content(
            (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"),
        ), headers(
            ("ETag" = String, description = "SHA-256 of the picture's bytes, in hex; for the thumbnail followed by `-thumbnail`."),
            ("Accept-Ranges" = String, description = "`bytes`"),
        )),
        (status = 206, description = "The range.", content(
            (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"),
        ), headers(
            ("ETag" = String, description = "As for the whole picture."),
            ("Content-Range" = String, description = "As `bytes 0-1023/184320`."),
        )),
        (status = 302, description = "The picture is in an object store that signs addresses: `Location` is one, good as long as this one.", headers(
            ("Location" = String, description = "An absolute address at which the store answers with the picture, in ranges too."),
        )),
        (status = 304, description = "The client has these bytes."),
        ImageProblems,
    ),
)]
#[get("/photos/{photo_id}/image")]
pub(crate) async fn get_image(
    app: Data<State>,
    request: HttpRequest,
    photo_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let photo_id = id(&photo_id)?;
    let query: Vec<(String, String)> = form_urlencoded::parse(request.query_string().as_bytes())
        .into_owned()
        .collect();
    let value = |name: &str| {
        let pair = query.iter().find(|(key, _)| key == name);
        pair.map(|(_, value)| value.as_str())
    };
    let (variant, seconds) = app.signer().check(
        photo_id,
        value("variant"),
        value("expires"),
        value("signature"),
    )?;
    let missing = || Problem::plain(Code::PhotoNotFound);
    let picture = async |pool: &PgPool| photos::picture(pool, photo_id).await;
    let image = app.ask(positions::PHOTO, picture).await?;
    let image = image.ok_or_else(missing)?;
    let headers = request.headers();
    let etag = etag(&image, variant);
    if header_text(headers, header::IF_NONE_MATCH).is_some_and(|tags| names(tags, &etag)) {
        let mut response = HttpResponse::NotModified();
        response.insert_header((header::ETAG, etag));
        return Ok(response.insert_header(cache(seconds)).finish());
    }
    if let Some(response) = elsewhere(&app, &image, variant, seconds).await? {
        return Ok(response);
    }
    let of_these_bytes =
        header_text(headers, header::IF_RANGE).is_none_or(|tag| tag.trim() == etag);
    let range = header_text(headers, header::RANGE)
        .filter(|_| of_these_bytes)
        .and_then(Wanted::read);
    bytes(&app, &image, variant, range, seconds, &etag).await
}

/// Sends the client to the store itself, where that hands out addresses; they are good as long as ours is.
async fn elsewhere(
    app: &State,
    image: &Image,
    variant: Variant,
    seconds: u64,
) -> Result<Option<HttpResponse>, Problem> {
    let lifetime = Duration::from_secs(seconds);
    let address = app.storage.address(key(image, variant), lifetime).await?;
    Ok(address.map(|address| {
        HttpResponse::Found()
            .insert_header((header::LOCATION, address))
            .insert_header((header::CACHE_CONTROL, format!("private, max-age={seconds}")))
            .finish()
    }))
}

fn key(image: &Image, variant: Variant) -> &str {
    match variant {
        Variant::Full => &image.key,
        Variant::Thumbnail => &image.thumbnail_key,
    }
}

async fn bytes(
    app: &State,
    image: &Image,
    variant: Variant,
    wanted: Option<Wanted>,
    seconds: u64,
    etag: &str,
) -> Result<HttpResponse, Problem> {
    let key = key(image, variant);
    let size = match variant {
        Variant::Full => image.bytes,
        // Only the store knows how large a thumbnail is; it is small.
        Variant::Thumbnail if wanted.is_some() => read(app, key, None).await?.size,
        Variant::Thumbnail => 0,
    };
    let range = wanted
        .map(|wanted| wanted.within(size).ok_or(size))
        .transpose();
    let range = range.map_err(|size| {
        Problem::new(
            Code::RangeNotSatisfiable,
            format!("the picture has {size} bytes"),
        )
        .header(header::CONTENT_RANGE, &format!("bytes */{size}"))
    })?;
    let object = read(app, key, range.clone()).await?;
    let mut response = match &range {
        None => HttpResponse::Ok(),
        Some(range) => {
            let mut response = HttpResponse::PartialContent();
            let (first, last) = (range.start, range.end - 1);
            let content_range = format!("bytes {first}-{last}/{}", object.size);
            response.insert_header((header::CONTENT_RANGE, content_range));
            response
        }
    };
    Ok(response
        .content_type(image.media_type.as_str())
        .insert_header((header::ETAG, etag))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header(cache(seconds))
        .body(object.bytes))
}

/// A photo whose files went a moment ago is gone; the read model learns of it soon.
async fn read(
    app: &State,
    key: &str,
    range: Option<Range<u64>>,
) -> Result<application::ports::StoredObject, Problem> {
    match app.storage.get(key, range).await {
        Ok(object) => Ok(object),
        Err(StorageError::NotFound(_)) => Err(Problem::plain(Code::PhotoNotFound)),
        Err(error) => Err(error.into()),
    }
}

fn etag(image: &Image, variant: Variant) -> String {
    match variant {
        Variant::Full => format!("\"{}\"", image.sha256),
        Variant::Thumbnail => format!("\"{}-thumbnail\"", image.sha256),
    }
}

fn cache(seconds: u64) -> (header::HeaderName, String) {
    let value = format!("private, max-age={seconds}, immutable");
    (header::CACHE_CONTROL, value)
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether an `If-None-Match` names that tag (weak comparison: these bytes never change under it).
fn names(tags: &str, etag: &str) -> bool {
    tags.trim() == "*"
        || tags.split(',').any(|tag| {
            let tag = tag.trim();
            tag.strip_prefix("W/").unwrap_or(tag) == etag
        })
}

/// One range of bytes, as a client asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// From the first to the last byte, both included.
    FromTo(u64, u64),
    /// From that byte on.
    From(u64),
    /// The last bytes.
    Last(u64),
}

impl Wanted {
    /// Reads a `Range`; none when it is not one range of bytes, and then it is ignored.
    fn read(text: &str) -> Option<Self> {
        let (unit, range) = text.split_once('=')?;
        let (first, last) = range.trim().split_once('-')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // A number that is too large lies behind every end.
            digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
        };
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        match (first, last) {
            ("", last) => number(last).map(Self::Last),
            (first, "") => number(first).map(Self::From),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::FromTo(first, last))
            }
        }
    }

    /// The bytes of an object of that size; none when it has not a single one of them.
    fn within(self, size: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::FromTo(first, last) => first..size.min(last.saturating_add(1)),
            Self::From(first) => first..size,
            Self::Last(count) => size.saturating_sub(count)..size,
        };
        (!range.is_empty()).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_of_bytes_is_understood_and_anything_else_is_ignored() {
        let size = 100;
        for (text, range) in [
            ("bytes=0-9", Some(0..10)),
            ("bytes=90-", Some(90..100)),
            ("bytes=-10", Some(90..100)),
            ("bytes=-200", Some(0..100)),
            ("bytes=95-200", Some(95..100)),
            ("bytes=99-99999999999999999999999", Some(99..100)),
        ] {
            let wanted = Wanted::read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(wanted.within(size), range, "{text}");
        }
        for outside in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            let wanted = Wanted::read(outside).unwrap_or_else(|| panic!("{outside}"));
            assert_eq!(wanted.within(size), None, "{outside}");
        }
        for ignored in [
            "bytes=9-0",
            "bytes=0-1,5-6",
            "lines=1-2",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
        ] {
            assert_eq!(Wanted::read(ignored), None, "{ignored}");
        }
    }

    #[test]
    fn if_none_match_names_a_tag_alone_in_a_list_or_by_a_star() {
        for tags in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(names(tags, "\"a\""), "{tags}");
        }
        for tags in ["\"b\"", "a", ""] {
            assert!(!names(tags, "\"a\""), "{tags}");
        }
    }
}
