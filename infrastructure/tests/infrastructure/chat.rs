//! Chat completions: the adapter, against the sandbox over HTTP and against services that answer oddly.

use std::time::{Duration, Instant};

use application::ports::{
    CalledTool, ChatAnswer, ChatError, ChatErrorKind, ChatMessage, ChatModel, ChatOrder, ChatTool,
};
use infrastructure::chat::{ChatCompletions, ChatConfig, InvalidChatConfig};
use sandbox::{RunningSandbox, SandboxConfig};
use serde_json::json;
use url::Url;

use crate::canned_service::{CannedService, answer, json_answer};

const KEY: &str = "sk-very-secret";

async fn sandbox() -> RunningSandbox {
    let config = SandboxConfig {
        addr: "127.0.0.1:0".parse().unwrap(),
        ..SandboxConfig::default()
    };
    sandbox::start(config).await.unwrap()
}

fn config(base: &str) -> ChatConfig {
    ChatConfig {
        allow_http: true,
        ..ChatConfig::new(base.parse().unwrap(), KEY, "a-model")
    }
}

fn model(base: &str) -> ChatCompletions {
    let _ = rustls::crypto::ring::default_provider().install_default();
    ChatCompletions::new(config(base)).unwrap()
}

fn order(words: &str) -> ChatOrder {
    ChatOrder {
        messages: vec![
            ChatMessage::Instructions("You are Amelie, 25 years old.".to_owned()),
            ChatMessage::Person(words.to_owned()),
        ],
        tools: vec![ChatTool {
            name: "send_photo",
            description: "Sends a picture of yourself.",
            parameters: json!({"type": "object", "properties": {"scene": {"type": "string"}}, "required": ["scene"]}),
        }],
        max_tokens: 400,
    }
}

async fn ask(model: &ChatCompletions, words: &str) -> Result<ChatAnswer, ChatError> {
    model.answer(&order(words), &mut ()).await
}

#[tokio::test]
async fn the_words_are_heard_as_they_come_and_the_usage_at_the_end() {
    let sandbox = sandbox().await;
    let mut heard = Vec::new();
    let answer = model(sandbox.url())
        .answer(&order("hello"), &mut heard)
        .await
        .unwrap();
    let text = answer.text.unwrap();
    assert!(text.contains("I'm Amelie"), "{text}");
    assert_eq!(heard.concat(), text);
    assert!(heard.len() > 5, "{heard:?}");
    assert_eq!(answer.model, "a-model");
    assert!(answer.usage.unwrap().completion_tokens > 0);
    assert!(answer.call.is_none() && !answer.cut_off);
}

#[tokio::test]
async fn a_called_tool_is_put_together_from_however_many_fragments() {
    let sandbox = sandbox().await;
    let model = model(sandbox.url());
    for fragments in [1, 2, 7, 100] {
        let words = format!("a photo of you at the beach [[sandbox:tool_call_in({fragments})]]");
        let call = ask(&model, &words).await.unwrap().call.unwrap();
        assert_eq!(call.name, "send_photo");
        assert_eq!(call.arguments, r#"{"scene":"at the beach"}"#, "{fragments}");
        assert!(call.call_id.starts_with("call_"));
    }
}

#[tokio::test]
async fn the_pair_of_call_and_result_goes_back_to_the_model() {
    let sandbox = sandbox().await;
    let model = model(sandbox.url());
    let first = ask(&model, "send me a photo of you").await.unwrap();
    let call = first.call.clone().unwrap();
    let mut order = order("send me a photo of you");
    order.messages.push(ChatMessage::Companion {
        text: first.text,
        call: first.call,
    });
    order.messages.push(ChatMessage::Result {
        call_id: call.call_id,
        content: json!({"status": "queued", "photo_id": "1"}).to_string(),
    });
    let after = model.answer(&order, &mut ()).await.unwrap();
    assert!(after.text.is_some() && after.call.is_none());
}

#[tokio::test]
async fn what_a_model_does_wrong_is_told_as_it_is() {
    let sandbox = sandbox().await;
    let model = model(sandbox.url());
    let marked = async |mode: &str| {
        let words = format!("a photo please [[sandbox:{mode}]]");
        ask(&model, &words).await
    };
    let call =
        |answer: Result<ChatAnswer, ChatError>| -> CalledTool { answer.unwrap().call.unwrap() };
    assert_eq!(
        call(marked("bad_json").await).arguments,
        r#"{"scene": "at the beach""#
    );
    assert_eq!(call(marked("unknown_tool").await).name, "open_door");
    assert_eq!(marked("two_calls").await.unwrap().calls_too_many, 1);
    let cut = marked("length").await.unwrap();
    assert!(cut.cut_off && cut.text.unwrap().ends_with("there"));

    let kind = |answer: Result<ChatAnswer, ChatError>| answer.unwrap_err().kind;
    assert_eq!(kind(marked("refusal").await), ChatErrorKind::Refused);
    assert_eq!(
        kind(marked("content_filter").await),
        ChatErrorKind::Filtered
    );
    let after = Some(Duration::from_secs(1));
    assert_eq!(
        kind(marked("429").await),
        ChatErrorKind::Retryable { after }
    );
    assert_eq!(
        kind(marked("500").await),
        ChatErrorKind::Retryable { after: None }
    );
    let mut heard = Vec::new();
    let cut = model
        .answer(
            &order("hello, are you there? [[sandbox:cut_stream]]"),
            &mut heard,
        )
        .await;
    assert_eq!(kind(cut), ChatErrorKind::Retryable { after: None });
    assert!(!heard.is_empty(), "it broke off in the middle");
}

#[tokio::test]
async fn a_service_that_says_nothing_is_given_up_on() {
    let sandbox = sandbox().await;
    let impatient = ChatConfig {
        silence: Duration::from_millis(300),
        ..config(sandbox.url())
    };
    let began = Instant::now();
    let error = ask(
        &ChatCompletions::new(impatient).unwrap(),
        "hello [[sandbox:silence]]",
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::Retryable { after: None });
    assert!(began.elapsed() < Duration::from_secs(10));

    let error = ask(&model("http://127.0.0.1:9"), "hello")
        .await
        .unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::Retryable { after: None });
    assert_eq!(error.detail, "the chat service cannot be reached");
}

