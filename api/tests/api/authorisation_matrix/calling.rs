//! Calls an operation as each caller, and says which cells are not as the table has them.

use reqwest::Method;
use serde_json::Value;

use super::{
    cast::{self, Cast, Subject},
    table::{Access, Caller, Cell, Row},
};
use crate::{
    conformance,
    person::{Answer, Call},
    test_app::TestApp,
};

/// The id of nothing.
const NOBODY: &str = "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a";

/// Everything that is wrong with a line. Whoever is refused comes first, since the owner's call may use the thing up.
pub async fn check(app: &TestApp, row: &Row, cast: &Cast<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let cells: Vec<_> = Caller::ALL.into_iter().zip(row.access.cells()).collect();
    let subject = cast::subject(app, row, cast.owner()).await;
    let before = deeds(app, cast).await;
    for (caller, cell) in cells.iter().filter(|(_, cell)| !cell.is_success()) {
        let outcome = refused(app, row, cast, &subject, *caller, *cell).await;
        wrong.extend(outcome.err().map(|what| told(row, *caller, &what)));
    }
    if deeds(app, cast).await != before {
        wrong.push(format!("{}: a refused call left an event", row.operation));
    }
    for (caller, cell) in cells.iter().filter(|(_, cell)| cell.is_success()) {
        let outcome = answered(app, row, cast, &subject, *caller, *cell).await;
        wrong.extend(outcome.err().map(|what| told(row, *caller, &what)));
    }
    wrong
}

fn told(row: &Row, caller: Caller, what: &str) -> String {
    format!("{} as {caller:?}: {what}", row.operation)
}

/// How many events these people have caused, in whatever role.
async fn deeds(app: &TestApp, cast: &Cast<'_>) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM events WHERE split_part(metadata ->> 'actor', ':', 2) = ANY($1)",
    )
    .bind(cast.ids())
    .fetch_one(&app.database.pool())
    .await
    .unwrap()
}

async fn refused(
    app: &TestApp,
    row: &Row,
    cast: &Cast<'_>,
    subject: &Subject,
    caller: Caller,
    cell: Cell,
) -> Result<(), String> {
    let token = cast.token(caller);
    let answer = call(app, row, token.as_deref(), subject).await;
    let code = code(&answer);
    match cell {
        Cell::NoToken => {
            expect(&answer, answer.status == 401 && code == "unauthenticated")?;
            let challenge = answer.header("www-authenticate");
            let named = challenge.contains("invalid_token");
            expect(&answer, named == token.is_some())
        }
        Cell::NoRole => expect(&answer, answer.status == 403 && code == "role-required"),
        Cell::Forged => expect(&answer, matches!(answer.status, 400 | 403)),
        Cell::Absent => {
            expect(&answer, matches!(answer.status, 404 | 409))?;
            let mut nothing = subject.clone();
            for name in ["{photo_id}", "{report_id}"] {
                nothing.ids.insert(name, NOBODY.to_owned());
            }
            for if_match in [None, Some("\"1\"")] {
                let mut conditional = (subject.clone(), nothing.clone());
                for subject in [&mut conditional.0, &mut conditional.1] {
                    let condition = if_match.map(|tag| ("if-match", tag.to_owned()));
                    subject.headers.extend(condition);
                }
                let others = comparable(&call(app, row, token.as_deref(), &conditional.0).await);
                let nobodys = comparable(&call(app, row, token.as_deref(), &conditional.1).await);
                if others != nobodys {
                    return Err(format!(
                        "{others:?} is told from what does not exist ({if_match:?}), {nobodys:?}"
                    ));
                }
            }
            Ok(())
        }
        Cell::Answered | Cell::Own => unreachable!("is no refusal"),
    }
}

async fn answered(
    app: &TestApp,
    row: &Row,
    cast: &Cast<'_>,
    of_owner: &Subject,
    caller: Caller,
    cell: Cell,
) -> Result<(), String> {
    let own = match (row.access, cast.person(caller)) {
        (Access::SignedIn, Some(person)) if caller != Caller::Owner => {
            Some(cast::subject(app, row, person).await)
        }
        _ => None,
    };
    let token = cast.token(caller);
    let subject = own.as_ref().unwrap_or(of_owner);
    let answer = call(app, row, token.as_deref(), subject).await;
    expect(&answer, (200..300).contains(&answer.status))?;
    if cell == Cell::Own && caller != Caller::Owner {
        let body = String::from_utf8_lossy(&answer.body);
        let owner = cast.owner().id.to_string();
        let photo = of_owner.ids["{photo_id}"].as_str();
        if body.contains(&owner) || (!photo.is_empty() && body.contains(photo)) {
            return Err(format!("shows what is the owner's: {body}"));
        }
    }
    Ok(())
}

/// Makes the request and checks the answer against the document; of a stream it takes the first piece.
async fn call(app: &TestApp, row: &Row, token: Option<&str>, subject: &Subject) -> Answer {
    let filled = |text: &str| {
        let ids = subject.ids.iter();
        ids.fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    };
    let (method, path) = row.operation.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    let path = subject.path.clone().unwrap_or_else(|| filled(path));
    let mut call = Call::new(&app.client, &app.url, method.clone(), &path);
    if let Some(token) = token {
        call = call.header("authorization", &format!("Bearer {token}"));
    }
    for (name, value) in &subject.headers {
        call = call.header(name, value);
    }
    if let Some(picture) = &subject.picture {
        call = call.body("image/png", picture.clone());
    } else if !row.body.is_empty() {
        call = call.body("application/json", filled(row.body));
    }
    let mut response = call.open().await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let media_type = headers.get("content-type");
    let streams = media_type.is_some_and(|media_type| media_type == "text/event-stream");
    let body = match streams {
        true => {
            let mut all = Vec::new();
            // The first piece says where the stream begins, the second has what happened before.
            for _ in 0..2 {
                all.extend(response.chunk().await.unwrap().unwrap_or_default());
            }
            all
        }
        false => response.bytes().await.unwrap().to_vec(),
    };
    let answer = Answer {
        status,
        headers,
        body: body.into(),
    };
    conformance::check(&method, &path, &answer);
    answer
}

fn code(answer: &Answer) -> String {
    let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    problem["code"].as_str().unwrap_or_default().to_owned()
}

/// An answer without what differs from request to request; actix-web sends headers in any order.
fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    body["request_id"] = Value::Null;
    let headers = answer.headers.iter();
    let mut headers: Vec<_> = headers
        .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status, headers, body)
}

fn expect(answer: &Answer, fits: bool) -> Result<(), String> {
    match fits {
        true => Ok(()),
        false => Err(format!("got {}", words(answer))),
    }
}

fn words(answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    let short: String = body.chars().take(300).collect();
    format!("{} {short}", answer.status)
}
