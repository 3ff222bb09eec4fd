//! What a photo request's history tells.

use domain::photo_request::Event;

pub fn is_end(event: &Event) -> bool {
    match event {
        Event::PhotoDelivered { .. }
        | Event::PhotoFailed { .. }
        | Event::PhotoRefused { .. }
        | Event::PhotoCanceled => true,
        Event::PhotoRequested { .. }
        | Event::GenerationStarted { .. }
        | Event::PredictionAccepted { .. }
        | Event::AttemptFailed { .. }
        | Event::PhotoReopened { .. }
        | Event::PhotoDeleted => false,
    }
}

/// How many attempts a history holds.
pub fn attempts(history: &[Event]) -> usize {
    history
        .iter()
        .filter(|event| matches!(event, Event::GenerationStarted { .. }))
        .count()
}
