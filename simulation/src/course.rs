//! One run: a seed, and everything that follows from it.

use std::{cell::RefCell, fmt, sync::Arc, time::Duration};

use application::{
    avatars::Avatars,
    chance,
    context::Context,
    dispatcher::Dispatcher,
    memory_log::MemoryLog,
    photos::Photos,
    ports::{Clock, EventLog, ObjectStorage},
};
use chrono::{DateTime, Utc};
use domain::{
    avatar::Profile,
    personal::Personal,
    photo_request,
    recorded::{AnyEvent, Recorded},
    subscription::{self, Snapshot, Subscription},
    values::{Age, AvatarId, Personality, PhotoId, Position, UserId},
};
use projections::in_memory::{Rows, Table};
use tokio::task::JoinSet;
use uuid::Uuid;
use worker::memory_ground::MemoryGround;

use crate::{
    invariants, payment, people, pictures, processes,
    variant::Variant,
    wire::Wire,
    world::{Step, VirtualClock, World, beginning},
};

/// When a run that has not come to rest is stuck. The longest that anything may rightly take is a photo's deadline after
/// the longest outage, and the pauses of what failed meanwhile.
const LONGEST: Duration = Duration::from_secs(180);

/// Between two looks at whether all is at rest.
const LOOK: Duration = Duration::from_millis(250);

/// How a run went.
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What must never be, and was.
    pub wrongs: Vec<String>,
    /// Every call, in order.
    pub trace: Vec<Step>,
    /// The log in the end.
    pub events: Vec<Recorded<AnyEvent>>,
    /// How long it took, by its own clock.
    pub took: Duration,
}

impl Outcome {
    /// How often that came of a call.
    pub fn count(&self, fate: &str) -> usize {
        self.trace.iter().filter(|step| step.fate == fate).count()
    }
}

impl fmt::Display for Outcome {
    /// The whole course, for whoever has to find out why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.trace {
            writeln!(f, "{step}")?;
        }
        for recorded in &self.events {
            let Recorded {
                position,
                sequence,
                aggregate_id,
                event,
                metadata,
                ..
            } = recorded;
            writeln!(
                f,
                "{position:>4}  {aggregate_id}/{sequence}  {}  by {}: {event:?}",
                event.event_type(),
                metadata.actor
            )?;
        }
        for wrong in &self.wrongs {
            writeln!(f, "WRONG: {wrong}")?;
        }
        write!(f, "SEED={}", self.seed)
    }
}

/// Runs the course of a seed.
pub fn run(seed: u64, variant: Variant) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.unwrap_or_else(|error| unreachable!("a timer: {error}"));
    // What was before is the same for every seed, whichever comes first.
    let past = {
        let _lots = chance::seeded(u64::MAX);
        runtime.block_on(Past::known())
    };
    let _lots = chance::seeded(seed);
    runtime.block_on(course(seed, variant, &past))
}

async fn course(seed: u64, variant: Variant, past: &Past) -> Outcome {
    let clock = VirtualClock::start();
    let log = Arc::new(past.log.fork(Arc::new(clock)));
    let ground = Arc::new(MemoryGround::new(Arc::new(clock)));
    ground.begin_with(past.rows.clone(), past.head);
    let world = Arc::new(World::new(seed, variant, clock, log, ground));
    let user = past.user;
    store_reference(&world).await;
    let wire = Wire {
        world: world.clone(),
        process: 0,
        life: 0,
    };
    for follower in processes::followers(&wire, user) {
        world.seats.begin_at(follower.name(), past.head);
    }

    let mut processes = JoinSet::new();
    for process in processes::FOLLOWERS {
        processes.spawn(processes::follow(world.clone(), process, user));
    }
    for process in processes::WORKERS {
        processes.spawn(processes::work(world.clone(), process, user));
    }
    let wishes = 1 + world.lot(6);
    let mut outside = JoinSet::new();
    outside.spawn(people::live(world.clone(), user, wishes));
    outside.spawn(payment::live(world.clone(), user));
    come_to_rest(&world, outside).await;
    drop(processes);

    let events = world.read(Position(0), usize::MAX).await;
    let events = events.unwrap_or_default();
    let mut wrongs = world.wrongs();
    invariants::check(&world, user, &events, &mut wrongs);
    Outcome {
        seed,
        wrongs,
        trace: world.trace(),
        events,
        took: clock.passed(),
    }
}

/// Returns once everybody has been answered and nothing is left to do, or when it takes too long.
async fn come_to_rest(world: &Arc<World>, mut outside: JoinSet<()>) {
    let all = async {
        while outside.join_next().await.is_some() {}
        while !is_at_rest(world).await {
            tokio::time::sleep(LOOK).await;
        }
    };
    if tokio::time::timeout(LONGEST, all).await.is_err() {
        world.wrong("it does not come to rest".to_owned());
    }
}

