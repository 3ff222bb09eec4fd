//! The server: one that can stop while it is used, over connections that have to keep a pace.
//!
//! actix-web's own would do, were it not for its end: told to stop, it drops connections that it has accepted and not looked
//! at yet, those that wait to be accepted, and those that rest just when their next request is on its way. Under load each of
//! these is somebody's request. This one ends in steps:
//!
//! 1. For [`limits::LEAVING_TIME`] it goes on as ever, but each answer closes its connection, and `/ready` says 503.
//! 2. It stops listening: who is at the door comes in, and nobody comes to the door any more ([`Door::close`]). Streams end.
//! 3. For [`limits::RESTING_TIME`] connections may still bring a request, which closes them.
//! 4. Then those are closed that have nothing to read, and the others once they are answered, within [`limits::END_TIME`].
//!    A connection that was kept is told why ([`farewell()`]), since its next request may have been sent in this very moment.

mod door;
mod ending;
mod farewell;
mod thread;

use std::{fmt, io, net::TcpListener, time::Duration};

use actix_http::{Request, Response};
use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::{Error, body::MessageBody, dev::AppConfig};
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;

use self::{
    door::Door,
    thread::{Place, Thread, serve},
};
pub(crate) use self::{ending::Ending, farewell::farewell};
use crate::limits;

/// The server's threads, with nobody to serve yet.
pub(crate) struct Server {
    threads: Vec<Thread>,
    ending: Ending,
    /// How many connections there are.
    open: watch::Sender<usize>,
}

