//! How often the rules about content had to refuse somebody's words, and when that calls for a pause.
//!
//! One stream for each user, whose id it has. The words themselves are not in it: only which rules they met, where they
//! stood, and a keyed hash that tells repetitions apart.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize, Serializer};

use crate::event_versions::event_versions;

/// Where the refused words stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// In the description of an avatar.
    AvatarFields,
    /// In a wish for a picture.
    Scene,
    /// In a conversation.
    Chat,
}

/// When a pause begins, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// So many hard refusals within `window`; 0 for never.
    pub refusals: u32,
    /// In which time.
    #[serde(rename = "window_seconds", serialize_with = "seconds")]
    pub window: TimeDelta,
    /// How long nothing more is judged then.
    #[serde(rename = "pause_seconds", serialize_with = "seconds")]
    pub pause: TimeDelta,
}

fn seconds<S: Serializer>(time: &TimeDelta, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(time.num_seconds())
}

/// Words that the rules refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Where they stood.
    pub stage: Stage,
    /// Whether a grave rule was broken. Only those are counted.
    pub hard: bool,
    /// The rules that they met.
    pub rules: Vec<String>,
    /// The hash of the rule pack that judged them.
    pub pack: String,
    /// HMAC-SHA-256 of the normalised words under a key of the deployment, lower-case hex; none when the words were not
    /// at hand where they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// An order to a conduct.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
pub enum Command {
    /// The rules refused something at that time.
    NoteRefusal {
        /// What.
        refusal: Refusal,
        /// When.
        at: DateTime<Utc>,
        /// What is too much.
        limits: Limits,
    },
}

/// What is known of somebody's conduct.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Event {
    ContentRefused {
        #[serde(flatten)]
        refusal: Refusal,
        at: DateTime<Utc>,
    },
    CoolDownStarted {
        until: DateTime<Utc>,
        /// How many hard refusals led to it.
        refusals: u32,
    },
}

event_versions!(
    Conduct,
    Event {
        ContentRefused: "1",
        CoolDownStarted: "1",
    }
);

/// Nothing stands against taking note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {}

/// Somebody's conduct.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conduct {
    /// How often anything was refused.
    refused: u32,
    /// How often a grave rule was broken.
    hard_refused: u32,
    /// How many pauses it led to.
    pauses: u32,
    /// When the hard refusals were since the last pause began.
    hard: Vec<DateTime<Utc>>,
    paused_until: Option<DateTime<Utc>>,
}

impl Conduct {
    /// Answers a command with the events that follow from it.
    pub fn decide(&self, command: Command) -> Vec<Event> {
        let Command::NoteRefusal {
            refusal,
            at,
            limits,
        } = command;
        let pause = refusal
            .hard
            .then(|| self.pause_after_one_more(at, limits))
            .flatten();
        [Some(Event::ContentRefused { refusal, at }), pause]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Until when nothing of this person's is judged, when that is still to come.
    pub fn paused_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.paused_until.filter(|until| now < *until)
    }

    /// How often anything was refused.
    pub const fn refusals(&self) -> u32 {
        self.refused
    }

    /// How often a grave rule was broken.
    pub const fn hard_refusals(&self) -> u32 {
        self.hard_refused
    }

    /// How many pauses it led to.
    pub const fn pauses(&self) -> u32 {
        self.pauses
    }

    fn pause_after_one_more(&self, at: DateTime<Utc>, limits: Limits) -> Option<Event> {
        let recent = self.hard.iter().filter(|seen| at - **seen < limits.window);
        let refusals = u32::try_from(recent.count() + 1).unwrap_or(u32::MAX);
        let too_many = limits.refusals > 0 && refusals >= limits.refusals;
        (too_many && self.paused_until(at).is_none()).then(|| Event::CoolDownStarted {
            until: at + limits.pause,
            refusals,
        })
    }
}

impl Aggregate for Conduct {
    const TYPE: &'static str = "Conduct";
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
        for event in self.decide(command) {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::ContentRefused { refusal, at } => {
                self.refused += 1;
                self.hard_refused += u32::from(refusal.hard);
                self.hard.extend(refusal.hard.then_some(at));
            }
            Event::CoolDownStarted { until, .. } => {
                self.pauses += 1;
                self.hard.clear();
                self.paused_until = Some(until);
            }
        }
    }
}
