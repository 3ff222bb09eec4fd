//! What a chat model is told and offered, and how what it does is understood. Pure.

mod breaks;
mod memory;
mod persona;
mod send_photo;

pub use breaks::{BREAK_REMINDER, break_is_due};
pub use memory::{MEMORY_CHARS, PastTurn, remembered};
pub use persona::{DISCLOSURE_BADGE, disclosure, instructions};
pub use send_photo::{offered, queued, told_of_decline, understood};
