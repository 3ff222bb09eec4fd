//! The use cases over one pool of connections: one process's.

use std::sync::Arc;

use application::{
    avatars::Avatars,
    conversations::Conversations,
    dispatcher::Dispatcher,
    people::People,
    photos::Photos,
    ports::{ChatModel, Clock, CustomerDirectory, LogUnavailable, Plans, SystemClock},
    stewardship::Stewardships,
    subscriptions::Subscriptions,
};
use async_trait::async_trait;
use domain::values::UserId;
use infrastructure::{
    event_log::PostgresEventLog, inbox::WebhookInbox,
    prediction_notices::PostgresPredictionNotices, reply_drafts::SharedReplyDrafts,
    scratch_database::master_keys, stripe::Stripe, wake_ups::WakeUps,
};
use projections::engine::Checkpoints;
use sqlx::PgPool;
use worker::{WorkerParts, ground::Ground};

use crate::payment_provider::plan;

pub struct Uses {
    pub log: Arc<PostgresEventLog>,
    pub dispatcher: Dispatcher,
    pub avatars: Avatars,
    pub photos: Photos,
    pub subscriptions: Subscriptions,
}

impl Uses {
    pub fn over(pool: PgPool, stripe: Arc<Stripe>) -> Self {
        let log = Arc::new(PostgresEventLog::start(pool.clone(), master_keys()));
        let dispatcher = Dispatcher::new(log.clone(), log.clone());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Self {
            avatars: Avatars::new(dispatcher.clone()),
            photos: Photos::new(dispatcher.clone(), Arc::clone(&clock)),
            subscriptions: Subscriptions::new(
                dispatcher.clone(),
                clock,
                Arc::new(Plans(vec![plan()])),
                stripe,
                Arc::new(Customers(pool)),
            ),
            dispatcher,
            log,
        }
    }

    /// The use cases of people's own data.
    pub fn people(&self) -> People {
        let stewardships = Stewardships::new(self.dispatcher.clone(), Arc::new(SystemClock));
        People::new(self.dispatcher.clone(), stewardships)
    }

    /// The use cases of conversations with that model.
    pub fn conversations(&self, model: Arc<dyn ChatModel>) -> Conversations {
        Conversations::new(
            self.dispatcher.clone(),
            self.photos.clone(),
            Arc::new(SystemClock),
            model,
            Arc::default(),
        )
    }
}

/// The same worker with nothing that reaches the database in common with others, so that it may stand still without anybody
/// waiting for it.
pub fn apart(
    parts: WorkerParts,
    pool: PgPool,
    stripe: Arc<Stripe>,
    model: Arc<dyn ChatModel>,
) -> WorkerParts {
    let uses = Uses::over(pool.clone(), stripe);
    WorkerParts {
        ground: Ground::postgres(pool.clone(), Checkpoints::new(pool.clone())),
        log: uses.log.clone(),
        idempotency: uses.log.clone(),
        people: uses.people(),
        conversations: uses.conversations(model),
        avatars: uses.avatars,
        photos: uses.photos,
        subscriptions: uses.subscriptions,
        notices: Arc::new(PostgresPredictionNotices::new(pool.clone())),
        inbox: Arc::new(WebhookInbox::new(pool.clone())),
        drafts: Arc::new(SharedReplyDrafts::start(WakeUps::Postgres(pool))),
        ..parts
    }
}

/// The read model, as wiring offers it to the use cases.
struct Customers(PgPool);

#[async_trait]
impl CustomerDirectory for Customers {
    async fn owner_of(&self, customer_id: &str) -> Result<Option<UserId>, LogUnavailable> {
        let found = projections::gate::owner_of_customer(&self.0, customer_id).await;
        found.map_err(|error| LogUnavailable(error.into()))
    }
}
