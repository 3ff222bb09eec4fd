//! What this process counts and times since it started, for Prometheus.
//!
//! The figures are the process's, as its log lines are: whoever does something observes it here, and whoever tells the
//! figures reads all of them. Labels are words of ours, never anything that a person or a provider said, so that there are
//! few of them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Upper bounds for what takes milliseconds, in seconds.
const QUICK: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

/// Upper bounds for what others take their time for, in seconds.
const SLOW: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Upper bounds of sizes.
const SIZES: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

/// Commands, by their name and what became of them.
pub static COMMANDS: Family<2> = Family::histogram(
    "ava_command_seconds",
    "How long commands took, by their name and what became of them.",
    ["command", "outcome"],
    QUICK,
);

/// Appends to the event log, a batch at a time.
pub static APPENDS: Family<1> = Family::histogram(
    "ava_append_seconds",
    "How long the database took for a batch of appends, by what became of it.",
    ["outcome"],
    QUICK,
);

/// How many commands shared an append.
pub static APPEND_BATCHES: Family<0> = Family::histogram(
    "ava_append_batch_commands",
    "How many commands were appended together.",
    [],
    SIZES,
);

/// Reactions to events.
pub static REACTIONS: Family<2> = Family::histogram(
    "ava_reaction_seconds",
    "How long reactions took to an event, by their name and what became of it.",
    ["reaction", "outcome"],
    QUICK,
);

/// Calls to image providers and to the payment provider.
pub static PROVIDER_CALLS: Family<3> = Family::histogram(
    "ava_provider_call_seconds",
    "How long image providers and the payment provider took, by provider, what they were asked, and what they answered.",
    ["provider", "call", "outcome"],
    SLOW,
);

/// Messages that providers sent us.
pub static WEBHOOKS: Family<2> = Family::counter(
    "ava_webhooks_total",
    "How many messages providers sent, by provider and what became of them here.",
    ["provider", "outcome"],
);

/// Files that were stored and never shown.
pub static LEFT_FILES: Family<0> = Family::counter(
    "ava_left_files_removed_total",
    "How many files were removed that were stored for a picture and never came to be shown.",
    [],
);

/// Requests to the API.
pub static REQUESTS: Family<3> = Family::histogram(
    "ava_http_request_seconds",
    "How long requests took until their answer began, by method, route and status.",
    ["method", "route", "status"],
    QUICK,
);

/// Access tokens that were not taken.
pub static REFUSED_TOKENS: Family<1> = Family::counter(
    "ava_refused_tokens_total",
    "How many access tokens were not taken, by why.",
    ["why"],
);

/// Questions to the identity provider.
pub static KEY_READS: Family<1> = Family::counter(
    "ava_identity_key_reads_total",
    "How often the identity provider was asked for its keys, by what became of it.",
    ["outcome"],
);

/// Reads that a replica could answer.
pub static REPLICA_READS: Family<1> = Family::counter(
    "ava_replica_reads_total",
    "How many reads a replica could have answered, by who did; none where there is no replica.",
    ["by"],
);

/// What is counted under one name, for each set of labels.
pub struct Family<const L: usize> {
    /// Its name.
    pub name: &'static str,
    /// What it counts, for people.
    pub help: &'static str,
    /// What its labels are called.
    pub labels: [&'static str; L],
    /// The upper bounds of its histogram; empty for what is only counted.
    pub bounds: &'static [f64],
    series: Mutex<BTreeMap<[String; L], Series>>,
}

/// What was counted for one set of labels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// How many fell within each bound, and not within the one before.
    pub within: Vec<u64>,
    /// How many there were.
    pub count: u64,
    /// What they come to together.
    pub sum: f64,
}

impl<const L: usize> Family<L> {
    /// Something that is counted.
    pub const fn counter(
        name: &'static str,
        help: &'static str,
        labels: [&'static str; L],
    ) -> Self {
        Self::histogram(name, help, labels, &[])
    }

    /// Something that is measured.
    pub const fn histogram(
        name: &'static str,
        help: &'static str,
        labels: [&'static str; L],
        bounds: &'static [f64],
    ) -> Self {
        Self {
            name,
            help,
            labels,
            bounds,
            series: Mutex::new(BTreeMap::new()),
        }
    }

    /// Counts one more.
    pub fn count(&self, labels: [&str; L]) {
        self.observe(labels, 0.0);
    }

    /// Counts one more that took so long.
    pub fn took(&self, labels: [&str; L], time: Duration) {
        self.observe(labels, time.as_secs_f64());
    }

    /// Counts one more of that size.
    pub fn observe(&self, labels: [&str; L], value: f64) {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let one = series.entry(labels.map(str::to_owned)).or_default();
        one.within.resize(self.bounds.len(), 0);
        if let Some(bucket) = self.bounds.iter().position(|bound| value <= *bound) {
            one.within[bucket] += 1;
        }
        one.count += 1;
        one.sum += value;
    }

    /// Everything that was counted, by its labels.
    pub fn now(&self) -> Vec<([String; L], Series)> {
        let series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let all = series.iter();
        all.map(|(labels, one)| (labels.clone(), one.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_of_labels_is_counted_by_itself() {
        static TEAS: Family<1> = Family::histogram("teas", "Teas.", ["kind"], &[1.0, 2.0]);
        TEAS.observe(["green"], 0.5);
        TEAS.observe(["green"], 2.0);
        TEAS.observe(["green"], 7.0);
        TEAS.count(["black"]);
        let green = Series {
            within: vec![1, 1],
            count: 3,
            sum: 9.5,
        };
        let black = Series {
            within: vec![1, 0],
            count: 1,
            sum: 0.0,
        };
        let all = TEAS.now();
        assert_eq!(
            all,
            [(["black".to_owned()], black), (["green".to_owned()], green)]
        );
    }
}
