//! How much and how long: who is slow is closed, who is large is refused, and nobody else notices.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use api::limits;
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    stream::Stream,
    test_app::{TestApp, until},
};

/// By when whoever is slow must be gone.
const GONE_BY: Duration = Duration::from_secs(15);

/// How often a slow client sends or reads a byte: a watch on silence alone would never notice it.
const DRIP: Duration = Duration::from_millis(400);

fn address(app: &TestApp) -> SocketAddr {
    app.url.strip_prefix("http://").unwrap().parse().unwrap()
}

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(address(app)).await.unwrap()
}

/// What comes until the other side closes; none when it has not by then.
async fn read_to_end(connection: &mut TcpStream) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    let read = timeout(GONE_BY, connection.read_to_end(&mut all)).await;
    // A reset is as good an end as any.
    read.is_ok().then_some(all)
}

/// Sends bytes one by one until the other side is gone, and says after how long and what it had answered.
async fn drip(mut connection: TcpStream, byte: &[u8]) -> (Duration, String) {
    let begun = Instant::now();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while begun.elapsed() < 2 * GONE_BY {
        match timeout(DRIP, connection.read(&mut piece)).await {
            Ok(Ok(0) | Err(_)) => break,
            Ok(Ok(count)) => answer.extend_from_slice(&piece[..count]),
            Err(_) => {
                if connection.write_all(byte).await.is_err() {
                    break;
                }
            }
        }
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (begun.elapsed(), answer)
}

/// Begins a connection with those bytes.
async fn begun(app: &TestApp, with: &str) -> TcpStream {
    let mut connection = connect(app).await;
    connection.write_all(with.as_bytes()).await.unwrap();
    connection
}

/// A connection whose first request was answered.
async fn kept_alive(app: &TestApp) -> TcpStream {
    let mut connection = begun(app, "GET /health HTTP/1.1\r\nhost: ava\r\n\r\n").await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"{\"status\":\"ok\"}") {
        let mut piece = [0; 1024];
        let count = connection.read(&mut piece).await.unwrap();
        assert!(count > 0, "the connection is kept");
        answer.extend_from_slice(&piece[..count]);
    }
    connection
}

/// A connection that asks for far more than the buffers between us take, and reads next to nothing of it.
async fn unread(app: &TestApp) -> (Duration, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut connection = socket.connect(address(app)).await.unwrap();
    let begun = Instant::now();
    let request = "GET /openapi.json HTTP/1.1\r\nhost: ava\r\n\r\n".repeat(14);
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut one = [0; 1];
    while begun.elapsed() < 2 * GONE_BY {
        sleep(DRIP).await;
        // What the kernel had taken may still be read, so only a write tells that nobody is there.
        let read = timeout(DRIP, connection.read(&mut one)).await;
        let wrote = connection.write_all(b"G").await;
        if wrote.is_err() || matches!(read, Ok(Ok(0) | Err(_))) {
            break;
        }
    }
    (begun.elapsed(), String::new())
}

const BODY: &str = "POST /dev/token HTTP/1.1\r\nhost: ava\r\ncontent-type: application/json\r\ncontent-length: 600\r\n\r\n{";
const CHUNKED_BODY: &str = "POST /dev/token HTTP/1.1\r\nhost: ava\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
const UNREAD_BODY: &str = "GET /health HTTP/1.1\r\nhost: ava\r\ntransfer-encoding: chunked\r\n\r\n";
const REFUSED_BODY: &str = "POST /photos HTTP/1.1\r\nhost: ava\r\ncontent-type: application/json\r\ncontent-length: 600\r\n\r\n{";
const HEAD: &str = "GET /health HTTP/1.1\r\nhost: ava\r\nx-slow: ";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_slow_is_closed_and_nobody_else_notices() {
    const EACH: usize = 20;
    let app = TestApp::start().await;
    let mut slow = JoinSet::new();
    for _ in 0..EACH {
        for (what, with, byte, answered) in [
            ("head", HEAD, "x", "408"),
            ("body", BODY, " ", "408"),
            ("chunked body", CHUNKED_BODY, "1\r\n \r\n", "408"),
            ("unread body", UNREAD_BODY, "1\r\n \r\n", "200"),
            ("refused body", REFUSED_BODY, " ", "401"),
        ] {
            let connection = begun(&app, with).await;
            slow.spawn(async move { (what, answered, drip(connection, byte.as_bytes()).await) });
        }
        let mut connection = kept_alive(&app).await;
        connection.write_all(HEAD.as_bytes()).await.unwrap();
        slow.spawn(async move { ("second head", "", drip(connection, b"x").await) });
        let mut connection = kept_alive(&app).await;
        connection.write_all(BODY.as_bytes()).await.unwrap();
        slow.spawn(async move { ("second body", "408", drip(connection, b" ").await) });
    }
    let bystander = tokio::spawn(bystander(app.client.clone(), app.url.clone()));
    let unread = async { (unread(&app).await, unread(&app).await) };
    let (unread, ()) = tokio::join!(unread, async {
        while let Some(ended) = slow.join_next().await {
            let (what, answered, (took, answer)) = ended.unwrap();
            assert!(took < GONE_BY, "a slow {what} was kept for {took:?}");
            assert!(answer.contains(answered), "a slow {what} got {answer:?}");
        }
    });
    for (took, _) in [unread.0, unread.1] {
        assert!(took < GONE_BY, "who does not read was kept for {took:?}");
    }
    bystander.abort();
    if let Err(ended) = bystander.await {
        assert!(ended.is_cancelled(), "{ended}");
    }
}

