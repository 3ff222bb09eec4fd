//! Present ─ RecordExport ▶ Present; ─ Erase ▶ Erased, for ever.
//!
//! One stream for each user, whose id it has: what became of the person's own data. Nothing personal stands in it, so
//! that it says the same after the person was erased.

use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

use crate::event_versions::event_versions;

/// An order to a person's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
pub enum Command {
    /// The person takes all their data along.
    RecordExport,
    /// Whatever is the person's is forgotten. Twice changes nothing.
    Erase,
}

/// What became of a person's data. Who wanted it stands in the metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// The person took a copy of it along.
    DataExported,
    /// It was forgotten: with this event the log destroys the key that it is sealed with
    /// ([`crate::personal::forgets_owner`]).
    PersonErased,
}

event_versions!(
    Person,
    Event {
        DataExported: "1",
        PersonErased: "1",
    }
);

/// Why an order to a person's record is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is nothing left.
    #[error("the person was erased; nothing of theirs is left")]
    Erased,
}

/// Somebody who uses the product, as far as their data are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Person {
    /// Their data are here.
    Present {
        /// How often they took a copy along.
        exports: u32,
    },
    /// They were forgotten.
    Erased,
}

impl Default for Person {
    fn default() -> Self {
        Self::Present { exports: 0 }
    }
}

impl Person {
    /// Answers a command with the events that follow from it.
    ///
    /// # Errors
    /// As `Rejection` says.
    pub fn decide(self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Present { .. }, Command::RecordExport) => Ok(vec![Event::DataExported]),
            (Self::Present { .. }, Command::Erase) => Ok(vec![Event::PersonErased]),
            (Self::Erased, Command::RecordExport) => Err(Rejection::Erased),
            (Self::Erased, Command::Erase) => Ok(Vec::new()),
        }
    }

    /// Whether they were forgotten.
    pub const fn is_erased(self) -> bool {
        matches!(self, Self::Erased)
    }
}

impl Aggregate for Person {
    const TYPE: &'static str = "Person";
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
        *self = match (*self, event) {
            (Self::Present { exports }, Event::DataExported) => Self::Present {
                exports: exports + 1,
            },
            (_, Event::PersonErased) | (Self::Erased, Event::DataExported) => Self::Erased,
        };
    }
}
