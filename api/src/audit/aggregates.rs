//! One aggregate's history, and how it stood at any point of it.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    web::{Data, Path},
};
use application::{
    past_states::{self, PastState, PastStateError},
    ports::{Role, StreamId},
};
use chrono::{DateTime, Utc};
use domain::stewardship;
use projections::audit_index::{Order, Stretch, Wanted};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{event::EventPage, events, selection};
use crate::{
    app::State,
    as_of::{AsOf, AsOfParameters},
    examples, paging,
    parameters::{self, Parameters},
    problem::{Code, Problem, SIGNED_IN, problems},
    reply::Reply,
    steward,
};

problems!(
    HistoryProblems = SIGNED_IN,
    &[
        Code::InvalidParameter,
        Code::RoleRequired,
        Code::AggregateNotFound,
        Code::Busy,
    ]
);

/// List an aggregate's events.
///
/// Its whole history, oldest first. For auditors; the view is recorded.
#[utoipa::path(
    tag = "Audit",
    params(
        ("type" = String, Path, description = "Its type, as `Avatar`."),
        ("id" = String, Path, description = "Its id, as `aggregate_id` of its events has it."),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 when it is left out.", minimum = 1, maximum = 100, nullable = false),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", nullable = false),
    ),
    responses(
        (status = 200, description = "A page of its events.", headers(
            ("Link" = String, description = "`<…>; rel=\"next\"`: the next page, when there is one."),
        ), body = EventPage, example = examples::logged_events),
        HistoryProblems,
    ),
)]
#[get("/audit/aggregates/{type}/{id}/events")]
pub(crate) async fn list_history(
    app: Data<State>,
    request: HttpRequest,
    aggregate: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&request, Role::Auditor).await?;
    let mut parameters = Parameters::of(&request);
    let limit = parameters.query("limit", parameters::limit).unwrap_or(20);
    let cursor = parameters.query("cursor", parameters::position);
    parameters.finish()?;
    let stream = stream(aggregate.into_inner())?;
    let wanted = Wanted {
        aggregate_type: Some(stream.aggregate_type.to_owned()),
        aggregate_id: Some(stream.aggregate_id.clone()),
        ..Wanted::default()
    };
    let stretch = Stretch {
        after: cursor.unwrap_or_default(),
        until: None,
    };
    let (page, next) = events::read(&app, &wanted, stretch, Order::Ascending, limit).await?;
    if page.items.is_empty() && cursor.is_none() {
        return Err(Problem::new(
            Code::AggregateNotFound,
            "nothing has happened to it",
        ));
    }
    let path = format!(
        "/audit/aggregates/{}/{}/events",
        stream.aggregate_type, stream.aggregate_id
    );
    let view = stewardship::Command::ViewHistory {
        aggregate_type: stream.aggregate_type.to_owned(),
        aggregate_id: stream.aggregate_id,
    };
    app.record(context, view).await?;
    paging::answer(&page, &path, &[], limit, next.as_deref())
}

/// An aggregate as it stood at a point of the log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AggregateState {
    #[schema(example = "Avatar")]
    aggregate_type: &'static str,
    aggregate_id: String,
    /// The point that is told of: all events up to and including this one, of whatever aggregate.
    as_of_position: u64,
    /// The last event of this aggregate by then.
    position: u64,
    /// The same event's place in its history.
    sequence: u64,
    /// When that event was recorded.
    recorded_at: DateTime<Utc>,
    /// What the aggregate knew, which is what its next command would have been decided on.
    state: Value,
}

problems!(
    StateProblems = SIGNED_IN,
    &[
        Code::InvalidParameter,
        Code::RoleRequired,
        Code::AggregateNotFound,
        Code::Busy,
    ]
);

/// Get an aggregate as it stood.
///
/// At a position of the log or at a time; now, when neither is given. It is folded from the events up to then, by the
/// rules of this version. For auditors; the view is recorded.
#[utoipa::path(
    tag = "Audit",
    params(
        ("type" = String, Path, description = "Its type, as `Avatar`."),
        ("id" = String, Path, description = "Its id, as `aggregate_id` of its events has it."),
        AsOfParameters,
    ),
    responses(
        (status = 200, description = "The aggregate.", body = AggregateState, example = examples::past_state),
        StateProblems,
    ),
)]
#[get("/audit/aggregates/{type}/{id}/state")]
pub(crate) async fn get_state(
    app: Data<State>,
    request: HttpRequest,
    aggregate: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let context = steward::looking(&request, Role::Auditor).await?;
    let mut parameters = Parameters::of(&request);
    let as_of = AsOf::read(&mut parameters);
    parameters.finish()?;
    let stream = stream(aggregate.into_inner())?;
    let point = match as_of.point(&app).await? {
        Some(point) => point,
        None => app.log.head().await?,
    };
    let past = past_states::at(&*app.log, &stream, point).await?;
    let Some(past) = past else {
        let detail = format!("nothing had happened to it by position {point}");
        return Err(Problem::new(Code::AggregateNotFound, detail));
    };
    let view = stewardship::Command::ViewState {
        aggregate_type: stream.aggregate_type.to_owned(),
        aggregate_id: stream.aggregate_id.clone(),
        position: past.position,
    };
    app.record(context, view).await?;
    let PastState {
        sequence,
        position,
        recorded_at,
        state,
    } = past;
    let state = AggregateState {
        aggregate_type: stream.aggregate_type,
        aggregate_id: stream.aggregate_id,
        as_of_position: point.0,
        position: position.0,
        sequence,
        recorded_at,
        state,
    };
    Ok(Reply::json(StatusCode::OK, &state)?.respond())
}

/// The history that a path names.
fn stream((aggregate_type, aggregate_id): (String, String)) -> Result<StreamId, Problem> {
    let not_found = |detail: String| Problem::new(Code::AggregateNotFound, detail);
    let aggregate_id =
        selection::name(&aggregate_id).map_err(|detail| not_found(format!("its id {detail}")))?;
    past_states::stream(&aggregate_type, &aggregate_id)
        .map_err(|unknown| not_found(unknown.to_string()))
}

impl From<PastStateError> for Problem {
    fn from(error: PastStateError) -> Self {
        match error {
            PastStateError::Unavailable(away) => away.into(),
            PastStateError::Unreadable(_) | PastStateError::Unwritable(_) => Self::internal(&error),
        }
    }
}
