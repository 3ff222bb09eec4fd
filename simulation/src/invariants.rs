//! What must be true of every run's end, whatever happened on the way.

mod photos;

use std::collections::{BTreeMap, BTreeSet};

use application::ports::AttemptId;
use cqrs_es::Aggregate;
use domain::{
    avatar, conversation,
    photo_request::Purpose,
    recorded::{AnyEvent, Recorded},
    subscription::{self, Subscription},
    values::{MessageId, PhotoId, Position, UserId},
};
use projections::in_memory::{Rows, Table};

use crate::world::World;

use photos::{Photo, files_are_there, photos};

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
