//! Where it is counted who asked for how much: in this process, or in Redis for all of them.

mod in_process;
mod shared;

pub use in_process::InProcessRateLimits;
pub use shared::SharedRateLimits;
