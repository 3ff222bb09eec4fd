//! Chat completions: what is said, what is called, and what goes wrong.

use serde_json::{Value, json};

use crate::test_sandbox::{TestSandbox, started};

const TOOL: &str =
    r#"{"type": "function", "function": {"name": "send_photo", "parameters": {"type": "object"}}}"#;

/// A conversation, as its alternating words: the person's first.
fn messages(said: &[&str]) -> Vec<Value> {
    let roles = ["user", "assistant"].into_iter().cycle();
    let said = said.iter().zip(roles);
    let spoken = said.map(|(text, role)| json!({"role": role, "content": text}));
    [json!({"role": "system", "content": "You are Amelie, 25 years old."})]
        .into_iter()
        .chain(spoken)
        .collect()
}

async fn post(sandbox: &TestSandbox, body: &Value) -> reqwest::Response {
    sandbox
        .client
        .post(sandbox.url("/v1/chat/completions"))
        .bearer_auth("sk-sandbox")
        .json(body)
        .send()
        .await
        .unwrap()
}

fn body(messages: &[Value]) -> Value {
    let tool: Value = serde_json::from_str(TOOL).unwrap();
    json!({"model": "companion", "messages": messages, "tools": [tool]})
}

/// The answer to a conversation, not streamed.
async fn answer(sandbox: &TestSandbox, said: &[&str]) -> Value {
    let answer = post(sandbox, &body(&messages(said))).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

fn text(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().unwrap()
}

/// The events of a streamed answer, and whether the stream ended as it should.
async fn streamed(sandbox: &TestSandbox, said: &[&str]) -> (Vec<Value>, bool) {
    let mut body = body(&messages(said));
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    let mut answer = post(sandbox, &body).await;
    assert_eq!(
        answer.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    let mut whole = Vec::new();
    while let Ok(Some(bytes)) = answer.chunk().await {
        whole.extend_from_slice(&bytes);
    }
    let whole = String::from_utf8(whole).unwrap();
    let data: Vec<_> = whole
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "))
        .collect();
    let done = data.last() == Some(&"[DONE]");
    let chunks = data.iter().filter(|data| **data != "[DONE]");
    (
        chunks
            .map(|data| serde_json::from_str(data).unwrap())
            .collect(),
        done,
    )
}

#[tokio::test]
async fn the_companion_asks_for_the_name_and_remembers_it() {
    let sandbox = started().await;
    let hello = answer(&sandbox, &["hello"]).await;
    let hello = text(&hello);
    assert!(
        hello.contains("I'm Amelie") && hello.ends_with("What shall I call you?"),
        "{hello}"
    );

    let named = answer(&sandbox, &["hello", hello, "Jonas"]).await;
    let named = text(&named);
    assert!(named.starts_with("Jonas, what a nice name"), "{named}");

    let later = [
        "hello",
        hello,
        "Jonas",
        named,
        "a walk",
        "Nice.",
        "do you know my name?",
    ];
    assert!(text(&answer(&sandbox, &later).await).contains("You are Jonas"));
}

#[tokio::test]
async fn the_companion_says_what_it_is() {
    let sandbox = started().await;
    for question in ["are you real?", "Are you an AI?", "are you human"] {
        let said = answer(&sandbox, &["hi", "Hello.", question]).await;
        assert!(text(&said).contains("I'm an AI"), "{question}: {said}");
    }
}

#[tokio::test]
async fn the_same_conversation_always_goes_the_same_way() {
    let sandbox = started().await;
    let said = ["I'm Noor", "Hello Noor.", "my boss was loud today"];
    let first = answer(&sandbox, &said).await;
    let second = answer(&sandbox, &said).await;
    assert_eq!(first["choices"], second["choices"]);
    assert_ne!(first["id"], second["id"]);
}

#[tokio::test]
async fn a_picture_that_is_asked_for_is_a_called_tool() {
    let sandbox = started().await;
    let answer = answer(&sandbox, &["send me a photo of you at the beach"]).await;
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!(call["function"]["name"], "send_photo");
    assert_eq!(call["function"]["arguments"], r#"{"scene":"at the beach"}"#);

    let mut history = messages(&["send me a photo of you at the beach"]);
    history.push(choice["message"].clone());
    let unpaired = post(&sandbox, &body(&history)).await;
    assert_eq!(unpaired.status(), 400, "a call without its result");
    let result = json!({"status": "queued", "photo_id": "1"}).to_string();
    history.push(json!({"role": "tool", "tool_call_id": call["id"], "content": result}));
    let after: Value = post(&sandbox, &body(&history)).await.json().await.unwrap();
    assert_eq!(after["choices"][0]["finish_reason"], "stop");
    assert!(
        text(&after).contains("way")
            || text(&after).contains("arrives")
            || text(&after).contains("coming")
    );
}

#[tokio::test]
async fn without_the_tool_the_companion_says_that_it_cannot() {
    let sandbox = started().await;
    let mut body = body(&messages(&["a selfie please"]));
    body["tool_choice"] = json!("none");
    let answer: Value = post(&sandbox, &body).await.json().await.unwrap();
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert!(text(&answer).contains("can't send pictures"));
}

#[tokio::test]
async fn a_streamed_answer_says_the_same_and_ends_with_its_usage() {
    let sandbox = started().await;
    let whole = answer(&sandbox, &["hello"]).await;
    let (chunks, done) = streamed(&sandbox, &["hello"]).await;
    assert!(done);
    let deltas = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
    assert_eq!(deltas.collect::<String>(), text(&whole));
    let [.., end, usage] = &chunks[..] else {
        panic!("{chunks:?}")
    };
    assert_eq!(end["choices"][0]["finish_reason"], "stop");
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"], whole["usage"]);
}

#[tokio::test]
async fn a_streamed_call_comes_in_as_many_fragments_as_asked_for() {
    let sandbox = started().await;
    let said = ["send me a photo of you at the beach [[sandbox:tool_call_in(6)]]"];
    let (chunks, done) = streamed(&sandbox, &said).await;
    assert!(done);
    let calls: Vec<_> = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].as_array())
        .map(|calls| &calls[0])
        .collect();
    assert_eq!(calls[0]["function"]["name"], "send_photo");
    assert!(
        calls[1..]
            .iter()
            .all(|call| call.get("id").is_none() && call["index"] == 0)
    );
    let arguments: String = calls
        .iter()
        .filter_map(|call| call["function"]["arguments"].as_str())
        .collect();
    assert_eq!(arguments, r#"{"scene":"at the beach"}"#);
    assert_eq!(calls.len(), 1 + 6);
}

#[tokio::test]
async fn the_service_misbehaves_on_request() {
    let sandbox = started().await;
    let marked = async |mode: &str| {
        let words = format!("a photo please [[sandbox:{mode}]]");
        answer(&sandbox, &[words.as_str()]).await["choices"][0].clone()
    };
    let arguments = |choice: &Value| {
        let arguments = &choice["message"]["tool_calls"][0]["function"]["arguments"];
        arguments.as_str().unwrap().to_owned()
    };
    assert!(serde_json::from_str::<Value>(&arguments(&marked("bad_json").await)).is_err());
    assert_eq!(arguments(&marked("bad_arguments").await), r#"{"place": 7}"#);
    let unknown = marked("unknown_tool").await;
    assert_eq!(
        unknown["message"]["tool_calls"][0]["function"]["name"],
        "open_door"
    );
    let two = marked("two_calls").await;
    assert_eq!(two["message"]["tool_calls"].as_array().unwrap().len(), 2);
    assert!(marked("refusal").await["message"]["refusal"].is_string());
    assert_eq!(
        marked("content_filter").await["finish_reason"],
        "content_filter"
    );
    assert_eq!(marked("length").await["finish_reason"], "length");
    assert_eq!(marked("text").await["finish_reason"], "stop");
    assert!(
        marked("claims_human").await["message"]["content"]
            .as_str()
            .unwrap()
            .contains("real person")
    );
}

#[tokio::test]
async fn what_fails_once_is_answered_the_next_time() {
    let sandbox = started().await;
    for (mode, status) in [("429", 429), ("500", 500)] {
        let words = format!("hello [[sandbox:{mode}]]");
        let ask = body(&messages(&[words.as_str()]));
        let first = post(&sandbox, &ask).await;
        assert_eq!(first.status(), status);
        assert_eq!(first.headers().contains_key("retry-after"), status == 429);
        let error: Value = first.json().await.unwrap();
        assert!(error["error"]["message"].is_string(), "{error}");
        assert_eq!(post(&sandbox, &ask).await.status(), 200);
    }
    let words = ["hello [[sandbox:cut_stream]]"];
    let (chunks, done) = streamed(&sandbox, &words).await;
    assert!(!chunks.is_empty() && !done);
    assert!(streamed(&sandbox, &words).await.1);
}

#[tokio::test]
async fn a_script_a_default_and_a_ledger_serve_tests() {
    let sandbox = started().await;
    sandbox
        .control("/chat/script", json!({"next": ["refusal"]}))
        .await;
    sandbox
        .control(
            "/chat/default",
            json!({"behaviour": "length", "pause_ms": 0}),
        )
        .await;
    assert!(answer(&sandbox, &["one"]).await["choices"][0]["message"]["refusal"].is_string());
    assert_eq!(
        answer(&sandbox, &["two"]).await["choices"][0]["finish_reason"],
        "length"
    );

    let ledger = sandbox.get("/control/chat/ledger").await;
    assert_eq!(ledger["asked"], 2);
    assert_eq!(ledger["completions"][1]["last_words"], "two");
    assert_eq!(
        sandbox.post("/control/reset", json!({})).await.status(),
        204
    );
    assert_eq!(sandbox.get("/control/chat/ledger").await["asked"], 0);
}

#[tokio::test]
async fn what_no_service_takes_is_refused_as_services_do() {
    let sandbox = started().await;
    let system = json!({"role": "system", "content": "x"});
    for (wrong, param) in [
        (json!({"messages": [system]}), "model"),
        (json!({"model": "m", "messages": []}), "messages"),
        (
            json!({"model": "m", "messages": [{"role": "king", "content": "x"}]}),
            "messages.[0].role",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": null}]}),
            "messages.[0].content",
        ),
        (
            json!({"model": "m", "messages": [{"role": "tool", "tool_call_id": "x", "content": "x"}]}),
            "messages",
        ),
        (
            json!({"model": "m", "messages": [system], "tools": [{"type": "function", "function": {"name": "a b"}}]}),
            "tools[0].function.name",
        ),
        (
            json!({"model": "m", "messages": [system], "tools": [
                {"type": "function", "function": {"name": "a"}},
                {"type": "function", "function": {"name": "b c"}},
            ]}),
            "tools[1].function.name",
        ),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": "[[sandbox:nonsense]]"}]}),
            "messages",
        ),
    ] {
        let answer = post(&sandbox, &wrong).await;
        assert_eq!(answer.status(), 400, "{wrong}");
        let error: Value = answer.json().await.unwrap();
        assert_eq!(error["error"]["param"], param, "{error}");
    }
    let without_key = sandbox.post("/v1/chat/completions", json!({})).await;
    assert_eq!(without_key.status(), 401);
}
