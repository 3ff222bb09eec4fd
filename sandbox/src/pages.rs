//! The look of the hosted pages: plain HTML and one stylesheet, no script, nothing fetched.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;

const STYLE: &str = "
:root{color-scheme:light;--ink:#2b2a33;--soft:#6d6a78;--line:#e6e1ea;--accent:#5b4b8a;--ground:#f6f3f8}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:linear-gradient(160deg,#f8f4fb,#eef2f8);
color:var(--ink);font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}
main{width:100%;max-width:26rem;background:#fff;border:1px solid var(--line);border-radius:18px;padding:2rem;box-shadow:0 18px 50px -24px #5b4b8a55}
h1{font-size:1.15rem;margin:0 0 .25rem}
p{margin:.4rem 0;color:var(--soft)}
.price{font-size:2.1rem;font-weight:650;letter-spacing:-.02em;color:var(--ink);margin:.5rem 0 0}
.price small{font-size:.95rem;font-weight:400;color:var(--soft);letter-spacing:0}
.notice{background:#fdf0ef;border:1px solid #f0cdc9;color:#8c2f26;border-radius:10px;padding:.7rem .9rem;margin:1rem 0 0}
.test{display:inline-block;background:#fff4d6;color:#7a5b00;border-radius:99px;padding:.1rem .7rem;font-size:.8rem;margin-bottom:1rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.35rem 1rem;margin:1.25rem 0;padding:1rem 0;border:solid var(--line);border-width:1px 0}
dt{color:var(--soft)}dd{margin:0;text-align:right;overflow-wrap:anywhere}
form{display:grid;gap:.6rem;margin-top:1rem}
label{display:grid;gap:.25rem;color:var(--soft)}
input{font:inherit;color:var(--ink);border:1px solid #8d8a99;border-radius:10px;padding:.65rem .8rem}
button{font:inherit;font-weight:560;border-radius:10px;padding:.75rem 1rem;border:1px solid var(--line);background:#fff;color:var(--ink);cursor:pointer}
button.main{background:var(--accent);border-color:var(--accent);color:#fff}
button:hover{filter:brightness(.97)}button:focus-visible,a:focus-visible,input:focus-visible{outline:3px solid #b9a9ea;outline-offset:2px}
a{color:var(--accent)}footer{margin-top:1.25rem;font-size:.85rem;color:var(--soft)}
";

/// A page with a title and a body of HTML.
pub(crate) fn page(status: StatusCode, title: &str, body: &str) -> HttpResponse {
    let title = escape(title);
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header(("cache-control", "no-store"))
        .body(format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <title>{title}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
        ))
}

/// Leads a browser elsewhere after a form was posted.
pub(crate) fn see_other(url: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, url))
        .finish()
}

/// Text as it may stand in HTML and in its attributes.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// An amount in cents, as in `$14.99`.
pub(crate) fn money(cents: i64, currency: &str) -> String {
    let amount = format!("{}.{:02}", cents / 100, (cents % 100).abs());
    match currency {
        "usd" => format!("${amount}"),
        "eur" => format!("€{amount}"),
        "gbp" => format!("£{amount}"),
        other => format!("{amount} {}", other.to_uppercase()),
    }
}

/// A day, as in `22 November 2026`, from seconds since 1970.
pub(crate) fn day(seconds: i64) -> String {
    let time = chrono::DateTime::from_timestamp(seconds, 0);
    time.map_or_else(String::new, |time| time.format("%-d %B %Y").to_string())
}