async fn is_at_rest(world: &World) -> bool {
    let head = world.log.head().await.unwrap_or_default();
    let followed = world.seats.furthest_behind() == head;
    if world.is_foul() || !followed || !world.inbox.is_empty() {
        return false;
    }
    if world.ground.notes_files() {
        return false;
    }
    let rows = world.ground.rows();
    if !rows.photo_work.is_empty() || !rows.chat_work.is_empty() {
        return false;
    }
    let events = world.read(Position(0), usize::MAX).await;
    let held = invariants::subscription(&events.unwrap_or_default());
    world.payment.is_held_right(held.current())
}

async fn store_reference(world: &World) {
    let picture = pictures::finished(REFERENCE);
    let (key, thumbnail_key) = (&picture.image.key, &picture.image.thumbnail_key);
    let stored = async {
        world.storage.put(key, picture.full.clone()).await?;
        world.storage.put(thumbnail_key, picture.thumbnail).await
    };
    if let Err(error) = stored.await {
        world.wrong(format!("the reference picture cannot be stored: {error}"));
    }
}

/// What a provider sent for the reference picture; later ones may be the same.
const REFERENCE: &[u8] = b"sim:0";

/// What was before every run: a person with a companion, an approved reference picture and a subscription.
struct Past {
    user: UserId,
    log: MemoryLog,
    head: Position,
    rows: Rows,
}

/// The clock of what was before.
struct Before;

impl Clock for Before {
    fn now(&self) -> DateTime<Utc> {
        beginning() - Duration::from_secs(3600)
    }
}

thread_local! {
    static PAST: RefCell<Option<Arc<Past>>> = const { RefCell::new(None) };
}

impl Past {
    /// As each thread finds it out once.
    async fn known() -> Arc<Self> {
        if let Some(past) = PAST.with_borrow(Clone::clone) {
            return past;
        }
        let past = Self::told().await;
        let past = past.unwrap_or_else(|error| unreachable!("nothing goes wrong here: {error}"));
        let past = Arc::new(past);
        PAST.set(Some(past.clone()));
        past
    }

    async fn told() -> anyhow::Result<Self> {
        let log = Arc::new(MemoryLog::by_clock(Arc::new(Before)));
        let dispatcher = Dispatcher::new(log.clone(), log.clone());
        let user = UserId(Uuid::from_u128(1));
        let photo_id = PhotoId(Uuid::from_u128(2));
        let context = || Context::of_user(user, Uuid::from_u128(3));
        let avatars = Avatars::new(dispatcher.clone());
        let photos = Photos::new(dispatcher.clone(), Arc::new(Before));

        let avatar_id = AvatarId(Uuid::from_u128(4));
        avatars.create(context(), avatar_id, profile()?).await?;
        avatars.request_reference_image(context(), photo_id).await?;
        photos.request_reference(context(), photo_id).await?;
        for command in [started(), delivered()] {
            photos.execute(context(), photo_id, command).await?;
        }
        avatars.record_reference_image(context(), photo_id).await?;
        avatars.approve_reference_image(context(), photo_id).await?;
        let stream = application::subscriptions::stream(user);
        let command = subscription::Command::ApplyProviderSnapshot {
            snapshot: active(user)?,
        };
        dispatcher
            .execute::<Subscription>(stream, command, context())
            .await?;

        let events = log.read(Position(0), usize::MAX).await?;
        let mut rows = Rows::default();
        for table in Table::ALL {
            rows.follow(table, &events)?;
        }
        Ok(Self {
            user,
            head: log.head().await?,
            log: log.fork(Arc::new(Before)),
            rows,
        })
    }
}

fn profile() -> anyhow::Result<Profile> {
    Ok(Profile {
        name: Personal::new("Ava".parse()?),
        age: Age::try_from(25)?,
        gender: Personal::new("woman".parse()?),
        nationality: Personal::new("French".parse()?),
        appearance: Personal::new("long auburn hair, green eyes".parse()?),
        personality: Personality::Caring,
    })
}

fn started() -> photo_request::Command {
    photo_request::Command::StartAttempt {
        attempt: 1,
        provider: "jobs".to_owned(),
        model: "model".to_owned(),
    }
}

fn delivered() -> photo_request::Command {
    let picture = pictures::finished(REFERENCE);
    photo_request::Command::Deliver {
        attempt: 1,
        image: picture.image,
        marks: picture.marks,
    }
}

fn active(user: UserId) -> anyhow::Result<Snapshot> {
    let told = payment::active(user);
    let plans = payment::plans();
    let plan = plans.by_price(&told.price_id);
    let plan = plan.ok_or_else(|| anyhow::anyhow!("it is sold"))?;
    Ok(Snapshot {
        terms: plan.terms(),
        provider_id: told.id,
        customer_id: told.customer_id,
        status: told.status,
        period_start: told.period_start,
        period_end: told.period_end,
        cancel_at_period_end: told.cancel_at_period_end,
        source_event: "evt_0".to_owned(),
        as_of: Before.now(),
    })
}
