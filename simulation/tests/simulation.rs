//! Many seeds, each of them one course of events; and whether what is broken on purpose is noticed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::time::Instant;

use simulation::{course, variant::Variant};

/// As many as `make test` has time for; `SEEDS` asks for others, `SEED` for one.
const SEEDS: u64 = 20_000;

fn asked(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|number| number.parse().unwrap())
}

#[test]
fn whatever_happens_in_whatever_order_nothing_is_lost_doubled_or_stuck() {
    let (first, seeds) = match asked("SEED") {
        Some(seed) => (seed, 1),
        None => (asked("FIRST").unwrap_or(0), asked("SEEDS").unwrap_or(SEEDS)),
    };
    let began = Instant::now();
    let (mut events, mut calls, mut took) = (0, 0, 0.0);
    for seed in first..first + seeds {
        let outcome = course::run(seed, Variant::AsItIs);
        assert!(outcome.wrongs.is_empty(), "{outcome}");
        events += outcome.events.len();
        calls += outcome.trace.len();
        took += outcome.took.as_secs_f64();
    }
    println!(
        "{seeds} seeds: {events} events, {calls} calls, {took:.0} s simulated in {:.1} s",
        began.elapsed().as_secs_f64()
    );
}
