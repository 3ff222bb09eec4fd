//! Redis: what processes tell each other, and what they count together. Nothing is there that must not be lost.
//!
//! Every question has a time-out and every queue a bound. When Redis is away, slow or emptied, whoever asks it goes on
//! without; the connections mend themselves.

mod listening;
mod url;

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fred::{
    error::ErrorKind,
    interfaces::{ClientLike, EventInterface, LuaInterface, PubsubInterface},
    prelude::Client,
    types::{
        Builder, ConnectHandle,
        config::{ReconnectError, ReconnectPolicy, UnresponsiveConfig},
    },
};
use tokio::sync::watch;

use listening::Listening;
pub use url::{InvalidRedisUrl, RedisUrl};

/// How long a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// How long any command may take that has no shorter time-out of its own.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// How long a connection may owe an answer before it is made anew.
const UNRESPONSIVE_AFTER: Duration = Duration::from_secs(4);

/// The shortest and the longest pause before a connection is tried again, in milliseconds.
const CONNECT_AGAIN_MS: (u32, u32) = (50, 2_000);

/// Answers of a server that is no longer, or not yet, the one to ask: whoever knows is asked again which one it is.
const ANOTHER_SERVES: [ReconnectError; 4] = [
    ReconnectError::ReadOnly,
    ReconnectError::MasterDown,
    ReconnectError::Loading,
    ReconnectError::ClusterDown,
];

/// How many commands may wait at once; more are refused, and whoever asked goes on without.
const WAITING_COMMANDS: usize = 4_096;

/// How many messages a listener may be behind before it misses some, which costs it a poll.
const WAITING_MESSAGES: usize = 1_024;

/// How often it is seen whether Redis answers, and within which time it must.
const PROBE_EVERY: Duration = Duration::from_secs(1);
const PROBE_WITHIN: Duration = Duration::from_millis(500);

/// As counting does, it writes: a replica that cannot be written to is of no use.
const PROBE: &str = "return redis.call('SET', KEYS[1], '1', 'PX', 60000)";

/// Why Redis gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedisError {
    /// It is away, or refuses.
    #[error(transparent)]
    Client(#[from] fred::error::Error),
    /// It was not quick enough.
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
    /// It answered something else.
    #[error("the answer is not what was asked for")]
    Answer,
}

/// The connections. Cheap to clone; they close with the last clone.
#[derive(Clone)]
pub struct Redis(Arc<Connections>);

struct Connections {
    commands: Client,
    /// A connection that listens can do nothing else.
    listening: Listening,
    prefix: String,
    answers: watch::Sender<bool>,
    /// Whether it was ever told how Redis is.
    told: AtomicBool,
    connecting: ConnectHandle,
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.connecting.abort();
    }
}

impl Redis {
    /// Begins to connect, and never gives up. What is ours in there begins with `prefix`, so that several deployments
    /// can share one Redis. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When the configuration cannot be used, as when TLS finds no certificates on this machine.
    pub fn start(url: &RedisUrl, prefix: &str) -> Result<Self, fred::error::Error> {
        let listening = Listening::start(client(url)?);
        let commands = client(url)?;
        let connecting = commands.connect();
        let redis = Self(Arc::new(Connections {
            commands,
            listening,
            prefix: prefix.to_owned(),
            answers: watch::Sender::new(false),
            told: AtomicBool::new(false),
            connecting,
        }));
        tokio::spawn(probe(Arc::downgrade(&redis.0)));
        Ok(redis)
    }

    /// Whether Redis answers, as far as is known.
    #[must_use]
    pub fn answers(&self) -> bool {
        *self.0.answers.borrow()
    }

    /// The same, to be watched.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<bool> {
        self.0.answers.subscribe()
    }

    /// What something of ours is called in there.
    pub(crate) fn name(&self, own: &str) -> String {
        format!("{}:{own}", self.0.prefix)
    }

    pub(crate) fn commands(&self) -> &Client {
        &self.0.commands
    }

    pub(crate) fn listening(&self) -> &Listening {
        &self.0.listening
    }

    /// Asks, and waits for so long.
    pub(crate) async fn within<T>(
        &self,
        patience: Duration,
        question: impl Future<Output = Result<T, fred::error::Error>>,
    ) -> Result<T, RedisError> {
        match tokio::time::timeout(patience, question).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(RedisError::Late(patience)),
        }
    }

    /// Says something to whoever listens, here too. Nothing is kept for those who do not.
    pub(crate) async fn publish(&self, channel: &str, payload: &str) -> Result<(), RedisError> {
        let publishing = self
            .commands()
            .publish::<(), _, _>(self.name(channel), payload);
        self.within(ANSWER_WITHIN, publishing).await
    }

    /// Somebody got no answer: nobody else asks before it is seen that there are answers again.
    pub(crate) fn failed(&self, error: &RedisError) {
        self.0.is_well(Err(error));
    }
}

