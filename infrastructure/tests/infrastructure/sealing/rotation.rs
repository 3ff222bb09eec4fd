//! Master keys, and how one takes the place of another.

use application::ports::{EventLog, PersonKeys, ReadError};
use domain::values::UserId;
use futures::future::join_all;
use infrastructure::{
    event_log::PostgresEventLog,
    scratch_database::ScratchDatabase,
    sealing::{KeyRotation, MasterKeys, RotationError},
};
use serde_json::json;

use super::{CANARY, append, id, names, said, someone};

#[tokio::test]
async fn a_rotation_wraps_every_key_again_and_touches_no_event() {
    let database = ScratchDatabase::create().await;
    let (old, new) = ("11".repeat(32), "22".repeat(32));
    let masters = |text: &str| MasterKeys::parse(text).unwrap();
    let both = masters(&format!("{new}, {old}"));
    let people: Vec<UserId> = (0..1203).map(|_| someone()).collect();
    let log = PostgresEventLog::start(database.pool(), masters(&old));
    let appends = people
        .iter()
        .map(|owner| log.append(append(id(&owner.to_string()), 0, said(*owner, CANARY))));
    for appended in join_all(appends).await {
        appended.unwrap();
    }
    log.destroy(people[7]).await.unwrap();
    let events = "SELECT md5(string_agg(t::text, '' ORDER BY position)) FROM events t";
    let before: String = sqlx::query_scalar(events)
        .fetch_one(&database.pool())
        .await
        .unwrap();

    let mut without_old = KeyRotation::new(database.pool(), masters(&new));
    match without_old.step().await {
        Err(RotationError::Key(error)) => {
            assert!(
                error
                    .to_string()
                    .contains("which AVA_MASTER_KEY does not hold")
            );
        }
        other => panic!("rotated {other:?}"),
    }
    // Broken off after a portion, and begun again.
    let mut rotation = KeyRotation::new(database.pool(), both.clone());
    assert_eq!(rotation.left().await.unwrap(), 1202);
    assert_eq!(rotation.step().await.unwrap(), Some(500));
    let mut rotation = KeyRotation::new(database.pool(), both.clone());
    assert_eq!(rotation.left().await.unwrap(), 702);
    assert_eq!(rotation.step().await.unwrap(), Some(500));
    assert_eq!(rotation.step().await.unwrap(), Some(202));
    assert_eq!(rotation.step().await.unwrap(), None);
    assert_eq!(rotation.left().await.unwrap(), 0);
    let mut again = KeyRotation::new(database.pool(), both);
    assert_eq!(again.step().await.unwrap(), None);

    let after: String = sqlx::query_scalar(events)
        .fetch_one(&database.pool())
        .await
        .unwrap();
    assert_eq!(before, after);
    let log = PostgresEventLog::start(database.pool(), masters(&new));
    for (n, owner) in people
        .iter()
        .enumerate()
        .step_by(100)
        .chain([(7, &people[7])])
    {
        let known = if n == 7 {
            json!({"erased": true})
        } else {
            json!({ "personal": CANARY })
        };
        assert_eq!(names(&log, &id(&owner.to_string())).await, [known]);
    }
    // The old master key alone is good for nothing any more, and says so.
    let log = PostgresEventLog::start(database.pool(), masters(&old));
    match log.load(&id(&people[0].to_string())).await {
        Err(ReadError::Unreadable { source, .. }) => {
            let reason = std::error::Error::source(&source).unwrap().to_string();
            assert!(
                reason.contains("which AVA_MASTER_KEY does not hold"),
                "{reason}"
            );
        }
        other => panic!("loaded {other:?}"),
    }
}

#[test]
fn master_keys_are_some_hexadecimal_digits_and_never_shown() {
    let key = "ab".repeat(32);
    let other = "cd".repeat(32);
    for bad in [
        "",
        "hunter2",
        &key[1..],
        &format!("{key},"),
        &format!("{key},{key}"),
        &format!("{key} {other}"),
    ] {
        assert!(MasterKeys::parse(bad).is_err(), "{bad:?}");
    }
    let keys = MasterKeys::parse(&format!(" {other} , {key}")).unwrap();
    let shown = format!("{keys:?}");
    assert!(shown.contains(keys.newest_id()) && !shown.contains(&other[..8]));
    let swapped = MasterKeys::parse(&format!("{key},{other}")).unwrap();
    assert_ne!(keys.newest_id(), swapped.newest_id());
}
