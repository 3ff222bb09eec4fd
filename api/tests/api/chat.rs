//! The chat: the gate, what is said and answered, the modes, pictures in it, and what the rules stop.

use domain::{photo_request::FailureClass, subscription::Status};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    person::{Answer, Person},
    stream::Stream,
    test_app::{Options, TestApp, until},
};

impl Person<'_> {
    /// Says something; the message as it was taken.
    async fn says(&self, text: &str) -> Value {
        let said = self.post("/chat/messages", json!({ "text": text })).await;
        said.expect(202).json()
    }

    async fn turns_to(&self, mode: &str) -> Answer {
        self.patch("/chat", json!({ "mode": mode })).await
    }

    /// What was said, newest first.
    async fn told(&self) -> Vec<Value> {
        let listed = self.get("/chat/messages?limit=100").await.expect(200);
        listed.json()["items"].as_array().unwrap().clone()
    }

    /// The answer to a message, once it is there.
    async fn answer_to(&self, message: &Value) -> Value {
        until("there is an answer", async || {
            let told = self.told().await.into_iter();
            told.into_iter()
                .find(|one| one["in_reply_to"] == message["id"])
        })
        .await
    }
}

/// A system whose worker answers.
async fn answering() -> TestApp {
    TestApp::start_with(Options {
        worker: true,
        ..Options::default()
    })
    .await
}