impl Server {
    /// So many threads, each with what `app` makes on it.
    pub(crate) async fn start<F, I, S, B>(
        threads: usize,
        ending: Ending,
        app: F,
    ) -> io::Result<Self>
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
        let mut server = Self {
            threads: Vec::new(),
            ending,
            open: watch::Sender::new(0),
        };
        for number in 0..threads {
            let (ending, app) = (server.ending.clone(), app.clone());
            let work = move |coming, tell| serve(coming, tell, ending, app);
            server.threads.push(Thread::start(number, threads, work)?);
        }
        for thread in &mut server.threads {
            thread.is_ready().await?;
        }
        Ok(server)
    }

    /// Serves so many connections a thread until `stop`, and then until everybody who is here has been answered.
    pub(crate) async fn serve(
        self,
        listener: TcpListener,
        connections: usize,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let door = Door::open(listener)?;
        let most = connections * self.threads.len();
        stop.run_until_cancelled(self.admit(&door, most)).await;
        self.ending.leave();
        // Whoever uses nothing is kept waiting for nothing.
        let leaving = async {
            tokio::select! {
                () = self.admit(&door, most) => {}
                () = self.are_gone() => {}
            }
        };
        let _ = timeout(limits::LEAVING_TIME, leaving).await;
        for connection in door.close().await? {
            self.hand_out(connection);
        }
        self.ending.close();
        self.part().await;
        for thread in self.threads {
            thread.end().await;
        }
        Ok(())
    }

    /// Waits for those who are here, first for all, and then for those who have something to be answered.
    async fn part(&self) {
        if self.are_gone_within(limits::RESTING_TIME).await {
            return;
        }
        self.ending.rest_no_longer();
        if !self.are_gone_within(limits::END_TIME).await {
            let open = *self.open.borrow();
            tracing::warn!("Dropping {open} connections that were not done in time");
        }
    }

    /// Lets people in for ever, as long as there is room.
    async fn admit(&self, door: &Door, most: usize) {
        let mut open = self.open.subscribe();
        loop {
            // The sender is this server's own.
            let _ = open.wait_for(|open| *open < most).await;
            let connection = door.next().await;
            self.hand_out(connection);
        }
    }

    /// To the thread that has the fewest.
    fn hand_out(&self, connection: std::net::TcpStream) {
        if let Some(thread) = self.threads.iter().min_by_key(|thread| thread.load()) {
            let place = Place::taken(&self.open, thread);
            thread.serve(connection, place);
        }
    }

    async fn are_gone(&self) {
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    async fn are_gone_within(&self, time: Duration) -> bool {
        timeout(time, self.are_gone()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use std::net::SocketAddr;

    use actix_web::{App, HttpResponse, middleware::from_fn, web};
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        time::timeout,
    };

    use super::*;
    use crate::pace::served;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: ava\r\n\r\n";

    async fn asked(address: SocketAddr) -> tokio::net::TcpStream {
        let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
        connection.write_all(REQUEST).await.unwrap();
        connection
    }

    async fn is_answered(connection: &mut tokio::net::TcpStream, within: Duration) -> bool {
        let read = timeout(within, connection.read_exact(&mut [0; 12])).await;
        read.is_ok_and(|read| read.is_ok())
    }

    /// A server with one thread.
    async fn server() -> Server {
        let app = || {
            let answer = web::get().to(|| async {
                // As under more load than the machine carries: others wait meanwhile.
                std::thread::sleep(Duration::from_millis(2));
                HttpResponse::Ok().finish()
            });
            App::new().route("/", answer).wrap(from_fn(served))
        };
        Server::start(1, Ending::default(), app).await.unwrap()
    }

    fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn connections_beyond_the_limit_wait_until_one_ends() {
        let (listener, address) = listener();
        let serving = server().await.serve(listener, 2, CancellationToken::new());
        let serving = tokio::spawn(serving);
        let (soon, shortly) = (Duration::from_secs(20), Duration::from_secs(1));
        let (mut first, mut second) = (asked(address).await, asked(address).await);
        assert!(is_answered(&mut first, soon).await && is_answered(&mut second, soon).await);
        let mut third = asked(address).await;
        assert!(!is_answered(&mut third, shortly).await);
        drop(first);
        assert!(is_answered(&mut third, soon).await);
        serving.abort();
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
        // Nobody accepts.
        let (listener, address) = listener();
        let door = Door::open(listener).unwrap();
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
        drop(door);
    }

    /// Asks again and again over one connection, as long as it is kept, until nobody listens any more; how often, or what went
    /// wrong.
    async fn ask_until_refused(address: SocketAddr) -> Result<u32, String> {
        let mut answers = 0;
        while let Ok(mut connection) = tokio::net::TcpStream::connect(address).await {
            let mut is_kept = true;
            while is_kept {
                let sent = connection.write_all(REQUEST).await;
                let mut answer = Vec::new();
                while sent.is_ok() && !answer.ends_with(b"\r\n\r\n") {
                    match connection.read_buf(&mut answer).await {
                        Ok(0) => return Err(format!("closed after {answers}: {answer:?}")),
                        Ok(_) => {}
                        Err(error) => return Err(format!("{error} after {answers}")),
                    }
                }
                sent.map_err(|error| error.to_string())?;
                answers += 1;
                let head = String::from_utf8_lossy(&answer).to_lowercase();
                // Every seventh has had enough by itself.
                is_kept = !head.contains("connection: close") && answers % 7 != 0;
            }
        }
        Ok(answers)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_stops_under_load_answers_whoever_reached_it() {
        let (listener, address) = listener();
        let stop = CancellationToken::new();
        let serving = server().await.serve(listener, 1000, stop.clone());
        let serving = tokio::spawn(serving);
        let clients: Vec<_> = (0..200)
            .map(|_| tokio::spawn(ask_until_refused(address)))
            .collect();
        tokio::time::sleep(Duration::from_millis(700)).await;
        stop.cancel();
        serving.await.unwrap().unwrap();
        for client in clients {
            client.await.unwrap().unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_stops_answers_who_is_late_and_closes_who_rests() {
        let (listener, address) = listener();
        let (server, stop) = (server().await, CancellationToken::new());
        let ending = server.ending.clone();
        let serving = tokio::spawn(server.serve(listener, 1000, stop.clone()));
        let (mut resting, mut late) = (asked(address).await, asked(address).await);
        let soon = Duration::from_secs(20);
        assert!(is_answered(&mut resting, soon).await && is_answered(&mut late, soon).await);
        stop.cancel();
        // Nobody listens any more, and who has a connection is still served.
        ending.closed().cancelled().await;
        late.write_all(REQUEST).await.unwrap();
        let mut answers = String::new();
        let read = timeout(soon, late.read_to_string(&mut answers)).await;
        read.unwrap().unwrap();
        let (_, second) = answers.split_once("\r\n\r\n").unwrap();
        assert!(second.contains("connection: close"), "{answers}");
        serving.await.unwrap().unwrap();
        // What is sent in the moment of the end has an answer as well, which says that nobody has read it.
        resting.write_all(REQUEST).await.unwrap();
        let (mut answers, mut piece) = (String::new(), [0; 1024]);
        // A reset is the end as well: there was something to be read that nobody read.
        while let Ok(Ok(count @ 1..)) = timeout(soon, resting.read(&mut piece)).await {
            answers.push_str(str::from_utf8(&piece[..count]).unwrap());
        }
        let (_, second) = answers.split_once("\r\n\r\n").unwrap();
        assert!(
            second.starts_with("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n"),
            "{answers}"
        );
        assert!(second.contains("\r\nretry-after: "), "{answers}");
        let (_, body) = second.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], "unavailable");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_stops_answers_a_first_request_and_says_nothing_to_who_asks_nothing() {
        let (listener, address) = listener();
        let (server, stop) = (server().await, CancellationToken::new());
        let mut open = server.open.subscribe();
        let ending = server.ending.clone();
        let serving = tokio::spawn(server.serve(listener, 1000, stop.clone()));
        let mut late = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut silent = tokio::net::TcpStream::connect(address).await.unwrap();
        open.wait_for(|open| *open == 2).await.unwrap();
        stop.cancel();
        ending.closed().cancelled().await;
        late.write_all(REQUEST).await.unwrap();
        let soon = Duration::from_secs(20);
        let (mut answer, mut nothing) = (String::new(), String::new());
        let read = timeout(soon, late.read_to_string(&mut answer)).await;
        read.unwrap().unwrap();
        assert!(answer.contains("connection: close"), "{answer}");
        // An end, and no reset.
        let read = timeout(soon, silent.read_to_string(&mut nothing)).await;
        read.unwrap().unwrap();
        assert_eq!(nothing, "");
        serving.await.unwrap().unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_stops_waits_for_the_last_answers_but_not_for_ever() {
        let app = || {
            let answer = web::get().to(std::future::pending::<HttpResponse>);
            App::new().route("/", answer).wrap(from_fn(served))
        };
        let server = Server::start(1, Ending::default(), app).await.unwrap();
        let (listener, address) = listener();
        let (mut open, stop) = (server.open.subscribe(), CancellationToken::new());
        let serving = tokio::spawn(server.serve(listener, 1000, stop.clone()));
        let mut never = asked(address).await;
        open.wait_for(|open| *open == 1).await.unwrap();
        let begun = std::time::Instant::now();
        stop.cancel();
        serving.await.unwrap().unwrap();
        assert!(begun.elapsed() >= limits::END_TIME);
        assert!(!is_answered(&mut never, Duration::from_secs(20)).await);
    }
}
