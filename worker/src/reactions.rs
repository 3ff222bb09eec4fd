//! The list of reactions. The engine follows the log with each of them, and keeps their checkpoints.

use std::sync::Arc;

use projections::engine::Reaction;

use crate::{
    attach_promised_photos::AttachPromisedPhotos, forget_erased_people::ForgetErasedPeople,
    parts::WorkerParts, record_reference_results::RecordReferenceResults,
    release_unused_quota::ReleaseUnusedQuota, remove_deleted_files::RemoveDeletedFiles,
    request_reference_images::RequestReferenceImages,
};

/// Every reaction of ours.
///
/// Delivery is at least once. A command is keyed by the event that causes it, so that reacting twice does nothing.
pub fn reactions(parts: &WorkerParts) -> Vec<Arc<dyn Reaction>> {
    vec![
        Arc::new(RequestReferenceImages::new(parts)),
        Arc::new(RecordReferenceResults::new(parts)),
        Arc::new(ReleaseUnusedQuota::new(parts)),
        Arc::new(RemoveDeletedFiles::new(parts)),
        Arc::new(AttachPromisedPhotos::new(parts)),
        Arc::new(ForgetErasedPeople::new(parts)),
    ]
}
