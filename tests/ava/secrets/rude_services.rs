//! Providers that refuse everything and repeat whatever they were told, and a place for reports.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::json;

use crate::running::until;

/// All of them, on one port.
pub struct RudeServices {
    /// Where any of them answers.
    pub url: String,
    /// Where reports go.
    pub dsn: String,
    asked: Arc<Mutex<String>>,
    reports: Arc<Mutex<Vec<String>>>,
}

impl RudeServices {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let services = Self {
            url: format!("http://{address}"),
            dsn: format!("http://public@{address}/1"),
            asked: Arc::default(),
            reports: Arc::default(),
        };
        let (asked, reports) = (services.asked.clone(), services.reports.clone());
        thread::spawn(move || {
            for connection in listener.incoming() {
                let (asked, reports) = (asked.clone(), reports.clone());
                thread::spawn(move || {
                    let connection = connection.unwrap();
                    while let Some((head, body)) = read(&connection) {
                        let is_report = head.starts_with("POST /api/1/envelope");
                        let answer = match is_report {
                            true => {
                                reports.lock().unwrap().push(body);
                                answer("200 OK", "{}")
                            }
                            false => {
                                let repeated = format!("{head}{body}");
                                asked.lock().unwrap().push_str(&repeated);
                                refusal(&head, &repeated)
                            }
                        };
                        let mut writer = &connection;
                        if writer.write_all(answer.as_bytes()).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        services
    }

    /// Whatever the providers were told.
    pub fn asked(&self) -> String {
        self.asked.lock().unwrap().clone()
    }

    /// The reports, once there are so many.
    pub fn reports_once_there_are(&self, count: usize) -> String {
        until("there are reports", || {
            self.reports.lock().unwrap().len() >= count
        });
        self.reports.lock().unwrap().concat()
    }
}

/// Who is asked says no in the way that leads to the end at once; of two image providers, the first does not know us, so that
/// the second one is asked too.
fn refusal(head: &str, repeated: &str) -> String {
    let status = match () {
        () if head.contains("/chat/completions") || head.contains("/predictions") => {
            "401 Unauthorized"
        }
        () => "400 Bad Request",
    };
    let body = json!({
        "title": repeated,
        "detail": repeated,
        "error": {"message": repeated, "type": repeated, "code": repeated, "param": repeated},
    });
    answer(status, &body.to_string())
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// One request's head and body; none at the connection's end.
fn read(connection: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(connection);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head += &line;
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8_lossy(&body).into_owned()))
}
