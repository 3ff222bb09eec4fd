//! Pictures: asking a provider for them, fetching them, marking them as made by AI.

pub mod fetch;
pub mod marking;
pub mod openai;
pub mod replicate;
