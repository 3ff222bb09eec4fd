//! A receiver of webhooks, as the product has one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;

/// One webhook as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }
}

#[derive(Default)]
struct Inbox {
    received: Vec<Received>,
    refuse: bool,
}

pub struct Receiver {
    pub url: String,
    inbox: Arc<Mutex<Inbox>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let data = Data::from(Arc::clone(&inbox));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .default_service(web::to(receive))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}/hooks", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, inbox }
    }

    /// From now on, answers with 500.
    pub fn refuse(&self, refuse: bool) {
        self.inbox.lock().unwrap().refuse = refuse;
    }

    pub fn all(&self) -> Vec<Received> {
        self.inbox.lock().unwrap().received.clone()
    }

    /// Waits until at least `count` webhooks came.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        for _ in 0..1_000 {
            let all = self.all();
            if all.len() >= count {
                return all;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("only {} of {count} webhooks came", self.all().len());
    }
}

async fn receive(inbox: Data<Mutex<Inbox>>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let headers = request.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let mut inbox = inbox.lock().unwrap();
    let received = Received {
        headers: headers.collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    inbox.received.push(received);
    if inbox.refuse {
        return HttpResponse::InternalServerError().finish();
    }
    HttpResponse::Ok().finish()
}
