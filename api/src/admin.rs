//! What operators look at and do. Each view and each act is recorded before it is answered.
//!
//! Lists and accounts show how things stand and nobody's words or pictures; those are seen in a report only.

mod erasure;
mod figures;
mod photos;
mod projections;
mod rebuilds;
mod reports;
mod users;
mod webhooks;

pub(crate) use erasure::erase_user;
pub(crate) use figures::get_figures;
pub(crate) use photos::{cancel_photo_of_anybody, list_photos_of_everybody, retry_photo};
pub(crate) use projections::{list_projections_for_operators, rebuild_projection};
pub(crate) use rebuilds::Rebuilds;
pub(crate) use reports::{decide_report, get_reported_content, list_report_queue};
pub(crate) use users::get_user;
pub(crate) use webhooks::{list_webhooks, replay_webhook};
