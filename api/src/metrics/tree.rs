//! How far the transparency tree over the log is.

use transparency::TreeStatus;

use super::{family, line};

pub(super) fn text(text: &mut String, tree: &TreeStatus) {
    let figures = [
        (
            "ava_tree_size",
            "How many events are in the transparency tree.",
            tree.size,
        ),
        (
            "ava_tree_lag_events",
            "How many events are not in the transparency tree yet.",
            tree.head.saturating_sub(tree.size),
        ),
        (
            "ava_tree_failed",
            "1 when the transparency tree does not grow and an operator must act.",
            u64::from(tree.error.is_some()),
        ),
    ];
    for (name, help, value) in figures {
        family(text, name, help);
        line(text, name, "", value);
    }
    let Some((size, signed_at)) = tree.checkpoint else {
        return;
    };
    let name = "ava_checkpoint_size";
    family(
        text,
        name,
        "How many events the newest signed checkpoint is over.",
    );
    line(text, name, "", size);
    let name = "ava_checkpoint_timestamp_seconds";
    family(
        text,
        name,
        "When the newest checkpoint was signed, in seconds since 1970.",
    );
    line(text, name, "", signed_at.timestamp_micros() as f64 / 1e6);
}
