//! The event log as auditors read it: whole, in order, as it was written, at any point of it, and on record.

mod as_it_stood;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    person::{Answer, Person},
    test_app::TestApp,
};

const NOBODY: &str = "0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a";

/// Every operation on the log, as paths.
fn operations(owner: &str) -> [String; 4] {
    [
        "/audit/events".to_owned(),
        "/audit/events/1".to_owned(),
        format!("/audit/aggregates/Avatar/{owner}/events"),
        format!("/audit/aggregates/Avatar/{owner}/state"),
    ]
}

async fn auditor(app: &TestApp) -> Person<'_> {
    app.sign_in_as("audrey@example.com", &["auditor"]).await
}

/// All events that a query finds, page by page.
async fn all(auditor: &Person<'_>, query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut path = format!("/audit/events?limit=3&{query}");
    loop {
        let answer = auditor.get(&path).await.expect(200);
        let page = answer.json();
        found.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert!(!answer.headers.contains_key("link"));
            return found;
        };
        let link = answer.header("link");
        assert!(link.contains(&format!("cursor={cursor}")), "{link}");
        path = link[1..link.find('>').unwrap()].to_owned();
    }
}

fn positions(events: &[Value]) -> Vec<u64> {
    let position = |event: &Value| event["position"].as_u64().unwrap();
    events.iter().map(position).collect()
}

