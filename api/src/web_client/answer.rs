//! A file as it is sent: compressed as the client can take it, kept as long as it may be, and guarded.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName},
    },
    web::Bytes,
};

use super::files::{File, Files};

/// A year; nobody keeps anything longer.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// What every page is guarded with, beside its content security policy.
const GUARDS: &[(&str, &str)] = &[
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=()",
    ),
];

pub(super) fn file(
    files: &Files,
    file: &File,
    asked: &HeaderMap,
    status: StatusCode,
) -> HttpResponse {
    let (bytes, encoding) = encoded(file, asked);
    let etag = format!("\"{}{}\"", file.version, encoding.map_or("", suffix));
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((header::ETAG, etag.clone()))
        .insert_header((
            header::CACHE_CONTROL,
            if file.immutable { FOR_EVER } else { "no-cache" },
        ));
    if file.media_type.starts_with("text/html") {
        // At some of these paths the API answers whoever wants no page.
        answer.insert_header((header::VARY, "Accept, Accept-Encoding"));
        answer.insert_header((header::CONTENT_SECURITY_POLICY, files.policy.as_str()));
        for (name, value) in GUARDS {
            answer.insert_header((HeaderName::from_static(name), *value));
        }
    } else {
        answer.insert_header((header::VARY, "Accept-Encoding"));
    }
    if status == StatusCode::OK && is_known(asked, &etag) {
        return answer.status(StatusCode::NOT_MODIFIED).finish();
    }
    if let Some(encoding) = encoding {
        answer.insert_header((header::CONTENT_ENCODING, encoding));
    }
    answer
        .insert_header((header::CONTENT_TYPE, file.media_type))
        .body(bytes)
}

/// The smallest copy that the client can take.
fn encoded(file: &File, asked: &HeaderMap) -> (Bytes, Option<&'static str>) {
    let copies = [("br", &file.brotli), ("gzip", &file.gzip)];
    for (encoding, copy) in copies {
        if let Some(copy) = copy.as_ref().filter(|_| accepts(asked, encoding)) {
            return (copy.clone(), Some(encoding));
        }
    }
    (file.bytes.clone(), None)
}

fn accepts(asked: &HeaderMap, encoding: &str) -> bool {
    let values = asked.get_all(header::ACCEPT_ENCODING);
    let mut values = values.filter_map(|value| value.to_str().ok());
    values.any(|text| {
        text.split(',').any(|one| {
            let (name, weight) = one.split_once(';').unwrap_or((one, ""));
            let refused = weight
                .trim()
                .strip_prefix("q=")
                .and_then(|q| q.parse().ok())
                .is_some_and(|q: f32| q <= 0.0);
            name.trim().eq_ignore_ascii_case(encoding) && !refused
        })
    })
}

/// Other bytes have another tag (RFC 9110, section 8.8.3.3).
fn suffix(encoding: &str) -> &'static str {
    if encoding == "br" { "-br" } else { "-gz" }
}

fn is_known(asked: &HeaderMap, etag: &str) -> bool {
    let values = asked.get_all(header::IF_NONE_MATCH);
    let mut values = values.filter_map(|value| value.to_str().ok());
    values.any(|text| {
        text.split(',').any(|one| {
            let one = one.trim();
            one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag
        })
    })
}
