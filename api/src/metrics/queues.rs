//! What waits to be done.

use super::{family, line};

/// How much waits in each queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queues {
    /// Pictures that are to be made.
    pub(super) photos: u64,
    /// Those of them that are not put off.
    pub(super) photos_due: u64,
    /// Messages that a companion owes an answer.
    pub(super) messages: u64,
    /// The payment provider's messages that wait for their work.
    pub(super) payment_notices: u64,
    /// Those that failed, and wait for an operator.
    pub(super) payment_notices_parked: u64,
}

pub(super) fn text(text: &mut String, queues: Queues) {
    let name = "ava_queue_depth";
    family(text, name, "How much waits to be done, by queue.");
    for (queue, depth) in [
        ("photos", queues.photos),
        ("photos_due", queues.photos_due),
        ("messages", queues.messages),
        ("payment_notices", queues.payment_notices),
        ("payment_notices_parked", queues.payment_notices_parked),
    ] {
        line(text, name, &format!("{{queue=\"{queue}\"}}"), depth);
    }
}
