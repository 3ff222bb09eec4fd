//! `ava projections rebuild`: a projector's tables once more from the log, swapped in when they are ready.

use std::{sync::Arc, time::Instant};

use ::projections::{
    engine::{Projector, ShadowStatus},
    rebuild::{Comparison, Ended, Purpose},
};
use serde_json::{Value, json};

use super::{Job, as_json::comparison_as_json, failed, named_differences};
use crate::failure::Failure;

/// Rebuilds them, one after the other. Answers what is to be printed.
pub async fn run(
    job: &Job,
    projectors: Vec<Arc<dyn Projector>>,
    restart: bool,
) -> Result<String, Failure> {
    let mut done = Vec::new();
    let mut text = String::new();
    for projector in projectors {
        let name = projector.name();
        let begun = Instant::now();
        let left = if restart {
            let discarded = job.order.discard(&projector, Purpose::Rebuild).await;
            discarded.map_err(|error| failed("rebuilt", name, error))?;
            None
        } else {
            job.left(name, Purpose::Rebuild).await?
        };
        if let Some(left) = &left {
            eprintln!("{}", goes_on(left));
        }
        let work = job.order.rebuild(projector.clone(), &job.stop);
        let ended = job
            .progress(name, Purpose::Rebuild)
            .beside(work)
            .await
            .map_err(|error| failed("rebuilt", name, error))?;
        let took = begun.elapsed();
        text.push_str(&as_text(name, ended.as_ref(), took.as_secs_f64()));
        done.push(as_value(
            name,
            left.as_ref(),
            ended.as_ref(),
            took.as_millis(),
        ));
    }
    Ok(if job.json {
        format!("{}\n", json!({ "rebuilt": done }))
    } else {
        text
    })
}

fn goes_on(left: &ShadowStatus) -> String {
    let (name, position) = (&left.name, left.position);
    match &left.holder {
        Some(holder) => format!("{name}: {holder} is at it, after event {position}"),
        None => format!("{name}: goes on after event {position}, where it was interrupted"),
    }
}

fn as_text(name: &str, ended: Option<&Ended>, seconds: f64) -> String {
    match ended {
        Some(Ended::Swapped {
            position,
            comparison: Some(comparison),
        }) => format!(
            "{name} is rebuilt up to event {position} in {seconds:.1} s: {}.\n{}",
            mended(comparison),
            named_differences(comparison)
        ),
        Some(Ended::Swapped { position, .. }) => format!(
            "{name} is rebuilt up to event {position} in {seconds:.1} s, in its new version.\n"
        ),
        Some(Ended::Compared(_) | Ended::Incomparable) | None => {
            format!("{name} is rebuilt by another process.\n")
        }
    }
}

fn mended(comparison: &Comparison) -> String {
    let rows = comparison.rows;
    match comparison.rows_different {
        0 => format!("all rows were what the log says ({rows})"),
        different => {
            format!("it was not what the log says (of {rows} rows different: {different})")
        }
    }
}

fn as_value(
    name: &str,
    left: Option<&ShadowStatus>,
    ended: Option<&Ended>,
    took_ms: u128,
) -> Value {
    let (position, comparison) = match ended {
        Some(Ended::Swapped {
            position,
            comparison,
        }) => (Some(position.0), comparison.as_ref()),
        Some(Ended::Compared(_) | Ended::Incomparable) | None => (None, None),
    };
    json!({
        "name": name,
        "position": position,
        "resumed_after": left.map(|left| left.position.0),
        "by_another_process": position.is_none(),
        "compared": comparison.map(comparison_as_json),
        "took_ms": u64::try_from(took_ms).unwrap_or(u64::MAX),
    })
}
