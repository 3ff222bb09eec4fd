//! Where the API and its figures are reached.

use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
};

use infrastructure::settings::Settings;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{crew::Crew, failure::Failure};

/// The addresses that the API and its figures have taken.
pub struct Listeners {
    /// Where the API answers.
    pub api: TcpListener,
    metrics: Option<TcpListener>,
}

impl Listeners {
    /// Takes them, before anything slow is started.
    pub fn take(settings: &Settings) -> Result<Self, Failure> {
        Ok(Self {
            api: listen(settings.http_addr, "HTTP_ADDR")?,
            metrics: take_metrics(settings)?,
        })
    }

    /// Serves on them as a part of the crew. What the answers need must go on until the token is cancelled that this returns:
    /// people are served for a moment after `stop`.
    pub fn join(
        self,
        crew: &mut Crew,
        app: api::App,
        stop: CancellationToken,
    ) -> CancellationToken {
        join_metrics(self.metrics, crew, app.clone(), stop.clone());
        let api = self.api;
        let served = CancellationToken::new();
        let ended = served.clone().drop_guard();
        crew.add("API", async move {
            let _ended = ended;
            api::serve(api, app, stop).await.map_err(Failure::other)
        });
        served
    }
}

/// Takes the address of the figures, if there is one.
pub fn take_metrics(settings: &Settings) -> Result<Option<TcpListener>, Failure> {
    let metrics = settings.metrics_addr;
    metrics.map(|addr| listen(addr, "METRICS_ADDR")).transpose()
}

/// Serves the figures as a part of the crew, if anybody listens for them.
pub fn join_metrics(
    metrics: Option<TcpListener>,
    crew: &mut Crew,
    app: api::App,
    stop: CancellationToken,
) {
    if let Some(metrics) = metrics {
        crew.add("metrics", async move {
            api::serve_metrics(metrics, app, stop)
                .await
                .map_err(Failure::other)
        });
    }
}

fn listen(addr: SocketAddr, variable: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(addr).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Failure::conflict(format!(
            "{addr} is taken by another program; stop that one, or set {variable} to another address, as in \
             `{variable}=127.0.0.1:8081 ava up`"
        )),
        ErrorKind::PermissionDenied => Failure::usage(format!(
            "this user may not listen on {addr}; set {variable} to a port from 1024 on"
        )),
        _ => Failure::usage(format!("cannot listen on {addr} ({error}); set {variable} to an address of this machine")),
    })
}

/// How a program on this machine reaches a listener.
pub fn local_url(listener: &TcpListener) -> Result<Url, Failure> {
    url_of(listener.local_addr().map_err(Failure::other)?)
}

/// How a program on this machine reaches what listens on an address.
pub fn url_of(addr: SocketAddr) -> Result<Url, Failure> {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    Url::parse(&format!("http://{}", SocketAddr::new(ip, addr.port()))).map_err(Failure::other)
}
