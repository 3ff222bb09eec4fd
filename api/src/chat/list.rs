//! What was said, page by page.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{StatusCode, header},
    web::Data,
};
use domain::{conversation::Mode, values::Position};
use projections::messages;
use serde::Serialize;
use sqlx::PgPool;
use url::form_urlencoded::Serializer;
use utoipa::ToSchema;

use super::{Message, ModeWord};
use crate::{
    app::State,
    cursor,
    documentation::ReadHeaders,
    examples,
    parameters::{self, Parameters, word},
    positions,
    problem::{GATE, Problem, READ, SIGNED_IN, problems},
    read::ReadRequest,
    reply::Reply,
};

/// A page of messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessagePage {
    /// Newest first.
    items: Vec<Message>,
    /// Where the next page begins; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

problems!(ListProblems = SIGNED_IN, READ, GATE);

/// List messages.
///
/// Newest first, of both modes unless one is asked for.
#[utoipa::path(
    tag = "Chat",
    params(
        ("mode" = Option<ModeWord>, Query, description = "Only messages of that mode.", nullable = false),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 when it is left out.", minimum = 1, maximum = 100, nullable = false),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", nullable = false),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page of messages.", headers(
            ("Link" = String, description = "`<…>; rel=\"next\"`: the next page, when there is one."),
        ), body = MessagePage, example = examples::messages),
        ListProblems,
    ),
)]
#[get("/chat/messages")]
pub(crate) async fn list_messages(
    app: Data<State>,
    request: ReadRequest,
    raw: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&raw)?;
    // One more than the page holds tells whether there is a next one.
    let (user, limit) = (request.user, query.limit + 1);
    let list = async |pool: &PgPool| {
        messages::list_behind_gate(pool, user, query.mode, query.cursor, limit).await
    };
    let listed = request.ask(&app, positions::MESSAGE, list);
    let (admission, mut found) = listed.await?;
    app.admit(&admission)?;
    let more = found.len() > query.limit as usize;
    found.truncate(query.limit as usize);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| last.row.position)
        .map(cursor::encode_position);
    let link = next.as_deref().map(|cursor| query.link(cursor));
    let signer = app.signer();
    let page = MessagePage {
        items: found
            .into_iter()
            .map(|message| Message::of(message, &signer))
            .collect(),
        next_cursor: next,
    };
    let reply = Reply::json(StatusCode::OK, &page)?;
    Ok(match link {
        Some(link) => reply.header(header::LINK.as_str(), &link).respond(),
        None => reply.respond(),
    })
}

/// Which page of which messages.
struct Query {
    mode: Option<Mode>,
    limit: u32,
    cursor: Option<Position>,
}

impl Query {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let mode = |text: &str| word(text, &Mode::ALL, Mode::as_str);
        let query = Self {
            mode: parameters.query("mode", mode),
            limit: parameters.query("limit", parameters::limit).unwrap_or(20),
            cursor: parameters.query("cursor", cursor::decode_position),
        };
        parameters.finish()?;
        Ok(query)
    }

    /// The `Link` header's value for the page that begins at `cursor`.
    fn link(&self, cursor: &str) -> String {
        let mut query = Serializer::new(String::new());
        if let Some(mode) = self.mode {
            query.append_pair("mode", mode.as_str());
        }
        query.append_pair("limit", &self.limit.to_string());
        query.append_pair("cursor", cursor);
        format!("</chat/messages?{}>; rel=\"next\"", query.finish())
    }
}
