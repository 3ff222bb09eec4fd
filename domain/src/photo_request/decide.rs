//! How a photo request answers each command, state by state.

use super::{Command, Event, FailureClass, Image, Marks, PhotoRequest, Purpose, Rejection, Wish};
use crate::policy::recorded::Decision;

impl PhotoRequest {
    /// Answers a command with the events that follow from it.
    ///
    /// # Errors
    /// The [`Rejection`] says which rule stands against it.
    pub fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        use Rejection::{AlreadyCanceled, AlreadyFailed, AlreadyRefused};

        match self {
            Self::Absent => absent(command),
            Self::Requested { wish } => requested(wish, command),
            Self::Generating {
                wish,
                attempt,
                prediction,
            } => generating(wish, *attempt, prediction.as_deref(), command),
            Self::Waiting { wish, attempt } => waiting(wish, *attempt, command),
            Self::Delivered {
                wish,
                attempt,
                sha256,
            } => delivered(wish, *attempt, sha256, command),

            // Ended without a picture: what ended it may be said again, and changes nothing.
            Self::Failed {
                wish,
                attempt,
                class,
            } => match command {
                command @ Command::RequestPhoto { .. } => wish.again(command),
                Command::Fail { .. } => Ok(Vec::new()),
                Command::Reopen => wish.reopened(*attempt, *class),
                Command::DeletePhoto => Ok(vec![Event::PhotoDeleted]),
                Command::StartAttempt { .. }
                | Command::RecordPrediction { .. }
                | Command::RecordAttemptFailure { .. }
                | Command::Deliver { .. }
                | Command::Refuse { .. }
                | Command::Cancel => Err(AlreadyFailed),
            },
            Self::Refused { wish } => match command {
                command @ Command::RequestPhoto { .. } => wish.again(command),
                Command::Refuse { .. } => Ok(Vec::new()),
                Command::DeletePhoto => Ok(vec![Event::PhotoDeleted]),
                Command::StartAttempt { .. }
                | Command::RecordPrediction { .. }
                | Command::RecordAttemptFailure { .. }
                | Command::Deliver { .. }
                | Command::Fail { .. }
                | Command::Reopen
                | Command::Cancel => Err(AlreadyRefused),
            },
            Self::Canceled { wish } => match command {
                command @ Command::RequestPhoto { .. } => wish.again(command),
                Command::Cancel => Ok(Vec::new()),
                Command::DeletePhoto => Ok(vec![Event::PhotoDeleted]),
                Command::StartAttempt { .. }
                | Command::RecordPrediction { .. }
                | Command::RecordAttemptFailure { .. }
                | Command::Deliver { .. }
                | Command::Fail { .. }
                | Command::Reopen
                | Command::Refuse { .. } => Err(AlreadyCanceled),
            },
            Self::Deleted { wish } => match command {
                command @ Command::RequestPhoto { .. } => wish.again(command),
                Command::DeletePhoto => Ok(Vec::new()),
                Command::StartAttempt { .. }
                | Command::RecordPrediction { .. }
                | Command::RecordAttemptFailure { .. }
                | Command::Deliver { .. }
                | Command::Fail { .. }
                | Command::Refuse { .. }
                | Command::Reopen
                | Command::Cancel => Err(Rejection::Deleted),
            },
        }
    }
}

fn absent(command: Command) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::RequestPhoto {
            photo_id,
            owner,
            purpose,
            avatar_id,
            avatar_sequence,
            scene,
            prompt,
            reference,
            policy,
        } => {
            // Without it the picture would show somebody else.
            if purpose == Purpose::Scene && reference.is_none() {
                return Err(Rejection::WithoutReference);
            }
            let refused = match policy.decision {
                Decision::Allow => None,
                Decision::Refuse => Some(Event::PhotoRefused {
                    rules: policy.rules.clone(),
                }),
            };
            let requested = Event::PhotoRequested {
                photo_id,
                owner,
                purpose,
                avatar_id,
                avatar_sequence,
                scene,
                prompt,
                reference,
                policy,
            };
            Ok([Some(requested), refused].into_iter().flatten().collect())
        }
        Command::StartAttempt { .. }
        | Command::RecordPrediction { .. }
        | Command::RecordAttemptFailure { .. }
        | Command::Deliver { .. }
        | Command::Fail { .. }
        | Command::Refuse { .. }
        | Command::Cancel
        | Command::Reopen
        | Command::DeletePhoto => Err(Rejection::NotFound),
    }
}

fn requested(wish: &Wish, command: Command) -> Result<Vec<Event>, Rejection> {
    let event = match command {
        command @ Command::RequestPhoto { .. } => return wish.again(command),
        Command::StartAttempt {
            attempt,
            provider,
            model,
        } => start(0, attempt, provider, model)?,
        Command::RecordPrediction { attempt, .. }
        | Command::RecordAttemptFailure { attempt, .. }
        | Command::Deliver { attempt, .. }
        | Command::Refuse { attempt, .. } => return Err(no_attempt(0, attempt)),
        // Its deadline may pass before anybody starts.
        Command::Fail {
            attempt,
            class,
            reason,
        } => {
            only_current(0, attempt)?;
            Event::PhotoFailed { class, reason }
        }
        Command::Cancel => Event::PhotoCanceled,
        // It is being made anyway.
        Command::Reopen => return Ok(Vec::new()),
        Command::DeletePhoto => return Err(Rejection::StillRunning),
    };
    Ok(vec![event])
}

