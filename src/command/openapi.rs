//! `ava openapi`: the API's description.

use crate::failure::Failure;

pub const HELP: &str = "\
Examples:
  ava openapi > docs/openapi.json                              after a change of the API
  npx openapi-typescript <(ava openapi) -o src/api/schema.ts   types for a web client";

pub fn run() -> Result<(), Failure> {
    let document = ::api::openapi().to_pretty_json().map_err(Failure::other)?;
    super::print(&format!("{document}\n"))
}
