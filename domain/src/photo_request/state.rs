//! How far a photo request is.

use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

use super::{Command, Event, FailureClass, Purpose, Rejection};
use crate::{
    personal::Personal,
    values::{AvatarId, PhotoId, Scene, UserId},
};

/// A wish for one picture and how far it is.
///
/// An attempt is current from its start until the next one starts; only the current one's
/// results count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum PhotoRequest {
    /// Nobody wished for it.
    #[default]
    Absent,
    /// No attempt was started yet.
    Requested {
        /// What was wished for.
        wish: Wish,
    },
    /// The current attempt is under way.
    Generating {
        /// What was wished for.
        wish: Wish,
        /// The current attempt.
        attempt: u32,
        /// The provider's id of it, once the provider accepted it.
        prediction: Option<String>,
    },
    /// The current attempt failed, and another one may start.
    Waiting {
        /// What was wished for.
        wish: Wish,
        /// The attempt that failed.
        attempt: u32,
    },
    /// There is a picture.
    Delivered {
        /// What was wished for.
        wish: Wish,
        /// The attempt that made it.
        attempt: u32,
        /// The hash of its bytes.
        sha256: String,
    },
    /// There will be no picture, unless an operator lets it be tried again.
    Failed {
        /// What was wished for.
        wish: Wish,
        /// The newest attempt; 0 when there was none.
        attempt: u32,
        /// Whose fault it was.
        class: FailureClass,
    },
    /// There must be no picture.
    Refused {
        /// What was wished for.
        wish: Wish,
    },
    /// Nobody wants it any more.
    Canceled {
        /// What was wished for.
        wish: Wish,
    },
    /// It had ended, and is to be forgotten.
    Deleted {
        /// What was wished for.
        wish: Wish,
    },
}

/// What makes two orders the same wish.
///
/// The prompt, the reference picture and the verdict are not part of it: they were derived from
/// the wish when it first arrived, and a repeated order may have derived newer ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the types say it")]
pub struct Wish {
    pub photo_id: PhotoId,
    pub owner: UserId,
    pub purpose: Purpose,
    pub avatar_id: AvatarId,
    pub scene: Option<Personal<Scene>>,
}

impl PhotoRequest {
    /// What was wished for, once it was.
    pub const fn wish(&self) -> Option<&Wish> {
        match self {
            Self::Absent => None,
            Self::Requested { wish }
            | Self::Generating { wish, .. }
            | Self::Waiting { wish, .. }
            | Self::Delivered { wish, .. }
            | Self::Failed { wish, .. }
            | Self::Refused { wish }
            | Self::Canceled { wish }
            | Self::Deleted { wish } => Some(wish),
        }
    }

    /// The newest attempt; 0 while there was none, and once it does not matter any more.
    const fn newest_attempt(&self) -> u32 {
        match self {
            Self::Generating { attempt, .. }
            | Self::Waiting { attempt, .. }
            | Self::Delivered { attempt, .. }
            | Self::Failed { attempt, .. } => *attempt,
            Self::Absent
            | Self::Requested { .. }
            | Self::Refused { .. }
            | Self::Canceled { .. }
            | Self::Deleted { .. } => 0,
        }
    }
}

impl Aggregate for PhotoRequest {
    const TYPE: &'static str = "PhotoRequest";
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
        if let Event::PhotoRequested {
            photo_id,
            owner,
            purpose,
            avatar_id,
            scene,
            ..
        } = event
        {
            *self = Self::Requested {
                wish: Wish {
                    photo_id,
                    owner,
                    purpose,
                    avatar_id,
                    scene,
                },
            };
            return;
        }
        let Some(wish) = self.wish().cloned() else {
            return;
        };
        *self = match event {
            Event::PhotoRequested { .. } => Self::Requested { wish },
            Event::GenerationStarted { attempt, .. } => Self::Generating {
                wish,
                attempt,
                prediction: None,
            },
            Event::PredictionAccepted {
                attempt,
                provider_id,
            } => Self::Generating {
                wish,
                attempt,
                prediction: Some(provider_id),
            },
            Event::AttemptFailed { attempt, .. } => Self::Waiting { wish, attempt },
            Event::PhotoDelivered {
                attempt,
                image,
                marks: _,
            } => Self::Delivered {
                wish,
                attempt,
                sha256: image.sha256,
            },
            Event::PhotoFailed { class, .. } => Self::Failed {
                attempt: self.newest_attempt(),
                wish,
                class,
            },
            Event::PhotoReopened { attempts: 0, .. } => Self::Requested { wish },
            Event::PhotoReopened { attempts, .. } => Self::Waiting {
                wish,
                attempt: attempts,
            },
            Event::PhotoRefused { .. } => Self::Refused { wish },
            Event::PhotoCanceled => Self::Canceled { wish },
            Event::PhotoDeleted => Self::Deleted { wish },
        };
    }
}