fn stream(events: &[serde_json::Value], end: &str) -> Vec<u8> {
    let events: String = events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect();
    let headers = "content-type: text/event-stream\r\n";
    answer("200 OK", headers, format!("{events}{end}").as_bytes())
}

fn delta(delta: serde_json::Value, finish_reason: Option<&str>) -> serde_json::Value {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})
}

#[tokio::test]
async fn services_that_differ_in_small_things_are_understood() {
    let hello = || delta(json!({"content": "Hello."}), None);
    let end = delta(json!({}), Some("stop"));
    let call = json!({"tool_calls": [{"index": 3, "function": {"name": "send_photo", "arguments": "{}"}}]});
    let service = CannedService::start([
        stream(&[hello(), end.clone()], ""),
        stream(&[hello()], ""),
        stream(&[delta(call, Some("tool_calls"))], "data: [DONE]\n\n"),
        stream(&[end], "data: [DONE]\n\n"),
        stream(
            &[json!({"error": {"message": "overloaded", "type": "server_error"}})],
            "",
        ),
        stream(&[], "data: {nonsense\n\n"),
        stream(
            &[
                json!({"choices": [{"index": 1, "delta": {"content": "another"}}]}),
                hello(),
            ],
            "data: [DONE]\n\n",
        ),
    ])
    .await;
    let model = model(&service.url());
    let whole = ask(&model, "1").await.unwrap();
    assert_eq!(whole.text.as_deref(), Some("Hello."), "no [DONE]");
    assert_eq!((whole.model.as_str(), whole.usage), ("a-model", None));
    let kind = |answer: Result<ChatAnswer, ChatError>| answer.unwrap_err().kind;
    let retryable = ChatErrorKind::Retryable { after: None };
    assert_eq!(
        kind(ask(&model, "2").await),
        retryable,
        "neither end nor reason"
    );
    let call = ask(&model, "3").await.unwrap().call.unwrap();
    assert_eq!(
        call.call_id, "call_3",
        "an id is made up where there is none"
    );
    assert_eq!(kind(ask(&model, "4").await), retryable, "empty");
    assert_eq!(
        kind(ask(&model, "5").await),
        retryable,
        "an error in the stream"
    );
    assert_eq!(kind(ask(&model, "6").await), retryable, "no JSON");
    let one = ask(&model, "7").await.unwrap();
    assert_eq!(
        one.text.as_deref(),
        Some("Hello."),
        "only the first choice counts"
    );
}

#[tokio::test]
async fn errors_are_told_apart_and_keep_the_key() {
    let error = |code: &str| json!({"error": {"message": format!("with {KEY}"), "type": "t", "code": code}});
    let service = CannedService::start([
        json_answer("401 Unauthorized", "", &error("invalid_api_key")),
        json_answer("400 Bad Request", "", &error("content_filter")),
        json_answer("429 Too Many Requests", "", &error("insufficient_quota")),
        json_answer(
            "429 Too Many Requests",
            "retry-after: 9999\r\n",
            &error("rate_limit_exceeded"),
        ),
        answer("302 Found", "location: http://127.0.0.1:1/\r\n", b""),
    ])
    .await;
    let model = model(&service.url());
    let first = ask(&model, "1").await.unwrap_err();
    assert_eq!(first.kind, ChatErrorKind::Operator);
    assert!(
        first.detail.contains("with …") && !first.detail.contains(KEY),
        "{first}"
    );
    assert_eq!(
        ask(&model, "2").await.unwrap_err().kind,
        ChatErrorKind::Filtered
    );
    assert_eq!(
        ask(&model, "3").await.unwrap_err().kind,
        ChatErrorKind::Operator
    );
    let after = Some(Duration::from_secs(300));
    assert_eq!(
        ask(&model, "4").await.unwrap_err().kind,
        ChatErrorKind::Retryable { after }
    );
    assert_eq!(
        ask(&model, "5").await.unwrap_err().kind,
        ChatErrorKind::Operator,
        "a redirect"
    );

    let asked = &service.asked()[0];
    assert_eq!(asked.line(), "POST /v1/chat/completions");
    assert_eq!(asked.header("authorization"), Some("Bearer sk-very-secret"));
    let body = asked.json();
    assert_eq!(body["parallel_tool_calls"], false);
    assert_eq!(body["stream_options"]["include_usage"], true);
    assert!(!format!("{model:?}").contains(KEY));
}

#[test]
fn a_service_that_cannot_be_right_is_refused_at_the_start() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let base = |text: &str| text.parse::<Url>().unwrap();
    let refused = |config| ChatCompletions::new(config).unwrap_err();
    let config = |url| ChatConfig::new(base(url), KEY, "m");
    for wrong in [
        "http://chat.example/v1",
        "https://user@chat.example",
        "data:text/plain,x",
    ] {
        assert!(
            matches!(refused(config(wrong)), InvalidChatConfig::ApiBase),
            "{wrong}"
        );
    }
    let keyless = ChatConfig::new(base("https://chat.example"), "", "m");
    assert!(matches!(refused(keyless), InvalidChatConfig::ApiKey));
    let modelless = ChatConfig::new(base("https://chat.example"), KEY, " ");
    assert!(matches!(refused(modelless), InvalidChatConfig::Model));
}
