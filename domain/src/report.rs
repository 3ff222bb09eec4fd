//! Absent ─ FileReport ▶ Open ─ DecideReport ▶ Decided.
//!
//! Somebody says that a picture or a message should not be there, and an operator answers within the time that was
//! promised. The aggregate's id is the id of what is reported: there is one report about one thing.

use chrono::{DateTime, Utc};
use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    event_versions::event_versions,
    personal::Personal,
    values::{DecisionNote, ReportText, UserId},
};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[expect(missing_docs, reason = "the words say it")]
        pub enum $name {
            $($variant,)+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word that stands for it in JSON and SQL.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::values::Invalid;

            fn from_str(text: &str) -> Result<Self, crate::values::Invalid> {
                crate::values::one_of(Self::ALL, Self::as_str, text)
            }
        }
    };
}

words!(
    /// What can be reported.
    SubjectKind {
        Photo = "photo",
        Message = "message",
    }
);

words!(
    /// What is wrong with it, as the person sees it; named after the rules about content.
    Reason {
        Minor = "minor",
        RealPerson = "real-person",
        Sexual = "sexual",
        NonConsent = "non-consent",
        Violence = "violence",
        Hate = "hate",
        SelfHarm = "self-harm",
        Other = "other",
    }
);

words!(
    /// What an operator decides: nothing is wrong with it; it goes; or somebody else has to look, outside of this system.
    Decision {
        Dismissed = "dismissed",
        ContentRemoved = "content-removed",
        Escalated = "escalated",
    }
);

/// What is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the types say it")]
pub struct Subject {
    pub kind: SubjectKind,
    pub id: Uuid,
}

/// An order to a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type")]
#[expect(missing_docs, reason = "the fields' types say it")]
pub enum Command {
    /// Somebody reports something of their own. Again while it is open changes nothing.
    FileReport {
        owner: UserId,
        subject: Subject,
        reason: Reason,
        text: Option<Personal<ReportText>>,
        due_at: DateTime<Utc>,
    },
    /// An operator answers. The same decision twice changes nothing.
    DecideReport {
        decision: Decision,
        note: Option<Personal<DecisionNote>>,
    },
}

/// What happened to a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Event {
    ReportFiled {
        owner: UserId,
        subject: Subject,
        reason: Reason,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Personal<ReportText>>,
        /// Until then it is to be decided, as was promised that day.
        due_at: DateTime<Utc>,
    },
    ReportDecided {
        decision: Decision,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Personal<DecisionNote>>,
    },
}

event_versions!(
    Report,
    Event {
        ReportFiled: "1",
        ReportDecided: "1",
    }
);

/// Why an order to a report is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Rejection {
    #[error("there is no such report")]
    NotFound,
    #[error("this was reported and decided before")]
    AlreadyDecided,
    #[error("messages cannot be removed; dismiss the report or escalate it")]
    NotRemovable,
}

/// A report, or the lack of one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// Nobody reported it.
    #[default]
    Absent,
    /// It waits for an operator.
    Open {
        /// What it is about.
        subject: Subject,
        /// Whose it is.
        owner: UserId,
    },
    /// An operator has answered.
    Decided {
        /// What it is about.
        subject: Subject,
        /// Whose it is.
        owner: UserId,
        /// The answer.
        decision: Decision,
    },
}

impl Report {
    /// Answers a command with the events that follow from it.
    ///
    /// # Errors
    /// The [`Rejection`] says which rule stands against it.
    pub fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        let event = match (self, command) {
            (
                Self::Absent,
                Command::FileReport {
                    owner,
                    subject,
                    reason,
                    text,
                    due_at,
                },
            ) => Event::ReportFiled {
                owner,
                subject,
                reason,
                text,
                due_at,
            },
            (Self::Open { .. }, Command::FileReport { .. }) => return Ok(Vec::new()),
            (Self::Decided { .. }, Command::FileReport { .. }) => {
                return Err(Rejection::AlreadyDecided);
            }
            (Self::Absent, Command::DecideReport { .. }) => return Err(Rejection::NotFound),
            (Self::Open { subject, .. }, Command::DecideReport { decision, note }) => {
                // A conversation forgets nothing; a picture's files can go.
                if decision == Decision::ContentRemoved && subject.kind == SubjectKind::Message {
                    return Err(Rejection::NotRemovable);
                }
                Event::ReportDecided { decision, note }
            }
            (
                Self::Decided {
                    decision: taken, ..
                },
                Command::DecideReport { decision, .. },
            ) if *taken == decision => return Ok(Vec::new()),
            (Self::Decided { .. }, Command::DecideReport { .. }) => {
                return Err(Rejection::AlreadyDecided);
            }
        };
        Ok(vec![event])
    }

    /// What it is about and whose that is, once it was filed.
    pub const fn subject(&self) -> Option<(Subject, UserId)> {
        match self {
            Self::Absent => None,
            Self::Open { subject, owner } | Self::Decided { subject, owner, .. } => {
                Some((*subject, *owner))
            }
        }
    }
}

impl Aggregate for Report {
    const TYPE: &'static str = "Report";
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
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::ReportFiled { owner, subject, .. } => *self = Self::Open { subject, owner },
            Event::ReportDecided { decision, .. } => {
                if let Some((subject, owner)) = self.subject() {
                    *self = Self::Decided {
                        subject,
                        owner,
                        decision,
                    };
                }
            }
        }
    }
}