/// Somebody who may talk, whose avatar has an approved picture.
async fn mara(app: &TestApp) -> Person<'_> {
    let mara = app.sign_in("mara@example.com").await;
    if app.worker {
        mara.with_drawn_face().await.subscribed().await
    } else {
        mara.with_face().await.subscribed().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chat_is_for_subscribers_whose_avatar_has_a_face() {
    let app = TestApp::start().await;
    app.get("/chat").await.refused(401, "unauthenticated");
    let mara = app.sign_in("mara@example.com").await;
    for refused in [
        mara.get("/chat").await,
        mara.get("/chat/messages").await,
        mara.post("/chat/messages", json!({"text": "hello"})).await,
        mara.turns_to("intimate").await,
    ] {
        let closed = refused.refused(402, "subscription-required");
        assert_eq!(closed["subscribe_url"], "https://ava.test/subscribe");
    }
    let mara = mara.subscribed().await;
    let hello = json!({"text": "hello"});
    for _ in 0..2 {
        mara.post("/chat/messages", hello.clone())
            .await
            .refused(409, "avatar-not-ready");
        let chat = mara.get("/chat").await.expect(200).json();
        assert_eq!(chat["mode"], "friendly");
        mara.post("/avatars", crate::person::avatar()).await;
    }
    assert_eq!(mara.told().await, Vec::<Value>::new());
    let mara = mara.with_face_of_avatar().await;
    mara.post("/chat/messages", hello).await.expect(202);

    let later = chrono::Utc::now() + chrono::TimeDelta::seconds(5);
    mara.subscription(Status::Canceled, later).await;
    mara.get("/chat/messages")
        .await
        .refused(402, "subscription-required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_has_1_to_4000_characters_and_nothing_else() {
    let app = TestApp::start().await;
    let mara = mara(&app).await;
    for (body, field) in [
        (json!({}), "/text"),
        (json!({"text": ""}), "/text"),
        (json!({"text": "x".repeat(4001)}), "/text"),
        (json!({"text": 1}), "/text"),
        (json!({"text": "hello", "mode": "intimate"}), "/mode"),
    ] {
        let refused = mara.post("/chat/messages", body).await.expect(422);
        assert_eq!(refused.bad_fields(), [field]);
    }
    mara.says(&"x".repeat(4000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_begins_with_the_disclosure_and_a_message_waits_for_its_reply() {
    let app = TestApp::start().await;
    let mara = mara(&app).await;
    let chat = mara.get("/chat").await.expect(200).json();
    assert_eq!(
        chat["disclosure"]["badge"],
        "AI companion: not a human being"
    );
    assert_eq!(chat["unanswered"], json!([]));

    let said = mara.says("hello, you").await;
    assert_eq!(
        (&said["role"], &said["text"], &said["mode"]),
        (&json!("user"), &json!("hello, you"), &json!("friendly"))
    );
    let told = mara.told().await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], said);
    assert_eq!(
        (&told[1]["role"], &told[1]["kind"], &told[1]["text"]),
        (
            &json!("system"),
            &json!("disclosure"),
            &chat["disclosure"]["text"]
        )
    );
    let again = mara.says("are you there?").await;
    assert_eq!(mara.told().await.len(), 3, "it is said once");
    app.settle().await;
    let chat = mara.get("/chat").await.expect(200).json();
    assert_eq!(chat["unanswered"], json!([said["id"], again["id"]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reply_comes_word_by_word_and_then_as_a_message() {
    let app = answering().await;
    let mara = mara(&app).await;
    app.control("/chat/default", json!({"pause_ms": 60})).await;
    let mut stream = Stream::open(&mara, None).await;
    let said = mara.says("hello").await;
    let (reply, before) = stream
        .until(|update| update.event == "message" && update.data["role"] == "avatar")
        .await;
    assert_eq!(reply.data["in_reply_to"], said["id"]);
    assert!(reply.data["text"].as_str().unwrap().contains("I'm Ava"));
    let deltas: Vec<_> = before
        .iter()
        .filter(|update| update.event == "message-delta")
        .collect();
    assert!(deltas.len() > 2, "{before:#?}");
    let mut longest = 0;
    for delta in &deltas {
        assert_eq!(delta.data["id"], reply.data["id"]);
        assert_eq!(delta.data["in_reply_to"], said["id"]);
        let words = delta.data["text"].as_str().unwrap();
        assert!(words.len() >= longest, "{words}");
        longest = words.len();
        assert!(reply.data["text"].as_str().unwrap().starts_with(words));
    }
    let sent = &before[1];
    assert_eq!((sent.event.as_str(), &sent.data), ("message", &said));

    assert_eq!(mara.told().await[0], reply.data);
    app.settle().await;
    let chat = mara.get("/chat").await.expect(200).json();
    assert_eq!(chat["unanswered"], json!([]));
    // What was said is told again to whoever resumes; what was about to be said is not.
    let mut resumed = Stream::open(&mara, Some(sent.id - 1)).await;
    let (again, between) = resumed.until(|update| update.id == reply.id).await;
    assert_eq!(again, reply);
    assert_eq!(between, std::slice::from_ref(sent));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_is_asked_for_is_there_at_once_and_drawn_while_the_talk_goes_on() {
    let app = answering().await;
    let mara = mara(&app).await;
    mara.turns_to("intimate").await.expect(200);
    app.control("/replicate/default", json!({"drawing_time_ms": 700}))
        .await;
    let mut stream = Stream::open(&mara, None).await;
    mara.says("send me a photo of you at the beach").await;
    let with_picture = |status: &'static str| {
        move |update: &crate::stream::Update| {
            update.event == "message" && update.data["photo"]["status"] == status
        }
    };
    let (placeholder, _) = stream
        .until(|update| update.event == "message" && update.data.get("photo").is_some())
        .await;
    assert_ne!(placeholder.data["photo"]["status"], "delivered");
    assert_eq!(placeholder.data["photo"]["scene"], "at the beach");
    assert_eq!(
        (&placeholder.data["role"], &placeholder.data["mode"]),
        (&json!("avatar"), &json!("intimate"))
    );
    let photo = placeholder.data["photo"]["id"].as_str().unwrap();
    let path = format!("/photos/{photo}");
    let (delivered, before) = stream.until(with_picture("delivered")).await;
    assert_eq!(delivered.data["id"], placeholder.data["id"]);
    assert_eq!(delivered.data["photo"], mara.get(&path).await.json());
    assert!(before.iter().any(|update| update.event == "photo"
        && update.data["id"] == photo
        && update.data["status"] == "delivered"));
    app.get(delivered.data["photo"]["image"]["url"].as_str().unwrap())
        .await
        .expect(200);
    let told = mara.told().await;
    assert_eq!(told[0], delivered.data);
    let gallery = mara.get("/photos?purpose=scene").await.expect(200).json();
    assert_eq!(gallery["items"], json!([delivered.data["photo"]]));
    let shown = mara.get("/billing/subscription").await.expect(200).json();
    assert_eq!(shown["usage"]["photos_used"], 1);

    mara.delete(&path).await.expect(204);
    let told = mara.told().await;
    assert_eq!(told[0]["id"], placeholder.data["id"]);
    assert!(told[0].get("photo").is_none(), "the words stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promised_picture_that_is_called_off_is_told_and_not_counted() {
    let app = answering().await;
    let mara = mara(&app).await;
    mara.turns_to("intimate").await.expect(200);
    app.control("/replicate/default", json!({"drawing_time_ms": 20_000}))
        .await;
    let said = mara.says("a selfie in the garden, please").await;
    // Pictures are another read model than messages, and may be behind it for a moment.
    let photo = until("the answer shows its picture", async || {
        let reply = mara.answer_to(&said).await;
        reply["photo"]["id"].as_str().map(str::to_owned)
    })
    .await;
    mara.order(&format!("/photos/{photo}/cancel"))
        .await
        .expect(200);
    until("the conversation knows", async || {
        (mara.told().await[0]["kind"] == "photo_withheld").then_some(())
    })
    .await;
    app.settle().await;
    let told = mara.told().await;
    assert!(told[0]["text"].as_str().unwrap().contains("called off"));
    assert_eq!(told[1]["photo"]["status"], "canceled");
    let used = |shown: &Value| shown["usage"]["photos_used"] == 0;
    mara.shown("it is not counted", used).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promised_picture_that_cannot_be_made_is_told_kindly() {
    let app = answering().await;
    let mara = mara(&app).await;
    mara.turns_to("intimate").await.expect(200);
    app.control("/replicate/default", json!({"behaviour": "fail_nsfw"}))
        .await;
    let said = mara.says("a photo of you at the lake").await;
    mara.answer_to(&said).await;
    until("the conversation knows", async || {
        let newest = mara.told().await.swap_remove(0);
        (newest["kind"] == "photo_withheld").then_some(newest)
    })
    .await;
    let used = |shown: &Value| shown["usage"]["photos_used"] == 0;
    mara.shown("it is not counted", used).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rules_stop_is_taken_and_answered_with_what_helps() {
    let app = answering().await;
    let mara = mara(&app).await;
    let call = mara
        .call(Method::POST, "/chat/messages")
        .header("accept-language", "de-AT")
        .json(json!({"text": "I want to kill myself"}));
    let said = call.send().await.expect(202).json();
    let help = mara.answer_to(&said).await;
    assert_eq!(
        (&help["role"], &help["kind"]),
        (&json!("system"), &json!("crisis"))
    );
    assert!(help["text"].as_str().unwrap().contains("142"), "{help}");
    let asked = app.asked_of_the_model().await;
    assert_eq!(asked, 0, "no model hears of it");
    app.settle().await;
    let chat = mara.get("/chat").await.expect(200).json();
    assert_eq!(chat["unanswered"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_modes_are_two_conversations_and_a_change_is_conditional() {
    let app = TestApp::start().await;
    let mara = mara(&app).await;
    let first = mara.get("/chat").await.expect(200);
    assert_eq!(first.header("etag"), "\"0\"");
    mara.says("as a friend").await;
    let mut stream = Stream::open(&mara, None).await;
    let turned = mara.turns_to("intimate").await.expect(200);
    assert_eq!(turned.json()["mode"], "intimate");
    assert_eq!(turned.header("etag"), format!("\"{}\"", turned.position()));
    let update = stream.next().await.unwrap();
    assert_eq!(
        (update.id, update.event.as_str(), update.data),
        (turned.position(), "chat", turned.json())
    );
    let again = mara.turns_to("intimate").await.expect(200);
    assert_eq!(again.body, turned.body);
    assert_eq!(app.count("ModeChanged").await, 1);

    let stale = mara
        .call(Method::PATCH, "/chat")
        .header("if-match", first.header("etag"))
        .json(json!({"mode": "friendly"}));
    let refused = stale.send().await.refused(412, "precondition-failed");
    assert_eq!(refused["intervening"][0]["event_type"], "ModeChanged");
    assert_eq!(refused["intervening"][0]["position"], turned.position());
    for bad in [json!({}), json!({"mode": "explicit"}), json!({"mode": 1})] {
        let refused = mara.patch("/chat", bad).await.expect(422);
        assert_eq!(refused.bad_fields(), ["/mode"]);
    }
    mara.says("as a lover").await;
    for (mode, words) in [("friendly", "as a friend"), ("intimate", "as a lover")] {
        let path = format!("/chat/messages?mode={mode}");
        let listed = mara.get(&path).await.expect(200).json();
        let items = listed["items"].as_array().unwrap();
        assert_eq!(items.len(), 2, "each begins with its disclosure");
        assert_eq!(items[0]["text"], words);
    }
    let fresh = mara
        .call(Method::PATCH, "/chat")
        .header("if-match", turned.header("etag"))
        .json(json!({"mode": "friendly"}));
    assert_eq!(fresh.send().await.expect(200).json()["mode"], "friendly");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_come_page_by_page_and_are_nobody_elses() {
    let app = TestApp::start().await;
    let mara = mara(&app).await;
    for n in 0..5 {
        mara.says(&format!("number {n}")).await;
    }
    let all = mara.told().await;
    assert_eq!(all.len(), 6);
    let first = mara.get("/chat/messages?limit=4").await.expect(200);
    assert_eq!(first.json()["items"], json!(all[..4]));
    let link = first.header("link").to_owned();
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    let second = mara.get(next).await.expect(200).json();
    assert_eq!(second["items"], json!(all[4..]));
    assert_eq!(second["next_cursor"], Value::Null);
    for bad in ["limit=0", "mode=explicit", "cursor=x"] {
        mara.get(&format!("/chat/messages?{bad}"))
            .await
            .refused(400, "invalid-parameter");
    }
    let other = app.sign_in("other@example.com").await.subscribed().await;
    assert_eq!(other.told().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_says_it_once() {
    let app = TestApp::start().await;
    let mara = mara(&app).await;
    let say = |text: &str| {
        mara.call(Method::POST, "/chat/messages")
            .header("idempotency-key", "k")
            .json(json!({ "text": text }))
    };
    let first = say("hello").send().await.expect(202);
    assert_eq!(say("hello").send().await.expect(202).body, first.body);
    app.forget_answers().await;
    let rebuilt = say("hello").send().await.expect(202);
    assert_eq!(rebuilt.body, first.body);
    assert_eq!(rebuilt.position(), first.position());
    assert_eq!(app.count("MessageSent").await, 1);
    say("goodbye")
        .send()
        .await
        .refused(422, "idempotency-key-reused");

    let stopped = |key: &str| {
        mara.call(Method::POST, "/chat/messages")
            .header("idempotency-key", key)
            .json(json!({"text": "I want to kill myself"}))
    };
    let first = stopped("k2").send().await.expect(202);
    app.forget_answers().await;
    let rebuilt = stopped("k2").send().await.expect(202);
    assert_eq!(rebuilt.body, first.body, "also when the rules stopped it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_has_seen_the_message_that_it_awaits() {
    let mut app = TestApp::start().await;
    let second = app.second_process();
    let app = app;
    let mara = mara(&app).await;
    for n in 0..10 {
        let text = format!("number {n}");
        let said = mara.post("/chat/messages", json!({ "text": text })).await;
        let read = mara
            .call_at(&second, Method::GET, "/chat/messages?limit=1")
            .header("await-log-position", &said.position().to_string());
        let read = read.send().await.expect(200).json();
        assert_eq!(read["items"][0]["text"], text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_gate_is_closed_promised_pictures_are_not_told() {
    let app = TestApp::start().await;
    let mara = mara(&app).await;
    mara.turns_to("intimate").await.expect(200);
    let said = mara.says("a photo of you at the lake").await;
    let photo = app.promise(&mara, &said).await;
    mara.deliver(&photo).await;
    until("it is in the conversation", async || {
        let newest = mara.told().await.swap_remove(0);
        newest["photo"].get("image").map(drop)
    })
    .await;
    let later = chrono::Utc::now() + chrono::TimeDelta::seconds(5);
    mara.subscription(Status::Canceled, later).await;
    let mut stream = Stream::open(&mara, Some(0)).await;
    let (message, _) = stream
        .until(|update| update.event == "message" && update.data.get("photo").is_some())
        .await;
    assert_eq!(message.data["photo"]["status"], "delivered");
    assert!(message.data["photo"].get("image").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_the_drawing_service_leaves_no_picture_in_the_conversation() {
    let app = TestApp::start().await;
    let mara = mara(&app).await;
    mara.turns_to("intimate").await.expect(200);
    let said = mara.says("a photo of you at the lake").await;
    let photo = app.promise(&mara, &said).await;
    mara.fail(&photo, FailureClass::Transient).await;
    let told = until("the conversation knows", async || {
        let told = mara.told().await;
        (told[0]["kind"] == "photo_withheld").then_some(told)
    })
    .await;
    assert_eq!(told[1]["photo"]["status"], "failed");
    assert!(told[0]["text"].as_str().unwrap().contains("not counted"));
}
