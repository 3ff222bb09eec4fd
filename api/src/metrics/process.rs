//! What this process counted and timed since it started.

use std::fmt::Write as _;

use application::figures::{
    APPEND_BATCHES, APPENDS, COMMANDS, Family, KEY_READS, LEFT_FILES, PROVIDER_CALLS, REACTIONS,
    REFUSED_TOKENS, REPLICA_READS, REQUESTS, Series, WEBHOOKS,
};

use super::{kind, line};

/// Every family, also those of which nothing was counted yet.
pub(super) fn text(text: &mut String) {
    family(text, &REQUESTS);
    family(text, &COMMANDS);
    family(text, &APPENDS);
    family(text, &APPEND_BATCHES);
    family(text, &REACTIONS);
    family(text, &PROVIDER_CALLS);
    family(text, &LEFT_FILES);
    family(text, &WEBHOOKS);
    family(text, &REFUSED_TOKENS);
    family(text, &KEY_READS);
    family(text, &REPLICA_READS);
}

fn family<const L: usize>(text: &mut String, family: &Family<L>) {
    let word = if family.bounds.is_empty() {
        "counter"
    } else {
        "histogram"
    };
    kind(text, family.name, word, family.help);
    for (values, series) in family.now() {
        let mut labels = String::new();
        for (name, value) in family.labels.iter().zip(&values) {
            let comma = if labels.is_empty() { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(labels, "{comma}{name}=\"{}\"", escaped(value));
        }
        if family.bounds.is_empty() {
            line(text, family.name, &braced(&labels), series.count);
        } else {
            histogram(text, family.name, family.bounds, &labels, &series);
        }
    }
}

fn histogram(text: &mut String, name: &str, bounds: &[f64], labels: &str, series: &Series) {
    let comma = if labels.is_empty() { "" } else { "," };
    let bucket = format!("{name}_bucket");
    let mut within = 0;
    for (bound, count) in bounds.iter().zip(&series.within) {
        within += count;
        line(
            text,
            &bucket,
            &format!("{{{labels}{comma}le=\"{bound}\"}}"),
            within,
        );
    }
    line(
        text,
        &bucket,
        &format!("{{{labels}{comma}le=\"+Inf\"}}"),
        series.count,
    );
    line(text, &format!("{name}_sum"), &braced(labels), series.sum);
    line(
        text,
        &format!("{name}_count"),
        &braced(labels),
        series.count,
    );
}

fn braced(labels: &str) -> String {
    if labels.is_empty() {
        String::new()
    } else {
        format!("{{{labels}}}")
    }
}

/// A label's value, as the text format wants it.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buckets_of_a_histogram_hold_those_below_them_too() {
        static TEAS: Family<2> = Family::histogram("teas", "Teas.", ["kind", "cup"], &[1.0, 2.5]);
        TEAS.observe(["green", "a \"b\""], 0.5);
        TEAS.observe(["green", "a \"b\""], 2.0);
        TEAS.observe(["green", "a \"b\""], 7.0);
        let mut told = String::new();
        family(&mut told, &TEAS);
        let expected = "# HELP teas Teas.\n# TYPE teas histogram\n\
            teas_bucket{kind=\"green\",cup=\"a \\\"b\\\"\",le=\"1\"} 1\n\
            teas_bucket{kind=\"green\",cup=\"a \\\"b\\\"\",le=\"2.5\"} 2\n\
            teas_bucket{kind=\"green\",cup=\"a \\\"b\\\"\",le=\"+Inf\"} 3\n\
            teas_sum{kind=\"green\",cup=\"a \\\"b\\\"\"} 9.5\n\
            teas_count{kind=\"green\",cup=\"a \\\"b\\\"\"} 3\n";
        assert_eq!(told, expected);
    }
}
