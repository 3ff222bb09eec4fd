//! Which events somebody asks for.

use chrono::{DateTime, Utc};
use projections::audit_index::{Selection, Wanted};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::parameters::{self, Parameters};

/// The longest text that is looked for, in characters; no name of ours is nearly as long.
const LONGEST: usize = 200;

/// The filters as the document has them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
pub(crate) struct SelectionParameters {
    /// Only events behind this position.
    #[param(nullable = false)]
    after: Option<u64>,
    /// Only events up to and including this position.
    #[param(nullable = false)]
    until: Option<u64>,
    /// Only events of this type of aggregate, as `Avatar`.
    #[param(
        nullable = false,
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$"
    )]
    aggregate_type: Option<String>,
    /// Only events of the aggregates with this id.
    #[param(
        nullable = false,
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$"
    )]
    aggregate_id: Option<String>,
    /// Only events with this name, as `PhotoDelivered`.
    #[param(
        nullable = false,
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$"
    )]
    event_type: Option<String>,
    /// Only events that this one caused, as `user:0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d` or `reaction:promise_photos`.
    #[param(
        nullable = false,
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$"
    )]
    actor: Option<String>,
    /// Only events that followed from one request.
    #[param(nullable = false)]
    correlation_id: Option<Uuid>,
    /// Only events that were recorded at this time or later.
    #[param(nullable = false)]
    from: Option<DateTime<Utc>>,
    /// Only events that were recorded before this time.
    #[param(nullable = false)]
    to: Option<DateTime<Utc>>,
}

/// What the parameters ask for.
pub(super) fn read(parameters: &mut Parameters<'_>) -> Selection {
    Selection {
        after: parameters.query("after", parameters::position),
        until: parameters.query("until", parameters::position),
        wanted: Wanted {
            aggregate_type: parameters.query("aggregate_type", name),
            aggregate_id: parameters.query("aggregate_id", name),
            event_type: parameters.query("event_type", name),
            actor: parameters.query("actor", name),
            correlation_id: parameters.query("correlation_id", uuid),
        },
        from: parameters.query("from", parameters::time),
        to: parameters.query("to", parameters::time),
    }
}

/// A name or an id of the log's, none of which has a control character.
pub(super) fn name(text: &str) -> Result<String, String> {
    let chars = text.chars().count();
    if (1..=LONGEST).contains(&chars) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!("must be 1 to {LONGEST} characters of plain text"))
    }
}

fn uuid(text: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| "must be a UUID".to_owned())
}
