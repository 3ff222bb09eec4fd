//! How far a server is with its end.

use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// How far a server is with its end. Clones are told the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending {
    leaving: CancellationToken,
    closed: CancellationToken,
    resting_no_longer: CancellationToken,
}

impl Ending {
    /// From now on answers close their connections.
    pub(super) fn leave(&self) {
        self.leaving.cancel();
    }

    /// Nobody can come any more: what goes on for long ends, so that its clients go elsewhere.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    /// Connections are closed that bring no request.
    pub(super) fn rest_no_longer(&self) {
        self.resting_no_longer.cancel();
    }

    /// Whether answers close their connections.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.is_cancelled()
    }

    /// Whether nobody can come any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// What is cancelled then.
    pub(crate) fn closed(&self) -> CancellationToken {
        self.closed.clone()
    }

    /// When connections are closed that bring no request.
    pub(crate) fn rests_no_longer(&self) -> WaitForCancellationFutureOwned {
        self.resting_no_longer.clone().cancelled_owned()
    }
}
