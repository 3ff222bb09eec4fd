//! The replica that reads go to, where there is one.

use projections::replica::Replica;

use super::{family, line};

/// Whether it answers, and how far it is behind.
pub(super) fn text(text: &mut String, replica: Option<&Replica>) {
    let fitness = replica.map(Replica::fitness);
    let (up, lag) = ("ava_replica_up", "ava_replica_lag_seconds");
    family(
        text,
        up,
        "1 while the replica answers reads; nothing where there is none.",
    );
    if let Some(fitness) = &fitness {
        line(text, up, "", u8::from(fitness.is_fit()));
    }
    family(
        text,
        lag,
        "How far the replica is behind the primary, as far as that is known.",
    );
    if let Some(lagging) = fitness.and_then(|fitness| fitness.lag()) {
        line(text, lag, "", lagging.as_secs_f64());
    }
}
