//! What can be seen: one module per read model, its row, its queries and its projector; and the engine that runs them.
//!
//! An event's way: [`engine::Engine`] reads the log page by page and hands each page to every
//! projector of [`all`], which writes its tables in the transaction that moves its checkpoint.
//! To add a read model: a table in `migrations/`, a module here with a row, its queries and a
//! [`engine::Projector`], and a line in [`all`]. To change what an existing one holds: raise its
//! version; the engine then fills new tables from the log's beginning and swaps them in ([`rebuild`]).

use std::sync::Arc;

pub mod audit_index;
pub mod avatars;
pub mod chat_work;
mod columns;
mod copying;
pub mod engine;
mod folding;
pub mod gate;
pub mod in_memory;
pub mod messages;
pub mod own_rows;
pub mod past;
pub mod photo_work;
pub mod photos;
pub mod rebuild;
pub mod replica;
pub mod reports;
pub mod updates;

/// Every projector of ours.
pub fn all() -> Vec<Arc<dyn engine::Projector>> {
    vec![
        Arc::new(avatars::AvatarsProjector),
        Arc::new(photos::PhotosProjector),
        Arc::new(gate::GateProjector),
        Arc::new(updates::UpdatesProjector),
        Arc::new(photo_work::PhotoWorkProjector),
        Arc::new(messages::MessagesProjector),
        Arc::new(chat_work::ChatWorkProjector),
        Arc::new(reports::ReportsProjector),
        Arc::new(audit_index::AuditIndexProjector),
    ]
}
