//! What people do, as events: written once through the real types, then told again for as many people as needed.

use anyhow::Context;
use application::{
    avatars,
    ports::{Append, EventLog, NewEvent, StreamSlice},
};
use chrono::{TimeDelta, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use domain::{
    avatar::{self, Avatar, Profile},
    personal::Personal,
    photo_request::{self, Image, Marks, PhotoRequest, Purpose},
    policy::recorded::{Decision, Verdict},
    prompt::{reference_prompt, scene_prompt},
    recorded::Metadata,
    subscription::{self, Snapshot, Status, Subscription, Terms},
    values::{Age, AvatarId, Personality, PhotoId, Position, Scene, UserId},
};
use uuid::Uuid;

/// The ids that stand in the story for those of whoever it is told for.
pub mod placeholder {
    use uuid::Uuid;

    pub const OWNER: Uuid = Uuid::from_u128(0x0199_f0c0_0000_7000_8000_0000_0000_a001);
    pub const AVATAR: Uuid = Uuid::from_u128(0x0199_f0c0_0000_7000_8000_0000_0000_a002);
    /// The photo that a step is about.
    pub const PHOTO: Uuid = Uuid::from_u128(0x0199_f0c0_0000_7000_8000_0000_0000_a003);
    /// The first photo, which the others follow.
    pub const REFERENCE: Uuid = Uuid::from_u128(0x0199_f0c0_0000_7000_8000_0000_0000_a004);
    /// What a step's command followed from.
    pub const REQUEST: Uuid = Uuid::from_u128(0x0199_f0c0_0000_7000_8000_0000_0000_a005);
    /// A picture's hash: 64 hexadecimal digits.
    pub const SHA256: &str = "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e";
}
use placeholder::{AVATAR, OWNER, PHOTO, REFERENCE, REQUEST, SHA256};

/// One event of the story.
#[derive(Debug, Clone)]
pub struct Step {
    pub aggregate_type: &'static str,
    /// Which photo it is about, from 0.
    pub photo: Option<u32>,
    /// Whether the photo's own stream holds it; the person's stream of that type does otherwise.
    pub of_photo: bool,
    pub sequence: u64,
    pub event_type: String,
    pub event_version: String,
    pub payload: String,
    pub metadata: String,
}

/// What one person does.
#[derive(Debug, Default)]
pub struct Story {
    pub steps: Vec<Step>,
    /// How many photos are asked for.
    pub photos: u32,
}

impl Story {
    /// Somebody designs a companion, and that is all: one event.
    pub fn of_a_creation() -> anyhow::Result<Self> {
        let mut story = Self::default();
        story.avatar(None, "CreateAvatar", created()?)?;
        Ok(story)
    }

    /// Somebody designs a companion, approves its picture, subscribes, and gets so many pictures after that.
    pub fn of_a_subscriber(scenes: u32) -> anyhow::Result<Self> {
        let mut story = Self::of_a_creation()?;
        let photo_id = PhotoId(PHOTO);
        story.avatar(
            Some(0),
            "RequestReferenceImage",
            avatar::Event::ReferenceImageRequested { photo_id },
        )?;
        story.photo(0, Purpose::Reference)?;
        let ready = avatar::Event::ReferenceImageReady { photo_id };
        story.avatar(Some(0), "RecordReferenceImage", ready)?;
        let approved = avatar::Event::ReferenceImageApproved { photo_id };
        story.avatar(Some(0), "ApproveReferenceImage", approved)?;
        let snapshot = snapshot()?;
        let period_start = snapshot.period_start;
        let activated = subscription::Event::SubscriptionActivated { snapshot };
        story.subscription(None, "ApplyProviderSnapshot", activated)?;
        for scene in 1..=scenes {
            let reserved = subscription::Event::PhotoReserved {
                photo_id,
                period_start,
            };
            story.subscription(Some(scene), "ReservePhoto", reserved)?;
            story.photo(scene, Purpose::Scene)?;
        }
        Ok(story)
    }

    fn avatar(
        &mut self,
        photo: Option<u32>,
        command: &str,
        event: avatar::Event,
    ) -> anyhow::Result<()> {
        self.step::<Avatar>(photo, false, command, &event)
    }

    fn subscription(
        &mut self,
        photo: Option<u32>,
        command: &str,
        event: subscription::Event,
    ) -> anyhow::Result<()> {
        self.step::<Subscription>(photo, false, command, &event)
    }

    /// A picture from wish to delivery: four events.
    fn photo(&mut self, photo: u32, purpose: Purpose) -> anyhow::Result<()> {
        let orders = [
            "RequestPhoto",
            "StartAttempt",
            "RecordPrediction",
            "Deliver",
        ];
        for (command, event) in orders.into_iter().zip(delivery(purpose)?) {
            self.step::<PhotoRequest>(Some(photo), true, command, &event)?;
        }
        self.photos = self.photos.max(photo + 1);
        Ok(())
    }

    fn step<A: Aggregate>(
        &mut self,
        photo: Option<u32>,
        of_photo: bool,
        command: &str,
        event: &impl DomainEvent,
    ) -> anyhow::Result<()> {
        let same = self
            .steps
            .iter()
            .filter(|step| step.aggregate_type == A::TYPE && (!of_photo || step.photo == photo));
        self.steps.push(Step {
            aggregate_type: A::TYPE,
            photo,
            of_photo,
            sequence: same.count() as u64 + 1,
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: serde_json::to_string(event)?,
            metadata: serde_json::to_string(&metadata(command))?,
        });
        Ok(())
    }

    /// Tells the story of one person through the log itself, each stream's part in one append; answers its end.
    ///
    /// # Errors
    /// When the log is away.
    pub async fn happen_to(&self, owner: UserId, log: &dyn EventLog) -> anyhow::Result<Position> {
        let photos: Vec<Uuid> = (0..self.photos).map(|_| Uuid::now_v7()).collect();
        let avatar_id = Uuid::now_v7();
        let mut end = Position(0);
        for step in &self.steps {
            let photo = step.photo.and_then(|nth| photos.get(nth as usize)).copied();
            let told = |text: &str| {
                let photo = photo.unwrap_or_default();
                text.replace(&OWNER.to_string(), &owner.to_string())
                    .replace(&AVATAR.to_string(), &avatar_id.to_string())
                    .replace(&PHOTO.to_string(), &photo.to_string())
                    .replace(
                        &REFERENCE.to_string(),
                        &photos.first().copied().unwrap_or_default().to_string(),
                    )
                    .replace(&REQUEST.to_string(), &Uuid::now_v7().to_string())
                    .replace(SHA256, &photo.simple().to_string().repeat(2))
            };
            let mut stream = avatars::stream(owner);
            stream.aggregate_type = step.aggregate_type;
            if let Some(photo) = photo.filter(|_| step.of_photo) {
                stream.aggregate_id = photo.to_string();
            }
            let event = NewEvent {
                event_id: Uuid::now_v7(),
                event_type: step.event_type.clone(),
                event_version: step.event_version.clone(),
                payload: told(&step.payload),
                metadata: told(&step.metadata).into(),
            };
            let slices = vec![StreamSlice {
                stream,
                expected_sequence: step.sequence - 1,
                events: vec![event],
            }];
            let append = Append {
                slices,
                idempotency: None,
            };
            end = log.append(append).await?.position;
        }
        Ok(end)
    }
}

/// Who every companion of the benchmarks is.
pub fn profile() -> anyhow::Result<Profile> {
    Ok(Profile {
        name: Personal::new("Ava".parse()?),
        age: Age::try_from(25)?,
        gender: Personal::new("woman".parse()?),
        nationality: Personal::new("French".parse()?),
        appearance: Personal::new("long auburn hair, green eyes, freckles".parse()?),
        personality: Personality::Caring,
    })
}

fn created() -> anyhow::Result<avatar::Event> {
    Ok(avatar::Event::AvatarCreated {
        avatar_id: AvatarId(AVATAR),
        owner: UserId(OWNER),
        profile: profile()?,
    })
}

fn delivery(purpose: Purpose) -> anyhow::Result<[photo_request::Event; 4]> {
    let profile = profile()?;
    let (scene, prompt) = match purpose {
        Purpose::Reference => (None, reference_prompt(&profile)),
        Purpose::Scene => {
            let scene: Scene = "at a café in Paris, morning light".parse()?;
            let prompt = scene_prompt(&profile, &scene);
            (Some(scene), prompt)
        }
    };
    let requested = photo_request::Event::PhotoRequested {
        photo_id: PhotoId(PHOTO),
        owner: UserId(OWNER),
        purpose,
        avatar_id: AvatarId(AVATAR),
        avatar_sequence: 1,
        reference: scene.is_some().then_some(PhotoId(REFERENCE)),
        scene: scene.map(Personal::new),
        prompt: Personal::new(prompt.context("nobody was erased")?),
        policy: Verdict {
            decision: Decision::Allow,
            rules: Vec::new(),
            pack: SHA256.to_owned(),
        },
    };
    let started = photo_request::Event::GenerationStarted {
        attempt: 1,
        provider: "replicate".to_owned(),
        model: "black-forest-labs/flux-kontext-pro".to_owned(),
    };
    let accepted = photo_request::Event::PredictionAccepted {
        attempt: 1,
        provider_id: "gm3qorzdhgbfurvjtvhg6dckhu".to_owned(),
    };
    let delivered = photo_request::Event::PhotoDelivered {
        attempt: 1,
        image: Image {
            key: format!("pictures/5c/{SHA256}.jpg"),
            thumbnail_key: format!("pictures/1a/{SHA256}.jpg"),
            sha256: SHA256.to_owned(),
            width: 1024,
            height: 1024,
            media_type: "image/jpeg".to_owned(),
            bytes: 345_678,
        },
        marks: Marks {
            sha256: SHA256.to_owned(),
            visible: true,
            xmp: "trainedAlgorithmicMedia".to_owned(),
            c2pa: None,
        },
    };
    Ok([requested, started, accepted, delivered])
}

/// An active subscription for the month around now.
pub fn snapshot() -> anyhow::Result<Snapshot> {
    let now = Utc::now();
    Ok(Snapshot {
        provider_id: format!("sub_{OWNER}"),
        customer_id: format!("cus_{OWNER}"),
        status: Status::Active,
        terms: Terms {
            plan: "monthly".parse()?,
            price: "price_ava_monthly".to_owned(),
            photos_per_period: 50,
            grace_days: 7,
        },
        period_start: now - TimeDelta::days(1),
        period_end: now + TimeDelta::days(29),
        cancel_at_period_end: false,
        source_event: format!("evt_{OWNER}"),
        as_of: now,
    })
}

fn metadata(command: &str) -> Metadata {
    Metadata {
        actor: format!("user:{OWNER}"),
        owner: UserId(OWNER),
        correlation_id: REQUEST,
        causation_id: REQUEST,
        command: command.to_owned(),
        idempotency_key: None,
        idempotency_key_sha256: None,
        trace_id: None,
        policy_pack: None,
        more: Default::default(),
    }
}