/// Somebody who is served all the while.
async fn bystander(client: reqwest::Client, url: String) {
    loop {
        let begun = Instant::now();
        let answer = client.get(format!("{url}/openapi.json")).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "served too late");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_rests_between_requests_is_kept_beyond_the_time_of_a_head() {
    let app = TestApp::start().await;
    let mut connection = kept_alive(&app).await;
    sleep(limits::HEAD_TIME + Duration::from_secs(2)).await;
    let again = b"GET /health HTTP/1.1\r\nhost: ava\r\nconnection: close\r\n\r\n";
    connection.write_all(again).await.unwrap();
    let answer = read_to_end(&mut connection).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_has_so_many_fields_and_so_many_bytes() {
    let app = TestApp::start().await;
    let fields = |count: usize| "x-a: b\r\n".repeat(count);
    let long = |bytes: usize| format!("x-a: {}\r\n", "b".repeat(bytes));
    for (what, head, status) in [
        // `host` and `connection` count as well.
        ("as many", fields(limits::HEAD_FIELDS - 2), "200"),
        ("one more", fields(limits::HEAD_FIELDS - 1), "431"),
        ("long", long(limits::HEAD_BYTES - 4096), "200"),
        ("too long", long(limits::HEAD_BYTES + 4096), "431"),
    ] {
        let request =
            format!("GET /health HTTP/1.1\r\nhost: ava\r\nconnection: close\r\n{head}\r\n");
        let mut connection = connect(&app).await;
        // The other side may be gone before it has taken everything.
        let _ = connection.write_all(request.as_bytes()).await;
        let mut answer = [0; 12];
        let read = timeout(GONE_BY, connection.read_exact(&mut answer)).await;
        read.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.ends_with(status), "{what}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_takes_bodies_of_its_size_and_not_one_byte_more() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let replicate = "/webhooks/replicate/0193e7f9-44e0-7b08-a2c6-0f9e8d7c6b5a/1";
    for (path, media_type, limit, code) in [
        (
            "/dev/token",
            "application/json",
            limits::JSON_BODY,
            "body-too-large",
        ),
        (
            "/avatars",
            "application/json",
            limits::JSON_BODY,
            "body-too-large",
        ),
        (
            "/billing/webhook",
            "application/json",
            limits::PAYMENT_MESSAGE,
            "body-too-large",
        ),
        (
            replicate,
            "application/json",
            limits::PREDICTION_MESSAGE,
            "body-too-large",
        ),
        (
            "/provenance/check",
            "image/png",
            limits::PICTURE_BODY,
            "picture-too-large",
        ),
    ] {
        let of = |bytes: usize| {
            let call = mara.call(Method::POST, path);
            call.body(media_type, vec![b' '; bytes]).send()
        };
        assert_ne!(of(limit).await.status, 413, "{path} takes {limit} bytes");
        of(limit + 1).await.refused(413, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_has_so_many_streams_and_others_have_theirs() {
    let app = TestApp::start().await;
    let mara = app.sign_in("mara@example.com").await;
    let noor = app.sign_in("noor@example.com").await;
    let mut open = Vec::new();
    for _ in 0..limits::STREAMS_PER_PERSON {
        open.push(Stream::open(&mara, None).await);
    }
    let refused = mara.get("/updates").await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.refused(429, "too-many-streams");
    drop(Stream::open(&noor, None).await);
    drop(open.pop());
    let again = until("a closed stream makes room", async || {
        let answer = mara.call(Method::GET, "/updates").open().await;
        (answer.status() == 200).then_some(answer)
    });
    drop(again.await);
}
