//! What the people who run and audit the system did and looked at: a stream for each of them and each day.
//!
//! It refuses nothing. What an operator may do is decided where it is done; here it is recorded, in the same append, so
//! that neither is there without the other. Who it was and when stand in the metadata of each event, as everywhere.

use std::{collections::BTreeMap, fmt, str::FromStr};

use chrono::NaiveDate;
use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

use crate::{
    event_versions::event_versions,
    report::Decision,
    values::{Invalid, PhotoId, Position, ReportId, UserId},
};

/// One day of one steward; its text is the aggregate's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the types say it")]
pub struct Shift {
    pub day: NaiveDate,
    pub steward: UserId,
}

impl fmt::Display for Shift {
    /// As `2026-11-25.0199f0c0-0000-7000-8000-000000000002`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.day, self.steward)
    }
}

impl FromStr for Shift {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let malformed = || Invalid("must be day.user".to_owned());
        let (day, steward) = text.split_once('.').ok_or_else(malformed)?;
        Ok(Self {
            day: day.parse().map_err(|_| malformed())?,
            steward: steward.parse()?,
        })
    }
}

/// What a steward does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Command {
    ViewFigures,
    ViewProjections,
    /// Without words and pictures: which photos there are and how they stand.
    ViewPhotos {
        status: Option<String>,
    },
    /// Without words and pictures: how somebody's account stands.
    ViewUser {
        user_id: UserId,
    },
    ViewReports {
        status: Option<String>,
    },
    /// With what it is about.
    ViewReport {
        report_id: ReportId,
    },
    ViewWebhooks {
        state: Option<String>,
    },
    /// Events of the log, page by page; `filters` are those that were asked for, by their names.
    ViewEvents {
        filters: BTreeMap<String, String>,
    },
    /// All of these events at once.
    ExportEvents {
        filters: BTreeMap<String, String>,
    },
    /// One event, with what it changed.
    ViewEvent {
        position: Position,
    },
    /// The events of one aggregate.
    ViewHistory {
        aggregate_type: String,
        aggregate_id: String,
    },
    /// How one aggregate stood.
    ViewState {
        aggregate_type: String,
        aggregate_id: String,
        position: Position,
    },
    ViewCheckpoint,
    /// That an event is among the first so many.
    ProveInclusion {
        position: u64,
        size: u64,
    },
    /// That the first so many events are the beginning of more.
    ProveConsistency {
        from: u64,
        to: u64,
    },
    /// The first so many events as files.
    ExportBundle {
        size: u64,
    },
    RetryPhoto {
        photo_id: PhotoId,
    },
    CancelPhoto {
        photo_id: PhotoId,
    },
    TakeDecision {
        report_id: ReportId,
        decision: Decision,
    },
    RebuildProjection {
        projection: String,
    },
    ReplayWebhook {
        webhook_id: String,
    },
    /// In the person's stead.
    ErasePerson {
        user_id: UserId,
    },
    /// Wraps people's data keys with that master key.
    RotateKeys {
        master_key_id: String,
    },
}

/// What a steward did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Event {
    FiguresViewed,
    ProjectionsViewed,
    PhotosViewed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    },
    UserViewed {
        user_id: UserId,
    },
    ReportsViewed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    },
    ReportViewed {
        report_id: ReportId,
    },
    WebhooksViewed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<String>,
    },
    EventsViewed {
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        filters: BTreeMap<String, String>,
    },
    EventsExported {
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        filters: BTreeMap<String, String>,
    },
    EventViewed {
        position: Position,
    },
    HistoryViewed {
        aggregate_type: String,
        aggregate_id: String,
    },
    /// As it stood after the event at `position`.
    StateViewed {
        aggregate_type: String,
        aggregate_id: String,
        position: Position,
    },
    CheckpointViewed,
    InclusionProven {
        position: u64,
        size: u64,
    },
    ConsistencyProven {
        from: u64,
        to: u64,
    },
    BundleExported {
        size: u64,
    },
    PhotoRetried {
        photo_id: PhotoId,
    },
    CancellationOrdered {
        photo_id: PhotoId,
    },
    DecisionTaken {
        report_id: ReportId,
        decision: Decision,
    },
    /// It was ordered; how far it is, the followers of the log tell.
    ProjectionRebuilt {
        projection: String,
    },
    /// It was handed out again; what comes of it, the inbox tells.
    WebhookReplayed {
        webhook_id: String,
    },
    ErasureOrdered {
        user_id: UserId,
    },
    /// It was begun; the id names the master key and does not tell it.
    KeysRotated {
        master_key_id: String,
    },
}

