//! The connection that listens: it subscribes again whenever it was made anew.

use std::{collections::BTreeSet, time::Duration};

use fred::{
    interfaces::{ClientLike, EventInterface, PubsubInterface},
    prelude::Client,
    types::ConnectHandle,
};
use tokio::{
    sync::{broadcast::error::RecvError, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// How often it subscribes anew regardless, which tells a connection that nobody serves any more.
const SUBSCRIBE_AGAIN: Duration = Duration::from_secs(5);

/// What is listened to, and where.
pub(crate) struct Listening {
    client: Client,
    channels: watch::Sender<BTreeSet<String>>,
    connecting: ConnectHandle,
    subscribing: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.subscribing.abort();
        self.connecting.abort();
    }
}

impl Listening {
    /// Begins to connect.
    pub(super) fn start(client: Client) -> Self {
        let channels = watch::Sender::new(BTreeSet::new());
        let subscribing = tokio::spawn(subscribe(client.clone(), channels.subscribe()));
        Self {
            connecting: client.connect(),
            client,
            channels,
            subscribing,
        }
    }

    /// Hands each payload of a channel to `hear`, until `stop`. What is said while the connection is away is lost.
    pub(crate) async fn listen(
        &self,
        channel: String,
        stop: CancellationToken,
        hear: impl Fn(&str),
    ) {
        let mut messages = self.client.message_rx();
        self.channels
            .send_if_modified(|channels| channels.insert(channel.clone()));
        while let Some(message) = stop.run_until_cancelled(messages.recv()).await {
            match message {
                Ok(message) if *message.channel == *channel => {
                    if let Some(payload) = message.value.as_str() {
                        hear(&payload);
                    }
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// Never ends.
async fn subscribe(client: Client, mut channels: watch::Receiver<BTreeSet<String>>) {
    let mut connected = client.reconnect_rx();
    loop {
        let wanted: Vec<String> = channels.borrow_and_update().iter().cloned().collect();
        if !wanted.is_empty()
            && let Err(error) = client.subscribe(wanted).await
        {
            tracing::debug!(%error, "What other processes say is not heard for a moment");
        }
        tokio::select! {
            changed = channels.changed() => if changed.is_err() { return },
            // One that was missed is a reason to subscribe as well.
            _ = connected.recv() => {}
            () = tokio::time::sleep(SUBSCRIBE_AGAIN) => {}
        }
    }
}
