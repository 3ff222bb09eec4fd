//! The examples in the OpenAPI document, all about the same two people: Mara and her companion Ava.

mod account;
mod admin;
mod audit;
mod avatars;
mod billing;
mod chat;
mod photos;
mod problems;
mod reports;
mod service;

pub(crate) use self::{
    account::*, admin::*, audit::*, avatars::*, billing::*, chat::*, photos::*, problems::*,
    reports::*, service::*,
};

const MARA: &str = "0193e7f1-9d40-7a6b-8c1d-2e3f4a5b6c7d";
const AVATAR: &str = "0193e7f2-5b1c-7d2a-9c7e-1f2a3b4c5d6e";
const REFERENCE: &str = "0193e7f4-0a57-7c11-8d3f-6a1b2c3d4e5f";
const SCENE: &str = "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a";
const MESSAGE: &str = "0193e7f9-2b10-7c4f-8e21-5d6c7b8a9f01";
const REPLY: &str = "5b1f6a0e-6c0d-5d0c-9a4e-3f2e1d0c9b8a";
const SHA256: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn address(photo: &str, variant: &str) -> String {
    format!("/photos/{photo}/image?variant={variant}&expires=1795359600&signature={SHA256}")
}
