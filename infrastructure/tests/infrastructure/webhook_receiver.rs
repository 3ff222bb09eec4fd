//! Where a provider's webhooks go in a test: a real address that keeps what arrives.

use std::time::Duration;

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    web::{self, Bytes, Data},
};
use tokio::sync::{
    Mutex,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

/// A webhook as it arrived.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub body: Bytes,
    pub signature: String,
}

/// Answers every webhook with 200, until the test ends.
pub struct WebhookReceiver {
    url: String,
    arrived: Mutex<UnboundedReceiver<Webhook>>,
}

impl WebhookReceiver {
    pub async fn start() -> Self {
        let (sender, arrived) = unbounded_channel();
        let server = HttpServer::new(move || {
            let sender = Data::new(sender.clone());
            App::new().app_data(sender).default_service(web::to(keep))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}/", server.addrs()[0]);
        tokio::spawn(server.run());
        Self {
            url,
            arrived: Mutex::new(arrived),
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// All that has arrived and was not taken.
    pub async fn all(&self) -> Vec<Webhook> {
        let mut arrived = self.arrived.lock().await;
        std::iter::from_fn(|| arrived.try_recv().ok()).collect()
    }

    /// The next webhook.
    pub async fn next(&self) -> Webhook {
        let mut arrived = self.arrived.lock().await;
        let next = tokio::time::timeout(Duration::from_secs(20), arrived.recv()).await;
        next.expect("no webhook came within 20 s").unwrap()
    }
}

async fn keep(
    request: HttpRequest,
    body: Bytes,
    sender: Data<UnboundedSender<Webhook>>,
) -> HttpResponse {
    let signature = request.headers().get("stripe-signature");
    let signature = signature
        .map(|value| value.to_str().unwrap().to_owned())
        .unwrap_or_default();
    // The test may be over.
    let _ = sender.send(Webhook { body, signature });
    HttpResponse::Ok().finish()
}
