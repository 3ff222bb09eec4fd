//! What must be true of every run's end, whatever happened on the way.

use std::collections::{BTreeMap, BTreeSet};

use application::ports::AttemptId;
use cqrs_es::Aggregate;
use domain::{
    avatar, conversation,
    photo_request::{Event, Purpose},
    policy::recorded::Decision,
    recorded::{AnyEvent, Recorded},
    subscription::{self, Subscription},
    values::{MessageId, PhotoId, Position, UserId},
};
use projections::in_memory::{Rows, Table};

use crate::world::World;

/// Checks all of it, and tells what is wrong.
pub fn check(world: &World, user: UserId, events: &[Recorded<AnyEvent>], wrongs: &mut Vec<String>) {
    let mut found = Found(wrongs);
    numbered_without_gaps(events, &mut found);
    keys_count_once(events, &mut found);
    let photos = photos(events, &mut found);
    files_are_there(world, &photos, &mut found);
    nothing_is_bought_twice(world, &mut found);
    turns_end_once(events, &photos, &mut found);
    references_are_answered(events, &photos, &mut found);
    quota_is_what_stands(events, &photos, &mut found);
    subscription_is_as_the_provider_says(world, user, events, &mut found);
    rows_are_the_log(world, events, &mut found);
    for parked in world.inbox.parked() {
        found.wrong(format!("a payment notice is parked: {parked}"));
    }
}

/// The one subscription, as the log has it.
pub fn subscription(events: &[Recorded<AnyEvent>]) -> Subscription {
    let mut state = Subscription::default();
    for recorded in events {
        if let AnyEvent::Subscription(event) = &recorded.event {
            state.apply(event.clone());
        }
    }
    state
}

struct Found<'a>(&'a mut Vec<String>);

impl Found<'_> {
    fn wrong(&mut self, what: String) {
        self.0.push(what);
    }

    fn unless(&mut self, right: bool, what: impl FnOnce() -> String) {
        if !right {
            self.0.push(what());
        }
    }
}

fn numbered_without_gaps(events: &[Recorded<AnyEvent>], found: &mut Found<'_>) {
    let mut sequences: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for (recorded, position) in events.iter().zip(1..) {
        found.unless(recorded.position == Position(position), || {
            format!("position {position} is {}", recorded.position)
        });
        let stream = (recorded.event.aggregate_type(), &*recorded.aggregate_id);
        let sequence = sequences.entry(stream).or_default();
        *sequence += 1;
        found.unless(recorded.sequence == *sequence, || {
            format!("sequence {sequence} of {stream:?} is {}", recorded.sequence)
        });
        found.unless(ids.insert(recorded.event_id), || {
            format!("{} has the id of another event", recorded.position)
        });
    }
}

/// Under one key of one actor there is one append, whose events stand beside each other.
fn keys_count_once(events: &[Recorded<AnyEvent>], found: &mut Found<'_>) {
    let mut used: BTreeMap<(&str, &str), Position> = BTreeMap::new();
    for recorded in events {
        let metadata = &recorded.metadata;
        let key = metadata.idempotency_key.as_deref();
        let Some(key) = key.or(metadata.idempotency_key_sha256.as_deref()) else {
            continue;
        };
        let last = used.insert((&metadata.actor, key), recorded.position);
        found.unless(
            last.is_none_or(|last| last.0 + 1 == recorded.position.0),
            || {
                let actor = &metadata.actor;
                format!(
                    "{actor} did twice what {key} stands for, at {}",
                    recorded.position
                )
            },
        );
    }
}

/// How a photo request went.
#[derive(Default)]
struct Photo {
    purpose: Option<Purpose>,
    allowed: bool,
    attempt: u32,
    attempt_over: bool,
    ended: bool,
    image: Option<(String, String)>,
    deleted: bool,
}

impl Photo {
    fn stands(&self) -> bool {
        self.image.is_some()
    }
}