impl Connections {
    fn is_well(&self, outcome: Result<(), &RedisError>) {
        let well = outcome.is_ok();
        let changed = self
            .answers
            .send_if_modified(|known| std::mem::replace(known, well) != well);
        let changed = !self.told.swap(true, Ordering::Relaxed) || changed;
        match outcome {
            Ok(()) if changed => tracing::info!("Redis answers"),
            Err(error) if changed => tracing::warn!(
                %error,
                "Redis does not answer; wake-ups come late, and each process counts for itself"
            ),
            Ok(()) | Err(_) => {}
        }
    }
}

/// Why Redis gave no answer to somebody who asked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// It does not let us in; in its words.
    Refused(String),
    /// It is a replica: it takes nothing that we write.
    ReadOnly,
    /// It is not there.
    Away(String),
    /// It was not quick enough.
    Late,
}

/// Asks once whether Redis lets us in and takes what we write, as every process of ours connects.
///
/// # Errors
/// When it does not, within that time.
pub async fn ask_once(url: &RedisUrl, prefix: &str, patience: Duration) -> Result<(), NoAnswer> {
    let mut once = url.clone();
    once.0.fail_fast = true;
    let asked = async {
        let client = client(&once)?;
        let mut errors = client.error_rx();
        let connecting = client.init().await?;
        let key = format!("{prefix}:probe");
        let answer = client
            .eval::<(), _, _, _>(PROBE, key, Vec::<String>::new())
            .await;
        connecting.abort();
        // Why the connection was given up says more than that it was.
        let why = errors.try_recv().map(|(error, _)| error);
        answer.map_err(|error| why.unwrap_or(error))
    };
    match tokio::time::timeout(patience, asked).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) if *error.kind() == ErrorKind::Auth => {
            Err(NoAnswer::Refused(error.details().to_owned()))
        }
        Ok(Err(error)) if error.details().starts_with("READONLY") => Err(NoAnswer::ReadOnly),
        Ok(Err(error)) => Err(NoAnswer::Away(plain(error.details()))),
        Err(_) => Err(NoAnswer::Late),
    }
}

/// What the system says, without the words that are for programmers.
fn plain(details: &str) -> String {
    let message = details.split_once("message: \"");
    let message = message.and_then(|(_, message)| message.split_once('"'));
    message.map_or(details, |(message, _)| message).to_owned()
}

/// A client that is not connected yet.
fn client(url: &RedisUrl) -> Result<Client, fred::error::Error> {
    let (shortest, longest) = CONNECT_AGAIN_MS;
    Builder::from_config(url.0.clone())
        .with_connection_config(|connection| {
            connection.connection_timeout = CONNECT_WITHIN;
            connection.internal_command_timeout = CONNECT_WITHIN;
            // What was not answered is not said again: a unit would be taken twice.
            connection.max_command_attempts = 1;
            connection.max_command_buffer_len = WAITING_COMMANDS;
            connection.reconnect_on_auth_error = true;
            connection.reconnect_errors = ANOTHER_SERVES.to_vec();
            connection.unresponsive = UnresponsiveConfig {
                max_timeout: Some(UNRESPONSIVE_AFTER),
                interval: UNRESPONSIVE_AFTER / 4,
            };
        })
        .with_performance_config(|performance| {
            performance.default_command_timeout = ANSWER_WITHIN;
            performance.broadcast_channel_capacity = WAITING_MESSAGES;
        })
        .set_policy(ReconnectPolicy::new_exponential(0, shortest, longest, 2))
        .build()
}

/// Sees again and again whether Redis answers, until nobody has the connections any more.
async fn probe(connections: Weak<Connections>) {
    let mut turns = tokio::time::interval(PROBE_EVERY);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // Connecting for the first time takes its time.
    let mut patience = CONNECT_WITHIN;
    let mut errors = match connections.upgrade() {
        Some(connections) => connections.commands.error_rx(),
        None => return,
    };
    loop {
        turns.tick().await;
        let Some(connections) = connections.upgrade() else {
            return;
        };
        let redis = Redis(connections);
        let key = redis.name("probe");
        let asked = redis
            .commands()
            .eval::<(), _, _, _>(PROBE, key, Vec::<String>::new());
        let outcome = redis.within(patience, asked).await;
        patience = PROBE_WITHIN;
        // Why there is no connection says more than that there was no answer.
        let mut why = None;
        while let Ok((error, _)) = errors.try_recv() {
            why = Some(RedisError::Client(error));
        }
        let outcome = outcome.map_err(|error| why.unwrap_or(error));
        redis.0.is_well(outcome.as_ref().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_told_without_what_is_for_programmers() {
        let refused = "Os { code: 111, kind: ConnectionRefused, message: \"Connection refused\" }";
        assert_eq!(plain(refused), "Connection refused");
        assert_eq!(plain("NOAUTH"), "NOAUTH");
    }
}
