//! Whoever is erased is forgotten everywhere, whatever is under way.

use std::{sync::Arc, time::Duration};

use application::{
    avatars::stream,
    context::{CommandError, Context},
    dispatcher::Dispatcher,
    ports::{Append, AppendError, EventLog, PersonKeys, StreamId},
};
use domain::{
    avatar::{self, Avatar},
    personal::Personal,
    recorded::AnyEvent,
    values::{AvatarId, Position, UserId},
};
use futures::future::join_all;
use infrastructure::scratch_database::ScratchDatabase;
use serde_json::json;
use uuid::Uuid;

use super::{CANARY, append, dump, event, id, names, process, profile, said, someone};

/// What a use case of people's erasure appends.
fn erasure(owner: UserId, expected: u64) -> Append {
    let stream = StreamId {
        aggregate_type: "Person",
        aggregate_id: owner.to_string(),
    };
    let payload = json!({"type": "PersonErased"});
    append(stream, expected, event(owner, "PersonErased", &payload))
}

#[tokio::test]
async fn whoever_is_erased_is_forgotten_in_every_process_and_never_written_again() {
    let database = ScratchDatabase::create().await;
    let (here, there) = (process(&database), process(&database));
    let (owner, bystander) = (someone(), someone());
    here.append(append(id("a"), 0, said(owner, CANARY)))
        .await
        .unwrap();
    here.append(append(id("b"), 0, said(bystander, "still here")))
        .await
        .unwrap();
    let known = [json!({ "personal": CANARY })];
    assert_eq!(names(&here, &id("a")).await, known);
    assert_eq!(names(&there, &id("a")).await, known);
    assert!(!here.is_destroyed(owner).await.unwrap());

    // An erasure that conflicts erases nobody.
    let conflict = here.append(erasure(owner, 7)).await;
    assert!(matches!(conflict, Err(AppendError::Conflict(_))));
    assert!(!there.is_destroyed(owner).await.unwrap());

    let before = dump(&database.pool()).await;
    let appended = here.append(erasure(owner, 0)).await.unwrap();
    assert!(there.is_destroyed(owner).await.unwrap());
    let erased = [json!({"erased": true})];
    assert_eq!(
        names(&here, &id("a")).await,
        erased,
        "at once where it was done"
    );
    // The other process holds the key, and may not know for a second; writing is out of the question all the same.
    let again = there.append(append(id("a"), 1, said(owner, CANARY))).await;
    assert!(matches!(again, Err(AppendError::OwnerErased)));
    let again = here.append(append(id("new"), 0, said(owner, CANARY))).await;
    assert!(matches!(again, Err(AppendError::OwnerErased)));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(names(&there, &id("a")).await, erased);
    assert_eq!(here.head().await.unwrap(), appended.position);

    // What says nothing of them is still recorded, and nobody else is touched.
    let plain = event(
        owner,
        "ProfileChanged",
        &json!({"type": "ProfileChanged", "age": 30}),
    );
    there.append(append(id("a"), 1, plain)).await.unwrap();
    assert_eq!(
        names(&there, &id("b")).await,
        [json!({"personal": "still here"})]
    );
    // The events are what they were; twice changes nothing.
    here.destroy(owner).await.unwrap();
    let after = dump(&database.pool()).await;
    let sealed = before.lines().next().unwrap();
    assert!(after.contains(sealed), "history stays byte for byte");
    let read = here.read(Position(0), 1).await.unwrap();
    match &read[0].event {
        AnyEvent::Avatar(avatar::Event::ProfileChanged { changes }) => {
            assert_eq!(changes.name, Some(Personal::erased()));
        }
        other => panic!("read {other:?}"),
    }
}

