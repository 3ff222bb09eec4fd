//! `ava projections verify`: are a projector's tables what the log says?

use std::sync::Arc;

use ::projections::{
    engine::Projector,
    rebuild::{Comparison, Pace, Purpose},
};
use serde_json::{Value, json};

use super::{Job, as_json::comparison_as_json, failed, named_differences};
use crate::failure::Failure;

/// Compares them, one after the other. Answers what is to be printed, and whether all are what the log says.
pub async fn run(
    job: &Job,
    projectors: Vec<Arc<dyn Projector>>,
) -> Result<(String, bool), Failure> {
    let mut all = Vec::<Value>::new();
    let (mut text, mut equal) = (String::new(), true);
    for projector in projectors {
        let name = projector.name();
        let work = job.order.check(&projector, Pace::Full, &job.stop);
        let comparison = job
            .progress(name, Purpose::Check)
            .beside(work)
            .await
            .map_err(|error| failed("verified", name, error))?;
        equal &= comparison.rows_different == 0;
        text.push_str(&as_text(name, &comparison));
        let mut value = comparison_as_json(&comparison);
        value["name"] = json!(name);
        all.push(value);
    }
    let answer = if job.json {
        format!("{}\n", json!({ "equal": equal, "items": all }))
    } else {
        text
    };
    Ok((answer, equal))
}

fn as_text(name: &str, comparison: &Comparison) -> String {
    let (rows, position) = (comparison.rows, comparison.position);
    match comparison.rows_different {
        0 => format!("{name}: all rows are what the log says, up to event {position} ({rows}).\n"),
        different => format!(
            "{name}: NOT what the log says, up to event {position} (of {rows} rows different: {different}):\n{}",
            named_differences(comparison)
        ),
    }
}
