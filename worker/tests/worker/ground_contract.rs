//! What the worker may stand on must do: one suite for the real database and for the memory of simulations.

use std::{sync::Arc, time::Duration};

use application::ports::SystemClock;
use chrono::{TimeDelta, Utc};
use domain::{
    conversation::{Mode, Segment},
    photo_request::Purpose,
    values::{MessageId, PhotoId, Position, UserId},
};
use infrastructure::{database::DatabaseRole, scratch_database::ScratchDatabase};
use projections::{
    chat_work::ChatWorkRow, engine::Checkpoints, in_memory::Rows, photo_work::PhotoWorkRow,
};
use sqlx::PgPool;
use uuid::Uuid;
use worker::{
    file_notes::{FileNote, Looks},
    ground::Ground,
    leases::{Claim, LeaseStore, ToDo},
    memory_ground::MemoryGround,
    provider_books::{Permission, PlannedOrder},
};

/// Longer than a test.
const LONG: Duration = Duration::from_secs(3600);

const fn claim(holder: &str, lasts: Duration) -> Claim<'_> {
    Claim { holder, lasts }
}

/// Runs a check on every ground, with those pictures and messages to do.
async fn on_each(rows: Rows, check: impl AsyncFn(Ground)) {
    let memory = Arc::new(MemoryGround::new(Arc::new(SystemClock)));
    memory.begin_with(rows.clone(), Position(1));
    check(memory.as_ground()).await;

    let database = ScratchDatabase::create().await;
    store(&database.pool(), &rows).await;
    let pool = database.pool_as(DatabaseRole::Worker);
    check(Ground::postgres(pool.clone(), Checkpoints::new(pool))).await;
}

#[tokio::test]
async fn each_piece_goes_to_one_of_those_who_claim_and_what_waits_longest_goes_first() {
    let (rows, photos) = photos([3, 1, 2, -9]);
    on_each(rows, async |ground| {
        let leases = ground.leases;
        let mut claimed = Vec::new();
        for holder in ["one", "other", "one"] {
            let claim = claim(holder, LONG);
            claimed.extend(leases.claim_due(ToDo::Photos, claim, 2).await.unwrap());
        }
        let pieces: Vec<_> = claimed.iter().map(|claimed| &*claimed.piece).collect();
        // What is not due yet waits.
        assert_eq!(pieces, [&photos[0], &photos[2], &photos[1]]);
        let piece = &claimed[0];
        assert_eq!(piece.name, format!("photo:{}", piece.piece));
        assert!(claimed.is_sorted_by(|a, b| a.fence < b.fence));
    })
    .await;
}

#[tokio::test]
async fn a_conversation_is_claimed_once_however_many_messages_wait_in_it() {
    let (rows, conversations) = messages();
    on_each(rows, async |ground| {
        let leases = ground.leases;
        let conversation = async |holder| {
            let claimed = leases.claim_due(ToDo::Conversations, claim(holder, LONG), 1);
            let claimed = claimed.await.unwrap();
            claimed.first().map(|claimed| claimed.piece.clone())
        };
        assert_eq!(conversation("one").await.as_ref(), Some(&conversations[1]));
        assert_eq!(conversation("two").await.as_ref(), Some(&conversations[0]));
        assert_eq!(conversation("three").await, None);
    })
    .await;
}

