//! Where connections come from, and how that ends without anybody who is at the door being sent away.

use std::{
    io,
    net::{TcpListener, TcpStream},
    time::Duration,
};

use tokio::time::sleep;

use crate::limits;

/// How long to wait when connections cannot be accepted, as when this process has too many files open.
const PAUSE: Duration = Duration::from_millis(500);

/// How long those may take to come in who have begun to connect when the door is closed: some round trips inside a data
/// centre. Who begins meanwhile is not answered, tries again after a second, and is refused then.
const LAST_STEPS: Duration = Duration::from_millis(20);

/// An address that is listened on.
pub(super) struct Door {
    listener: tokio::net::TcpListener,
}

impl Door {
    pub(super) fn open(listener: TcpListener) -> io::Result<Self> {
        // Whoever opened it chose how many may wait.
        rustix::net::listen(&listener, limits::BACKLOG)?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        Ok(Self { listener })
    }

    /// The next who comes.
    pub(super) async fn next(&self) -> TcpStream {
        loop {
            let accepted = self.listener.accept().await;
            match accepted.and_then(|(connection, _)| connection.into_std()) {
                Ok(connection) => return connection,
                // It has given up meanwhile.
                Err(error) if is_about_one(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "Cannot accept connections: {error}");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Stops listening; whoever is at the door by then. A listener that is just closed resets all who wait to be accepted,
    /// and each of them may have sent a request already.
    pub(super) async fn close(self) -> io::Result<Vec<TcpStream>> {
        let listener = self.listener.into_std()?;
        turn_newcomers_away(&listener);
        sleep(LAST_STEPS).await;
        Ok(std::iter::from_fn(|| accept(&listener).ok()).collect())
    }
}

fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (connection, _) = listener.accept()?;
    connection.set_nonblocking(true)?;
    Ok(connection)
}

fn is_about_one(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Lets the kernel drop what begins a connection, and nothing else. Where it cannot, who comes in the very moment in which the
/// listener is closed is reset.
#[cfg(target_os = "linux")]
fn turn_newcomers_away(listener: &TcpListener) {
    use socket2::{SockFilter, SockRef};

    const LOAD_BYTE: u16 = 0x30;
    const AND: u16 = 0x54;
    const EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    /// Where the flags stand in a TCP header.
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    const ACK: u32 = 0x10;

    let only_what_begins = [
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(AND, 0, 0, SYN | ACK),
        SockFilter::new(EQUAL, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ];
    if let Err(error) = SockRef::from(listener).attach_filter(&only_what_begins) {
        tracing::info!(%error, "Who connects in the moment of the end may be reset");
    }
}

#[cfg(not(target_os = "linux"))]
const fn turn_newcomers_away(_: &TcpListener) {}
