//! The event log as auditors read it: page by page, all at once, or one event with what it changed.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    web::{Data, Path},
};
use application::{
    past_states::{self, PastStateError, StateChange},
    ports::Role,
};
use domain::{stewardship, values::Position};
use projections::audit_index::{self, LoggedEvent, Order, Stretch, Wanted};
use sqlx::PgPool;

use super::{
    event::{EventDetail, EventPage, OrderWord, leaf_hash},
    export,
    selection::{self, SelectionParameters},
};
use crate::{
    app::State,
    examples, paging,
    parameters::{self, Parameters},
    problem::{Chain, Code, Problem, SIGNED_IN, problems},
    reply::Reply,
    steward,
};

problems!(
    ListProblems = SIGNED_IN,
    &[Code::InvalidParameter, Code::RoleRequired, Code::Busy]
);

/// List events.
///
/// In the order of the log, or newest first, as they are stored. Every event that was committed before the request is there: nothing has
/// to be waited for. With `Accept: application/x-ndjson` all of them come at once, one a line, up to where the log ended
/// when the request came; `limit`, `cursor` and `order` are for pages. An answer that cannot be completed breaks off: its last chunk is missing.
/// For auditors; a view and an export are recorded.
#[utoipa::path(
    tag = "Audit",
    params(
        SelectionParameters,
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 when it is left out.", minimum = 1, maximum = 100, nullable = false),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", nullable = false),
        ("order" = inline(Option<OrderWord>), Query, description = "Which come first: `asc`, the oldest, when it is left out, or `desc`, the newest.", nullable = false),
    ),
    responses(
        (status = 200, description = "A page of events, or all of them.", headers(
            ("Link" = String, description = "`<…>; rel=\"next\"`: the next page, when there is one."),
        ), content(
            (EventPage = "application/json", example = examples::logged_events),
            (String = "application/x-ndjson", example = examples::exported_events),
        )),
        ListProblems,
    ),
)]
#[get("/audit/events")]
pub(crate) async fn list_events(
    app: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&request, Role::Auditor).await?;
    let mut parameters = Parameters::of(&request);
    let selection = selection::read(&mut parameters);
    let limit = parameters.query("limit", parameters::limit).unwrap_or(20);
    let cursor = parameters.query("cursor", parameters::position);
    let ordered = |text: &str| match parameters::word(text, &Order::ALL, Order::as_str)? {
        Order::Descending if export::is_asked_for(&request) => Err(
            "must be left out for all of them at once, which come in the order of the log"
                .to_owned(),
        ),
        order => Ok(order),
    };
    let order = parameters.query("order", ordered).unwrap_or_default();
    parameters.finish()?;
    let filters = selection.filters();
    let stretch = selection.stretch(&app.steward_pool).await?;

    if export::is_asked_for(&request) {
        let head = app.log.head().await?;
        let until = stretch.until.map_or(head, |until| until.min(head));
        let view = stewardship::Command::ExportEvents { filters };
        app.record(context, view).await?;
        return Ok(export::answer(
            app.into_inner(),
            selection.wanted,
            stretch.after,
            until,
        ));
    }
    let stretch = behind(stretch, order, cursor);
    let (page, next) = read(&app, &selection.wanted, stretch, order, limit).await?;
    let view = stewardship::Command::ViewEvents {
        filters: filters.clone(),
    };
    app.record(context, view).await?;
    let asked_for = (order == Order::Descending).then_some(order.as_str());
    let filters: Vec<_> = filters
        .iter()
        .map(|(name, value)| (name.as_str(), Some(value.as_str())))
        .chain([("order", asked_for)])
        .collect();
    paging::answer(&page, "/audit/events", &filters, limit, next.as_deref())
}

/// What comes behind the last event of a page.
fn behind(stretch: Stretch, order: Order, cursor: Option<Position>) -> Stretch {
    let Some(cursor) = cursor else {
        return stretch;
    };
    match order {
        Order::Ascending => Stretch {
            after: stretch.after.max(cursor),
            ..stretch
        },
        Order::Descending => {
            let before = Position(cursor.0.saturating_sub(1));
            let until = stretch.until.map_or(before, |until| until.min(before));
            Stretch {
                until: Some(until),
                ..stretch
            }
        }
    }
}

/// A page, and where the next one begins.
pub(super) async fn read(
    app: &State,
    wanted: &Wanted,
    stretch: Stretch,
    order: Order,
    limit: u32,
) -> Result<(EventPage, Option<String>), Problem> {
    let more = limit + 1;
    let page = async |pool: &PgPool| match order {
        Order::Ascending => audit_index::page(pool, wanted, stretch, more).await,
        Order::Descending => audit_index::newest(pool, wanted, stretch, more).await,
    };
    let mut items = app.ask_as_steward(page).await?;
    let next = paging::cut(&mut items, limit).map(|last| last.position.to_string());
    let page = EventPage {
        items,
        next_cursor: next.clone(),
    };
    Ok((page, next))
}

problems!(
    EventProblems = SIGNED_IN,
    &[Code::RoleRequired, Code::EventNotFound, Code::Busy]
);

/// Get an event.
///
/// With what its aggregate knew before and after it, and each field that differs. For auditors; the view is recorded.
#[utoipa::path(
    tag = "Audit",
    params(("position" = u64, Path, description = "Its place in the log.")),
    responses(
        (status = 200, description = "The event.", body = EventDetail, example = examples::event_detail),
        EventProblems,
    ),
)]
#[get("/audit/events/{position}")]
pub(crate) async fn get_event(
    app: Data<State>,
    request: HttpRequest,
    position: Path<String>,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&request, Role::Auditor).await?;
    let event = match parameters::position(&position) {
        Ok(position) => audit_index::by_position(&app.steward_pool, position).await?,
        Err(_) => None,
    };
    let Some(event) = event else {
        let detail = format!("the event log ends at {}", app.log.head().await?);
        return Err(Problem::new(Code::EventNotFound, detail));
    };
    let position = event.position;
    let detail = detail(&app, event).await?;
    app.record(context, stewardship::Command::ViewEvent { position })
        .await?;
    Ok(Reply::json(StatusCode::OK, &detail)?.respond())
}

/// An event that this version does not understand is shown all the same.
async fn detail(app: &State, event: LoggedEvent) -> Result<EventDetail, Problem> {
    let changed = match change(app, &event).await {
        Ok(change) => Ok(change),
        Err(PastStateError::Unavailable(away)) => return Err(away.into()),
        Err(error @ (PastStateError::Unreadable(_) | PastStateError::Unwritable(_))) => {
            Err(Chain(&error).to_string())
        }
    };
    let state_error = changed.as_ref().err().cloned();
    let change = changed.ok().flatten();
    let changes = change.as_ref().map_or_else(Vec::new, StateChange::changes);
    let (state_before, state_after) = change
        .map_or((None, None), |StateChange { before, after }| {
            (before, Some(after))
        });
    Ok(EventDetail {
        leaf_hash: leaf_hash(&event),
        event,
        state_before,
        state_after,
        changes,
        state_error,
    })
}

async fn change(app: &State, event: &LoggedEvent) -> Result<Option<StateChange>, PastStateError> {
    let stream = past_states::stream(&event.aggregate_type, &event.aggregate_id)?;
    past_states::change(&*app.log, &stream, event.position).await
}
