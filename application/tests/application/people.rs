//! A person is forgotten: by themselves or by an operator, once, and on record.

use std::sync::Arc;

use application::{
    context::{Actor, CommandError, Context},
    dispatcher::Dispatcher,
    memory_log::MemoryLog,
    people::{People, stream},
    ports::{EventLog, IdempotencyClaim, IdempotencyStore, Role, SystemClock},
    stewardship::Stewardships,
};
use domain::{
    person::Rejection,
    recorded::AnyEvent,
    values::{Position, UserId},
};
use uuid::Uuid;

struct Town {
    log: Arc<MemoryLog>,
    people: People,
    mara: UserId,
    olga: UserId,
}

fn town() -> Town {
    let log = Arc::new(MemoryLog::default());
    let dispatcher = Dispatcher::new(log.clone(), log.clone());
    let stewardships = Stewardships::new(dispatcher.clone(), Arc::new(SystemClock));
    Town {
        log,
        people: People::new(dispatcher, stewardships),
        mara: UserId(Uuid::now_v7()),
        olga: UserId(Uuid::now_v7()),
    }
}

impl Town {
    fn by_mara(&self) -> Context {
        Context::of_user(self.mara, Uuid::now_v7())
    }

    fn by_olga(&self) -> Context {
        Context::of_user(self.olga, Uuid::now_v7()).in_role(Role::Operator)
    }

    /// The events' names with whose they are and who caused them, in order.
    async fn told(&self) -> Vec<(String, UserId, String)> {
        let events = self.log.read(Position(0), 100).await.unwrap();
        events
            .into_iter()
            .map(|event| {
                let name = event.event.event_type();
                (name, event.metadata.owner, event.metadata.actor)
            })
            .collect()
    }
}

#[tokio::test]
async fn a_person_is_erased_once_and_takes_nothing_along_afterwards() {
    let town = town();
    assert!(!town.people.is_erased(town.mara).await.unwrap());
    town.people.record_export(town.by_mara()).await.unwrap();
    let first = town.people.erase(town.by_mara()).await.unwrap();
    assert!(town.people.is_erased(town.mara).await.unwrap());
    assert!(!town.people.is_erased(town.olga).await.unwrap());
    let again = town.people.erase(town.by_mara()).await.unwrap();
    assert_eq!((again.position, again.events), (first.position, 0));
    let refused = town.people.record_export(town.by_mara()).await;
    assert!(matches!(
        refused,
        Err(CommandError::Rejected(Rejection::Erased))
    ));
    let names: Vec<_> = town
        .told()
        .await
        .into_iter()
        .map(|(name, ..)| name)
        .collect();
    assert_eq!(names, ["DataExported", "PersonErased"]);
}

#[tokio::test]
async fn an_operators_order_is_recorded_with_its_effect() {
    let town = town();
    let ordered = town.people.erase_for_operator(town.by_olga(), town.mara);
    assert_eq!(ordered.await.unwrap().events, 2);
    let olga = Actor::Operator(town.olga).to_string();
    assert_eq!(
        town.told().await,
        [
            ("PersonErased".to_owned(), town.mara, olga.clone()),
            ("ErasureOrdered".to_owned(), town.olga, olga),
        ]
    );
    let again = town.people.erase_for_operator(town.by_olga(), town.mara);
    assert_eq!(again.await.unwrap().events, 1, "the order alone");
    assert!(town.people.is_erased(town.mara).await.unwrap());
}

#[tokio::test]
async fn an_erasure_leaves_no_key_behind_that_its_person_chose() {
    let town = town();
    let claim = IdempotencyClaim {
        scope: format!("user:{}", town.mara),
        key: "a word of mine".to_owned(),
        request_hash: [0; 32],
    };
    let context = Context {
        idempotency: Some(claim.clone()),
        if_match: Some(7.into()),
        ..town.by_mara()
    };
    town.people.erase(context).await.unwrap();
    let kept = town.log.find(&claim.scope, &claim.key).await.unwrap();
    assert_eq!(kept, None);
    let events = town.log.load(&stream(town.mara)).await.unwrap();
    assert!(!events[0].metadata.contains(&claim.key));
    let read = town.log.read(Position(0), 1).await.unwrap();
    assert!(matches!(read[0].event, AnyEvent::Person(_)));
}