fn photos(events: &[Recorded<AnyEvent>], found: &mut Found<'_>) -> BTreeMap<PhotoId, Photo> {
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
fn files_are_there(world: &World, photos: &BTreeMap<PhotoId, Photo>, found: &mut Found<'_>) {
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

/// Each attempt is one order, however often its worker dies.
fn nothing_is_bought_twice(world: &World, found: &mut Found<'_>) {
    let mut bought = BTreeSet::new();
    for AttemptId { photo_id, attempt } in world.drawing.bought() {
        found.unless(bought.insert((photo_id, attempt)), || {
            format!("attempt {attempt} of photo {photo_id} was bought twice")
        });
    }
}

/// Each message has one answer, and each promise one end, which is the picture's.
fn turns_end_once(
    events: &[Recorded<AnyEvent>],
    photos: &BTreeMap<PhotoId, Photo>,
    found: &mut Found<'_>,
) {
    let mut turns: BTreeMap<MessageId, u32> = BTreeMap::new();
    let mut promises: BTreeMap<PhotoId, u32> = BTreeMap::new();
    for recorded in events {
        let AnyEvent::Conversation(event) = &recorded.event else {
            continue;
        };
        match event {
            conversation::Event::MessageSent { message_id, .. } => {
                found.unless(turns.insert(*message_id, 0).is_none(), || {
                    format!("message {message_id} was sent twice")
                });
            }
            conversation::Event::ReplyRecorded { message_id, .. }
            | conversation::Event::ReplyFailed { message_id, .. }
            | conversation::Event::SafetyInterventionShown {
                message_id: Some(message_id),
                ..
            } => *turns.entry(*message_id).or_default() += 1,
            conversation::Event::PhotoPromised { promise, .. } => {
                let photo_id = promise.photo_id;
                found.unless(promises.insert(photo_id, 0).is_none(), || {
                    format!("photo {photo_id} was promised twice")
                });
            }
            conversation::Event::PhotoAttached { photo_id }
            | conversation::Event::PhotoWithheld { photo_id, .. } => {
                *promises.entry(*photo_id).or_default() += 1;
                let attached = matches!(event, conversation::Event::PhotoAttached { .. });
                let stands = photos.get(photo_id).is_some_and(Photo::stands);
                found.unless(attached == stands, || {
                    format!("photo {photo_id} did not end as its person is told")
                });
            }
            conversation::Event::SafetyInterventionShown {
                message_id: None, ..
            }
            | conversation::Event::ModeChanged { .. } => {}
        }
    }
    for (message_id, ends) in turns {
        found.unless(ends == 1, || {
            format!("message {message_id} has {ends} answers")
        });
    }
    for (photo_id, ends) in promises {
        found.unless(ends == 1, || {
            format!("the promise of {photo_id} has {ends} ends")
        });
    }
}

/// Each wish of an avatar for a reference picture has one answer.
fn references_are_answered(
    events: &[Recorded<AnyEvent>],
    photos: &BTreeMap<PhotoId, Photo>,
    found: &mut Found<'_>,
) {
    let mut answers: BTreeMap<PhotoId, u32> = BTreeMap::new();
    for recorded in events {
        let AnyEvent::Avatar(event) = &recorded.event else {
            continue;
        };
        match event {
            avatar::Event::ReferenceImageRequested { photo_id } => {
                answers.entry(*photo_id).or_default();
                let purpose = photos.get(photo_id).and_then(|photo| photo.purpose);
                found.unless(purpose == Some(Purpose::Reference), || {
                    format!("reference picture {photo_id} was never requested")
                });
            }
            avatar::Event::ReferenceImageReady { photo_id }
            | avatar::Event::ReferenceImageFailed { photo_id, .. } => {
                *answers.entry(*photo_id).or_default() += 1;
            }
            avatar::Event::AvatarCreated { .. }
            | avatar::Event::ProfileChanged { .. }
            | avatar::Event::ReferenceImageApproved { .. } => {}
        }
    }
    for (photo_id, answers) in answers {
        found.unless(answers == 1, || {
            format!("reference picture {photo_id} has {answers} results")
        });
    }
}

/// What is taken out of the quota and not given back is what stands; it is never more than there is.
fn quota_is_what_stands(
    events: &[Recorded<AnyEvent>],
    photos: &BTreeMap<PhotoId, Photo>,
    found: &mut Found<'_>,
) {
    let mut state = Subscription::default();
    let mut taken = BTreeMap::new();
    let mut ever = BTreeSet::new();
    for recorded in events {
        let AnyEvent::Subscription(event) = &recorded.event else {
            continue;
        };
        state.apply(event.clone());
        let usage = state.usage();
        found.unless(usage.used <= usage.limit, || {
            format!(
                "{} pictures of {} at {}",
                usage.used, usage.limit, recorded.position
            )
        });
        if let subscription::Event::PhotoReserved {
            photo_id,
            period_start,
        } = event
        {
            taken.insert(*photo_id, *period_start);
            found.unless(ever.insert(*photo_id), || {
                format!("photo {photo_id} is reserved twice")
            });
        }
        if let subscription::Event::PhotoReleased { photo_id } = event {
            found.unless(taken.remove(photo_id).is_some(), || {
                format!("photo {photo_id} is released and was not reserved")
            });
        }
    }
    let period = state.current().map(|current| current.period_start);
    for (photo_id, photo) in photos {
        let paid_for = photo.purpose == Some(Purpose::Scene) && photo.allowed;
        found.unless(ever.contains(photo_id) == paid_for, || {
            format!("photo {photo_id} and its place in the quota are not both there")
        });
        let is_taken = taken.get(photo_id).copied();
        let is_lost = paid_for && photo.stands() && is_taken.is_none();
        // What was reserved in a period that is over need not be given back.
        let is_left_over = is_taken.is_some() && is_taken == period && !photo.stands();
        found.unless(!is_lost && !is_left_over, || {
            format!("the quota does not know how photo {photo_id} ended")
        });
    }
}

/// Whatever order its messages came in, however often, and whatever the provider did not answer: a comparison follows.
fn subscription_is_as_the_provider_says(
    world: &World,
    user: UserId,
    events: &[Recorded<AnyEvent>],
    found: &mut Found<'_>,
) {
    let state = subscription(events);
    let held = state.current();
    found.unless(world.payment.is_held_right(held), || {
        let truth = world.payment.truth();
        format!("the subscription of {user} is {truth:?}, and held for {held:?}")
    });
}

/// Every table is what the log makes of it, and saw each event once.
fn rows_are_the_log(world: &World, events: &[Recorded<AnyEvent>], found: &mut Found<'_>) {
    let held = world.ground.rows();
    let mut fresh = Rows::default();
    for table in Table::ALL {
        if let Err(error) = fresh.follow(table, events) {
            found.wrong(format!("{} cannot follow: {error}", table.projector()));
        }
        let followed = world.ground.followed(table);
        let all = events.len() as u64;
        found.unless(followed == all, || {
            format!("{} followed {followed} events of {all}", table.projector())
        });
    }
    found.unless(held == fresh, || {
        "the read models are not what the log makes of them".to_owned()
    });
}
