//! Where the API and its figures are reached.

use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
};

use url::Url;

use crate::failure::Failure;

/// Takes the API's address, before anything slow is started.
pub fn listen(addr: SocketAddr) -> Result<TcpListener, Failure> {
    listen_as(addr, "HTTP_ADDR")
}

/// Takes the address of the figures, when there is to be one.
pub fn listen_for_metrics(addr: Option<SocketAddr>) -> Result<Option<TcpListener>, Failure> {
    addr.map(|addr| listen_as(addr, "METRICS_ADDR")).transpose()
}

fn listen_as(addr: SocketAddr, variable: &str) -> Result<TcpListener, Failure> {
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