#[tokio::test]
async fn nobody_gets_a_key_who_was_erased_before_they_said_anything() {
    let database = ScratchDatabase::create().await;
    let log = process(&database);
    let owner = someone();
    log.destroy(owner).await.unwrap();
    let refused = log.append(append(id("a"), 0, said(owner, CANARY))).await;
    assert!(matches!(refused, Err(AppendError::OwnerErased)));

    let dispatcher = Dispatcher::new(Arc::new(log.clone()), Arc::new(log.clone()));
    let create = avatar::Command::CreateAvatar {
        avatar_id: AvatarId(Uuid::now_v7()),
        owner,
        profile: profile(CANARY),
    };
    let context = Context::of_user(owner, Uuid::now_v7());
    let refused = dispatcher.execute::<Avatar>(stream(owner), create, context);
    assert!(matches!(refused.await, Err(CommandError::OwnerErased)));
    assert_eq!(log.head().await.unwrap(), Position(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_race_for_somebodys_first_key_end_with_one() {
    let database = ScratchDatabase::create().await;
    let processes: Vec<_> = (0..4).map(|_| process(&database)).collect();
    for _ in 0..10 {
        let owner = someone();
        let appends = (0..16).map(|n| {
            let log = processes[n % 4].clone();
            let name = format!("{owner} {n}");
            async move { log.append(append(id(&name), 0, said(owner, CANARY))).await }
        });
        for appended in join_all(appends).await {
            appended.unwrap();
        }
        for n in 0..16 {
            let names = names(&processes[(n + 1) % 4], &id(&format!("{owner} {n}"))).await;
            assert_eq!(names, [json!({ "personal": CANARY })]);
        }
    }
    let keys: i64 = sqlx::query_scalar("SELECT count(*) FROM person_keys")
        .fetch_one(&database.pool())
        .await
        .unwrap();
    assert_eq!(keys, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_of_a_person_is_ever_behind_their_erasure() {
    let database = ScratchDatabase::create().await;
    let processes: Vec<_> = (0..2).map(|_| process(&database)).collect();
    let mut refused = 0;
    for _ in 0..12 {
        let owner = someone();
        let talk = (0..24).map(|n| {
            let log = processes[n % 2].clone();
            async move {
                tokio::time::sleep(Duration::from_micros(n as u64 * 150)).await;
                let stream = id(&format!("{owner} {n}"));
                log.append(append(stream, 0, said(owner, CANARY))).await
            }
        });
        let forget = async {
            tokio::time::sleep(Duration::from_millis(2)).await;
            processes[0].append(erasure(owner, 0)).await.unwrap()
        };
        let (talked, erased) = tokio::join!(join_all(talk), forget);
        for appended in talked {
            match appended {
                Ok(appended) => assert!(appended.position < erased.position),
                Err(AppendError::OwnerErased) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        let behind: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM events
              WHERE position > $1 AND metadata ->> 'owner' = $2 AND payload::text LIKE '%sealed%'",
        )
        .bind(erased.position.0.cast_signed())
        .bind(owner.to_string())
        .fetch_one(&database.pool())
        .await
        .unwrap();
        assert_eq!(behind, 0);
        let key: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT wrapped_key FROM person_keys WHERE user_id = $1")
                .bind(owner.0)
                .fetch_one(&database.pool())
                .await
                .unwrap();
        assert_eq!(key, None);
    }
    assert!(refused > 0, "nobody was late: the test did not test");
}

#[tokio::test]
async fn a_batch_whose_one_command_is_refused_for_a_lost_key_writes_the_others() {
    let database = ScratchDatabase::create().await;
    let (here, there) = (process(&database), process(&database));
    let (erased, alive) = (someone(), someone());
    for owner in [erased, alive] {
        there
            .append(append(
                id(&format!("first {owner}")),
                0,
                said(owner, "hello"),
            ))
            .await
            .unwrap();
    }
    here.destroy(erased).await.unwrap();
    // `there` still holds the key, and carries all of these at once.
    let appends = (0..20).map(|n| {
        let owner = if n % 2 == 0 { erased } else { alive };
        there.append(append(id(&format!("then {n}")), 0, said(owner, CANARY)))
    });
    for (n, outcome) in join_all(appends).await.into_iter().enumerate() {
        match outcome {
            Ok(_) => assert_eq!(n % 2, 1),
            Err(AppendError::OwnerErased) => assert_eq!(n % 2, 0),
            Err(other) => panic!("{other}"),
        }
    }
    let positions: Vec<i64> = sqlx::query_scalar("SELECT position FROM events ORDER BY position")
        .fetch_all(&database.pool())
        .await
        .unwrap();
    assert_eq!(positions, (1..=12).collect::<Vec<_>>(), "without a gap");
}