event_versions!(
    Stewardship,
    Event {
        FiguresViewed: "1",
        ProjectionsViewed: "1",
        PhotosViewed: "1",
        UserViewed: "1",
        ReportsViewed: "1",
        ReportViewed: "1",
        WebhooksViewed: "1",
        EventsViewed: "1",
        EventsExported: "1",
        EventViewed: "1",
        HistoryViewed: "1",
        StateViewed: "1",
        CheckpointViewed: "1",
        InclusionProven: "1",
        ConsistencyProven: "1",
        BundleExported: "1",
        PhotoRetried: "1",
        CancellationOrdered: "1",
        DecisionTaken: "1",
        ProjectionRebuilt: "1",
        WebhookReplayed: "1",
        ErasureOrdered: "1",
        KeysRotated: "1",
    }
);

/// Nothing stands against recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {}

/// How much one steward did on one day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stewardship {
    /// Deeds and views, each time that they were done.
    pub recorded: u64,
}

impl Stewardship {
    /// Answers a command with the event that follows from it: each time, also for the same again.
    pub fn decide(&self, command: Command) -> Event {
        match command {
            Command::ViewFigures => Event::FiguresViewed,
            Command::ViewProjections => Event::ProjectionsViewed,
            Command::ViewPhotos { status } => Event::PhotosViewed { status },
            Command::ViewUser { user_id } => Event::UserViewed { user_id },
            Command::ViewReports { status } => Event::ReportsViewed { status },
            Command::ViewReport { report_id } => Event::ReportViewed { report_id },
            Command::ViewWebhooks { state } => Event::WebhooksViewed { state },
            Command::ViewEvents { filters } => Event::EventsViewed { filters },
            Command::ExportEvents { filters } => Event::EventsExported { filters },
            Command::ViewEvent { position } => Event::EventViewed { position },
            Command::ViewHistory {
                aggregate_type,
                aggregate_id,
            } => Event::HistoryViewed {
                aggregate_type,
                aggregate_id,
            },
            Command::ViewState {
                aggregate_type,
                aggregate_id,
                position,
            } => Event::StateViewed {
                aggregate_type,
                aggregate_id,
                position,
            },
            Command::ViewCheckpoint => Event::CheckpointViewed,
            Command::ProveInclusion { position, size } => Event::InclusionProven { position, size },
            Command::ProveConsistency { from, to } => Event::ConsistencyProven { from, to },
            Command::ExportBundle { size } => Event::BundleExported { size },
            Command::RetryPhoto { photo_id } => Event::PhotoRetried { photo_id },
            Command::CancelPhoto { photo_id } => Event::CancellationOrdered { photo_id },
            Command::TakeDecision {
                report_id,
                decision,
            } => Event::DecisionTaken {
                report_id,
                decision,
            },
            Command::RebuildProjection { projection } => Event::ProjectionRebuilt { projection },
            Command::ReplayWebhook { webhook_id } => Event::WebhookReplayed { webhook_id },
            Command::ErasePerson { user_id } => Event::ErasureOrdered { user_id },
            Command::RotateKeys { master_key_id } => Event::KeysRotated { master_key_id },
        }
    }
}

impl Aggregate for Stewardship {
    const TYPE: &'static str = "Stewardship";
    type Command = Command;
    type Event = Event;
    type Error = Rejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Rejection> {
        sink.write(self.decide(command), self).await;
        Ok(())
    }

    fn apply(&mut self, _event: Event) {
        self.recorded += 1;
    }
}
