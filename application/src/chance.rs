//! What is drawn by lot: pauses, so that those who collided do not collide again, and ids.
//!
//! A simulation seeds the lots of its thread, so that one seed is one course of events.

use std::{cell::RefCell, time::Duration};

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use uuid::Uuid;

thread_local! {
    static SEEDED: RefCell<Option<SmallRng>> = const { RefCell::new(None) };
}

/// The lots of this thread follow from a seed until this is dropped.
#[must_use = "dropping it ends the seeding"]
pub struct Seeded(());

/// Lets the lots of this thread follow from a seed.
pub fn seeded(seed: u64) -> Seeded {
    SEEDED.set(Some(SmallRng::seed_from_u64(seed)));
    Seeded(())
}

impl Drop for Seeded {
    fn drop(&mut self) {
        SEEDED.set(None);
    }
}

fn seeded_lot<T>(draw: impl FnOnce(&mut SmallRng) -> T) -> Option<T> {
    SEEDED.with_borrow_mut(|seeded| seeded.as_mut().map(draw))
}

/// Anything from nothing to the ceiling.
pub fn up_to(ceiling: Duration) -> Duration {
    let part = seeded_lot(|lots| lots.random_range(0.0..=1.0))
        .unwrap_or_else(|| rand::random_range(0.0..=1.0));
    ceiling.mul_f64(part)
}

/// A new id, UUIDv7.
pub fn id() -> Uuid {
    let drawn = seeded_lot(|lots| lots.random::<[u8; 10]>());
    // Of a simulation all ids are of one moment, which is not known here.
    drawn.map_or_else(Uuid::now_v7, |drawn| {
        uuid::Builder::from_unix_timestamp_millis(0, &drawn).into_uuid()
    })
}
