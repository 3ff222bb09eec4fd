//! How each photo request went: one end, one attempt at a time, and files for what can be seen alone.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    photo_request::{Event, Purpose},
    policy::recorded::Decision,
    recorded::{AnyEvent, Recorded},
    values::PhotoId,
};

use super::Found;
use crate::world::World;

/// How a photo request went.
#[derive(Default)]
pub(super) struct Photo {
    pub(super) purpose: Option<Purpose>,
    pub(super) allowed: bool,
    attempt: u32,
    attempt_over: bool,
    ended: bool,
    image: Option<(String, String)>,
    deleted: bool,
}

impl Photo {
    pub(super) fn stands(&self) -> bool {
        self.image.is_some()
    }
}

/// Every photo, by what the log says of it; what cannot follow on another is wrong.
pub(super) fn photos(
    events: &[Recorded<AnyEvent>],
    found: &mut Found<'_>,
) -> BTreeMap<PhotoId, Photo> {
    let mut photos: BTreeMap<PhotoId, Photo> = BTreeMap::new();
    for recorded in events {
        let AnyEvent::PhotoRequest(event) = &recorded.event else {
            continue;
        };
        let Ok(photo_id) = recorded.aggregate_id.parse() else {
            found.wrong(format!("{} is no photo's id", recorded.aggregate_id));
            continue;
        };
        let photo = photos.entry(photo_id).or_default();
        if let Err(wrong) = photo.see(event) {
            found.wrong(format!(
                "photo {photo_id} at {}: {wrong}",
                recorded.position
            ));
        }
    }
    for (photo_id, photo) in &photos {
        found.unless(photo.ended, || format!("photo {photo_id} is stuck"));
    }
    photos
}

impl Photo {
    fn see(&mut self, event: &Event) -> Result<(), String> {
        if let Event::PhotoRequested {
            purpose, policy, ..
        } = event
        {
            self.allowed = policy.decision == Decision::Allow;
            let before = self.purpose.replace(*purpose);
            return match before {
                None => Ok(()),
                Some(_) => Err("it is requested twice".to_owned()),
            };
        }
        if self.purpose.is_none() {
            return Err("it was never requested".to_owned());
        }
        if self.ended {
            let is_wanted_gone = *event == Event::PhotoDeleted && !self.deleted;
            self.deleted |= is_wanted_gone;
            return is_wanted_gone
                .then_some(())
                .ok_or_else(|| format!("{event:?} after the end"));
        }
        self.progress(event)
    }

    fn progress(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::GenerationStarted { attempt, .. } => {
                let is_next =
                    *attempt == self.attempt + 1 && (self.attempt == 0 || self.attempt_over);
                self.attempt = *attempt;
                self.attempt_over = false;
                is_next
                    .then_some(())
                    .ok_or_else(|| format!("attempt {attempt} begins beside another"))
            }
            Event::PredictionAccepted { attempt, .. } => self.current(*attempt),
            Event::AttemptFailed { attempt, .. } => {
                let current = self.current(*attempt);
                self.attempt_over = true;
                current
            }
            Event::PhotoDelivered { attempt, image, .. } => {
                self.ended = true;
                self.image = Some((image.key.clone(), image.thumbnail_key.clone()));
                self.current(*attempt)
            }
            Event::PhotoFailed { .. } | Event::PhotoRefused { .. } | Event::PhotoCanceled => {
                self.ended = true;
                Ok(())
            }
            Event::PhotoDeleted => Err("it is deleted while it is made".to_owned()),
            Event::PhotoReopened { .. } => Err("nobody reopened it".to_owned()),
            Event::PhotoRequested { .. } => Ok(()),
        }
    }

    /// Fencing: only the newest attempt, while it runs, has results.
    fn current(&self, attempt: u32) -> Result<(), String> {
        let is_current = attempt == self.attempt && !self.attempt_over;
        is_current
            .then_some(())
            .ok_or_else(|| format!("a late result of attempt {attempt}"))
    }
}

/// A picture that can be seen has its files, and nothing else lies there: neither of a deleted photo, nor what was stored
/// and never delivered.
pub(super) fn files_are_there(
    world: &World,
    photos: &BTreeMap<PhotoId, Photo>,
    found: &mut Found<'_>,
) {
    let shown = photos.values().filter(|photo| !photo.deleted);
    let seen: BTreeSet<_> = shown.filter_map(|photo| photo.image.as_ref()).collect();
    for (key, thumbnail_key) in &seen {
        let there = world.storage.holds(key) && world.storage.holds(thumbnail_key);
        found.unless(there, || format!("the files of {key} are gone"));
    }
    let seen: BTreeSet<_> = seen.into_iter().flat_map(|(a, b)| [a, b]).collect();
    for key in world.storage.keys() {
        found.unless(seen.contains(&key), || {
            format!("{key} lies there and no photo shows it")
        });
    }
}