async fn export(auditor: &Person<'_>, query: &str) -> Answer {
    let call = auditor.call(Method::GET, &format!("/audit/events?{query}"));
    let answer = call.header("accept", "application/x-ndjson").send().await;
    let answer = answer.expect(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    answer
}

fn lines(answer: &Answer) -> Vec<Value> {
    let text = std::str::from_utf8(&answer.body).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let line = |line| serde_json::from_str(line).unwrap();
    text.lines().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_there_is_not_and_a_stream_from_the_end_are_refused() {
    let app = TestApp::start().await;
    let auditor = auditor(&app).await;
    let unordered = auditor.get("/audit/events?order=newest").await;
    unordered.refused(400, "invalid-parameter");
    let call = auditor.call(Method::GET, "/audit/events?order=desc");
    let answer = call.header("accept", "application/x-ndjson").send().await;
    answer.refused(400, "invalid-parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_finds_all_that_happened_in_its_order_by_whatever_is_asked_for() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_face().await;
    let other = app.sign_in("otto@example.com").await.with_avatar().await;
    app.settle().await;
    let head = app.head().await.0;
    let auditor = auditor(&app).await;

    let everything = all(&auditor, &format!("until={head}")).await;
    assert_eq!(positions(&everything), (1..=head).collect::<Vec<_>>());
    let one = |event_type: &str| {
        let found = everything
            .iter()
            .find(|event| event["event_type"] == event_type);
        found.unwrap().clone()
    };
    let approved = one("ReferenceImageApproved");
    let correlation = approved["metadata"]["correlation_id"].as_str().unwrap();
    let at = approved["recorded_at"].as_str().unwrap();
    let position = approved["position"].as_u64().unwrap();
    let (id, his) = (mara.id, other.id);
    let fits = |wanted: &dyn Fn(&Value) -> bool| -> Vec<u64> {
        let fitting: Vec<_> = everything
            .iter()
            .filter(|event| wanted(event))
            .cloned()
            .collect();
        assert!(!fitting.is_empty() && fitting.len() < everything.len());
        positions(&fitting)
    };
    let time = |event: &Value| {
        event["recorded_at"]
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    };
    let approved_at = time(&approved);
    let cases: Vec<(String, Vec<u64>)> = vec![
        (
            format!("after=2&until={head}"),
            fits(&|event| event["position"].as_u64() > Some(2)),
        ),
        ("until=2".to_owned(), vec![1, 2]),
        (
            "aggregate_type=PhotoRequest".to_owned(),
            fits(&|event| event["aggregate_type"] == "PhotoRequest"),
        ),
        (
            format!("aggregate_id={his}"),
            fits(&|event| event["aggregate_id"] == json!(his)),
        ),
        (
            format!("aggregate_type=Avatar&aggregate_id={id}"),
            fits(&|event| {
                event["aggregate_type"] == "Avatar" && event["aggregate_id"] == json!(id)
            }),
        ),
        (
            "event_type=AvatarCreated".to_owned(),
            fits(&|event| event["event_type"] == "AvatarCreated"),
        ),
        (
            format!("actor=user:{id}"),
            fits(&|event| event["metadata"]["actor"] == format!("user:{id}")),
        ),
        (
            format!("correlation_id={correlation}"),
            fits(&|event| event["metadata"]["correlation_id"] == correlation),
        ),
        (
            format!("from={at}&until={head}"),
            fits(&|event| time(event) >= approved_at),
        ),
        (format!("to={at}"), fits(&|event| time(event) < approved_at)),
    ];
    for (query, expected) in cases {
        assert_eq!(positions(&all(&auditor, &query).await), expected, "{query}");
        assert_eq!(
            positions(&lines(&export(&auditor, &query).await)),
            expected,
            "{query}"
        );
        let newest_first = all(&auditor, &format!("{query}&order=desc")).await;
        let reversed: Vec<_> = expected.iter().rev().copied().collect();
        assert_eq!(positions(&newest_first), reversed, "{query}, newest first");
    }
    assert_eq!(
        positions(&all(&auditor, &format!("from={at}&to={at}")).await),
        [0u64; 0]
    );
    // Found the moment that it is there, whatever the read model has seen.
    let answer = mara
        .patch("/avatars/me", json!({"age": 33}))
        .await
        .expect(200);
    let fresh = all(&auditor, "event_type=ProfileChanged").await;
    assert_eq!(positions(&fresh), [answer.position()]);
    assert_eq!(fresh[0]["payload"]["age"], 33, "{}", fresh[0]);
    assert!(position < answer.position());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_everything_up_to_where_the_log_ended_byte_for_byte() {
    let app = TestApp::start().await;
    let auditor = auditor(&app).await;
    avatars(&app, 1234).await;
    let head = app.head().await.0;
    assert_eq!(head, 1234);
    let answer = export(&auditor, "").await;
    let lines = lines(&answer);
    assert_eq!(positions(&lines), (1..=head).collect::<Vec<_>>());
    assert_eq!(answer.header("cache-control"), "no-store");
    // The export itself is on record, behind what it holds.
    assert_eq!(app.count("EventsExported").await, 1);
    assert_eq!(
        app.log_between(domain::values::Position(head)).await,
        [format!("auditor:{}", auditor.id)]
    );

    let (payload, metadata): (String, String) =
        sqlx::query_as("SELECT payload::text, metadata::text FROM events WHERE position = 700")
            .fetch_one(&app.database.pool())
            .await
            .unwrap();
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let line = text.lines().nth(699).unwrap();
    let verbatim = format!(r#""payload":{payload},"metadata":{metadata}}}"#);
    assert!(line.ends_with(&verbatim), "{line}\n{verbatim}");
    let page = auditor
        .get("/audit/events?after=699&until=700")
        .await
        .expect(200);
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(page.contains(line), "{page}");
}

/// So many avatars, written into the log as people would have designed them.
async fn avatars(app: &TestApp, many: i32) {
    sqlx::query(
        r#"WITH added AS (
               INSERT INTO events
               SELECT (SELECT position FROM log_head) + row_number() OVER (), gen_random_uuid(), 'Avatar', o, 1, 'AvatarCreated', '1',
                      json_build_object('type', 'AvatarCreated', 'avatar_id', o, 'owner', o,
                          'name', json_build_object('personal', 'Mira'), 'age', 27, 'gender', 'woman',
                          'nationality', 'Portuguese', 'appearance', json_build_object('personal', 'short dark hair'),
                          'personality', 'caring'),
                      json_build_object('actor', 'user:' || o, 'owner', o, 'correlation_id', o, 'causation_id', o, 'command', 'CreateAvatar'),
                      now()
                 FROM (SELECT gen_random_uuid()::text FROM generate_series(1, $1)) AS owners (o)
               RETURNING position)
           UPDATE log_head SET position = (SELECT max(position) FROM added)"#,
    )
    .bind(many)
    .execute(&app.database.pool())
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_version_does_not_understand_is_shown_all_the_same() {
    let app = TestApp::start().await;
    sqlx::query(
        r#"WITH head AS (UPDATE log_head SET position = 1)
           INSERT INTO events VALUES (1, gen_random_uuid(), 'Riddle', 'sphinx', 1, 'Asked', '7', '{"type":"Asked"}',
               '{"actor":"user:1","owner":"0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a","correlation_id":"0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a","causation_id":"0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a","command":"Ask"}', now())"#,
    )
    .execute(&app.database.pool())
    .await
    .unwrap();
    let auditor = auditor(&app).await;
    let found = all(&auditor, "event_type=Asked&aggregate_type=Riddle").await;
    assert_eq!(positions(&found), [1]);
    let detail = auditor.get("/audit/events/1").await.expect(200).json();
    assert_eq!(
        (&detail["payload"]["type"], &detail["state_after"]),
        (&json!("Asked"), &Value::Null)
    );
    assert!(
        detail["state_error"].as_str().unwrap().contains("Riddle"),
        "{detail}"
    );
    let state = auditor.get("/audit/aggregates/Riddle/sphinx/state").await;
    state.refused(404, "aggregate-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_questions_are_answered_with_what_to_ask_instead() {
    let app = TestApp::start().await;
    let auditor = auditor(&app).await;
    let query = "after=-1&until=x&actor=&event_type=%00&correlation_id=7&from=yesterday&to=1&limit=0&cursor=!";
    let problem = auditor
        .get(&format!("/audit/events?{query}"))
        .await
        .refused(400, "invalid-parameter");
    assert_eq!(
        problem["errors"].as_array().unwrap().len(),
        9,
        "{problem:#}"
    );
    for path in [
        "/audit/events/0",
        "/audit/events/1",
        "/audit/events/one",
        "/audit/events/99999999999999999999",
    ] {
        auditor.get(path).await.refused(404, "event-not-found");
    }
    for path in [
        format!("/audit/aggregates/Avatar/{NOBODY}/events"),
        format!("/audit/aggregates/Avatar/{NOBODY}/state"),
        format!("/audit/aggregates/Riddle/{NOBODY}/events"),
        "/audit/aggregates/Avatar/%00/events".to_owned(),
    ] {
        auditor.get(&path).await.refused(404, "aggregate-not-found");
    }
    assert_eq!(
        app.count_of("Stewardship").await,
        0,
        "what was refused is no view"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_an_auditor_reads_the_log() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let operator = app.operator().await;
    let before = app.count_of("Stewardship").await;
    for path in operations(&mara.id.to_string()) {
        app.get(&path).await.refused(401, "unauthenticated");
        for person in [&mara, &operator] {
            let problem = person.get(&path).await.refused(403, "role-required");
            assert!(problem["detail"].as_str().unwrap().contains("auditor"));
        }
    }
    assert_eq!(app.count_of("Stewardship").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_look_at_the_log_is_itself_recorded_and_without_that_nothing_is_shown() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await.with_avatar().await;
    let id = mara.id;
    let auditor = auditor(&app).await;
    let created = all(&auditor, "event_type=AvatarCreated").await[0]["position"].clone();
    export(&auditor, "aggregate_type=Avatar&until=7").await;
    for path in &operations(&id.to_string())[1..] {
        auditor.get(path).await.expect(200);
    }
    let told = app.stewardship().await;
    let by = format!("auditor:{}", auditor.id);
    assert!(told.iter().all(|(actor, _)| *actor == by), "{told:?}");
    let told: Vec<_> = told.into_iter().map(|(_, event)| event).collect();
    assert_eq!(
        told,
        [
            json!({"type": "EventsViewed", "filters": {"event_type": "AvatarCreated"}}),
            json!({"type": "EventsExported", "filters": {"aggregate_type": "Avatar", "until": "7"}}),
            json!({"type": "EventViewed", "position": 1}),
            json!({"type": "HistoryViewed", "aggregate_type": "Avatar", "aggregate_id": id}),
            json!({"type": "StateViewed", "aggregate_type": "Avatar", "aggregate_id": id, "position": created}),
        ]
    );
    app.refuse_appends().await;
    for path in operations(&id.to_string()) {
        auditor.get(&path).await.refused(503, "unavailable");
    }
    let call = auditor.call(Method::GET, "/audit/events");
    let answer = call.header("accept", "application/x-ndjson").send().await;
    answer.refused(503, "unavailable");
}
