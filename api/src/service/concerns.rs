//! What somebody should look at in the read models, a sentence each. No secrets: anybody may ask.

use projections::engine::{FollowerState, ProjectorStatus};

use crate::positions;

/// Read models that are this far behind, in seconds, are worth a look.
const FAR_BEHIND_S: f64 = 30.0;

/// Why not every read model that answers are made from has begun, goes on, keeps up, and is what the log says; nothing
/// when all is well.
pub(super) fn concerns(followers: &[ProjectorStatus]) -> Vec<String> {
    let needed = positions::ALL.iter().chain(positions::UPDATES);
    let missing = needed
        .filter(|name| followers.iter().all(|follower| follower.name != **name))
        .map(|name| format!("{name} was never begun"));
    missing
        .chain(followers.iter().flat_map(concerns_of))
        .collect()
}

fn concerns_of(follower: &ProjectorStatus) -> Vec<String> {
    let name = &follower.name;
    let mut concerns = Vec::new();
    if follower.state == FollowerState::Failed {
        concerns.push(match follower.failed_position {
            Some(position) => format!("{name} has failed at event {position}"),
            None => format!("{name} has failed"),
        });
    }
    if follower.lag_seconds >= FAR_BEHIND_S {
        let (events, seconds) = (follower.lag_events, follower.lag_seconds);
        concerns.push(format!(
            "{name} is {events} events and {seconds:.0} s behind"
        ));
    }
    if let Some(rebuild) = &follower.rebuild {
        // One that somebody asked for is in nobody's way: what is read goes on.
        if rebuild.state == FollowerState::Failed {
            concerns.push(format!("the rebuild of {name} has failed"));
        } else if follower.is_outdated() {
            let percent = rebuild.percent();
            concerns.push(format!(
                "{name} is being rebuilt for a new version: {percent} %"
            ));
        }
    }
    if let Some(check) = &follower.check
        && check.rows_different > 0
    {
        let different = check.rows_different;
        concerns.push(format!(
            "{name} is not what the event log says (rows different: {different})"
        ));
    }
    concerns
}
