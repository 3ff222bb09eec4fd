//! What auditors find: everything that they ask for, in the order of the log, however far the read model is, and by
//! its indexes.

use chrono::{DateTime, TimeDelta, Utc};
use domain::values::Position;
use infrastructure::database::DatabaseRole;
use projections::audit_index::{
    AuditIndexProjector, LoggedEvent, Order, Stretch, Wanted, by_position, last_position_at,
    newest, page, plan,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{mixed_log::much_happens, test_log::TestLog};

/// The whole log.
const ALL: Stretch = Stretch {
    after: Position(0),
    until: None,
};

/// Every way to ask, answered by this event among others.
fn ways(of: &LoggedEvent) -> Vec<Wanted> {
    let metadata: serde_json::Value = serde_json::from_str(&of.metadata).unwrap();
    let actor = Some(metadata["actor"].as_str().unwrap().to_owned());
    let aggregate_type = Some(of.aggregate_type.clone());
    let aggregate_id = Some(of.aggregate_id.clone());
    let event_type = Some(of.event_type.clone());
    let nothing = Wanted::default;
    vec![
        Wanted {
            aggregate_type: aggregate_type.clone(),
            ..nothing()
        },
        Wanted {
            aggregate_id: aggregate_id.clone(),
            ..nothing()
        },
        Wanted {
            event_type: event_type.clone(),
            ..nothing()
        },
        Wanted {
            actor: actor.clone(),
            ..nothing()
        },
        Wanted {
            correlation_id: Some(Uuid::nil()),
            ..nothing()
        },
        Wanted {
            aggregate_type,
            aggregate_id,
            event_type,
            actor,
            correlation_id: Some(Uuid::nil()),
        },
    ]
}

fn has(event: &LoggedEvent, wanted: &Wanted) -> bool {
    let metadata: serde_json::Value = serde_json::from_str(&event.metadata).unwrap();
    let fits = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|w| w == is);
    fits(&wanted.aggregate_type, &event.aggregate_type)
        && fits(&wanted.aggregate_id, &event.aggregate_id)
        && fits(&wanted.event_type, &event.event_type)
        && fits(&wanted.actor, metadata["actor"].as_str().unwrap())
        && fits(
            &wanted.correlation_id.map(|id| id.to_string()),
            metadata["correlation_id"].as_str().unwrap(),
        )
}

fn positions(events: &[LoggedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.position.0).collect()
}

