//! Builders that hide noise.

use std::sync::Arc;

use application::{
    avatars::Avatars,
    context::Context,
    dispatcher::Dispatcher,
    memory_log::MemoryLog,
    photos::Photos,
    ports::{Clock, EventLog, IdempotencyClaim},
};
use chrono::{DateTime, Utc};
use domain::{
    avatar::Profile,
    personal::Personal,
    recorded::{AnyEvent, Recorded},
    subscription::{self, Snapshot, Status, Subscription, Terms},
    values::{Age, AvatarId, Personality, PhotoId, Position, UserId},
};
use uuid::Uuid;

/// A user with everything that the use cases need, on a log of their own.
pub(crate) struct Story {
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) avatars: Avatars,
    pub(crate) photos: Photos,
    pub(crate) user: UserId,
}

/// A clock that stands.
pub(crate) struct StoppedClock(pub(crate) DateTime<Utc>);

impl Clock for StoppedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

impl Story {
    pub(crate) fn begin() -> Self {
        Self::on(MemoryLog::default())
    }

    pub(crate) fn on(log: MemoryLog) -> Self {
        let log = Arc::new(log);
        let dispatcher = Dispatcher::new(log.clone(), log.clone());
        Self {
            log,
            avatars: Avatars::new(dispatcher.clone()),
            photos: Photos::new(dispatcher.clone(), Arc::new(StoppedClock(noon()))),
            dispatcher,
            user: user(),
        }
    }

    /// The user's avatar exists and its reference picture is approved.
    pub(crate) async fn with_avatar(self) -> Self {
        let picture = photo();
        let avatar_id = AvatarId(Uuid::now_v7());
        self.avatars
            .create(self.context(), avatar_id, profile())
            .await
            .unwrap();
        self.avatars
            .request_reference_image(self.context(), picture)
            .await
            .unwrap();
        self.avatars
            .record_reference_image(self.context(), picture)
            .await
            .unwrap();
        self.avatars
            .approve_reference_image(self.context(), picture)
            .await
            .unwrap();
        self
    }

    /// The user's subscription is active and gives that many pictures.
    pub(crate) async fn with_subscription(self, photos_per_period: u32) -> Self {
        let command = subscription::Command::ApplyProviderSnapshot {
            snapshot: active(photos_per_period),
        };
        let stream = application::subscriptions::stream(self.user);
        self.dispatcher
            .execute::<Subscription>(stream, command, self.context())
            .await
            .unwrap();
        self
    }

    pub(crate) fn context(&self) -> Context {
        Context::of_user(self.user, Uuid::now_v7())
    }

    /// The same, under an idempotency key; `request` stands for the request's bytes.
    pub(crate) fn keyed(&self, key: &str, request: u8) -> Context {
        let claim = IdempotencyClaim {
            scope: self.user.to_string(),
            key: key.to_owned(),
            request_hash: [request; 32],
        };
        Context {
            idempotency: Some(claim),
            ..self.context()
        }
    }

    pub(crate) async fn events(&self) -> Vec<Recorded<AnyEvent>> {
        self.log.read(Position(0), 10_000).await.unwrap()
    }

    pub(crate) async fn event_types(&self) -> Vec<String> {
        self.events()
            .await
            .iter()
            .map(|recorded| recorded.event.event_type())
            .collect()
    }
}

pub(crate) fn user() -> UserId {
    UserId(Uuid::now_v7())
}

pub(crate) fn photo() -> PhotoId {
    PhotoId(Uuid::now_v7())
}

pub(crate) fn profile() -> Profile {
    Profile {
        name: Personal::new("Ava".parse().unwrap()),
        age: Age::try_from(25).unwrap(),
        gender: Personal::new("woman".parse().unwrap()),
        nationality: Personal::new("French".parse().unwrap()),
        appearance: Personal::new("long auburn hair, green eyes".parse().unwrap()),
        personality: Personality::Caring,
    }
}

fn active(photos_per_period: u32) -> Snapshot {
    Snapshot {
        provider_id: "sub_1".to_owned(),
        customer_id: "cus_1".to_owned(),
        status: Status::Active,
        terms: Terms {
            plan: "monthly".parse().unwrap(),
            price: "price_1".to_owned(),
            photos_per_period,
            grace_days: 7,
        },
        period_start: noon() - chrono::Duration::days(1),
        period_end: noon() + chrono::Duration::days(29),
        cancel_at_period_end: false,
        source_event: "evt_1".to_owned(),
        as_of: noon(),
    }
}
