//! Observers that stop the pipeline at a step.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
    mpsc,
};

use async_trait::async_trait;
use domain::values::PhotoId;
use tokio::sync::Notify;
use worker::steps::{Step, StepObserver};

use crate::patience::in_time;

/// Holds whatever comes to one step, for ever: a worker that is about to be killed there.
pub struct HangAt {
    step: Step,
    reached: Notify,
}

impl HangAt {
    pub fn new(step: Step) -> Arc<Self> {
        Arc::new(Self {
            step,
            reached: Notify::new(),
        })
    }

    pub async fn reached(&self) {
        in_time("the step is reached", self.reached.notified()).await;
    }
}

#[async_trait]
impl StepObserver for HangAt {
    async fn at(&self, _: PhotoId, step: Step) {
        if step == self.step {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// Holds the first photo that comes to one step until it is told to go on; the worker itself stays awake.
pub struct PauseAt {
    step: Step,
    used: AtomicBool,
    reached: Notify,
    go_on: Notify,
}

impl PauseAt {
    pub fn new(step: Step) -> Arc<Self> {
        let (reached, go_on) = (Notify::new(), Notify::new());
        Arc::new(Self {
            step,
            used: AtomicBool::new(false),
            reached,
            go_on,
        })
    }

    pub async fn reached(&self) {
        in_time("the step is reached", self.reached.notified()).await;
    }

    pub fn go_on(&self) {
        self.go_on.notify_one();
    }
}

#[async_trait]
impl StepObserver for PauseAt {
    async fn at(&self, _: PhotoId, step: Step) {
        if step == self.step && !self.used.swap(true, Ordering::SeqCst) {
            self.reached.notify_one();
            self.go_on.notified().await;
        }
    }
}

/// Stops the whole thread at one step, heartbeats and all, until it is told to go on: what SIGSTOP does.
pub struct FreezeAt {
    step: Step,
    reached: Notify,
    thaw: Mutex<mpsc::Receiver<()>>,
}

impl FreezeAt {
    pub fn new(step: Step) -> (Arc<Self>, mpsc::Sender<()>) {
        let (sender, receiver) = mpsc::channel();
        let observer = Self {
            step,
            reached: Notify::new(),
            thaw: Mutex::new(receiver),
        };
        (Arc::new(observer), sender)
    }

    pub async fn reached(&self) {
        in_time("the step is reached", self.reached.notified()).await;
    }
}

#[async_trait]
impl StepObserver for FreezeAt {
    async fn at(&self, _: PhotoId, step: Step) {
        if step == self.step {
            self.reached.notify_one();
            // Blocks on purpose. Once the sender is gone nothing is frozen any more.
            let _ = self.thaw.lock().unwrap().recv();
        }
    }
}
