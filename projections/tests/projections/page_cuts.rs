//! However the log is cut into pages, the tables end up the same to the byte.

use std::collections::HashMap;

use chrono::TimeDelta;
use domain::{
    avatar::{self, ProfileChanges},
    conversation::{self, Decline, InterventionKind, Mode, WithheldReason},
    personal::Personal,
    photo_request::{self, Purpose},
    recorded::{AnyEvent, Metadata, Recorded},
    report,
    subscription::{self, Status},
    values::{Age, Position, UserId},
};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof},
    sample::select,
    test_runner::{Config, TestRunner},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    histories::{
        at, attempt_failed, conversation_of, created, decided, delivered, failed, filed, photo,
        promised, reference_approved, reference_failed, reference_ready, reference_requested,
        reopened, replied, reply_failed, requested, sent, shown, snapshot, started, user,
    },
    test_log::TestLog,
};

#[test]
fn any_history_cut_into_any_pages_gives_the_same_tables() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let log = runtime.block_on(TestLog::start());
    let config = Config {
        cases: 96,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(
            &(vec(happening(2), 1..60), vec(1_usize..20, 60)),
            |(happenings, cuts)| {
                let history = recorded(happenings);
                runtime.block_on(async {
                    let one_by_one =
                        tables_after(&log.pool(), &history, &vec![1; history.len()]).await;
                    let in_pages = tables_after(&log.pool(), &history, &cuts).await;
                    let at_once = tables_after(&log.pool(), &history, &[history.len()]).await;
                    prop_assert_eq!(&in_pages, &one_by_one);
                    prop_assert_eq!(&at_once, &one_by_one);
                    Ok(())
                })
            },
        )
        .unwrap();
}

/// From some number of new rows on, a page's rows are copied into their table.
#[tokio::test]
async fn many_new_rows_at_once_are_the_rows_that_come_one_by_one() {
    let log = TestLog::start().await;
    let history = recorded((1..=120).flat_map(of_one_user).collect());
    let one_by_one = tables_after(&log.pool(), &history, &vec![1; history.len()]).await;
    assert_eq!(one_by_one["avatars"].len(), 120);
    assert_eq!(one_by_one["photos"].len(), 240);
    assert_eq!(one_by_one["messages"].len(), 360);
    for size in [history.len(), 400, 170] {
        let pages = vec![size; history.len().div_ceil(size)];
        let in_pages = tables_after(&log.pool(), &history, &pages).await;
        assert_eq!(in_pages, one_by_one, "pages of {size}");
    }
}

/// A companion, its reference picture, and a scene that fares differently for each.
fn of_one_user(who: u128) -> Vec<(u128, Happening)> {
    let (reference, scene) = (who * 10, who * 10 + 1);
    let renamed = avatar::Event::ProfileChanged {
        changes: ProfileChanges {
            name: Some(Personal::new(
                format!("\u{1F33B} \"{who}\" \\N, {{x}}").parse().unwrap(),
            )),
            ..ProfileChanges::default()
        },
    };
    let end = match who % 5 {
        0 => delivered(1),
        1 => failed(),
        2 => photo_request::Event::PhotoRefused {
            rules: vec!["R1".into(), "R, \"2\" \\ {}".into(), String::new()],
        },
        3 => attempt_failed(1, Some(at(9) + TimeDelta::nanoseconds(1_234_567))),
        _ => started(2),
    };
    let photo = |n, event| Happening::Photo(n, event);
    [
        Happening::Avatar(created(user(who))),
        Happening::Avatar(renamed),
        Happening::Avatar(reference_requested(reference)),
        photo(
            reference,
            requested(user(who), reference, Purpose::Reference),
        ),
        photo(reference, delivered(1)),
        Happening::Avatar(reference_ready(reference)),
        photo(scene, requested(user(who), scene, Purpose::Scene)),
        photo(scene, started(1)),
        photo(scene, end),
        Happening::Said(shown(None, InterventionKind::Disclosure)),
        Happening::Said(sent(who)),
        Happening::Said(replied(
            who,
            (!who.is_multiple_of(3)).then_some("\\N, \u{1F33B} {x}"),
            who.is_multiple_of(4).then_some(Decline::QuotaExhausted),
        )),
        Happening::Said(promised(who, scene)),
    ]
    .map(|happening| (who, happening))
    .into()
}

