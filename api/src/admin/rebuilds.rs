//! Rebuilds of read models that operators ordered of this process, in the background.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use projections::{engine::Projector, rebuild::Order};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{app::App, problem::Chain};

/// The rebuilds that this process works on. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Rebuilds {
    app: App,
    /// The runtime that outlives the requests.
    runtime: Handle,
    stop: CancellationToken,
    running: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Rebuilds {
    /// Must be called on a tokio runtime.
    pub(crate) fn new(app: &App, stop: CancellationToken) -> Self {
        Self {
            app: app.clone(),
            runtime: Handle::current(),
            stop,
            running: Arc::default(),
        }
    }

    /// Begins it, or goes on with one that was interrupted, unless this process is at it. Should the process stop before
    /// it is done, what is done so far is kept for the next order.
    pub(crate) fn order(&self, projector: Arc<dyn Projector>) {
        let name = projector.name();
        if !self.running().insert(name) {
            return;
        }
        let node = format!("operator-{}", Uuid::now_v7().simple());
        let order = Order::new(
            self.app.rebuild_pool.clone(),
            self.app.rebuild_log.clone(),
            node,
        );
        let this = self.clone();
        self.runtime.spawn(async move {
            match order.rebuild(projector, &this.stop).await {
                Ok(_) => tracing::info!(projection = name, "Rebuilt {name}"),
                Err(error) => tracing::error!(
                    projection = name,
                    error = %Chain(&error),
                    "{name} was not rebuilt: {error}"
                ),
            }
            this.running().remove(name);
        });
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeSet<&'static str>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
