//! What follows from events: reactions, the photo pipeline, the companion's replies, and the payment provider's messages.
//!
//! [`reactions()`] are followed by the projection engine, each with its own checkpoint; [`run`] does the
//! work that takes longer than an event may hold up the next one. Any number of processes may run both.

pub mod file_notes;
pub mod ground;
pub mod leases;
pub mod memory_ground;
pub mod provider_books;
pub mod sights;
pub mod steps;

mod answer_messages;
mod apply_payment_notices;
mod attach_promised_photos;
mod causes;
mod claimed_work;
mod deliver_requested_photos;
mod forget_erased_people;
mod pace;
mod parts;
mod provider_accounts;
mod provider_calls;
mod providers;
mod reactions;
mod reconcile_subscriptions;
mod record_reference_results;
mod release_unused_quota;
mod remove_deleted_files;
mod remove_left_files;
mod request_reference_images;
mod stored_pictures;

use tokio_util::sync::CancellationToken;

pub use parts::{
    ChatSettings, FileSettings, InboxSettings, LeaseTimes, PhotoSettings, WorkerParts,
    WorkerSettings,
};
pub use reactions::reactions;
pub use reconcile_subscriptions::reconcile_subscriptions;

/// Delivers requested photos, answers messages, applies payment notices, and from time to time compares subscriptions and
/// removes files that no photo shows, until `stop` is canceled.
///
/// Then nothing new is claimed; what is under way is finished or its lease released, within
/// [`WorkerSettings::stop_within`]. Dropping the future instead is a crash: another worker takes over once
/// the leases have run out.
pub async fn run(parts: WorkerParts, stop: CancellationToken) {
    let photos = deliver_requested_photos::DeliverRequestedPhotos::new(&parts);
    let messages = answer_messages::AnswerMessages::new(&parts);
    let notices = apply_payment_notices::ApplyPaymentNotices::new(&parts);
    let files = remove_left_files::RemoveLeftFiles::new(&parts);
    let comparing = reconcile_subscriptions::ReconcileSubscriptions::new(&parts);
    tokio::join!(
        photos.run(&stop),
        messages.run(&stop),
        notices.run(&stop),
        comparing.run(&stop),
        files.run(&stop)
    );
}
