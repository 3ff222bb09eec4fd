//! When a person is reminded of a break, and in which words.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::conversation::{Event, InterventionKind};

/// A pause of that length is a break.
const A_BREAK: TimeDelta = TimeDelta::minutes(15);

/// Whether the talk has gone on for that long without a break, since it began or since the last reminder.
///
/// `events` are those of a day of a conversation, each with the time when it was recorded, oldest first.
pub fn break_is_due<'a>(
    events: impl IntoIterator<Item = (DateTime<Utc>, &'a Event)>,
    after: Duration,
) -> bool {
    let mut since: Option<DateTime<Utc>> = None;
    let mut last: Option<DateTime<Utc>> = None;
    for (at, event) in events {
        match event {
            Event::MessageSent { .. } => {
                let rested = last.is_none_or(|last| at - last >= A_BREAK);
                if rested || since.is_none() {
                    since = Some(at);
                }
                last = Some(at);
            }
            Event::SafetyInterventionShown { intervention, .. }
                if intervention.kind == InterventionKind::Break =>
            {
                since = Some(at);
            }
            Event::SafetyInterventionShown { .. }
            | Event::ReplyRecorded { .. }
            | Event::ReplyFailed { .. }
            | Event::PhotoPromised { .. }
            | Event::PhotoAttached { .. }
            | Event::PhotoWithheld { .. }
            | Event::ModeChanged { .. } => {}
        }
    }
    let talked = since.zip(last).map(|(since, last)| last - since);
    talked.is_some_and(|talked| talked.to_std().is_ok_and(|talked| talked >= after))
}

/// What a person reads then.
pub const BREAK_REMINDER: &str = "You two have been talking for a good while. How about a stretch, some water, or somebody \
     who can sit beside you? I'm an AI; I'll be just as here afterwards.";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use domain::{
        conversation::{Intervention, Mode},
        personal::Personal,
        policy::recorded::{Decision, Verdict},
        values::MessageId,
    };
    use uuid::Uuid;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn said() -> Event {
        Event::MessageSent {
            message_id: MessageId(Uuid::nil()),
            mode: Mode::Friendly,
            text: Personal::new("hello".parse().unwrap()),
            policy: Verdict {
                decision: Decision::Allow,
                rules: Vec::new(),
                pack: String::new(),
            },
        }
    }

    fn reminded() -> Event {
        Event::SafetyInterventionShown {
            message_id: None,
            intervention: Intervention {
                kind: InterventionKind::Break,
                rules: Vec::new(),
                text: Personal::new(BREAK_REMINDER.to_owned()),
            },
        }
    }

    /// Whether a reminder is due after these events, each at its minute of the day.
    fn due(events: &[(i64, Event)]) -> bool {
        let times = events
            .iter()
            .map(|(minute, event)| (DateTime::UNIX_EPOCH + TimeDelta::minutes(*minute), event));
        break_is_due(times, HOUR)
    }

    fn every_ten_minutes(from: i64, to: i64) -> Vec<(i64, Event)> {
        let minutes = (from..=to).step_by(10);
        minutes.map(|minute| (minute, said())).collect()
    }

    #[test]
    fn a_reminder_is_due_after_an_hour_of_talk_and_not_before() {
        assert!(!due(&[]));
        assert!(!due(&every_ten_minutes(0, 50)));
        assert!(due(&every_ten_minutes(0, 60)));
    }

    #[test]
    fn a_pause_is_a_break() {
        let mut events = every_ten_minutes(0, 50);
        events.extend(every_ten_minutes(70, 120));
        assert!(!due(&events));
        events.extend(every_ten_minutes(130, 130));
        assert!(due(&events));
    }

    #[test]
    fn after_a_reminder_the_hour_begins_anew() {
        let mut events = every_ten_minutes(0, 60);
        events.push((60, reminded()));
        assert!(!due(&events));
        events.extend(every_ten_minutes(70, 110));
        assert!(!due(&events));
        events.extend(every_ten_minutes(120, 120));
        assert!(due(&events));
    }
}
