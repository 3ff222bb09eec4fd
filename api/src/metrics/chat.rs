//! The figures of the companion's answers: what this process counted since it started.

use application::chat_figures::{ChatCounts, FIRST_WORD_BOUNDS};

use super::{kind, line};

/// How the turns ended, what was read and written, and how long the first word took.
pub(super) fn text(text: &mut String, counts: &ChatCounts) {
    let turns = "ava_chat_turns_total";
    kind(text, turns, "counter", "How many turns ended here, by how.");
    for (outcome, count) in &counts.turns {
        line(text, turns, &format!("{{outcome=\"{outcome}\"}}"), count);
    }
    let tokens = "ava_chat_tokens_total";
    kind(
        text,
        tokens,
        "counter",
        "How many tokens models were given to read, and wrote.",
    );
    line(text, tokens, "{kind=\"prompt\"}", counts.prompt_tokens);
    line(
        text,
        tokens,
        "{kind=\"completion\"}",
        counts.completion_tokens,
    );
    let wait = "ava_chat_first_word_seconds";
    kind(
        text,
        wait,
        "histogram",
        "How long a model took to its first word.",
    );
    let mut within = 0;
    for (bound, count) in FIRST_WORD_BOUNDS.iter().zip(counts.first_words) {
        within += count;
        line(
            text,
            &format!("{wait}_bucket"),
            &format!("{{le=\"{bound}\"}}"),
            within,
        );
    }
    let (count, sum) = (counts.first_words_count, counts.first_words_sum);
    line(text, &format!("{wait}_bucket"), "{le=\"+Inf\"}", count);
    line(text, &format!("{wait}_sum"), "", sum.as_secs_f64());
    line(text, &format!("{wait}_count"), "", count);
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::*;

    #[test]
    fn the_buckets_of_a_histogram_hold_those_below_them_too() {
        let mut told = String::new();
        let counts = ChatCounts {
            turns: BTreeMap::from([("replied", 3)]),
            first_words: [1, 2, 0, 0, 0, 0, 0, 0],
            first_words_count: 4,
            first_words_sum: Duration::from_millis(61_500),
            ..ChatCounts::default()
        };
        text(&mut told, &counts);
        for expected in [
            "# TYPE ava_chat_turns_total counter\n",
            "ava_chat_turns_total{outcome=\"replied\"} 3\n",
            "ava_chat_first_word_seconds_bucket{le=\"0.1\"} 1\n",
            "ava_chat_first_word_seconds_bucket{le=\"0.25\"} 3\n",
            "ava_chat_first_word_seconds_bucket{le=\"30\"} 3\n",
            "ava_chat_first_word_seconds_bucket{le=\"+Inf\"} 4\n",
            "ava_chat_first_word_seconds_sum 61.5\n",
        ] {
            assert!(told.contains(expected), "{expected} is not in {told}");
        }
    }
}