#[tokio::test]
async fn the_comparison_sees_every_table_and_a_difference() {
    let log = TestLog::start().await;
    let history = recorded(vec![
        (1, Happening::Avatar(created(user(1)))),
        (
            1,
            Happening::Photo(1, requested(user(1), 1, Purpose::Scene)),
        ),
        (1, Happening::Said(sent(1))),
        (
            1,
            Happening::Said(conversation::Event::ModeChanged {
                mode: Mode::Intimate,
            }),
        ),
        (1, Happening::Paid(activated(1, Status::Active, 1))),
        (1, Happening::Reported(1, filed(user(1), 1))),
    ]);
    let tables = tables_after(&log.pool(), &history, &[history.len()]).await;
    assert_eq!(tables.len(), 11);
    assert!(tables.values().all(|rows| !rows.is_empty()), "{tables:#?}");
    assert_ne!(tables, tables_after(&log.pool(), &history[..2], &[2]).await);
}

/// Something that happened to a user, in whatever order: a projector must not depend on sense.
#[derive(Debug, Clone)]
pub enum Happening {
    Avatar(avatar::Event),
    Photo(u128, photo_request::Event),
    Said(conversation::Event),
    Paid(subscription::Event),
    Reported(u128, report::Event),
}

/// Something that happened to one of so many users.
pub fn happening(users: u128) -> impl Strategy<Value = (u128, Happening)> {
    (1_u128..=users).prop_flat_map(|who| {
        let happening = prop_oneof![
            avatar_event(who).prop_map(Happening::Avatar),
            photo_event(who).prop_map(|(n, event)| Happening::Photo(n, event)),
            said_event(who).prop_map(Happening::Said),
            paid_event().prop_map(Happening::Paid),
            report_event(who).prop_map(|(n, event)| Happening::Reported(n, event)),
        ];
        (Just(who), happening)
    })
}

/// Each user has three photos.
fn photo_number(who: u128) -> impl Strategy<Value = u128> {
    (0_u128..3).prop_map(move |n| who * 10 + n)
}

fn avatar_event(who: u128) -> impl Strategy<Value = avatar::Event> {
    let n = || photo_number(who);
    prop_oneof![
        Just(created(user(who))),
        (20_i64..60).prop_map(|age| avatar::Event::ProfileChanged {
            changes: ProfileChanges {
                age: Some(Age::try_from(age).unwrap()),
                name: Some(Personal::new(
                    format!("\u{1F33B} \"{age}\"").parse().unwrap()
                )),
                ..ProfileChanges::default()
            }
        }),
        n().prop_map(reference_requested),
        n().prop_map(reference_ready),
        n().prop_map(reference_failed),
        n().prop_map(reference_approved),
    ]
}

fn report_event(who: u128) -> impl Strategy<Value = (u128, report::Event)> {
    let event = photo_number(who).prop_flat_map(move |n| {
        let event = prop_oneof![Just(filed(user(who), n)), Just(decided())];
        (Just(n), event)
    });
    event.boxed()
}

fn photo_event(who: u128) -> impl Strategy<Value = (u128, photo_request::Event)> {
    photo_number(who).prop_flat_map(move |n| {
        let event = prop_oneof![
            3 => select(vec![Purpose::Reference, Purpose::Scene])
                .prop_map(move |purpose| requested(user(who), n, purpose)),
            2 => (1_u32..4).prop_map(started),
            1 => (1_u32..4).prop_map(|attempt| photo_request::Event::PredictionAccepted {
                attempt,
                provider_id: "prediction".to_owned(),
            }),
            // PostgreSQL keeps microseconds.
            2 => (1_u32..4, any::<Option<u32>>()).prop_map(|(attempt, nanoseconds)| {
                let later = |n: u32| at(1) + TimeDelta::nanoseconds(i64::from(n));
                attempt_failed(attempt, nanoseconds.map(later))
            }),
            1 => (1_u32..4).prop_map(delivered),
            1 => Just(failed()),
            1 => Just(photo_request::Event::PhotoRefused { rules: vec!["R1".into(), "R, \"2\"".into()] }),
            1 => Just(photo_request::Event::PhotoCanceled),
            1 => (0_u32..4).prop_map(move |attempts| reopened(user(who), attempts)),
            1 => Just(photo_request::Event::PhotoDeleted),
        ];
        (Just(n), event)
    })
}

/// Each user says eight things over and over, and is promised three pictures.
fn said_event(who: u128) -> impl Strategy<Value = conversation::Event> {
    let said = move || (0_u128..8).prop_map(move |n| who * 10 + n);
    let declined = select(vec![None, Some(Decline::QuotaExhausted)]);
    let text = select(vec![None, Some("fine, \u{1F33B} \"really\"")]);
    prop_oneof![
        3 => said().prop_map(sent),
        2 => (said(), text, declined).prop_map(|(n, text, declined)| replied(n, text, declined)),
        2 => (said(), photo_number(who)).prop_map(|(n, picture)| promised(n, picture)),
        1 => said().prop_map(reply_failed),
        1 => said().prop_map(|n| shown(Some(n), InterventionKind::Crisis)),
        1 => Just(shown(None, InterventionKind::Disclosure)),
        1 => photo_number(who).prop_map(|n| conversation::Event::PhotoAttached { photo_id: photo(n) }),
        1 => photo_number(who).prop_map(|n| conversation::Event::PhotoWithheld {
            photo_id: photo(n),
            reason: WithheldReason::Failed,
        }),
        1 => select(Mode::ALL.to_vec()).prop_map(|mode| conversation::Event::ModeChanged { mode }),
    ]
}

