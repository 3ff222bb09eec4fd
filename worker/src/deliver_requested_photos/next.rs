//! What a requested photo needs next: a pure function of its history and the time.

use application::photos::{Attempt, PhotoJob};
use chrono::{DateTime, Utc};

/// What a requested photo needs next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// Nothing: it has ended.
    Nothing,
    /// It can no longer be made: its person was erased.
    Cancel,
    /// It took too long: fail it.
    GiveUp,
    /// Leave it alone until then.
    Wait {
        /// Not before then.
        until: DateTime<Utc>,
    },
    /// Start that attempt.
    Start {
        /// From 1.
        number: u32,
    },
    /// Somebody began the attempt, and nobody knows whether the provider accepted it.
    Recover {
        /// The newest attempt.
        attempt: Attempt,
    },
    /// Ask how the prediction stands.
    Follow {
        /// The newest attempt.
        attempt: Attempt,
        /// The provider's id of it.
        prediction_id: String,
    },
}

/// What it needs at `now`, when it may take until `deadline`.
pub(super) fn next(job: &PhotoJob, deadline: DateTime<Utc>, now: DateTime<Utc>) -> Next {
    if job.ended {
        return Next::Nothing;
    }
    if now >= deadline {
        return Next::GiveUp;
    }
    if job.prompt.is_none() {
        return Next::Cancel;
    }
    match &job.attempt {
        Some(
            attempt @ Attempt {
                failed: false,
                provider_id: Some(id),
                ..
            },
        ) => Next::Follow {
            attempt: attempt.clone(),
            prediction_id: id.clone(),
        },
        Some(
            attempt @ Attempt {
                failed: false,
                provider_id: None,
                ..
            },
        ) => Next::Recover {
            attempt: attempt.clone(),
        },
        None | Some(Attempt { failed: true, .. }) => match job.retry_at {
            Some(until) if now < until => Next::Wait { until },
            Some(_) | None => Next::Start {
                number: job.attempts() + 1,
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::{
        photo_request::Purpose,
        values::{PhotoId, Position, UserId},
    };
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_new_wish_gets_its_first_attempt() {
        assert_eq!(after(1, wish()), Next::Start { number: 1 });
    }

    #[test]
    fn an_accepted_attempt_is_followed_whoever_began_it() {
        let job = PhotoJob {
            attempt: Some(attempt(2, Some("p2"), false)),
            ..wish()
        };
        assert_eq!(
            after(1, job),
            Next::Follow {
                attempt: attempt(2, Some("p2"), false),
                prediction_id: "p2".to_owned()
            }
        );
    }

    #[test]
    fn an_attempt_that_was_perhaps_accepted_is_looked_for_before_another_is_bought() {
        let lost = attempt(1, None, false);
        let job = PhotoJob {
            attempt: Some(lost.clone()),
            ..wish()
        };
        assert_eq!(after(1, job), Next::Recover { attempt: lost });
    }

    #[test]
    fn a_failed_attempt_is_followed_by_another_one_when_its_time_has_come() {
        let failed = attempt(1, Some("p1"), true);
        let waiting = PhotoJob {
            attempt: Some(failed),
            retry_at: Some(at(5)),
            ..wish()
        };
        assert_eq!(after(4, waiting.clone()), Next::Wait { until: at(5) });
        assert_eq!(after(5, waiting), Next::Start { number: 2 });
    }

    #[test]
    fn whatever_takes_too_long_is_given_up() {
        let followed = PhotoJob {
            attempt: Some(attempt(1, Some("p1"), false)),
            ..wish()
        };
        let lost = PhotoJob {
            attempt: Some(attempt(1, None, false)),
            ..wish()
        };
        let waiting = PhotoJob {
            attempt: Some(attempt(1, None, true)),
            retry_at: Some(at(99)),
            ..wish()
        };
        for job in [wish(), followed, lost, waiting] {
            assert_eq!(after(60, job), Next::GiveUp);
        }
    }

    #[test]
    fn an_ended_request_needs_nothing_however_late_it_is() {
        let job = PhotoJob {
            ended: true,
            prompt: None,
            ..wish()
        };
        assert_eq!(after(0, job.clone()), Next::Nothing);
        assert_eq!(after(99, job), Next::Nothing);
    }

    #[test]
    fn a_wish_of_an_erased_person_is_called_off() {
        let job = PhotoJob {
            prompt: None,
            ..wish()
        };
        assert_eq!(after(1, job), Next::Cancel);
    }

    /// What it needs that many seconds after the wish, when it may take 60.
    fn after(seconds: i64, job: PhotoJob) -> Next {
        next(&job, at(60), at(seconds))
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn wish() -> PhotoJob {
        PhotoJob {
            photo_id: PhotoId(Uuid::nil()),
            owner: UserId(Uuid::nil()),
            purpose: Purpose::Reference,
            prompt: Some("a portrait".to_owned()),
            reference: None,
            opened_at: at(0),
            requested_position: Position(1),
            earlier_attempts: 0,
            attempt: None,
            asked: Default::default(),
            retry_at: None,
            image: None,
            ended: false,
            deleted: false,
            sequence: 1,
        }
    }

    fn attempt(number: u32, provider_id: Option<&str>, failed: bool) -> Attempt {
        Attempt {
            number,
            provider: "replicate".to_owned(),
            model: "model".to_owned(),
            started_at: at(0),
            provider_id: provider_id.map(str::to_owned),
            failed,
        }
    }
}
