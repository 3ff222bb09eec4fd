//! What a person does, through an API whose answers get lost: each wish is sent again under its key until it is answered.

use std::{sync::Arc, time::Duration};

use application::{
    chance,
    context::{CommandError, Context, Receipt},
    conversations::SendError,
    photos::RequestPhotoError,
    ports::{EventLog, IdempotencyClaim},
};
use domain::{
    conversation::Mode,
    photo_request,
    recorded::{AnyEvent, Recorded},
    values::{MessageId, PhotoId, Position, UserId},
};

use crate::{processes::UseCases, wire::Wire, world::World};

/// What a person was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// It is done: the log has it up to there.
    Done(Position),
    /// It cannot be.
    Refused,
    /// Nobody knows; try again.
    Unknown,
}

/// What a person wants.
#[derive(Debug, Clone, Copy)]
enum Wish {
    /// A picture of a scene.
    Photo,
    /// To say something.
    Say(Mode),
    /// That picture no more.
    Cancel(PhotoId),
    /// That picture gone.
    Delete(PhotoId),
    /// Another reference picture.
    Reference,
}

fn told<R: std::error::Error>(outcome: Result<Receipt, CommandError<R>>) -> Told {
    match outcome {
        Ok(receipt) => Told::Done(receipt.position),
        Err(CommandError::Busy | CommandError::Unavailable(_)) => Told::Unknown,
        Err(_) => Told::Refused,
    }
}

/// A person at the API.
struct Person {
    world: Arc<World>,
    api: UseCases,
    user: UserId,
}

/// Does some things, one after the other or at once; returns once all of them are answered.
pub async fn live(world: Arc<World>, user: UserId, wishes: u32) {
    let wire = Wire {
        world: world.clone(),
        process: 0,
        life: world.revive(0),
    };
    let person = Arc::new(Person {
        api: UseCases::over(&wire, user),
        world: world.clone(),
        user,
    });
    let mut wished = tokio::task::JoinSet::new();
    for number in 0..wishes {
        tokio::time::sleep(world.time(0, 700)).await;
        let wish = person.clone().wish(number);
        if world.lot(3) == 0 {
            wish.await;
        } else {
            wished.spawn(wish);
        }
    }
    while let Some(ended) = wished.join_next().await {
        if let Err(error) = ended {
            world.wrong(format!("a person broke off: {error}"));
        }
    }
}

impl Person {
    async fn wish(self: Arc<Self>, number: u32) {
        let wish = self.some_wish().await;
        let key = format!("wish-{number}");
        loop {
            let told = match wish {
                Wish::Photo => self.photo(&key).await,
                Wish::Say(mode) => self.say(&key, mode).await,
                Wish::Cancel(photo_id) => {
                    told(self.api.photos.cancel(self.context(&key), photo_id).await)
                }
                Wish::Delete(photo_id) => {
                    told(self.api.photos.delete(self.context(&key), photo_id).await)
                }
                Wish::Reference => self.reference(&key).await,
            };
            match told {
                Told::Unknown => tokio::time::sleep(self.world.time(50, 500)).await,
                Told::Done(position) => return self.hold_to(position, &key).await,
                Told::Refused => return,
            }
        }
    }

    async fn some_wish(&self) -> Wish {
        let lot = self.world.lot(16);
        match (lot, self.some_photo().await) {
            (5..8, Some(photo_id)) => Wish::Cancel(photo_id),
            (8 | 9, Some(photo_id)) => Wish::Delete(photo_id),
            (10..14, _) => Wish::Say(Mode::Intimate),
            (14, _) => Wish::Say(Mode::Friendly),
            (15, _) => Wish::Reference,
            _ => Wish::Photo,
        }
    }

    /// What was answered for must be in the log.
    async fn hold_to(&self, position: Position, key: &str) {
        let head = self.world.log.head().await.unwrap_or_default();
        if position > head {
            let wrong = format!("{key} was answered with {position}, and the log ends at {head}");
            self.world.wrong(wrong);
        }
    }

    fn context(&self, key: &str) -> Context {
        let claim = IdempotencyClaim {
            scope: format!("user:{}", self.user),
            key: key.to_owned(),
            request_hash: [1; 32],
        };
        Context {
            idempotency: Some(claim),
            ..Context::of_user(self.user, chance::id())
        }
    }

    async fn photo(&self, key: &str) -> Told {
        let Ok(scene) = "reading in a café, in a green coat".parse() else {
            return Told::Refused;
        };
        let wished = self
            .api
            .photos
            .request_scene(self.context(key), PhotoId(chance::id()), scene);
        match wished.await {
            Ok(receipt) => Told::Done(receipt.position),
            Err(RequestPhotoError::Command(error)) => told(Err(error)),
            Err(_) => Told::Refused,
        }
    }

    async fn say(&self, key: &str, mode: Mode) -> Told {
        let Ok(text) = "What a lovely day it was.".parse() else {
            return Told::Refused;
        };
        let message_id = MessageId(chance::id());
        let said = self
            .api
            .conversations
            .send(self.context(key), message_id, mode, text);
        match said.await {
            Ok(receipt) => Told::Done(receipt.position),
            Err(SendError::Command(error)) => told(Err(error)),
            Err(_) => Told::Refused,
        }
    }

    /// Another reference picture; what comes of it is approved when it is ready soon.
    async fn reference(&self, key: &str) -> Told {
        let photo_id = PhotoId(chance::id());
        let avatars = &self.api.avatars;
        let wished = told(
            avatars
                .request_reference_image(self.context(key), photo_id)
                .await,
        );
        if let Told::Done(_) = wished {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let approve = self.context(&format!("{key}-approval"));
            // It may not be ready; nobody insists.
            let _ = avatars.approve_reference_image(approve, photo_id).await;
        }
        wished
    }

    /// One of the pictures that were wished for in this run, as the person sees them.
    async fn some_photo(&self) -> Option<PhotoId> {
        let events = self.world.read(Position(0), usize::MAX).await.ok()?;
        let photos: Vec<_> = events.iter().filter_map(wished).skip(1).collect();
        let lot = self.world.lot(u32::try_from(photos.len()).unwrap_or(1));
        photos.get(lot as usize).copied()
    }
}

fn wished(recorded: &Recorded<AnyEvent>) -> Option<PhotoId> {
    let AnyEvent::PhotoRequest(event) = &recorded.event else {
        return None;
    };
    let photo_request::Event::PhotoRequested { photo_id, .. } = event else {
        return None;
    };
    Some(*photo_id)
}
