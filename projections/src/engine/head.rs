//! Where the log ends: heard from the appender, and asked for regardless.

use std::{sync::Arc, time::Duration};

use application::ports::EventLog;
use domain::values::Position;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tracing::{info, warn};

/// Between two questions while events come in.
const BUSY: Duration = Duration::from_millis(25);
/// Between two questions while nothing happens.
const IDLE: Duration = Duration::from_millis(250);

/// Keeps `head` at the log's last position, for ever.
///
/// One question serves all followers of a process. A hint that is lost costs one poll's time.
pub(super) async fn watch(log: Arc<dyn EventLog>, head: watch::Sender<Position>) {
    let mut hint = log.hint();
    let mut hinting = true;
    let mut away = false;
    let mut pause = BUSY;
    let mut next_question = Instant::now();
    loop {
        tokio::select! {
            changed = hint.changed(), if hinting => {
                hinting = changed.is_ok();
                if rise(&head, *hint.borrow_and_update()) {
                    pause = BUSY;
                }
                continue;
            }
            () = sleep_until(next_question) => {}
        }
        match log.head().await {
            Ok(position) => {
                if std::mem::take(&mut away) {
                    info!("The event log can be reached again");
                }
                pause = if rise(&head, position) {
                    BUSY
                } else {
                    (pause * 2).min(IDLE)
                };
            }
            Err(error) => {
                if !std::mem::replace(&mut away, true) {
                    warn!(error = ?error, "The event log cannot be reached; followers wait");
                }
                pause = IDLE;
            }
        }
        next_question = Instant::now() + pause;
    }
}

fn rise(head: &watch::Sender<Position>, position: Position) -> bool {
    head.send_if_modified(|known| {
        let rises = position > *known;
        if rises {
            *known = position;
        }
        rises
    })
}
