//! `/problems` and `/problems/{code}`: what each kind of problem means, for people.

use std::fmt::Write as _;

use actix_web::{HttpResponse, get, http::header, web::Path};

use super::{Code, Problem, problems};

problems!(PageProblems = &[Code::NotFound]);

/// List every kind of problem.
///
/// A page for people: each kind of problem that this API answers with, and what to do about it.
#[utoipa::path(
    tag = "Service",
    security(()),
    responses((status = 200, description = "The list.", content_type = "text/html", body = String, example = "<!doctype html>…")),
)]
#[get("/problems")]
pub(crate) async fn problems_page() -> HttpResponse {
    let mut list = String::from(
        "<h1>Problems</h1>\n<p>Every refusal of this API is one of these.</p>\n<dl>\n",
    );
    for code in Code::ALL {
        let _ = writeln!(
            list,
            "<dt><a href=\"{}\"><code>{}</code></a> <span>{}</span></dt><dd>{}</dd>",
            code.path(),
            code.slug(),
            code.status_number(),
            code.title()
        );
    }
    list.push_str("</dl>");
    page("Problems", &list)
}

/// Explain a kind of problem.
///
/// The page that `type` of a problem document points to: what it means, and what to do about it.
#[utoipa::path(
    tag = "Service",
    security(()),
    params(("code" = String, Path, description = "The problem's `code`.", example = "avatar-exists")),
    responses(
        (status = 200, description = "The page.", content_type = "text/html", body = String, example = "<!doctype html>…"),
        PageProblems,
    ),
)]
#[get("/problems/{code}")]
pub(crate) async fn problem_page(code: Path<String>) -> Result<HttpResponse, Problem> {
    let code = Code::by_slug(&code).ok_or_else(|| Problem::plain(Code::NotFound))?;
    let example = serde_json::to_string_pretty(&crate::examples::problem(code))
        .map_err(|error| Problem::internal(&error))?;
    let body = format!(
        "<h1>{}</h1>\n<p><code>{}</code> <span>{}</span></p>\n<p>{}</p>\n<h2>An example</h2>\n<pre>{}</pre>\n<p><a href=\"/problems\">All problems</a></p>",
        code.title(),
        code.slug(),
        code.status_number(),
        marked_up(code.meaning()),
        escaped(&example),
    );
    Ok(page(code.title(), &body))
}

fn page(title: &str, body: &str) -> HttpResponse {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title} · Ava</title>\n<style>{STYLE}</style>\n<main>\n{body}\n</main>\n</html>\n"
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'",
        ))
        .body(html)
}

const STYLE: &str = ":root{color-scheme:light dark}body{font:16px/1.6 system-ui,sans-serif;background:#FAF7F2;color:#1F1B16;margin:0}\
main{max-width:68ch;margin:4rem auto;padding:0 1.5rem}h1,h2{font-family:ui-serif,Georgia,serif;font-weight:500}\
a{color:#B23F1F}code,pre{font-family:ui-monospace,monospace;font-size:.9em}span{color:#6F675C}dd{margin:0 0 1rem}\
pre{border:1px solid #E7E0D5;border-radius:12px;padding:1rem;overflow:auto}\
@media(prefers-color-scheme:dark){body{background:#171411;color:#F3EDE4}a{color:#F0764F}span{color:#A79E91}pre{border-color:#332D26}}";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Escapes, and turns `words` between back quotes into code.
fn marked_up(text: &str) -> String {
    let escaped = escaped(text);
    let mut parts = escaped.split('`');
    let mut html = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        html.push_str(if index % 2 == 0 { "<code>" } else { "</code>" });
        html.push_str(part);
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meaning_is_escaped_and_its_words_become_code() {
        assert_eq!(
            marked_up("send `Bearer <token>` & wait"),
            "send <code>Bearer &lt;token&gt;</code> &amp; wait"
        );
    }
}