#[tokio::test]
async fn a_lease_has_one_holder_and_who_comes_later_has_a_greater_fence() {
    on_each(Rows::default(), async |ground| {
        let leases = ground.leases;
        let dead = leases.claim("work", claim("dead", Duration::ZERO)).await;
        let dead = dead.unwrap().unwrap();
        let living = leases.claim("work", claim("living", LONG)).await;
        let living = living.unwrap().unwrap();
        assert!(living > dead);
        let third = leases.claim("work", claim("third", LONG)).await;
        assert_eq!(third.unwrap(), None);

        assert!(!leases.set_until("work", dead, LONG).await.unwrap());
        leases.release("work", dead).await.unwrap();
        assert!(leases.set_until("work", living, LONG).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn what_was_given_back_is_free_at_once_and_what_rests_after_its_rest() {
    on_each(Rows::default(), async |ground| {
        let leases = ground.leases;
        let free = async || {
            let claimed = leases.claim("work", claim("one", LONG)).await;
            claimed.unwrap()
        };
        let fence = free().await.unwrap();
        leases.release("work", fence).await.unwrap();
        let fence = free().await.unwrap();
        assert!(leases.set_until("work", fence, LONG).await.unwrap());
        assert_eq!(free().await, None);
        assert!(
            leases
                .set_until("work", fence, Duration::ZERO)
                .await
                .unwrap()
        );
        assert!(free().await > Some(fence));
    })
    .await;
}

#[tokio::test]
async fn who_comes_back_takes_its_own_work_of_that_kind_back_and_nothing_else() {
    let (rows, _) = photos([1, 2]);
    on_each(rows, async |ground| {
        let leases = ground.leases;
        for holder in ["one", "other"] {
            let claimed = leases.claim_due(ToDo::Photos, claim(holder, LONG), 1).await;
            assert_eq!(claimed.unwrap().len(), 1);
        }
        leases.claim("chat:x", claim("one", LONG)).await.unwrap();
        assert_eq!(leases.take_back("photo", "one").await.unwrap(), 1);
        let again = leases.claim_due(ToDo::Photos, claim("new", LONG), 9).await;
        assert_eq!(again.unwrap().len(), 1);
        assert!(taken(&*leases, "chat:x").await);
    })
    .await;
}

#[tokio::test]
async fn an_account_keeps_a_budget_a_pause_and_a_rest() {
    on_each(Rows::default(), async |ground| {
        let books = ground.books;
        let permit = async |provider, per_minute| {
            let order = order(provider, per_minute);
            match books.permit(&order).await.unwrap() {
                Permission::Granted => 0,
                Permission::NotBefore(left) => left.as_secs() + 1,
            }
        };
        assert_eq!(permit("frugal", 2).await, 0);
        assert!((50..=60).contains(&permit("frugal", 2).await));

        assert_eq!(permit("tired", 6000).await, 0);
        books.pause("tired", LONG).await.unwrap();
        books.pause("tired", Duration::from_secs(1)).await.unwrap();
        assert!((3500..=3600).contains(&permit("tired", 6000).await));

        // After a pause the burst is gone: one at once, then one every 1.2 s.
        assert_eq!(permit("eager", 60).await, 0);
        books.pause("eager", Duration::ZERO).await.unwrap();
        assert_eq!(permit("eager", 60).await, 0);
        assert_eq!(permit("eager", 60).await, 2);

        assert_eq!(permit("broken", 6000).await, 0);
        for _ in 0..9 {
            books.failed("broken").await.unwrap();
        }
        assert!((60..=80).contains(&permit("broken", 6000).await));
        books.succeeded("broken").await.unwrap();
        assert_eq!(permit("broken", 6000).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_note_of_files_goes_when_its_writer_settles_it_unless_it_was_written_twice() {
    on_each(Rows::default(), async |ground| {
        let notes = ground.file_notes;
        let (once, twice) = (note("a"), note("b"));
        for note in [&once, &twice, &twice] {
            notes.note_down(note, LONG).await.unwrap();
        }
        let thumbnail = &*once.thumbnail_key;
        let naming = notes.naming(["nowhere", thumbnail]).await.unwrap();
        assert_eq!(naming, [(once.clone(), 1)]);
        let naming = notes.naming([&twice.image_key, "nowhere"]).await.unwrap();
        assert_eq!(naming, [(twice.clone(), 2)]);

        for note in [&once, &twice] {
            notes.settle(note).await.unwrap();
        }
        assert_eq!(notes.of_photo(once.photo_id).await.unwrap(), []);
        let left = notes.of_photo(twice.photo_id).await.unwrap();
        assert_eq!(left, std::slice::from_ref(&twice));
        assert_eq!(notes.take_due(9, LONG).await.unwrap(), [], "not due yet");
    })
    .await;
}

#[tokio::test]
async fn a_due_note_is_taken_once_and_after_enough_looks_it_is_gone() {
    on_each(Rows::default(), async |ground| {
        let notes = ground.file_notes;
        let (first, second) = (note("a"), note("b"));
        for note in [&first, &second] {
            notes.note_down(note, Duration::ZERO).await.unwrap();
        }
        for note in [&first, &second] {
            let taken = notes.take_due(1, LONG).await.unwrap();
            assert_eq!(
                taken,
                std::slice::from_ref(note),
                "what waits longest goes first"
            );
        }
        assert_eq!(notes.take_due(9, LONG).await.unwrap(), []);

        let looks = |first| Looks { first, enough: 3 };
        let soon = looks(Duration::ZERO);
        notes.found_clear(&first, soon).await.unwrap();
        notes.found_clear(&second, looks(LONG)).await.unwrap();
        let due = notes.take_due(9, LONG).await.unwrap();
        assert_eq!(due, std::slice::from_ref(&first));
        // Whoever stores once more begins anew.
        notes.note_down(&first, LONG).await.unwrap();
        for left in [1, 1, 0] {
            notes.found_clear(&first, soon).await.unwrap();
            let of_photo = notes.of_photo(first.photo_id).await.unwrap();
            assert_eq!(of_photo.len(), left);
        }
        assert_eq!(notes.of_photo(second.photo_id).await.unwrap().len(), 1);
    })
    .await;
}

/// Files of that name, of a photo of their own.
fn note(name: &str) -> FileNote {
    FileNote {
        photo_id: PhotoId(Uuid::now_v7()),
        image_key: format!("{name}.jpg"),
        thumbnail_key: format!("{name}-small.jpg"),
        node: "node".to_owned(),
    }
}

async fn taken(leases: &dyn LeaseStore, name: &str) -> bool {
    let claimed = leases.claim(name, claim("somebody", LONG)).await;
    claimed.unwrap().is_none()
}

fn order(provider: &str, per_minute: u32) -> PlannedOrder<'_> {
    PlannedOrder {
        call_id: Uuid::now_v7(),
        provider,
        per_minute,
        photo_id: PhotoId(Uuid::now_v7()),
        attempt: 1,
        model: "model",
        node: "node",
    }
}

/// Pictures that have been due for so many minutes, and their ids.
fn photos<const N: usize>(due_for: [i64; N]) -> (Rows, [String; N]) {
    let mut rows = Rows::default();
    let ids = due_for.map(|minutes| {
        let photo_id = PhotoId(Uuid::now_v7());
        let row = PhotoWorkRow {
            photo_id,
            owner: UserId(Uuid::now_v7()),
            purpose: Purpose::Scene,
            attempts: 0,
            requested_at: Utc::now(),
            available_at: Utc::now() - TimeDelta::minutes(minutes),
            position: Position(1),
        };
        rows.photo_work.insert(photo_id, row);
        photo_id.to_string()
    });
    (rows, ids)
}

/// Messages in two conversations, the oldest one in the second.
fn messages() -> (Rows, [String; 2]) {
    let conversations = [Mode::Friendly, Mode::Intimate].map(|mode| Segment {
        owner: UserId(Uuid::now_v7()),
        mode,
        day: Utc::now().date_naive(),
    });
    let mut rows = Rows::default();
    for (position, conversation) in [(5, 0), (3, 1), (4, 0), (6, 1)] {
        let message_id = MessageId(Uuid::now_v7());
        let conversation = conversations[conversation];
        let row = ChatWorkRow {
            message_id,
            owner: conversation.owner,
            conversation,
            position: Position(position),
            sent_at: Utc::now(),
        };
        rows.chat_work.insert(message_id, row);
    }
    (rows, conversations.map(|segment| segment.to_string()))
}

async fn store(pool: &PgPool, rows: &Rows) {
    for row in rows.photo_work.values() {
        sqlx::query(
            "INSERT INTO photo_work (photo_id, owner, purpose, attempts, requested_at, available_at, position)
             VALUES ($1, $2, $3, 0, now(), $4, 1)",
        )
        .bind(row.photo_id.0)
        .bind(row.owner.0)
        .bind(row.purpose.as_str())
        .bind(row.available_at)
        .execute(pool)
        .await
        .unwrap();
    }
    for row in rows.chat_work.values() {
        sqlx::query(
            "INSERT INTO chat_work (message_id, owner, mode, conversation, position, sent_at)
             VALUES ($1, $2, $3, $4, $5, now())",
        )
        .bind(row.message_id.0)
        .bind(row.owner.0)
        .bind(row.conversation.mode.as_str())
        .bind(row.conversation.to_string())
        .bind(row.position.0.cast_signed())
        .execute(pool)
        .await
        .unwrap();
    }
}
