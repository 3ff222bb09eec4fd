//! `ava projections list`: how far everything is that follows the log.

use std::fmt::Write;

use ::projections::engine::{CheckStatus, ProjectorStatus, ShadowStatus};
use serde_json::{Value, json};

/// For a script.
pub fn as_json(followers: &[ProjectorStatus]) -> Value {
    let items: Vec<Value> = followers
        .iter()
        .map(|follower| {
            json!({
                "name": follower.name,
                "version": follower.version,
                "position": follower.position.0,
                "lag_events": follower.lag_events,
                "lag_seconds": follower.lag_seconds,
                "state": follower.state.as_str(),
                "error": follower.error,
                "failed_position": follower.failed_position.map(|position| position.0),
                "holder": follower.holder,
                "rebuild": follower.rebuild.as_ref().map(shadow_as_json),
                "checking": follower.checking.as_ref().map(shadow_as_json),
                "check": follower.check.as_ref().map(check_as_json),
            })
        })
        .collect();
    json!({ "items": items })
}

fn shadow_as_json(shadow: &ShadowStatus) -> Value {
    json!({
        "name": shadow.name,
        "version": shadow.version,
        "position": shadow.position.0,
        "lag_events": shadow.lag_events,
        "percent": shadow.percent(),
        "state": shadow.state.as_str(),
        "error": shadow.error,
        "failed_position": shadow.failed_position.map(|position| position.0),
        "holder": shadow.holder,
    })
}

fn check_as_json(check: &CheckStatus) -> Value {
    json!({
        "position": check.position.0,
        "checked_at": check.checked_at,
        "rows": check.rows,
        "rows_different": check.rows_different,
        "took_ms": check.took_ms,
    })
}

/// For people.
pub fn as_table(followers: &[ProjectorStatus]) -> String {
    if followers.is_empty() {
        return "Nothing has followed the log yet; `ava up` or `ava projector` starts it.\n"
            .to_owned();
    }
    let width = followers
        .iter()
        .map(|follower| follower.name.len())
        .max()
        .unwrap_or(0)
        .max(4);
    let mut table = format!(
        "{:width$}  {:>8}  {:>6}  {:>8}  {:8}  HELD BY\n",
        "NAME", "POSITION", "BEHIND", "SECONDS", "STATE"
    );
    for follower in followers {
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "{:width$}  {:>8}  {:>6}  {:>8.1}  {:8}  {}",
            follower.name,
            follower.position.0,
            follower.lag_events,
            follower.lag_seconds,
            follower.state.as_str(),
            follower.holder.as_deref().unwrap_or("nobody"),
        );
        if let Some(error) = &follower.error {
            let place = follower
                .failed_position
                .map_or_else(String::new, |position| format!("event {position}: "));
            let _ = writeln!(table, "{:width$}  {place}{error}", "");
        }
        for line in notes(follower) {
            let _ = writeln!(table, "{:width$}  {line}", "");
        }
    }
    table
}

/// What else there is to say of one.
fn notes(follower: &ProjectorStatus) -> Vec<String> {
    let shadows = [
        ("rebuild", &follower.rebuild),
        ("check under way", &follower.checking),
    ];
    let shadows = shadows
        .into_iter()
        .filter_map(|(what, shadow)| Some(note_of_shadow(follower, what, shadow.as_ref()?)));
    shadows
        .chain(follower.check.as_ref().map(note_of_check))
        .collect()
}

fn note_of_shadow(follower: &ProjectorStatus, what: &str, shadow: &ShadowStatus) -> String {
    let mut note = format!("{what}: {} %", shadow.percent());
    if follower.version != shadow.version {
        let _ = write!(
            note,
            " of version {}, read is version {} until then",
            shadow.version, follower.version
        );
    }
    match (&shadow.holder, &shadow.error) {
        (_, Some(error)) => {
            let _ = write!(note, ", {}: ", shadow.state.as_str());
            if let Some(position) = shadow.failed_position {
                let _ = write!(note, "event {position}: ");
            }
            let _ = write!(
                note,
                "{error} (then: ava projections resume {})",
                shadow.name
            );
        }
        (Some(holder), None) => {
            let _ = write!(note, ", by {holder}");
        }
        (None, None) => note.push_str(", interrupted"),
    }
    note
}

fn note_of_check(check: &CheckStatus) -> String {
    let when = check.checked_at.format("%Y-%m-%d %H:%M UTC");
    match check.rows_different {
        0 => format!(
            "check: as the log says, up to event {} (rows: {}), {when}",
            check.position, check.rows
        ),
        different => format!(
            "check: NOT what the log says, up to event {} (of {} rows different: {different}), {when}",
            check.position, check.rows
        ),
    }
}
