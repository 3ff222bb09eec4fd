//! How much and how long anything from outside may be, in one place. `docs/LIMITS.md` lists what stands here and in
//! `infrastructure::limits`; a test compares them.

use std::time::Duration;

/// The largest JSON body in bytes.
pub const JSON_BODY: usize = 64 * 1024;

/// The largest message of the payment provider in bytes. Its messages are a few kilobytes; some carry whole invoices.
pub const PAYMENT_MESSAGE: usize = 512 * 1024;

/// The largest message of the image provider in bytes: a prediction repeats its input, a reference picture of 256 kB
/// included, and its logs.
pub const PREDICTION_MESSAGE: usize = 2 * 1024 * 1024;

/// The largest picture that somebody asks about, in bytes.
pub const PICTURE_BODY: usize = application::ports::MAX_PICTURE_BYTES;

/// How long a JSON body or a message may take to arrive.
pub const BODY_TIME: Duration = Duration::from_secs(10);

/// How long a picture may take to arrive, as long as it keeps [`BODY_PACE`].
pub const PICTURE_BODY_TIME: Duration = Duration::from_secs(30);

/// How many bytes of a body must come in each second after the first ten.
pub const BODY_PACE: usize = 64 * 1024;

/// How long a command may take, without the time that its body took to arrive, and how long a read waits for what it is to
/// have seen: then who asked is told to ask again, which is to be within two seconds. Commands that ask the payment provider
/// take as long as it takes, and so do those that do more than record what they did.
pub const ANSWER_TIME: Duration = Duration::from_millis(1600);

/// How long the head of a request may take from its first byte on, also of the second and all later ones of a connection.
/// It includes bodies that nobody reads.
pub const HEAD_TIME: Duration = Duration::from_secs(10);

/// The most bytes that wait to be read as a head: actix-http's own bound, which is fixed there.
pub const HEAD_BYTES: usize = 128 * 1024;

/// The most fields of a head: actix-http's own bound, which is fixed there.
pub const HEAD_FIELDS: usize = 96;

/// How long a client that does not read may keep us from writing.
pub const UNREAD_TIME: Duration = Duration::from_secs(10);

/// How many bytes a client has to read within [`UNREAD_TIME`], once it keeps us from writing.
pub const UNREAD_PACE: usize = 32 * 1024;

/// How long a connection without a request is kept.
pub const IDLE_TIME: Duration = Duration::from_secs(75);

/// How long a connection that we close waits for the other side.
pub const CLOSE_TIME: Duration = Duration::from_secs(2);

/// How long a server that was told to stop still takes new connections; each answer says by then that its connection closes,
/// so that clients come with new ones, which others can take.
pub const LEAVING_TIME: Duration = Duration::from_millis(300);

/// How long after that a connection may bring a request.
pub const RESTING_TIME: Duration = Duration::from_millis(1500);

/// How long after that the last requests may take.
pub const END_TIME: Duration = Duration::from_secs(5);

/// The most connections at a time, for each thread of the server; more wait to be accepted.
pub const CONNECTIONS_PER_THREAD: usize = 4096;

/// The most connections that wait to be accepted.
pub const BACKLOG: i32 = 1024;

/// How many bytes of an answer are held for a client that does not read them; an answer, or a piece of it, that is larger
/// is held whole, and nothing after it.
pub const WRITE_BUFFER: usize = 32 * 1024;

/// The most streams of updates that one person may have open in this process: tabs share one, so these are devices.
pub const STREAMS_PER_PERSON: usize = 8;

/// The most streams of updates in this process.
pub const STREAMS: usize = 4096;

/// The most updates in one piece of a stream; the next piece is made once the connection has taken this one.
pub const UPDATES_AT_ONCE: u32 = 100;

/// How long a stream of updates goes on before the client has to prove again who it is.
pub const STREAM_TIME: Duration = Duration::from_secs(3600);

/// How many pictures may be held at a time, in memory, by those who ask about them.
pub const PICTURES_AT_A_TIME: usize = 8;
