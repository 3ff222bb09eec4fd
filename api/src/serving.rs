//! The server: actix's, over connections that have to keep a pace.

use std::{fmt, io, net::TcpListener};

use actix_http::{HttpService, Protocol, Request, Response};
use actix_server::ServerBuilder;
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{AppConfig, Server},
    rt::net::TcpStream,
};

use crate::{limits, pace::Paced};

/// What [`actix_web::HttpServer`] does with a listener, but with [`Paced`] between the socket and HTTP, for which that one
/// has no place. Each of the threads serves so many connections at a time, with what `app` makes on it.
pub(crate) fn server<F, I, S, B>(
    listener: TcpListener,
    threads: usize,
    connections: usize,
    app: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    // Whoever opened it chose how many may wait, and the builder's own figure is for addresses that it opens itself.
    rustix::net::listen(&listener, limits::BACKLOG)?;
    let builder = ServerBuilder::default()
        .workers(threads)
        .max_concurrent_connections(connections)
        .shutdown_timeout(5)
        .disable_signals();
    let ending = builder.graceful_shutdown_signal();
    let builder = builder.listen("api", listener, move || {
        let ending = ending.clone();
        let factory = app().into_factory();
        let service = HttpService::build()
            .graceful_shutdown_signal(move || {
                let ending = ending.clone();
                async move { ending.notified().await }
            })
            .client_request_timeout(limits::HEAD_TIME)
            .client_disconnect_timeout(limits::CLOSE_TIME)
            .keep_alive(limits::IDLE_TIME)
            .h1_write_buffer_size(limits::WRITE_BUFFER)
            .on_connect_ext(|connection: &Paced<TcpStream>, data| {
                data.insert(connection.pace());
            })
            .finish(map_config(
                factory.map_err(|error| error.into().error_response()),
                |()| AppConfig::default(),
            ));
        fn_service(|stream: TcpStream| async move {
            let peer = stream.peer_addr().ok();
            // An answer's last piece must not wait for the acknowledgement of the one before.
            let _ = stream.set_nodelay(true);
            Ok((Paced::new(stream), Protocol::Http1, peer))
        })
        .and_then(service)
    })?;
    Ok(builder.run())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use std::{net::SocketAddr, time::Duration};

    use actix_web::{App, HttpResponse, middleware::from_fn, web};
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        time::timeout,
    };

    use super::*;
    use crate::pace::served;

    async fn asked(address: SocketAddr) -> tokio::net::TcpStream {
        let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: ava\r\n\r\n";
        connection.write_all(request).await.unwrap();
        connection
    }

    async fn is_answered(connection: &mut tokio::net::TcpStream, within: Duration) -> bool {
        let read = timeout(within, connection.read_exact(&mut [0; 12])).await;
        read.is_ok_and(|read| read.is_ok())
    }

    /// A server with one thread, and where it is reached.
    fn serving(connections: usize) -> (Server, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let app = || {
            let answer = web::get().to(|| async { HttpResponse::Ok().finish() });
            App::new().route("/", answer).wrap(from_fn(served))
        };
        (server(listener, 1, connections, app).unwrap(), address)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn connections_beyond_the_limit_wait_until_one_ends() {
        let (server, address) = serving(2);
        let handle = server.handle();
        tokio::spawn(server);
        let (soon, shortly) = (Duration::from_secs(20), Duration::from_secs(1));
        let (mut first, mut second) = (asked(address).await, asked(address).await);
        assert!(is_answered(&mut first, soon).await && is_answered(&mut second, soon).await);
        let mut third = asked(address).await;
        assert!(!is_answered(&mut third, shortly).await);
        drop(first);
        assert!(is_answered(&mut third, soon).await);
        handle.stop(false).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn so_many_connections_wait_to_be_accepted_and_no_more() {
        // Each is a file of this process.
        let files = getrlimit(Resource::Nofile);
        let most = Rlimit {
            current: files.maximum,
            ..files
        };
        setrlimit(Resource::Nofile, most).unwrap();
        // Nobody accepts: it is not run.
        let (server, address) = serving(1);
        let mut waiting = Vec::new();
        let one_too_many = loop {
            let connecting = tokio::net::TcpStream::connect(address);
            match timeout(Duration::from_secs(2), connecting).await {
                Ok(connection) => waiting.push(connection.unwrap()),
                Err(_) => break waiting.len() + 1,
            }
        };
        let limit = limits::BACKLOG.unsigned_abs() as usize;
        // Linux takes one more than it was told.
        assert!(
            (limit + 1..=limit + 2).contains(&one_too_many),
            "the {one_too_many}th connection is not taken"
        );
        drop(server);
    }
}
