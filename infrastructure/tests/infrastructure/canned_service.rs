//! A service that answers with what it was given, word for word, and remembers what it was asked.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The request line and the headers; names in lower case.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Asked {
    /// The request line without the version, as `GET /v1/predictions`.
    pub fn line(&self) -> &str {
        let line = self.head.lines().next().unwrap_or_default();
        line.strip_suffix(" HTTP/1.1").unwrap_or(line)
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        lines
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A server on a port of its own; each request takes the next answer, and the connection ends with it.
pub struct CannedService {
    addr: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A whole answer with a JSON body.
pub fn json_answer(status: &str, headers: &str, body: &serde_json::Value) -> Vec<u8> {
    answer(
        status,
        &format!("content-type: application/json\r\n{headers}"),
        body.to_string().as_bytes(),
    )
}

/// A whole answer.
pub fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

impl CannedService {
    /// Starts; requests beyond the last answer are hung up on.
    pub async fn start(answers: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut answers: VecDeque<_> = answers.into_iter().collect();
        Self::start_with(move |_| answers.pop_front().unwrap_or_default()).await
    }

    /// Starts one that looks at what it is asked.
    pub async fn start_with(mut answer: impl FnMut(&Asked) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn({
            let asked = Arc::clone(&asked);
            async move {
                while let Ok((mut connection, _)) = listener.accept().await {
                    if let Some(request) = read(&mut connection).await {
                        let answer = answer(&request);
                        asked.lock().unwrap().push(request);
                        let _ = connection.write_all(&answer).await;
                        let _ = connection.shutdown().await;
                    }
                }
            }
        });
        Self { addr, asked }
    }

    /// Its base, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn read(connection: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut asked = Asked {
        head,
        body: bytes[head_end..].to_vec(),
    };
    let length = asked
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    while asked.body.len() < length {
        if connection.read_buf(&mut asked.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(asked)
}
