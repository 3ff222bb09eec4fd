//! All events that somebody asks for, a line of JSON each, in the memory of one page.

use std::{error::Error, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{BufMut, Bytes, BytesMut},
};
use domain::values::Position;
use futures::{Stream, stream};
use projections::audit_index::{self, Stretch, Wanted};
use sqlx::PgPool;

use crate::{app::State, problem::Chain};

/// One JSON text a line: <https://github.com/ndjson/ndjson-spec>.
pub(super) const MEDIA_TYPE: &str = "application/x-ndjson";

/// How many events are read at once.
const PAGE: u32 = 500;

/// Why an export cannot go on. The connection breaks, so that nobody takes the part for the whole.
type Trouble = Box<dyn Error>;

/// Whether the request wants everything at once, and says so by name.
pub(super) fn is_asked_for(request: &HttpRequest) -> bool {
    let accepted = request.headers().get_all(header::ACCEPT);
    let mut ranges = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    ranges.any(|range| range.split(';').next().map(str::trim) == Some(MEDIA_TYPE))
}

/// The wanted events of a stretch whose end is known.
pub(super) fn answer(
    app: Arc<State>,
    wanted: Wanted,
    after: Position,
    until: Position,
) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(MEDIA_TYPE)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(lines(app, wanted, after, until))
}

fn lines(
    app: Arc<State>,
    wanted: Wanted,
    after: Position,
    until: Position,
) -> impl Stream<Item = Result<Bytes, Trouble>> {
    stream::try_unfold(after, move |after| {
        let (app, wanted) = (app.clone(), wanted.clone());
        async move {
            let page = page(&app, &wanted, after, until).await;
            page.inspect_err(|trouble| {
                tracing::warn!(error = %Chain(trouble.as_ref()), "An export of events broke off behind position {after}");
            })
        }
    })
}

/// The next lines, and behind which event those after them begin; none when there are none.
async fn page(
    app: &State,
    wanted: &Wanted,
    after: Position,
    until: Position,
) -> Result<Option<(Bytes, Position)>, Trouble> {
    if app.ending.is_closed() {
        return Err("the service stops".into());
    }
    let stretch = Stretch {
        after,
        until: Some(until),
    };
    let read = async |pool: &PgPool| audit_index::page(pool, wanted, stretch, PAGE).await;
    let events = app.ask_as_steward(read).await?;
    let Some(last) = events.last().map(|event| event.position) else {
        return Ok(None);
    };
    let mut lines = BytesMut::new();
    for event in &events {
        serde_json::to_writer((&mut lines).writer(), event)?;
        lines.put_u8(b'\n');
    }
    Ok(Some((lines.freeze(), last)))
}