fn generating(
    wish: &Wish,
    current: u32,
    prediction: Option<&str>,
    command: Command,
) -> Result<Vec<Event>, Rejection> {
    let event = match command {
        command @ Command::RequestPhoto { .. } => return wish.again(command),
        // Another worker took over; whatever the one before it still brings is stale.
        Command::StartAttempt {
            attempt,
            provider,
            model,
        } => start(current, attempt, provider, model)?,
        Command::RecordPrediction {
            attempt,
            provider_id,
        } => {
            only_current(current, attempt)?;
            match prediction {
                None => Event::PredictionAccepted {
                    attempt,
                    provider_id,
                },
                Some(known) if known == provider_id => return Ok(Vec::new()),
                Some(_) => return Err(Rejection::PredictionAlreadyRecorded),
            }
        }
        Command::RecordAttemptFailure {
            attempt,
            class,
            detail,
            retry_at,
        } => {
            only_current(current, attempt)?;
            Event::AttemptFailed {
                attempt,
                class,
                detail,
                retry_at,
            }
        }
        Command::Deliver {
            attempt,
            image,
            marks,
        } => {
            only_current(current, attempt)?;
            only_marked(&image, &marks)?;
            Event::PhotoDelivered {
                attempt,
                image,
                marks,
            }
        }
        Command::Fail {
            attempt,
            class,
            reason,
        } => {
            only_current(current, attempt)?;
            Event::PhotoFailed { class, reason }
        }
        Command::Refuse { attempt, rules } => {
            only_current(current, attempt)?;
            Event::PhotoRefused { rules }
        }
        Command::Cancel => Event::PhotoCanceled,
        // It is being made anyway.
        Command::Reopen => return Ok(Vec::new()),
        Command::DeletePhoto => return Err(Rejection::StillRunning),
    };
    Ok(vec![event])
}

fn waiting(wish: &Wish, current: u32, command: Command) -> Result<Vec<Event>, Rejection> {
    let event = match command {
        command @ Command::RequestPhoto { .. } => return wish.again(command),
        Command::StartAttempt {
            attempt,
            provider,
            model,
        } => start(current, attempt, provider, model)?,
        Command::RecordAttemptFailure { attempt, .. } => {
            only_current(current, attempt)?;
            return Ok(Vec::new());
        }
        Command::RecordPrediction { attempt, .. }
        | Command::Deliver { attempt, .. }
        | Command::Refuse { attempt, .. } => return Err(no_attempt(current, attempt)),
        Command::Fail {
            attempt,
            class,
            reason,
        } => {
            only_current(current, attempt)?;
            Event::PhotoFailed { class, reason }
        }
        Command::Cancel => Event::PhotoCanceled,
        // It is being made anyway.
        Command::Reopen => return Ok(Vec::new()),
        Command::DeletePhoto => return Err(Rejection::StillRunning),
    };
    Ok(vec![event])
}

fn delivered(
    wish: &Wish,
    by: u32,
    sha256: &str,
    command: Command,
) -> Result<Vec<Event>, Rejection> {
    match command {
        command @ Command::RequestPhoto { .. } => wish.again(command),
        // The worker did not hear that it had succeeded.
        Command::Deliver { attempt, image, .. } if attempt == by && image.sha256 == sha256 => {
            Ok(Vec::new())
        }
        Command::DeletePhoto => Ok(vec![Event::PhotoDeleted]),
        Command::StartAttempt { .. }
        | Command::RecordPrediction { .. }
        | Command::RecordAttemptFailure { .. }
        | Command::Deliver { .. }
        | Command::Fail { .. }
        | Command::Refuse { .. }
        | Command::Reopen
        | Command::Cancel => Err(Rejection::AlreadyDelivered),
    }
}

impl Wish {
    /// A repeated order changes nothing; another one must not take the same id.
    fn again(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        let same = match command {
            Command::RequestPhoto {
                photo_id,
                owner,
                purpose,
                avatar_id,
                scene,
                ..
            } => {
                *self
                    == Self {
                        photo_id,
                        owner,
                        purpose,
                        avatar_id,
                        scene,
                    }
            }
            Command::StartAttempt { .. }
            | Command::RecordPrediction { .. }
            | Command::RecordAttemptFailure { .. }
            | Command::Deliver { .. }
            | Command::Fail { .. }
            | Command::Refuse { .. }
            | Command::Cancel
            | Command::Reopen
            | Command::DeletePhoto => false,
        };
        if same {
            Ok(Vec::new())
        } else {
            Err(Rejection::AlreadyRequested)
        }
    }

    /// Another try brings another result, unless the content was to blame.
    fn reopened(&self, attempts: u32, class: FailureClass) -> Result<Vec<Event>, Rejection> {
        match class {
            FailureClass::Content => Err(Rejection::FailedByContent),
            FailureClass::Transient | FailureClass::Operator | FailureClass::Deadline => {
                Ok(vec![Event::PhotoReopened {
                    owner: self.owner,
                    purpose: self.purpose,
                    attempts,
                }])
            }
        }
    }
}

fn start(current: u32, given: u32, provider: String, model: String) -> Result<Event, Rejection> {
    if current.checked_add(1) != Some(given) {
        return Err(Rejection::StaleAttempt { given, current });
    }
    Ok(Event::GenerationStarted {
        attempt: given,
        provider,
        model,
    })
}

fn only_current(current: u32, given: u32) -> Result<(), Rejection> {
    if given == current {
        Ok(())
    } else {
        Err(Rejection::StaleAttempt { given, current })
    }
}

fn no_attempt(current: u32, given: u32) -> Rejection {
    match only_current(current, given) {
        Ok(()) => Rejection::NoAttempt,
        Err(stale) => stale,
    }
}

fn only_marked(image: &Image, marks: &Marks) -> Result<(), Rejection> {
    let marked = marks.visible && !marks.xmp.is_empty() && marks.sha256 == image.sha256;
    if marked {
        Ok(())
    } else {
        Err(Rejection::NotMarked)
    }
}
