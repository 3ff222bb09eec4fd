//! Starting and stopping the sandbox.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::dev::{ServerHandle, Service as _};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::stripe::StripePrice;
use crate::world::{State, World};
use crate::{chat, control, images, oidc, replicate, state_file, stripe};

/// Input pictures arrive as data URLs inside the JSON, so bodies may be a few megabytes.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// What the sandbox is told when it starts.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Where to listen; port 0 takes any free port.
    pub addr: SocketAddr,
    /// How the sandbox names itself in URLs; by default `http://` and the bound address.
    pub public_url: Option<String>,
    /// The only bearer token that Replicate's routes accept; any when absent.
    pub replicate_token: Option<String>,
    /// How many creates an account of Replicate's has in a minute, as its rate-limit headers tell.
    pub replicate_creates_per_minute: u32,
    /// Signs Replicate's webhooks: `whsec_` and base64.
    pub replicate_webhook_secret: String,
    /// The only key that the images API accepts; any when absent.
    pub images_api_key: Option<String>,
    /// The only key that Stripe's routes accept; any key when absent.
    pub stripe_secret_key: Option<String>,
    /// Signs Stripe's webhooks, used whole.
    pub stripe_webhook_secret: String,
    /// Where Stripe's events go; they are only recorded when absent.
    pub stripe_webhook_url: Option<String>,
    /// Prices that exist beside any others, in place of those of the same id that an earlier run knew.
    pub stripe_prices: Vec<StripePrice>,
    /// How long a prediction pretends to take.
    pub drawing_time: Duration,
    /// Where the state is kept across restarts; in memory only when absent.
    pub state_file: Option<PathBuf>,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            addr: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8090),
            public_url: None,
            replicate_token: None,
            replicate_creates_per_minute: 600,
            replicate_webhook_secret: "whsec_c2FuZGJveC1yZXBsaWNhdGUtd2ViaG9vaw==".to_owned(),
            images_api_key: None,
            stripe_secret_key: None,
            stripe_webhook_secret: "whsec_sandbox_stripe".to_owned(),
            stripe_webhook_url: None,
            stripe_prices: Vec::new(),
            drawing_time: Duration::from_millis(600),
            state_file: None,
        }
    }
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Another process listens on the address.
    #[error("{0} is taken; set SANDBOX_ADDR to another address")]
    AddressTaken(SocketAddr),
    /// The address cannot be listened on, for example since it is not this machine's.
    #[error("cannot listen on {0}; set SANDBOX_ADDR to an address of this machine")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The state file exists and cannot be read; it is left untouched.
    #[error("cannot read the sandbox's state from {}; move it away to start afresh", .0.display())]
    StateFile(PathBuf, #[source] std::io::Error),
    /// The client that delivers webhooks could not be built.
    #[error("cannot build the HTTP client for webhooks")]
    Client(#[source] reqwest::Error),
}

/// A sandbox that answers until it is stopped.
pub struct RunningSandbox {
    addr: SocketAddr,
    world: Arc<World>,
    server: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
    tasks: Vec<JoinHandle<()>>,
    in_flight: Arc<AtomicUsize>,
}

impl RunningSandbox {
    /// The base of every URL, without a trailing slash, as in `http://127.0.0.1:8090`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.world.url
    }

    /// The bound address, with the real port.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers what is being asked, keeps the state and stops, in well under a second.
    pub async fn stop(self) {
        self.world.begin_to_stop();
        for _ in 0..30 {
            if self.in_flight.load(Ordering::SeqCst) == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.server.stop(false).await;
        let _ = self.serving.await;
        for task in self.tasks {
            task.abort();
            let _ = task.await;
        }
        if let Some(path) = &self.world.config.state_file {
            state_file::write(&self.world, path, self.world.version()).await;
        }
    }
}

/// Starts the sandbox on the calling Tokio runtime.
///
/// # Errors
/// When the address cannot be listened on, or the state file cannot be read.
pub async fn start(config: SandboxConfig) -> Result<RunningSandbox, SandboxError> {
    let mut state = match &config.state_file {
        Some(path) => state_file::load(path)?,
        None => State::default(),
    };
    stripe::add_prices(&mut state.stripe, &config.stripe_prices);
    let (listener, addr) = listen(config.addr)?;
    let url = config
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{}", reachable(addr)));
    let world = World::new(config, url.trim_end_matches('/').to_owned(), state)?;

    let in_flight = Arc::new(AtomicUsize::new(0));
    let server =
        serve(listener, &world, &in_flight).map_err(|error| SandboxError::Listen(addr, error))?;
    let handle = server.handle();
    let serving = tokio::spawn(server);
    let tasks = background_tasks(&world);
    tracing::info!(%addr, "The sandbox plays Replicate, OpenAI-compatible images and chat, and Stripe at {}", world.url);
    Ok(RunningSandbox {
        addr,
        world,
        server: handle,
        serving,
        tasks,
        in_flight,
    })
}

fn listen(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), SandboxError> {
    let bound = TcpListener::bind(addr).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        Ok((listener, addr))
    });
    bound.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => SandboxError::AddressTaken(addr),
        _ => SandboxError::Listen(addr, error),
    })
}

/// An address that a client on this machine can use, even when the sandbox listens on all of them.
fn reachable(addr: SocketAddr) -> SocketAddr {
    match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), addr.port())
        }
        IpAddr::V6(ip) if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), addr.port())
        }
        _ => addr,
    }
}

fn serve(
    listener: TcpListener,
    world: &Arc<World>,
    in_flight: &Arc<AtomicUsize>,
) -> std::io::Result<actix_web::dev::Server> {
    let world = Arc::clone(world);
    let in_flight = Arc::clone(in_flight);
    let server = HttpServer::new(move || {
        let in_flight = Arc::clone(&in_flight);
        App::new()
            .app_data(web::Data::from(Arc::clone(&world)))
            .app_data(web::PayloadConfig::new(LARGEST_BODY))
            .wrap_fn(move |request, service| {
                let counted = InFlight::count(&in_flight);
                let answer = service.call(request);
                async move {
                    let answer = answer.await;
                    drop(counted);
                    answer
                }
            })
            .configure(replicate::routes)
            .configure(images::routes)
            .configure(stripe::routes)
            .configure(chat::routes)
            .configure(oidc::routes)
            .configure(control::routes)
            .default_service(web::to(nowhere))
    })
    .workers(2)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?;
    Ok(server.run())
}

/// One request on its way; also counted off when its client goes away.
struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    fn count(all: &Arc<AtomicUsize>) -> Self {
        all.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(all))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn background_tasks(world: &Arc<World>) -> Vec<JoinHandle<()>> {
    let mut tasks = vec![
        tokio::spawn(replicate::deliver_webhooks(Arc::clone(world))),
        tokio::spawn(stripe::deliver_webhooks(Arc::clone(world))),
        tokio::spawn(stripe::follow_the_clock(Arc::clone(world))),
    ];
    if let Some(path) = world.config.state_file.clone() {
        tasks.push(tokio::spawn(state_file::keep(Arc::clone(world), path)));
    }
    tasks
}

/// Answers unknown paths in a form that the SDKs of all played services can read.
async fn nowhere(request: HttpRequest) -> HttpResponse {
    let message = format!(
        "The sandbox has no such route ({}: {}).",
        request.method(),
        request.path()
    );
    HttpResponse::NotFound().json(json!({
        "title": "Not found",
        "detail": message,
        "status": 404,
        "error": {"type": "invalid_request_error", "message": message},
    }))
}
