//! The processes: how each is made, dies, is stopped, and comes back.

use std::{sync::Arc, time::Duration};

use application::{
    avatars::Avatars,
    conversations::Conversations,
    dispatcher::Dispatcher,
    people::People,
    photos::Photos,
    ports::{Clock, ImageProviders},
    stewardship::Stewardships,
    subscriptions::Subscriptions,
};
use domain::values::UserId;
use projections::in_memory::Table;
use tokio::{sync::broadcast, task::JoinSet};
use tokio_util::sync::CancellationToken;
use worker::{
    ChatSettings, FileSettings, InboxSettings, LeaseTimes, PhotoSettings, WorkerParts,
    WorkerSettings, file_notes::Looks,
};

use crate::{
    companion::{Companion, Unheard},
    drawing::{Announcements, Kind, Painter},
    following::{Follower, Following},
    inbox::WiredInbox,
    payment::{Directory, Gateway, plans},
    pictures::Marker,
    wire::Wire,
    wired::{WiredGround, WiredStorage, log_over},
    world::{NAMES, World},
};

/// The processes that follow the log.
pub const FOLLOWERS: [usize; 2] = [1, 2];

/// The processes that work.
pub const WORKERS: [usize; 2] = [3, 4];

const LEASE: LeaseTimes = LeaseTimes {
    lasts: Duration::from_millis(1_500),
    heartbeat: Duration::from_millis(400),
};

fn settings() -> WorkerSettings {
    WorkerSettings {
        photos: PhotoSettings {
            slots: 2,
            deadline: Duration::from_secs(20),
            settle: Duration::from_secs(1),
            first_retry: Duration::from_millis(100),
            longest_retry: Duration::from_secs(2),
            lease: LEASE,
            ..PhotoSettings::default()
        },
        chat: ChatSettings {
            slots: 2,
            first_retry: Duration::from_millis(100),
            longest_retry: Duration::from_secs(1),
            lease: LEASE,
        },
        inbox: InboxSettings {
            lease: Duration::from_secs(2),
            first_retry: Duration::from_millis(200),
            longest_retry: Duration::from_secs(2),
            max_attempts: 12,
        },
        files: FileSettings {
            ask_every: Duration::from_millis(500),
            // Longer than a process stands still.
            looks: Looks {
                first: Duration::from_secs(1),
                enough: 3,
            },
        },
        reconcile_every: Some(Duration::from_secs(6)),
        stop_within: Duration::from_secs(1),
    }
}

/// The use cases of one life of a process.
pub struct UseCases {
    /// Of avatars.
    pub avatars: Avatars,
    /// Of photos.
    pub photos: Photos,
    /// Of conversations.
    pub conversations: Conversations,
    /// Of subscriptions.
    pub subscriptions: Subscriptions,
    /// Of people's own data.
    pub people: People,
}

impl UseCases {
    /// Over a wire.
    pub fn over(wire: &Wire, user: UserId) -> Self {
        let log = log_over(wire);
        let dispatcher = Dispatcher::new(log.clone(), log);
        let clock: Arc<dyn Clock> = Arc::new(wire.world.clock);
        let photos = Photos::new(dispatcher.clone(), clock.clone());
        Self {
            avatars: Avatars::new(dispatcher.clone()),
            conversations: Conversations::new(
                dispatcher.clone(),
                photos.clone(),
                clock.clone(),
                Arc::new(Companion(wire.clone())),
                Arc::default(),
            ),
            subscriptions: Subscriptions::new(
                dispatcher.clone(),
                clock.clone(),
                Arc::new(plans()),
                Arc::new(Gateway(wire.clone())),
                Arc::new(Directory(user)),
            ),
            people: People::new(dispatcher.clone(), Stewardships::new(dispatcher, clock)),
            photos,
        }
    }
}

/// What one life of a worker is made of.
fn parts(wire: &Wire, user: UserId) -> WorkerParts {
    let UseCases {
        avatars,
        photos,
        conversations,
        subscriptions,
        people,
    } = UseCases::over(wire, user);
    let painter = |kind| {
        Arc::new(Painter {
            wire: wire.clone(),
            kind,
        })
    };
    // Every other life has its own name; the others take back what an earlier one held.
    let node = format!("{}/{}", NAMES[wire.process], wire.life / 2);
    WorkerParts {
        node,
        ground: WiredGround::over(wire),
        log: log_over(wire),
        clock: Arc::new(wire.world.clock),
        avatars,
        photos,
        people,
        idempotency: log_over(wire),
        conversations,
        drafts: Arc::new(Unheard(broadcast::channel(1).0)),
        chat_figures: Arc::default(),
        subscriptions,
        providers: ImageProviders::new(painter(Kind::WithJobs), [painter(Kind::AtOnce) as _]),
        notices: Arc::new(Announcements(wire.clone())),
        finisher: Arc::new(Marker),
        inspector: Arc::new(Marker),
        storage: Arc::new(WiredStorage(wire.clone())),
        payment: Arc::new(Gateway(wire.clone())),
        inbox: Arc::new(WiredInbox(wire.clone())),
        settings: settings(),
        observer: None,
    }
}

/// The names of all reactions and projectors.
pub fn followers(wire: &Wire, user: UserId) -> Vec<Follower> {
    let projectors = Table::ALL.into_iter().map(Follower::Projector);
    let reactions = worker::reactions(&parts(wire, user)).into_iter();
    projectors
        .chain(reactions.map(Follower::Reaction))
        .collect()
}

fn wire(world: &Arc<World>, process: usize) -> Wire {
    Wire {
        world: world.clone(),
        process,
        life: world.revive(process),
    }
}

/// One process that follows, life after life.
pub async fn follow(world: Arc<World>, process: usize, user: UserId) {
    loop {
        let wire = wire(&world, process);
        let mut tasks = JoinSet::new();
        for follower in followers(&wire, user) {
            let log = log_over(&wire);
            let following = Following {
                wire: wire.clone(),
                log,
                follower,
            };
            tasks.spawn(following.run());
        }
        world.deaths[process].notified().await;
        drop(tasks);
        tokio::time::sleep(world.time(0, 1_500)).await;
    }
}

/// One process that works, life after life; now and then it is stopped instead of dying.
pub async fn work(world: Arc<World>, process: usize, user: UserId) {
    loop {
        let wire = wire(&world, process);
        let stop = CancellationToken::new();
        let mut task = JoinSet::new();
        task.spawn(worker::run(parts(&wire, user), stop.clone()));
        let deployed = world.misfortune(200).then(|| world.time(100, 4_000));
        let stopped = async {
            match deployed {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = world.deaths[process].notified() => {}
            () = stopped => {
                stop.cancel();
                wire.note("process", "is stopped");
                tokio::select! {
                    biased;
                    () = world.deaths[process].notified() => {}
                    ended = task.join_next() => {
                        if let Some(Err(error)) = ended {
                            world.wrong(format!("a worker broke off: {error}"));
                        }
                    }
                }
            }
            ended = task.join_next() => {
                if let Some(Err(error)) = ended {
                    world.wrong(format!("a worker broke off: {error}"));
                }
            }
        }
        world.kill(process);
        world.deaths[process].notified().await;
        drop(task);
        tokio::time::sleep(world.time(0, 1_500)).await;
    }
}