/// What the read model holds when it has seen so much.
async fn index_has_seen(log: &TestLog, position: u64) {
    for statement in [
        "DELETE FROM audit_index WHERE position > $1",
        "INSERT INTO followers (name, version, position) VALUES ('audit_index', 1, $1)
         ON CONFLICT (name) DO UPDATE SET position = excluded.position",
    ] {
        sqlx::query(statement)
            .bind(position.cast_signed())
            .execute(&log.pool())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn every_way_to_ask_finds_all_that_there_is_however_far_the_read_model_is() {
    let mut log = TestLog::start().await;
    much_happens(&mut log, 300, 7).await;
    log.project(&AuditIndexProjector).await;
    index_has_seen(&log, 300).await;
    let pool = log.pool();
    let everything = page(&pool, &Wanted::default(), ALL, 1000).await.unwrap();
    assert_eq!(positions(&everything), (1..=300).collect::<Vec<_>>());
    let newest_of_all = newest(&pool, &Wanted::default(), ALL, 3).await.unwrap();
    assert_eq!(positions(&newest_of_all), [300, 299, 298]);

    let stretches = [
        ALL,
        Stretch {
            after: Position(40),
            until: Some(Position(250)),
        },
    ];
    for seen in [300, 120, 0] {
        index_has_seen(&log, seen).await;
        for wanted in [20, 150].into_iter().flat_map(|nth| ways(&everything[nth])) {
            for stretch in stretches {
                let until = stretch.until.unwrap_or(Position(u64::MAX));
                let expected: Vec<_> = everything
                    .iter()
                    .filter(|event| event.position > stretch.after && event.position <= until)
                    .filter(|event| has(event, &wanted))
                    .cloned()
                    .collect();
                assert!(stretch != ALL || !expected.is_empty(), "{wanted:?}");
                let found = page(&pool, &wanted, stretch, 1000).await.unwrap();
                assert_eq!(found, expected, "{wanted:?} when {seen} are indexed");
                let limit = expected.len().div_ceil(2).max(1);
                let found = page(&pool, &wanted, stretch, limit as u32).await.unwrap();
                assert_eq!(found, expected[..limit.min(expected.len())]);
                let last_ones = expected.iter().rev().take(limit).cloned();
                let found = newest(&pool, &wanted, stretch, limit as u32).await.unwrap();
                assert_eq!(
                    found,
                    last_ones.collect::<Vec<_>>(),
                    "{wanted:?}, newest first"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_event_is_shown_as_it_is_stored_even_one_that_nobody_understands() {
    let mut log = TestLog::start().await;
    log.small_talk(2).await;
    let riddle = log.riddle().await;
    let event = by_position(&log.pool_as(DatabaseRole::Steward), riddle)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (event.aggregate_type.as_str(), event.sequence),
        ("Riddle", 1)
    );
    assert_eq!(event.payload, r#"{"type":"Asked"}"#);
    let found = Wanted {
        event_type: Some("Asked".to_owned()),
        ..Wanted::default()
    };
    let found = page(&log.pool_as(DatabaseRole::Steward), &found, ALL, 10)
        .await
        .unwrap();
    assert_eq!(found, [event]);
    for nowhere in [0, 4] {
        let event = by_position(&log.pool_as(DatabaseRole::Steward), Position(nowhere))
            .await
            .unwrap();
        assert_eq!(event, None);
    }
}

#[tokio::test]
async fn a_time_is_the_last_event_that_was_recorded_by_then() {
    let log = TestLog::start().await;
    let pool = log.pool();
    let noon: DateTime<Utc> = "2026-11-26T12:00:00Z".parse().unwrap();
    assert_eq!(last_position_at(&pool, noon).await.unwrap(), Position(0));
    // Two events of one batch share their time.
    let seconds = [0, 0, 1, 5, 5, 5, 9];
    for (position, second) in (1i64..).zip(seconds) {
        write(&pool, position, noon + TimeDelta::seconds(second)).await;
    }
    for (micros, expected) in [
        (-1, 0),
        (0, 2),
        (999_999, 2),
        (1_000_000, 3),
        (4_999_999, 3),
        (5_000_000, 6),
        (8_999_999, 6),
        (9_000_000, 7),
        (90_000_000, 7),
    ] {
        let moment = noon + TimeDelta::microseconds(micros);
        let found = last_position_at(&pool, moment).await.unwrap();
        assert_eq!(found, Position(expected), "{micros} µs after noon");
    }
}

async fn write(pool: &PgPool, position: i64, at: DateTime<Utc>) {
    sqlx::query(
        r#"WITH head AS (UPDATE log_head SET position = $1)
           INSERT INTO events VALUES ($1, gen_random_uuid(), 'Old', 'one', $1, 'Happened', '1', '{}', '{}', $2)"#,
    )
    .bind(position)
    .bind(at)
    .execute(pool)
    .await
    .unwrap();
}

/// Half of everything is one type, name and actor; the rest is many of them.
async fn a_long_log(pool: &PgPool, events: i32) {
    let statements = [
        "INSERT INTO events
         SELECT n, gen_random_uuid(), CASE WHEN n % 2 = 0 THEN 'Often' ELSE 'Type' || n % 7 END, 'id' || n % 5000, n,
                CASE WHEN n % 2 = 0 THEN 'Often' ELSE 'Event' || n % 40 END, '1', '{}',
                json_build_object('actor', CASE WHEN n % 2 = 0 THEN 'often' ELSE 'user:' || n % 900 END,
                                  'correlation_id', md5((n / 3)::text)::uuid), now()
           FROM generate_series(1, $1) AS n",
        "UPDATE log_head SET position = $1",
        "INSERT INTO audit_index
         SELECT position, aggregate_type, aggregate_id, event_type, metadata ->> 'actor',
                (metadata ->> 'correlation_id')::uuid
           FROM events WHERE position <= $1",
        "INSERT INTO followers (name, version, position) VALUES ('audit_index', 1, $1)",
    ];
    for statement in statements {
        sqlx::query(statement)
            .bind(events)
            .execute(pool)
            .await
            .unwrap();
    }
    sqlx::raw_sql("ANALYZE").execute(pool).await.unwrap();
}

/// What the planner chooses on a log of some size, it chooses all the more on a longer one: an index costs it the same
/// there, everything else more.
#[tokio::test]
async fn whatever_is_asked_for_an_index_leads_to_it() {
    let log = TestLog::start().await;
    let pool = log.pool();
    a_long_log(&pool, 30_000).await;
    let text = |text: &str| Some(text.to_owned());
    let nothing = Wanted::default;
    let asked = [
        (
            "audit_index_by_aggregate_type",
            ["Often", "Type3", "Nothing"].map(|word| Wanted {
                aggregate_type: text(word),
                ..nothing()
            }),
        ),
        (
            "audit_index_pkey",
            ["id1", "id77", "nothing"].map(|word| Wanted {
                aggregate_id: text(word),
                ..nothing()
            }),
        ),
        (
            "audit_index_by_event_type",
            ["Often", "Event3", "Nothing"].map(|word| Wanted {
                event_type: text(word),
                ..nothing()
            }),
        ),
        (
            "audit_index_by_actor",
            ["often", "user:77", "nobody"].map(|word| Wanted {
                actor: text(word),
                ..nothing()
            }),
        ),
        (
            "audit_index_by_correlation_id",
            [1, 2, 3].map(|id| Wanted {
                correlation_id: Some(Uuid::from_u128(id)),
                ..nothing()
            }),
        ),
        // Of several filters the one that leaves the least leads.
        (
            "audit_index_pkey",
            ["Often", "Type3", "Type5"].map(|word| Wanted {
                aggregate_type: text(word),
                aggregate_id: text("id77"),
                ..nothing()
            }),
        ),
    ];
    let stretches = [
        ALL,
        Stretch {
            after: Position(20_000),
            until: Some(Position(29_000)),
        },
    ];
    for (index, ways) in asked {
        for wanted in ways {
            for (stretch, order) in stretches
                .into_iter()
                .flat_map(|s| Order::ALL.map(|o| (s, o)))
            {
                let plan = plan(&pool, &wanted, stretch, order, 101).await.unwrap();
                assert!(
                    plan.contains(index),
                    "{wanted:?} {stretch:?} {order:?}:\n{plan}"
                );
                for slow in ["Seq Scan on events", "Seq Scan on audit_index"] {
                    assert!(
                        !plan.contains(slow),
                        "{wanted:?} {stretch:?} {order:?}:\n{plan}"
                    );
                }
            }
        }
    }
}
