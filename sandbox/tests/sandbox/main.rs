//! The sandbox, asked over real HTTP.
#![allow(clippy::unwrap_used)]

mod chat;
mod official_sdks;
mod oidc;
mod pictures;
mod predictions;
mod receiver;
mod replicate_webhooks;
mod restart;
mod signatures;
mod stripe_api;
mod stripe_checkout;
mod stripe_client;
mod stripe_clock;
mod stripe_money;
mod stripe_webhooks;
mod test_sandbox;
