//! How long we wait for the database and for others, and how much we take from them, in one place. `docs/LIMITS.md` lists
//! what stands here and in `api::limits`; a test compares them.

use std::time::Duration;

/// How many connections to the database one pool opens.
pub const POOL_CONNECTIONS: u32 = 20;

/// How long a caller waits for a connection of the pool before it hears that the database is away.
pub const POOL_WAIT: Duration = Duration::from_millis(1500);

/// How long the first connection to the database may take.
pub const DATABASE_CONNECT_TIME: Duration = Duration::from_secs(5);

/// How long one statement of a request may run.
pub const STATEMENT_TIME: Duration = Duration::from_secs(10);

/// How long one statement of a request may wait for a lock, which is part of [`STATEMENT_TIME`].
pub const LOCK_TIME: Duration = Duration::from_secs(8);

/// How long connecting to a service may take.
pub const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How long one request to the payment provider may take.
pub const PAYMENT_TIME: Duration = Duration::from_secs(10);

/// The largest answer of the payment provider in bytes.
pub const PAYMENT_ANSWER: usize = 8 * 1024 * 1024;

/// How long one request to Replicate may take; what it was asked to wait is not counted.
pub const PREDICTION_TIME: Duration = Duration::from_secs(30);

/// How long a service that draws while the request waits may take for one picture.
pub const DRAWING_TIME: Duration = Duration::from_secs(180);

/// The largest answer of an image provider's API in bytes; a picture may be in it, written in base64.
pub const PROVIDER_ANSWER: usize = 32 * 1024 * 1024;

/// The longest silence of a chat model: before the first word, and between two.
pub const CHAT_SILENCE: Duration = Duration::from_secs(30);

/// How long a whole answer of a chat model may take.
pub const CHAT_TIME: Duration = Duration::from_secs(120);

/// The largest answer of a chat model in bytes.
pub const CHAT_ANSWER: usize = 256 * 1024;

/// The longest line of a chat model's stream in bytes.
pub const CHAT_LINE: usize = 1024 * 1024;

/// The largest picture that is fetched, in bytes.
pub const PICTURE: usize = application::ports::MAX_PICTURE_BYTES;

/// How long a file host may be silent in the middle of a picture.
pub const PICTURE_SILENCE: Duration = Duration::from_secs(15);

/// How long fetching a picture may take.
pub const PICTURE_TIME: Duration = Duration::from_secs(60);
