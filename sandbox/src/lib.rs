//! The world outside, played: Replicate, OpenAI-compatible images and chat completions, Stripe, and an OpenID Connect
//! provider over real HTTP, statefully, on one address.
//!
//! The product talks to it exactly as it talks to the real services, so that the product
//! itself contains no fake. Nothing in here knows anything of the product.

mod behaviour;
mod chat;
mod control;
mod images;
mod oidc;
mod openai_error;
mod pages;
mod picture_files;
pub mod portrait;
mod replicate;
mod server;
mod signatures;
mod state_file;
mod stripe;
mod world;

pub use oidc::oidc_issuer;
pub use server::{RunningSandbox, SandboxConfig, SandboxError, start};
pub use signatures::{standard_webhook_signature, stripe_signature_header};
pub use stripe::{PriceInterval, StripePrice};
