//! What somebody takes along: the parts of the one JSON object, for its description and for its writing.

use application::ports::{SignedIn, StoredEvent};
use chrono::{DateTime, Utc};
use domain::values::UserId;
use projections::{gate, messages};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    app::State,
    avatars::Avatar,
    billing::{Invoice, Subscription},
    chat::Message,
    photos::Photo,
    problem::Problem,
    reports::Report,
};

/// How many invoices are asked for at once: as many as the payment provider gives.
const INVOICES: u32 = 100;

/// All that is kept about a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonalData {
    #[serde(flatten)]
    pub(super) head: Head,
    /// Newest first, those of every purpose. Addresses are signed for one hour.
    photos: Vec<Photo>,
    /// What was said, newest first.
    messages: Vec<Message>,
    /// Every event of theirs in the log, as it was written, grouped by what it happened to.
    events: Vec<OwnEvent>,
}

/// What is not a long list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Head {
    /// When.
    exported_at: DateTime<Utc>,
    /// Up to which event everything is in it.
    log_position: u64,
    person: ExportedPerson,
    /// Null when there is none.
    avatar: Option<Avatar>,
    subscription: Subscription,
    /// Newest first; null when the payment provider, who keeps them, does not answer.
    invoices: Option<Vec<Invoice>>,
    chat: ExportedChat,
    /// Newest first.
    reports: Vec<Report>,
    refusals: Refusals,
}

/// Who takes it along.
#[derive(Serialize, ToSchema)]
struct ExportedPerson {
    id: Uuid,
    /// As the access token has it; it is kept nowhere else.
    email: Option<String>,
}

/// Where the person stands in the chat.
#[derive(Serialize, ToSchema)]
struct ExportedChat {
    #[schema(value_type = crate::chat::ModeWord)]
    mode: &'static str,
}

/// How often the rules about content had to refuse the person's words.
#[derive(Serialize, ToSchema)]
struct Refusals {
    all: u32,
    /// How many of them broke a grave rule.
    hard: u32,
}

/// An event as it was written, with what is personal in it opened.
#[derive(Serialize, ToSchema)]
pub(super) struct OwnEvent {
    position: u64,
    aggregate_type: String,
    aggregate_id: String,
    sequence: u64,
    event_type: String,
    event_version: String,
    recorded_at: DateTime<Utc>,
    payload: Value,
    metadata: Value,
}

impl OwnEvent {
    pub(super) fn of(
        aggregate_type: &str,
        aggregate_id: &str,
        event: &StoredEvent,
    ) -> serde_json::Result<Self> {
        Ok(Self {
            position: event.position.0,
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id: aggregate_id.to_owned(),
            sequence: event.sequence,
            event_type: event.event_type.clone(),
            event_version: event.event_version.clone(),
            recorded_at: event.recorded_at,
            payload: serde_json::from_str(&event.payload)?,
            metadata: serde_json::from_str(&event.metadata)?,
        })
    }
}

impl Head {
    /// As things stand now.
    pub(super) async fn read(
        app: &State,
        person: &SignedIn,
        log_position: u64,
    ) -> Result<Self, Problem> {
        let user = person.user;
        let avatar = Avatar::read(app, user).await?;
        let subscription = gate::of_owner(&app.pool, user).await?;
        let (_, chat) = messages::chat_behind_gate(&app.pool, user).await?;
        let conduct = app.conducts.load(user).await?.state;
        Ok(Self {
            exported_at: app.clock.now(),
            log_position,
            person: ExportedPerson {
                id: user.0,
                email: person.email.clone(),
            },
            avatar: avatar.map(|(avatar, _)| avatar),
            subscription: Subscription::of(subscription, app),
            invoices: invoices(app, user).await,
            chat: ExportedChat {
                mode: chat.mode.as_str(),
            },
            reports: reports(app, user).await?,
            refusals: Refusals {
                all: conduct.refusals(),
                hard: conduct.hard_refusals(),
            },
        })
    }
}

async fn reports(app: &State, user: UserId) -> Result<Vec<Report>, Problem> {
    let rows = projections::reports::of_owner(&app.pool, user, None, u32::MAX).await?;
    Ok(rows.iter().map(Report::of).collect())
}

/// None when the payment provider does not answer: nobody waits for it to take the rest along.
async fn invoices(app: &State, user: UserId) -> Option<Vec<Invoice>> {
    let mut all: Vec<Invoice> = Vec::new();
    loop {
        let after = all.last().map(|invoice| invoice.id.clone());
        let page = app
            .subscriptions
            .invoices(user, INVOICES, after.as_deref())
            .await
            .inspect_err(|error| {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "An export is without invoices"
                );
            })
            .ok()?;
        let Some(page) = page else { return Some(all) };
        all.extend(page.items.into_iter().map(Invoice::of));
        if !page.has_more {
            return Some(all);
        }
    }
}
