//! Pictures: asking a provider for them, fetching them.

pub mod fetch;
pub mod openai;
pub mod replicate;
