//! Whoever is erased leaves all read models, and does not come back with what happens afterwards.

use std::collections::BTreeMap;

use domain::{
    conversation::{self, InterventionKind, Mode},
    person,
    photo_request::Purpose,
    recorded::{AnyEvent, Recorded},
    subscription::{self, Status},
    values::Position,
};
use projections::engine;

use application::ports::EventLog;

use crate::{
    histories::{
        conversation_of, created, delivered, filed, photo, reference_requested, reopened,
        reply_failed, requested, sent, shown, snapshot, user,
    },
    test_log::TestLog,
};

/// Somebody who is erased in the middle, and of whom the log hears afterwards; and somebody who stays. Answers where the
/// erasure is.
async fn history(log: &mut TestLog) -> Position {
    let mut erased_at = Position(0);
    for who in [1, 2] {
        let owner = user(who);
        log.avatar(owner, vec![created(owner), reference_requested(who)])
            .await;
        let wish = requested(owner, who, Purpose::Reference);
        log.photo(owner, photo(who), vec![wish, delivered(1)]).await;
        let open = requested(owner, who + 10, Purpose::Scene);
        log.photo(owner, photo(who + 10), vec![open]).await;
        let talk = vec![
            shown(None, InterventionKind::Disclosure),
            sent(who),
            conversation::Event::ModeChanged {
                mode: Mode::Intimate,
            },
        ];
        log.conversation(conversation_of(owner), talk).await;
        log.report(owner, photo(who), vec![filed(owner, who)]).await;
        let paid = subscription::Event::SubscriptionActivated {
            snapshot: snapshot(u32::try_from(who).unwrap(), Status::Active, 1),
        };
        log.subscription(owner, vec![paid]).await;
        if who == 1 {
            let erasure = vec![person::Event::DataExported, person::Event::PersonErased];
            erased_at = log.person(owner, erasure).await;
        }
    }
    // What still comes of somebody erased: from the provider, from reactions, from an operator.
    let owner = user(1);
    let ended = subscription::Event::SubscriptionEnded {
        reason: Status::Canceled,
        snapshot: snapshot(1, Status::Canceled, 9),
    };
    log.subscription(owner, vec![ended]).await;
    log.avatar(owner, vec![reference_requested(30)]).await;
    log.photo(owner, photo(11), vec![reopened(owner, 1)]).await;
    let told = vec![
        reply_failed(1),
        conversation::Event::ModeChanged {
            mode: Mode::Friendly,
        },
    ];
    log.conversation(conversation_of(owner), told).await;
    erased_at
}

/// Every table of every projector, row by row as text, after the events were projected in pages of that size.
async fn tables_after(
    log: &TestLog,
    events: &[Recorded<AnyEvent>],
    page: usize,
) -> BTreeMap<&'static str, Vec<String>> {
    let mut tables = BTreeMap::new();
    let mut transaction = log.pool().begin().await.unwrap();
    for projector in projections::all() {
        for page in events.chunks(page) {
            engine::project(&*projector, &mut transaction, page)
                .await
                .unwrap();
        }
        for table in projector.tables() {
            let select = format!("SELECT t::text FROM {table} t ORDER BY 1");
            let rows = sqlx::query_scalar(&select).fetch_all(&mut *transaction);
            tables.insert(*table, rows.await.unwrap());
        }
    }
    transaction.rollback().await.unwrap();
    tables
}

#[tokio::test]
async fn an_erased_person_leaves_every_read_model_however_the_log_is_cut_into_pages() {
    let mut log = TestLog::start().await;
    let erased_at = history(&mut log).await;
    let events = log.log.read(Position(0), 1000).await.unwrap();

    let at_once = tables_after(&log, &events, events.len()).await;
    for size in [1, 2, 3, 7] {
        assert_eq!(
            tables_after(&log, &events, size).await,
            at_once,
            "pages of {size}"
        );
    }
    let erased = user(1).to_string();
    for (table, rows) in &at_once {
        assert!(
            rows.iter().any(|row| row.contains(&user(2).to_string())),
            "{table} has lost who stays"
        );
        let found = rows.iter().any(|row| row.contains(&erased));
        // Where events stand stays known, and whose customer the payment provider speaks of.
        let stays = ["audit_index", "subscription_customers"].contains(table);
        assert_eq!(found, stays, "{table}: {rows:#?}");
    }

    // Up to right before the erasure everything is there.
    let before: Vec<_> = events
        .iter()
        .filter(|event| event.position < erased_at)
        .cloned()
        .collect();
    let before = tables_after(&log, &before, 5).await;
    for table in [
        "avatars", "photos", "messages", "chats", "reports", "updates",
    ] {
        assert!(
            before[table].iter().any(|row| row.contains(&erased)),
            "{table}"
        );
    }
}

#[tokio::test]
async fn every_table_that_forgets_says_whose_its_rows_are() {
    let log = TestLog::start().await;
    for projector in projections::all() {
        for table in projector.forgets() {
            let has_owner: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM information_schema.columns
                  WHERE table_name = $1 AND column_name = 'owner' AND data_type = 'uuid')",
            )
            .bind(table)
            .fetch_one(&log.pool())
            .await
            .unwrap();
            assert!(has_owner, "{table} has no column `owner`");
            assert!(projector.tables().contains(table), "{table} is none of its");
        }
    }
}
