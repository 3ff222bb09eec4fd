//! A thread of the server.

use std::{
    fmt, io,
    net::TcpStream,
    sync::Arc,
    thread::{Builder, JoinHandle},
};

use actix_http::{HttpService, Protocol, Request, Response};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::{Error, body::MessageBody, dev::AppConfig, rt::net::TcpStream as Connection};
use futures::future::poll_fn;
use tokio::{
    runtime::{self, LocalOptions},
    sync::{mpsc, oneshot, watch},
    task::spawn_local,
};

use super::Ending;
use crate::{limits, pace::Paced};

/// The most threads of the whole server that do what would block others.
const BLOCKING: usize = 512;

/// The connections that a thread is handed.
type Coming = mpsc::UnboundedReceiver<(TcpStream, Place)>;

/// Who waits for a thread to be able to serve.
type Started = oneshot::Sender<io::Result<()>>;

/// A connection among all; it ends as this is dropped.
pub(super) struct Place {
    open: watch::Sender<usize>,
    _of_thread: Arc<()>,
}

impl Place {
    pub(super) fn taken(open: &watch::Sender<usize>, thread: &Thread) -> Self {
        open.send_modify(|open| *open += 1);
        Self {
            open: open.clone(),
            _of_thread: Arc::clone(&thread.load),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.send_modify(|open| *open -= 1);
    }
}

/// A thread of the server. It ends, and all its connections with it, once this is dropped.
pub(super) struct Thread {
    /// Each connection has one of these.
    load: Arc<()>,
    connections: mpsc::UnboundedSender<(TcpStream, Place)>,
    started: Option<oneshot::Receiver<io::Result<()>>>,
    thread: JoinHandle<()>,
}

impl Thread {
    /// One of so many, which does `work` with the connections that come, as [`serve`] does.
    pub(super) fn start<W>(
        number: usize,
        of: usize,
        work: impl FnOnce(Coming, Started) -> W + Send + 'static,
    ) -> io::Result<Self>
    where
        W: Future<Output = ()>,
    {
        let (connections, coming) = mpsc::unbounded_channel();
        let (tell, started) = oneshot::channel();
        let runtime = move || {
            runtime::Builder::new_current_thread()
                .enable_all()
                .max_blocking_threads((BLOCKING / of).max(1))
                .build_local(LocalOptions::default())
        };
        let thread = Builder::new().name(format!("api-{number}"));
        let thread = thread.spawn(move || match runtime() {
            Ok(runtime) => {
                runtime.block_on(work(coming, tell));
                runtime.shutdown_background();
            }
            Err(error) => drop(tell.send(Err(error))),
        })?;
        Ok(Self {
            load: Arc::new(()),
            connections,
            started: Some(started),
            thread,
        })
    }

    /// Waits until it can serve.
    pub(super) async fn is_ready(&mut self) -> io::Result<()> {
        match self.started.take() {
            Some(started) => started.await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    }

    /// How many connections it has; one more, to be exact.
    pub(super) fn load(&self) -> usize {
        Arc::strong_count(&self.load)
    }

    pub(super) fn serve(&self, connection: TcpStream, place: Place) {
        // A thread that has panicked serves nobody; the others go on.
        let _ = self.connections.send((connection, place));
    }

    /// Drops what it still has, and waits until it is gone.
    pub(super) async fn end(self) {
        drop(self.connections);
        let _ = tokio::task::spawn_blocking(|| self.thread.join()).await;
    }
}

/// Serves the connections that come with what `app` makes here, until no more can.
pub(super) async fn serve<F, I, S, B>(mut coming: Coming, tell: Started, ending: Ending, app: F)
where
    F: Fn() -> I,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let http = HttpService::build()
        .client_request_timeout(limits::HEAD_TIME)
        .client_disconnect_timeout(limits::CLOSE_TIME)
        .keep_alive(limits::IDLE_TIME)
        .h1_write_buffer_size(limits::WRITE_BUFFER)
        .on_connect_ext(|connection: &Paced<Connection>, data| {
            data.insert(connection.pace());
        })
        .finish(map_config(
            app()
                .into_factory()
                .map_err(|error| error.into().error_response()),
            |()| AppConfig::default(),
        ));
    let service = fn_service(move |stream: TcpStream| {
        let ending = ending.clone();
        async move {
            let peer = stream.peer_addr().ok();
            // An answer's last piece must not wait for the acknowledgement of the one before.
            let _ = stream.set_nodelay(true);
            let stream = Connection::from_std(stream)?;
            Ok((Paced::new(stream, ending), Protocol::Http1, peer))
        }
    })
    .and_then(http);
    let service = match service.new_service(()).await {
        Ok(service) => service,
        Err(error) => {
            let error = io::Error::other(format!("the service does not start: {error:?}"));
            return drop(tell.send(Err(error)));
        }
    };
    if tell.send(Ok(())).is_err() {
        return;
    }
    while let Some((stream, place)) = coming.recv().await {
        if poll_fn(|context| service.poll_ready(context)).await.is_ok() {
            let served = service.call(stream);
            spawn_local(async move {
                // What was wrong with the connection, its client knows.
                let _ = served.await;
                drop(place);
            });
        }
    }
}