fn paid_event() -> impl Strategy<Value = subscription::Event> {
    let status = select(vec![
        Status::Active,
        Status::PastDue,
        Status::Canceled,
        Status::Trialing,
    ]);
    prop_oneof![
        2 => (1_u32..4, status, 1_i64..50).prop_map(|(n, status, second)| activated(n, status, second)),
        1 => (1_u32..4).prop_map(|n| subscription::Event::CheckoutStarted {
            session_id: format!("cs_{n}"),
            customer_id: format!("cus_{n}"),
            plan: "monthly".parse().unwrap(),
        }),
        1 => (0_u128..3).prop_map(|n| subscription::Event::PhotoReserved { photo_id: photo(n), period_start: at(0) }),
        1 => (0_u128..3).prop_map(|n| subscription::Event::PhotoReleased { photo_id: photo(n) }),
        1 => Just(subscription::Event::CancellationScheduled { ends_at: at(9) }),
        1 => Just(subscription::Event::CancellationRevoked),
        1 => Just(subscription::Event::PaymentFailed { invoice_id: "in_1".to_owned() }),
    ]
}

fn activated(n: u32, status: Status, second: i64) -> subscription::Event {
    subscription::Event::SubscriptionActivated {
        snapshot: snapshot(n, status, second),
    }
}

/// The happenings as the log would hold them.
fn recorded(happenings: Vec<(u128, Happening)>) -> Vec<Recorded<AnyEvent>> {
    let mut sequences = HashMap::<String, u64>::new();
    (1_u64..)
        .zip(happenings)
        .map(|(position, (who, happening))| {
            let owner = user(who);
            let (aggregate_id, event) = match happening {
                Happening::Avatar(event) => (owner.to_string(), AnyEvent::Avatar(event)),
                Happening::Photo(n, event) => (photo(n).to_string(), AnyEvent::PhotoRequest(event)),
                Happening::Said(event) => {
                    let segment = conversation_of(owner);
                    (segment.to_string(), AnyEvent::Conversation(event))
                }
                Happening::Paid(event) => (owner.to_string(), AnyEvent::Subscription(event)),
                Happening::Reported(n, event) => (photo(n).to_string(), AnyEvent::Report(event)),
            };
            let stream = format!("{} {aggregate_id}", event.aggregate_type());
            let sequence = sequences.entry(stream).or_default();
            *sequence += 1;
            Recorded {
                position: Position(position),
                event_id: Uuid::from_u128(position.into()),
                aggregate_id,
                sequence: *sequence,
                recorded_at: at(position.cast_signed()) + TimeDelta::microseconds(7),
                metadata: metadata(owner),
                event,
            }
        })
        .collect()
}

fn metadata(owner: UserId) -> Metadata {
    Metadata {
        actor: format!("user:{owner}"),
        owner,
        correlation_id: Uuid::nil(),
        causation_id: Uuid::nil(),
        command: "Test".to_owned(),
        idempotency_key: None,
        idempotency_key_sha256: None,
        trace_id: None,
        policy_pack: None,
        more: Default::default(),
    }
}

/// Every table of every projector, row by row as text, after the history was projected in pages of those sizes.
async fn tables_after(
    pool: &PgPool,
    history: &[Recorded<AnyEvent>],
    page_sizes: &[usize],
) -> HashMap<&'static str, Vec<String>> {
    let mut tables = HashMap::new();
    let mut transaction = pool.begin().await.unwrap();
    for projector in projections::all() {
        let mut rest = history;
        for size in page_sizes {
            let (page, later) = rest.split_at((*size).min(rest.len()));
            if !page.is_empty() {
                projector.project(&mut transaction, page).await.unwrap();
            }
            rest = later;
        }
        assert!(rest.is_empty(), "the pages hold the whole history");
        for table in projector.tables() {
            let select = format!("SELECT t::text FROM {table} t ORDER BY 1");
            let rows = sqlx::query_scalar(&select)
                .fetch_all(&mut *transaction)
                .await
                .unwrap();
            tables.insert(*table, rows);
        }
    }
    transaction.rollback().await.unwrap();
    tables
}
