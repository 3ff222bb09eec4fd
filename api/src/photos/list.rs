//! The list of photos, page by page.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{StatusCode, header},
    web::Data,
};
use domain::{
    photo_request::Purpose,
    values::{Position, UserId},
};
use projections::photos::{self, PhotoCursor, PhotoFilter, PhotoRow, PhotoStatus};
use serde::Serialize;
use sqlx::PgPool;
use url::form_urlencoded::Serializer;
use utoipa::ToSchema;

use super::{Photo, resource};
use crate::{
    app::State,
    as_of::{AsOf, AsOfParameters},
    cursor,
    documentation::ReadHeaders,
    examples,
    parameters::{self, Parameters, word},
    positions,
    problem::{GATE, Problem, READ, SIGNED_IN, problems},
    read::ReadRequest,
    reply::Reply,
};

const PURPOSES: [Purpose; 2] = [Purpose::Reference, Purpose::Scene];

/// A page of photos.
#[derive(Serialize, ToSchema)]
pub(crate) struct PhotoPage {
    /// Newest first.
    items: Vec<Photo>,
    /// Where the next page begins; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

problems!(ListProblems = SIGNED_IN, READ, GATE);

/// List photos.
///
/// Newest first. For subscribers; `purpose=reference` alone needs no subscription. With `as_of_position` or `as_of`: as it was
/// answered then, with those that were deleted since; the addresses of pictures are today's.
#[utoipa::path(
    tag = "Photos",
    params(
        ("status" = Option<resource::PhotoStatusWord>, Query, description = "Only photos that stand so.", nullable = false),
        ("purpose" = Option<resource::PurposeWord>, Query, description = "Only photos for that purpose.", nullable = false),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 when it is left out.", minimum = 1, maximum = 100, nullable = false),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", nullable = false),
        AsOfParameters,
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page of photos.", headers(
            ("Link" = String, description = "`<…>; rel=\"next\"`: the next page, when there is one."),
        ), body = PhotoPage, example = examples::photos),
        ListProblems,
    ),
)]
#[get("/photos")]
pub(crate) async fn list_photos(
    app: Data<State>,
    request: ReadRequest,
    raw: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let query = Query::of(&raw)?;
    let point = query.as_of.point(&app).await?;
    let mut rows = match point {
        Some(point) => {
            request.seen(&app, positions::PHOTO).await?;
            query.past_rows(&app, request.user, point).await?
        }
        None => query.rows(&app, &request).await?,
    };
    let more = rows.len() > query.limit as usize;
    rows.truncate(query.limit as usize);
    let next = rows.last().filter(|_| more).map(PhotoCursor::from);

    let signer = app.signer();
    let next_cursor = next.map(|last| cursor::encode(&last));
    let link = next_cursor
        .as_deref()
        .map(|cursor| query.link(cursor, point));
    let items = rows
        .into_iter()
        .map(|row| Photo::of(row, &signer))
        .collect();
    let reply = Reply::json(StatusCode::OK, &PhotoPage { items, next_cursor })?;
    Ok(match link {
        Some(link) => reply.header(header::LINK.as_str(), &link).respond(),
        None => reply.respond(),
    })
}

/// Which page of which photos.
struct Query {
    filter: PhotoFilter,
    limit: u32,
    cursor: Option<PhotoCursor>,
    as_of: AsOf,
}

impl Query {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(request);
        let status = |text: &str| word(text, &PhotoStatus::ALL, PhotoStatus::as_str);
        let purpose = |text: &str| word(text, &PURPOSES, Purpose::as_str);
        let query = Self {
            filter: PhotoFilter {
                status: parameters.query("status", status),
                purpose: parameters.query("purpose", purpose),
            },
            limit: parameters.query("limit", parameters::limit).unwrap_or(20),
            cursor: parameters.query("cursor", cursor::decode),
            as_of: AsOf::read(&mut parameters),
        };
        parameters.finish()?;
        Ok(query)
    }

    /// One more than the page holds, which tells whether there is a next one.
    async fn rows(&self, app: &State, request: &ReadRequest) -> Result<Vec<PhotoRow>, Problem> {
        let (user, filter, limit) = (request.user, &self.filter, self.limit + 1);
        if filter.purpose == Some(Purpose::Reference) {
            let list =
                async |pool: &PgPool| photos::list(pool, user, filter, self.cursor, limit).await;
            return request.ask(app, positions::PHOTO, list).await;
        }
        let list = async |pool: &PgPool| {
            photos::list_behind_gate(pool, user, filter, self.cursor, limit).await
        };
        let (admission, rows) = request.ask(app, positions::PHOTO, list).await?;
        app.admit(&admission)?;
        Ok(rows)
    }

    /// The same of a point of the log, to whoever may look now.
    async fn past_rows(
        &self,
        app: &State,
        user: UserId,
        point: Position,
    ) -> Result<Vec<PhotoRow>, Problem> {
        let PhotoFilter { status, purpose } = self.filter;
        if purpose != Some(Purpose::Reference) {
            app.pass_gate(user).await?;
        }
        let is_wanted = |row: &PhotoRow| {
            let key = |cursor: PhotoCursor| (cursor.requested_at, cursor.photo_id);
            status.is_none_or(|status| row.status == status)
                && purpose.is_none_or(|purpose| row.purpose == purpose)
                && self.cursor.is_none_or(|last| key(row.into()) < key(last))
        };
        let rows = app.past_photos(user, point).await?.into_iter();
        Ok(rows
            .filter(is_wanted)
            .take(self.limit as usize + 1)
            .collect())
    }

    /// The `Link` header's value for the page that begins at `cursor`.
    fn link(&self, cursor: &str, point: Option<Position>) -> String {
        let mut query = Serializer::new(String::new());
        if let Some(status) = self.filter.status {
            query.append_pair("status", status.as_str());
        }
        if let Some(purpose) = self.filter.purpose {
            query.append_pair("purpose", purpose.as_str());
        }
        if let Some(point) = point {
            query.append_pair("as_of_position", &point.to_string());
        }
        query.append_pair("limit", &self.limit.to_string());
        query.append_pair("cursor", cursor);
        format!("</photos?{}>; rel=\"next\"", query.finish())
    }
}
