//! How far a rebuild or a check is, whichever process does it.

use std::time::Duration;

use ::projections::{
    engine::{Checkpoints, ShadowStatus},
    rebuild::Purpose,
};
use application::ports::EventLog;

use crate::command::progress::Bar;

/// Between two looks.
const GLANCE: Duration = Duration::from_millis(200);

/// Watches what is done for a projector, whichever process does it.
pub struct Progress<'a> {
    pub checkpoints: &'a Checkpoints,
    pub log: &'a dyn EventLog,
    pub projector: &'a str,
    pub purpose: Purpose,
    /// This process's name: of another one it says so.
    pub node: &'a str,
}

impl Progress<'_> {
    /// Shows it until the work is done.
    pub async fn beside<T>(&self, work: impl Future<Output = T>) -> T {
        let what = match self.purpose {
            Purpose::Rebuild => format!("rebuilding {}", self.projector),
            Purpose::Check => format!("checking {}", self.projector),
        };
        let mut bar = Bar::new(what, ", indexes and comparison");
        let mut holder = None;
        let mut work = std::pin::pin!(work);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                () = tokio::time::sleep(GLANCE) => {}
            }
            // A database that does not answer is told by the work itself.
            if let Some(shadow) = self.shadow().await {
                self.introduce(&bar, &mut holder, &shadow);
                let done = shadow.position.0;
                bar.show(done, done + shadow.lag_events);
            }
        };
        bar.end();
        done
    }

    /// Says who works when it is another process, and when this one goes on for it.
    fn introduce(&self, bar: &Bar, known: &mut Option<String>, shadow: &ShadowStatus) {
        let Some(holder) = &shadow.holder else { return };
        let before = known.replace(holder.clone());
        if before.as_ref() == Some(holder) {
            return;
        }
        if holder != self.node {
            bar.say(&format!("{holder} is at it; watching"));
        } else if before.is_some() {
            let position = shadow.position;
            bar.say(&format!("goes on here, after event {position}"));
        }
    }

    async fn shadow(&self) -> Option<ShadowStatus> {
        let head = self.log.head().await.ok()?;
        let all = self.checkpoints.list(head).await.ok()?;
        let follower = all.into_iter().find(|one| one.name == self.projector)?;
        match self.purpose {
            Purpose::Rebuild => follower.rebuild,
            Purpose::Check => follower.checking,
        }
    }
}
