//! The life of a prediction, well-behaved and not.

use serde_json::{Value, json};

use crate::test_sandbox::{config, started, started_with};

#[tokio::test]
async fn a_prediction_starts_is_drawn_and_succeeds() {
    let sandbox = started().await;
    let created = sandbox.create("a calm portrait").await;
    assert_eq!(created["status"], "starting");
    assert_eq!(created["model"], "black-forest-labs/flux-schnell");
    assert!(created.get("output").is_none());

    let ended = sandbox.ended(created["id"].as_str().unwrap()).await;
    assert_eq!(ended["status"], "succeeded");
    assert_eq!(ended["data_removed"], false);
    assert!(ended["metrics"]["predict_time"].as_f64().unwrap() > 0.0);
    let output = ended["output"].as_array().unwrap();
    assert_eq!(output.len(), 1);
    assert!(output[0].as_str().unwrap().ends_with("/out-0.webp"));
}

#[tokio::test]
async fn a_create_that_prefers_to_wait_is_answered_with_the_result() {
    let sandbox = started().await;
    let body = json!({"input": {"prompt": "p", "num_outputs": 2}});
    let answer = sandbox.create_with(body, Some("wait=5")).await;
    assert_eq!(answer.status(), 201);
    assert!(answer.headers().contains_key("ratelimit-remaining"));
    assert!(answer.headers().contains_key("ratelimit-reset"));
    let prediction: Value = answer.json().await.unwrap();
    assert_eq!(prediction["status"], "succeeded");
    assert_eq!(prediction["output"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn kontext_answers_with_a_string() {
    let sandbox = started().await;
    let body = json!({"version": "black-forest-labs/flux-kontext-pro", "input": {"prompt": "p", "input_image": "data:image/png;base64,AAAA"}});
    let created: Value = sandbox
        .post("/v1/predictions", body)
        .await
        .json()
        .await
        .unwrap();
    let ended = sandbox.ended(created["id"].as_str().unwrap()).await;
    assert!(ended["output"].as_str().unwrap().ends_with("/out-0.png"));
}

#[tokio::test]
async fn ok_after_counts_polls() {
    let sandbox = started().await;
    let created = sandbox.create("p [[sandbox:ok_after(3)]]").await;
    let path = format!("/v1/predictions/{}", created["id"].as_str().unwrap());
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(
            sandbox.get(&path).await["status"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(statuses[1], "starting");
    assert_eq!(statuses[2], "succeeded");
}

#[tokio::test]
async fn failures_say_why() {
    let sandbox = started().await;
    let nsfw = sandbox.created_and_ended("p [[sandbox:fail_nsfw]]").await;
    assert_eq!(nsfw["status"], "failed");
    assert!(nsfw["error"].as_str().unwrap().contains("NSFW"));
    assert_eq!(nsfw["output"], Value::Null);
    let infra = sandbox.created_and_ended("p [[sandbox:fail_infra]]").await;
    assert_eq!(infra["status"], "failed");
    assert!(infra["error"].as_str().unwrap().contains("E6716"));
    let aborted = sandbox.created_and_ended("p [[sandbox:aborted]]").await;
    assert_eq!(aborted["status"], "aborted");
    assert!(aborted.get("started_at").is_none());
}

#[tokio::test]
async fn outputs_can_be_short_plain_or_gone() {
    let sandbox = started().await;
    let wish = json!({"input": {"prompt": "p [[sandbox:partial_list]]", "num_outputs": 3}});
    let partial: Value = sandbox
        .create_with(wish, Some("wait"))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(partial["output"].as_array().unwrap().len(), 2);
    let plain = sandbox
        .created_and_ended("p [[sandbox:string_output]]")
        .await;
    assert!(plain["output"].is_string());
    let gone = sandbox
        .created_and_ended("p [[sandbox:expired_output]]")
        .await;
    assert_eq!(
        (&gone["status"], &gone["output"]),
        (&json!("succeeded"), &Value::Null)
    );
    assert_eq!(gone["data_removed"], true);
}

#[tokio::test]
async fn odd_statuses_and_cold_starts_end_well() {
    let sandbox = started().await;
    let odd = sandbox.create("p [[sandbox:unknown_status]]").await;
    let cold = sandbox.create("p [[sandbox:slow_cold_start]]").await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let path = |created: &Value| format!("/v1/predictions/{}", created["id"].as_str().unwrap());
    assert_eq!(sandbox.get(&path(&odd)).await["status"], "defrosting");
    assert_eq!(sandbox.get(&path(&cold)).await["status"], "starting");
    assert_eq!(
        sandbox.ended(odd["id"].as_str().unwrap()).await["status"],
        "succeeded"
    );
    assert_eq!(
        sandbox.ended(cold["id"].as_str().unwrap()).await["status"],
        "succeeded"
    );
}

#[tokio::test]
async fn a_throttled_create_buys_nothing_and_the_next_one_does() {
    let sandbox = started().await;
    let wish = json!({"input": {"prompt": "p [[sandbox:429_then_ok]]"}});
    let first = sandbox.create_with(wish.clone(), None).await;
    assert_eq!(first.status(), 429);
    assert_eq!(first.headers()["retry-after"], "1");
    assert_eq!(first.headers()["content-type"], "application/problem+json");
    let problem: Value = first.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("throttled"));
    assert_eq!(sandbox.create_with(wish, None).await.status(), 201);
    let ledger = sandbox.get("/control/replicate/ledger").await;
    assert_eq!(ledger["creates"].as_array().unwrap().len(), 2);
    assert_eq!(ledger["predictions_created"], 1);
}

#[tokio::test]
async fn a_create_can_be_accepted_without_the_caller_learning_of_it() {
    let sandbox = started().await;
    let script = json!({"next": ["500_after_accept", "drop_response"]});
    sandbox.control("/replicate/script", script).await;
    let wish = json!({"input": {"prompt": "lost"}});
    assert_eq!(sandbox.create_with(wish.clone(), None).await.status(), 500);
    let url = sandbox.url("/v1/models/black-forest-labs/flux-schnell/predictions");
    assert!(sandbox.client.post(url).json(&wish).send().await.is_err());

    let ledger = sandbox.get("/control/replicate/ledger").await;
    assert_eq!(ledger["predictions_created"], 2);
    assert!(
        ledger["creates"]
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| entry["response_delivered"] == false)
    );
    let list = sandbox.get("/v1/predictions").await;
    let ids: Vec<_> = list["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(
        ids,
        [&ledger["creates"][1]["id"], &ledger["creates"][0]["id"]]
    );
    assert_eq!(
        sandbox.ended(ids[0].as_str().unwrap()).await["status"],
        "succeeded"
    );
}

#[tokio::test]
async fn a_running_prediction_can_be_canceled_and_a_finished_one_cannot() {
    let sandbox = started().await;
    let created = sandbox.create("p [[sandbox:ok_after(99)]]").await;
    let cancel = format!("/v1/predictions/{}/cancel", created["id"].as_str().unwrap());
    let answer = sandbox.post(&cancel, json!({})).await;
    assert_eq!(answer.status(), 200);
    let canceled: Value = answer.json().await.unwrap();
    assert_eq!(canceled["status"], "canceled");
    let finished = sandbox.created_and_ended("p").await;
    let cancel = format!(
        "/v1/predictions/{}/cancel",
        finished["id"].as_str().unwrap()
    );
    let answer: Value = sandbox.post(&cancel, json!({})).await.json().await.unwrap();
    assert_eq!(answer["status"], "succeeded");
}

#[tokio::test]
async fn a_deadline_cancels_what_does_not_end() {
    let sandbox = started().await;
    let url = sandbox.url("/v1/models/black-forest-labs/flux-schnell/predictions");
    let body = json!({"input": {"prompt": "p [[sandbox:ok_after(9999)]]"}});
    let answer = sandbox
        .client
        .post(url)
        .header("cancel-after", "1s")
        .json(&body)
        .send()
        .await
        .unwrap();
    let created: Value = answer.json().await.unwrap();
    assert!(created["deadline"].is_string());
    assert_eq!(
        sandbox.ended(created["id"].as_str().unwrap()).await["status"],
        "canceled"
    );
}

#[tokio::test]
async fn the_list_has_pages() {
    let sandbox = started().await;
    for _ in 0..101 {
        sandbox.create("p").await;
    }
    let first = sandbox.get("/v1/predictions").await;
    assert_eq!(first["results"].as_array().unwrap().len(), 100);
    assert_eq!(first["previous"], Value::Null);
    let next = first["next"].as_str().unwrap();
    let second = sandbox
        .get(next.strip_prefix(sandbox.running.url()).unwrap())
        .await;
    assert_eq!(second["results"].as_array().unwrap().len(), 1);
    assert_eq!(second["next"], Value::Null);
    assert!(second["previous"].is_string());
}

#[tokio::test]
async fn what_is_wrong_is_answered_as_documented() {
    let sandbox = started_with(sandbox::SandboxConfig {
        replicate_token: Some("r8_right".to_owned()),
        ..config()
    })
    .await;
    let ask = |path: &str, token: &str| {
        let request = sandbox.client.get(sandbox.url(path)).bearer_auth(token);
        async move { request.send().await.unwrap() }
    };
    let unknown = ask("/v1/predictions", "r8_wrong").await;
    assert_eq!(unknown.status(), 401);
    assert_eq!(
        unknown.headers()["content-type"],
        "application/problem+json"
    );
    let problem: Value = unknown.json().await.unwrap();
    assert_eq!(problem["title"], "Unauthenticated");
    assert_eq!(
        ask("/v1/predictions/nothing", "r8_right").await.status(),
        404
    );
    assert_eq!(ask("/v1/account", "r8_right").await.status(), 200);
    let secret: Value = ask("/v1/webhooks/default/secret", "r8_right")
        .await
        .json()
        .await
        .unwrap();
    assert!(secret["key"].as_str().unwrap().starts_with("whsec_"));
}

#[tokio::test]
async fn bad_input_is_refused_before_anything_is_bought() {
    let sandbox = started().await;
    for input in [
        json!({}),
        json!({"prompt": "p", "aspect_ratio": "7:1"}),
        json!({"prompt": "p", "output_format": "gif"}),
        json!({"prompt": "p", "num_outputs": 5}),
        json!({"prompt": "p [[sandbox:no_such_behaviour]]"}),
    ] {
        let answer = sandbox.create_with(json!({"input": input}), None).await;
        assert_eq!(answer.status(), 422, "{input}");
    }
    let kontext = json!({"input": {"prompt": "p", "input_image": "https://a.test/b.png", "safety_tolerance": 3}});
    let path = "/v1/models/black-forest-labs/flux-kontext-pro/predictions";
    assert_eq!(sandbox.post(path, kontext).await.status(), 422);
    let answer = sandbox
        .post(
            "/v1/models/nobody/nothing/predictions",
            json!({"input": {"prompt": "p"}}),
        )
        .await;
    assert_eq!(answer.status(), 404);
    assert_eq!(
        sandbox.get("/control/replicate/ledger").await["predictions_created"],
        0
    );
}

#[tokio::test]
async fn a_reset_forgets() {
    let sandbox = started().await;
    sandbox.create("p").await;
    sandbox
        .control(
            "/replicate/default",
            json!({"behaviour": "fail_nsfw", "drawing_time_ms": 5}),
        )
        .await;
    assert_eq!(sandbox.created_and_ended("p").await["status"], "failed");
    sandbox.control("/reset", json!({})).await;
    assert_eq!(
        sandbox.get("/control/replicate/ledger").await["creates"],
        json!([])
    );
    assert_eq!(sandbox.created_and_ended("p").await["status"], "succeeded");
}

#[tokio::test]
async fn every_create_tells_how_many_of_the_accounts_are_left_in_this_minute() {
    let sandbox = started_with(sandbox::SandboxConfig {
        replicate_creates_per_minute: 3,
        ..config()
    })
    .await;
    let mut left = Vec::new();
    for _ in 0..4 {
        let body = json!({"input": {"prompt": "p"}});
        let answer = sandbox.create_with(body, None).await;
        left.push(answer.headers()["ratelimit-remaining"].clone());
    }
    assert_eq!(left, ["2", "1", "0", "0"]);
}
