//! What a follower does about a trouble: be patient, look closer, try again, or park.

use std::time::Duration;

use domain::values::Position;
use tracing::{error, info, warn};

use super::{
    following::{Following, STANDBY},
    leases::Lease,
    progress::Progress,
    status::FollowerState,
    trouble::{Trouble, pause_while_away},
};

impl Following {
    /// Does what a trouble asks for: be patient, look closer, try again, or park.
    pub(super) async fn endure(&self, lease: &Lease, progress: &mut Progress, trouble: Trouble) {
        let name = self.follower.name();
        match trouble {
            Trouble::LostLease => {}
            Trouble::Away(error) => {
                progress.away += 1;
                progress.page_size.halve();
                if progress.away == 1 {
                    warn!(follower = name, error = ?error, "{name} waits: something that it needs is away");
                    self.note_trouble(lease, FollowerState::Retrying, 0, None, &error)
                        .await;
                }
                self.rest(lease, pause_while_away(progress.away)).await;
            }
            Trouble::Stuck(error) => {
                error!(follower = name, error = ?error, "{name} is parked: {error:#}");
                self.note_trouble(lease, FollowerState::Failed, 0, None, &error)
                    .await;
            }
            Trouble::Page { end, error } => {
                info!(follower = name, error = ?error, "{name} fails on a page up to {end}; looks for the event");
                progress.one_by_one_until = end;
            }
            Trouble::Event {
                position,
                worth_retrying,
                error,
            } => {
                progress.attempts += 1;
                let attempts = progress.attempts;
                if worth_retrying && attempts < self.retries.attempts {
                    warn!(follower = name, %position, attempts, error = ?error, "{name} fails on event {position}; tries again");
                    let state = FollowerState::Retrying;
                    self.note_trouble(lease, state, attempts, Some(position), &error)
                        .await;
                    self.rest(lease, self.retries.pause_after(attempts)).await;
                } else {
                    error!(follower = name, %position, attempts, error = ?error, "{name} is parked: event {position} cannot be followed");
                    let state = FollowerState::Failed;
                    self.note_trouble(lease, state, attempts, Some(position), &error)
                        .await;
                }
            }
        }
    }

    /// Shows the trouble in the follower's row; when even that fails, the next attempt notes it again.
    async fn note_trouble(
        &self,
        lease: &Lease,
        state: FollowerState,
        attempts: u32,
        position: Option<Position>,
        error: &anyhow::Error,
    ) {
        if let Err(cause) = lease.note_trouble(state, attempts, position, error).await {
            let name = self.follower.name();
            warn!(follower = name, error = ?cause, "Could not note the trouble of {name}");
            self.rest(lease, STANDBY).await;
        }
    }

    pub(super) async fn note_recovery(&self, lease: &Lease, progress: &mut Progress) {
        if progress.away == 0 {
            return;
        }
        let name = self.follower.name();
        match lease.note_recovery().await {
            Ok(()) => {
                progress.away = 0;
                info!(follower = name, "{name} goes on");
            }
            Err(error) => {
                warn!(follower = name, error = ?error, "Could not note the recovery of {name}");
            }
        }
    }

    pub(super) async fn rest(&self, lease: &Lease, pause: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = lease.lost() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
