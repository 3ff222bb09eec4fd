//! What an avatar remembers, and how it answers each command.

use std::collections::BTreeMap;

use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

use super::{Command, Event, Profile, ProfileChanges, Rejection};
use crate::values::{AvatarId, PhotoId};

/// A user's companion, or the lack of one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Avatar {
    /// The user has not designed one.
    #[default]
    Absent,
    /// The user has.
    Created(Companion),
}

/// A designed companion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Companion {
    avatar_id: AvatarId,
    profile: Profile,
    /// Every reference picture that was ever wished for; a superseded one keeps its place.
    references: BTreeMap<PhotoId, ReferenceStatus>,
    approved: Option<PhotoId>,
}

/// How far a wished-for reference picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum ReferenceStatus {
    Requested,
    Ready,
    Failed,
}

impl Avatar {
    /// Answers a command with the events that follow from it.
    ///
    /// # Errors
    /// The [`Rejection`] says which rule stands against it.
    pub fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match self {
            Self::Absent => match command {
                Command::CreateAvatar {
                    avatar_id,
                    owner,
                    profile,
                } => Ok(vec![Event::AvatarCreated {
                    avatar_id,
                    owner,
                    profile,
                }]),
                Command::ChangeProfile { .. }
                | Command::RequestReferenceImage { .. }
                | Command::RecordReferenceImage { .. }
                | Command::RecordReferenceFailure { .. }
                | Command::ApproveReferenceImage { .. } => Err(Rejection::NotFound),
            },
            Self::Created(companion) => companion.decide(command),
        }
    }

    /// The companion's profile, once there is one.
    pub const fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Absent => None,
            Self::Created(companion) => Some(&companion.profile),
        }
    }

    /// The companion's own id, once there is one.
    pub const fn avatar_id(&self) -> Option<AvatarId> {
        match self {
            Self::Absent => None,
            Self::Created(companion) => Some(companion.avatar_id),
        }
    }

    /// The picture that every later one follows: the one that the user approved last.
    pub const fn approved_reference(&self) -> Option<PhotoId> {
        match self {
            Self::Absent => None,
            Self::Created(companion) => companion.approved,
        }
    }

    /// How far that reference picture is; `None` when it was never wished for.
    pub fn reference_status(&self, photo_id: PhotoId) -> Option<ReferenceStatus> {
        match self {
            Self::Absent => None,
            Self::Created(companion) => companion.references.get(&photo_id).copied(),
        }
    }
}

impl Companion {
    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        use ReferenceStatus::{Failed, Ready, Requested};

        let event = match command {
            Command::CreateAvatar { .. } => return Err(Rejection::AlreadyExists),

            Command::ChangeProfile { changes } => {
                let changes = self.profile.real_changes(changes);
                if changes == ProfileChanges::default() {
                    return Ok(Vec::new());
                }
                Event::ProfileChanged { changes }
            }

            Command::RequestReferenceImage { photo_id } => match self.references.get(&photo_id) {
                None => Event::ReferenceImageRequested { photo_id },
                Some(Requested | Ready | Failed) => return Ok(Vec::new()),
            },

            // Also when a newer wish superseded it, and when it had failed and was tried again.
            Command::RecordReferenceImage { photo_id } => match self.references.get(&photo_id) {
                None => return Err(Rejection::UnknownReference),
                Some(Requested | Failed) => Event::ReferenceImageReady { photo_id },
                Some(Ready) => return Ok(Vec::new()),
            },
            // A failure that is told late does not take a picture away.
            Command::RecordReferenceFailure {
                photo_id,
                class,
                reason,
            } => match self.references.get(&photo_id) {
                None => return Err(Rejection::UnknownReference),
                Some(Requested) => Event::ReferenceImageFailed {
                    photo_id,
                    class,
                    reason,
                },
                Some(Ready | Failed) => return Ok(Vec::new()),
            },

            Command::ApproveReferenceImage { photo_id } => match self.references.get(&photo_id) {
                None | Some(Requested | Failed) => return Err(Rejection::ReferenceNotReady),
                Some(Ready) if self.approved == Some(photo_id) => return Ok(Vec::new()),
                Some(Ready) => Event::ReferenceImageApproved { photo_id },
            },
        };
        Ok(vec![event])
    }
}

impl Profile {
    /// Those of the changes that would really change a field.
    fn real_changes(&self, changes: ProfileChanges) -> ProfileChanges {
        ProfileChanges {
            name: changes.name.filter(|name| *name != self.name),
            age: changes.age.filter(|age| *age != self.age),
            gender: changes.gender.filter(|gender| *gender != self.gender),
            nationality: changes
                .nationality
                .filter(|nationality| *nationality != self.nationality),
            appearance: changes
                .appearance
                .filter(|appearance| *appearance != self.appearance),
            personality: changes
                .personality
                .filter(|personality| *personality != self.personality),
        }
    }

    /// The profile with the changes made.
    #[must_use]
    pub fn changed(self, changes: ProfileChanges) -> Self {
        Self {
            name: changes.name.unwrap_or(self.name),
            age: changes.age.unwrap_or(self.age),
            gender: changes.gender.unwrap_or(self.gender),
            nationality: changes.nationality.unwrap_or(self.nationality),
            appearance: changes.appearance.unwrap_or(self.appearance),
            personality: changes.personality.unwrap_or(self.personality),
        }
    }
}

impl Aggregate for Avatar {
    const TYPE: &'static str = "Avatar";
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
        match (self, event) {
            (
                state,
                Event::AvatarCreated {
                    avatar_id,
                    owner: _,
                    profile,
                },
            ) => {
                *state = Self::Created(Companion {
                    avatar_id,
                    profile,
                    references: BTreeMap::new(),
                    approved: None,
                });
            }
            (Self::Created(companion), event) => companion.apply(event),
            (
                Self::Absent,
                Event::ProfileChanged { .. }
                | Event::ReferenceImageRequested { .. }
                | Event::ReferenceImageReady { .. }
                | Event::ReferenceImageFailed { .. }
                | Event::ReferenceImageApproved { .. },
            ) => {}
        }
    }
}

impl Companion {
    fn apply(&mut self, event: Event) {
        match event {
            Event::AvatarCreated { .. } => {}
            Event::ProfileChanged { changes } => {
                self.profile = self.profile.clone().changed(changes);
            }
            Event::ReferenceImageRequested { photo_id } => {
                self.references.insert(photo_id, ReferenceStatus::Requested);
            }
            Event::ReferenceImageReady { photo_id } => {
                self.references.insert(photo_id, ReferenceStatus::Ready);
            }
            Event::ReferenceImageFailed {
                photo_id,
                class: _,
                reason: _,
            } => {
                self.references.insert(photo_id, ReferenceStatus::Failed);
            }
            Event::ReferenceImageApproved { photo_id } => self.approved = Some(photo_id),
        }
    }
}
