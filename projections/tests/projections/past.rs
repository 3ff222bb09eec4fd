//! Whoever asks the log later gets the rows that the tables held then, at every single position.

use std::collections::HashSet;

use application::ports::EventLog;
use domain::values::{PhotoId, Position, UserId};
use projections::{
    avatars::{self, AvatarRow},
    gate,
    past::Past,
    photos::{self, PhotoFilter},
};
use serde_json::{Value, json};

use crate::{
    histories::user,
    mixed_log::{much_happens_to, projector},
    test_log::TestLog,
};

/// How many users there are, each with three photos.
const USERS: u128 = 2;

/// What the tables, or the log, say about a user.
#[derive(Debug, PartialEq)]
struct Seen {
    avatar: Value,
    photos: Vec<Value>,
    subscription: Value,
}

impl Seen {
    /// As the read models have it now.
    async fn now(log: &TestLog, owner: UserId) -> Self {
        let pool = log.pool();
        let avatar = avatars::of_owner_with_pictures(&pool, owner).await.unwrap();
        let photos = photos::list(&pool, owner, &PhotoFilter::default(), None, 100).await;
        let photos = photos.unwrap();
        for row in &photos {
            assert_eq!(
                photos::by_id(&pool, row.photo_id).await.unwrap().as_ref(),
                Some(row)
            );
        }
        Self {
            avatar: json!(avatar.map(shown)),
            photos: photos.iter().map(|row| json!(row)).collect(),
            subscription: json!(gate::of_owner(&pool, owner).await.unwrap()),
        }
    }

    /// As it was at a point of the log.
    async fn then(log: &TestLog, owner: UserId, upto: Position) -> Self {
        let past = Past {
            log: &*log.log,
            upto,
        };
        let photos = past.photos(&log.pool(), owner).await.unwrap();
        for row in &photos {
            let one = past.photo(owner, row.photo_id).await.unwrap();
            assert_eq!(one.as_ref(), Some(row), "position {upto}");
            let stranger = past.photo(user(99), row.photo_id).await.unwrap();
            assert_eq!(stranger, None, "it belongs to somebody else");
        }
        Self {
            avatar: json!(past.avatar(owner).await.unwrap().map(shown)),
            photos: photos.iter().map(|row| json!(row)).collect(),
            subscription: json!(past.subscription(owner).await.unwrap()),
        }
    }
}

/// An avatar with those of its pictures that can be shown.
fn shown((row, there): (AvatarRow, HashSet<PhotoId>)) -> Value {
    let pictures = row.history.iter().map(|picture| picture.photo_id);
    let can_be_shown: Vec<_> = pictures
        .chain(row.reference.photo_id)
        .filter(|photo| there.contains(photo))
        .collect();
    json!({ "row": row, "can_be_shown": can_be_shown })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_what_the_tables_held_at_every_position() {
    let mut log = TestLog::start().await;
    let head = much_happens_to(USERS, &mut log, 240, 7).await;
    let events = log.log.read(Position(0), 10_000).await.unwrap();
    let followers = ["avatars", "photos", "gate", "updates"].map(projector);
    let mut db = log.pool().acquire().await.unwrap();
    let mut remembered = Vec::new();
    for event in &events {
        for follower in &followers {
            let page = std::slice::from_ref(event);
            follower.project(&mut db, page).await.unwrap();
        }
        for who in 1..=USERS {
            let seen = Seen::now(&log, user(who)).await;
            remembered.push((event.position, user(who), seen));
        }
    }

    assert_eq!(events.last().map(|event| event.position), Some(head));
    let mut different = HashSet::new();
    for (position, owner, seen) in &remembered {
        let then = Seen::then(&log, *owner, *position).await;
        assert_eq!(then, *seen, "{owner} at position {position}");
        different.insert(format!("{then:?}"));
    }
    // It was no story in which hardly anything happens, or in which nothing is ever deleted.
    assert!(different.len() > 90, "{}", different.len());
    let fewer = remembered.windows(USERS as usize + 1).filter(|window| {
        let (before, after) = (&window[0], &window[USERS as usize]);
        before.1 == after.1 && before.2.photos.len() > after.2.photos.len()
    });
    assert!(fewer.count() > 3, "photos were deleted");
    let nothing = Seen::then(&log, user(1), Position(0)).await;
    assert_eq!(
        (nothing.avatar, nothing.photos, nothing.subscription),
        (Value::Null, Vec::new(), Value::Null)
    );
}
