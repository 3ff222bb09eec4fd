//! Connections that have to keep a pace: who sends a request too slowly, or does not read the answer, is closed.
//!
//! actix-http limits the time of a connection's first head, and nothing else that depends on the client: a second head, a
//! body that no handler reads, and an unread answer may take for ever. The stream under a connection sees all of them, if
//! it is told while a request is being served.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use actix_web::{
    Error,
    body::{BodySize, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{ConnectionType, StatusCode},
    middleware::Next,
    web::Bytes,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::{
    limits::{BODY_PACE, BODY_TIME, CLOSE_TIME, HEAD_TIME, UNREAD_PACE, UNREAD_TIME},
    serving::{Ending, farewell},
};

/// What a connection and the requests on it tell each other.
#[derive(Default)]
pub(crate) struct Pace {
    /// How many requests are being served: 0 or 1, unless a middleware is in the wrong place.
    serving: Cell<u32>,
    /// How many requests have been begun.
    begun: Cell<u64>,
    /// Whether a body was given up; actix-http would read the rest of one in pieces, to throw it away.
    given_up: Cell<bool>,
    /// How far the server is with its end.
    ending: Ending,
    /// Who waits for the next request.
    reader: Cell<Option<Waker>>,
}

/// A request is being served as long as this lives.
struct Serving(Rc<Pace>);

impl Serving {
    fn begin(pace: Rc<Pace>) -> Self {
        pace.serving.set(pace.serving.get() + 1);
        pace.begun.set(pace.begun.get() + 1);
        Self(pace)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.serving.set(self.0.serving.get() - 1);
        // The connection rests from now on, for which there is no time when the server ends.
        if self.0.ending.is_leaving()
            && let Some(reader) = self.0.reader.take()
        {
            reader.wake();
        }
    }
}

/// Tells the connection that a request is being served, from its head to the last byte of its answer, and the client, when the
/// server leaves, that it was the connection's last one. The outermost middleware.
pub(crate) async fn served<B: MessageBody + Unpin + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<PacedBody<B>>, Error> {
    let pace = request.request().conn_data::<Rc<Pace>>().cloned();
    let serving = pace.map(Serving::begin);
    let mut response = next.call(request).await?;
    if let Some(Serving(pace)) = &serving {
        if response.status() == StatusCode::REQUEST_TIMEOUT {
            pace.given_up.set(true);
        }
        if pace.ending.is_leaving() {
            let head = response.response_mut().head_mut();
            head.set_connection_type(ConnectionType::Close);
        }
    }
    Ok(response.map_body(|_, body| PacedBody {
        body,
        _serving: serving,
    }))
}

/// An answer's body, with which serving ends.
pub(crate) struct PacedBody<B> {
    body: B,
    _serving: Option<Serving>,
}

impl<B: MessageBody + Unpin> MessageBody for PacedBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

/// A connection whose other side has to keep a pace.
pub(crate) struct Paced<T> {
    stream: T,
    pace: Rc<Pace>,
    /// What `pace.begun` was when the head that is being read began.
    begun: u64,
    /// Runs from the first byte of a head until its request is served.
    head: Option<Pin<Box<Sleep>>>,
    unread: Option<Unread>,
    /// Whether it was told that it ends.
    has_parted: bool,
    /// When it is closed if it brings none.
    end: Pin<Box<WaitForCancellationFutureOwned>>,
}

/// The other side does not read.
struct Unread {
    timer: Pin<Box<Sleep>>,
    /// What it has read since the timer was set.
    bytes: usize,
}

impl<T> Paced<T> {
    pub(crate) fn new(stream: T, ending: Ending) -> Self {
        Self {
            stream,
            has_parted: false,
            end: Box::pin(ending.rests_no_longer()),
            pace: Rc::new(Pace {
                ending,
                ..Pace::default()
            }),
            begun: 0,
            head: None,
            unread: None,
        }
    }

    /// For the requests on this connection.
    pub(crate) fn pace(&self) -> Rc<Pace> {
        Rc::clone(&self.pace)
    }

    /// Whether the head that is being read has taken too long.
    fn is_head_late(&mut self, context: &mut Context<'_>) -> bool {
        if self.pace.serving.get() > 0 || self.begun != self.pace.begun.get() {
            self.begun = self.pace.begun.get();
            self.head = None;
        }
        let timer = self.head.as_mut();
        timer.is_some_and(|timer| timer.as_mut().poll(context).is_ready())
    }

    /// Whether there is nothing to wait for: no request is being served, none has begun to come, and the server ends.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        let is_end = self.end.as_mut().poll(context).is_ready();
        if self.pace.serving.get() > 0 {
            self.pace.reader.set(Some(context.waker().clone()));
        }
        is_end && self.pace.serving.get() == 0 && self.head.is_none()
    }

    /// Says why it ends to whoever has asked something before and may ask something else just now. Not to others: browsers
    /// connect in advance, and show what they did not ask for.
    fn part(&mut self, context: &mut Context<'_>)
    where
        T: AsyncWrite + Unpin,
    {
        if self.pace.begun.get() > 0 && !self.has_parted {
            self.has_parted = true;
            // Where there is no room for it, somebody does not read.
            let _ = Pin::new(&mut self.stream).poll_write(context, &farewell());
        }
    }

    fn wrote(&mut self, count: usize) {
        if let Some(unread) = &mut self.unread {
            unread.bytes += count;
            if unread.bytes >= UNREAD_PACE {
                self.unread = None;
            }
        }
    }

    /// Whether the other side has not read for too long.
    fn is_unread(&mut self, context: &mut Context<'_>) -> bool {
        let unread = self.unread.get_or_insert_with(|| Unread {
            timer: Box::pin(sleep(UNREAD_TIME)),
            bytes: 0,
        });
        unread.timer.as_mut().poll(context).is_ready()
    }
}

fn too_slow(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what.to_owned())
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Paced<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_head_late(context) {
            return Poll::Ready(Err(too_slow("the request does not come to its end")));
        }
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(context, buffer) {
            // As if the client had closed it.
            Poll::Pending if this.is_over(context) => {
                this.part(context);
                return Poll::Ready(Ok(()));
            }
            read => ready!(read)?,
        }
        let came = buffer.filled().len() > before;
        if came && this.pace.serving.get() == 0 && this.head.is_none() {
            let time = if this.pace.given_up.get() {
                CLOSE_TIME
            } else {
                HEAD_TIME
            };
            let mut timer = Box::pin(sleep(time));
            // Polled once, so that it wakes the connection.
            let _ = timer.as_mut().poll(context);
            this.head = Some(timer);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Paced<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_write(context, bytes) {
            Poll::Ready(Ok(count)) => {
                this.wrote(count);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending if this.is_unread(context) => {
                Poll::Ready(Err(too_slow("the answer is not read")))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Called once everything was taken, so that nothing is unread any more.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.unread = None;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// By when a body must have come whole that began then, of which so much has come.
pub(crate) fn body_deadline(began: Instant, received: usize, longest: Duration) -> Instant {
    let milliseconds = received.saturating_mul(1000) / BODY_PACE;
    let earned = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX));
    began + longest.min(BODY_TIME.saturating_add(earned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::PICTURE_BODY_TIME;

    #[test]
    fn a_body_has_ten_seconds_and_more_only_as_long_as_it_keeps_the_pace() {
        let began = Instant::now();
        let seconds =
            |received, longest| (body_deadline(began, received, longest) - began).as_secs();
        assert_eq!(seconds(0, BODY_TIME), 10);
        assert_eq!(seconds(usize::MAX, BODY_TIME), 10);
        for (received, expected) in [
            (0, 10),
            (BODY_PACE - 1, 10),
            (BODY_PACE, 11),
            (15 * BODY_PACE, 25),
            (20 * BODY_PACE, 30),
            (usize::MAX, 30),
        ] {
            assert_eq!(seconds(received, PICTURE_BODY_TIME), expected, "{received}");
        }
    }
}
