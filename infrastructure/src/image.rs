//! Pictures: asking a provider for them, fetching them, marking them as made by AI.

mod api_base;
pub mod fetch;
pub mod marking;
pub mod openai;
pub mod replicate;
mod retry_after;
