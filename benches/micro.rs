//! The small things by themselves: deciding, encoding, decoding, marking. `make bench` puts the medians into
//! docs/PERFORMANCE.md.

use std::hint::black_box;

use application::ports::PictureFinisher;
use cqrs_es::{Aggregate, DomainEvent};
use criterion::{Criterion, criterion_group, criterion_main};
use domain::{
    avatar::{Avatar, Command, Event, Profile, ProfileChanges},
    personal::Personal,
    policy::{self, Field, Input, Pack, Scores, Stage},
    recorded::{AnyEvent, Metadata},
    upcasting::Upcasters,
    values::{Age, AvatarId, Personality, UserId},
};
use infrastructure::sealing::{DataKey, Home, Opener, seal_event};
use provenance::Marker;
use sandbox::portrait::{self, Format, Order};
use transparency::Record;
use uuid::Uuid;

/// Whatever is wrong with the input of a benchmark.
type Failure = Box<dyn std::error::Error>;

/// What all of it is done with.
struct Subject {
    owner: UserId,
    event: Event,
    payload: String,
    metadata: Metadata,
    metadata_text: String,
    avatar: Avatar,
}

impl Subject {
    fn new() -> Result<Self, Failure> {
        let owner = UserId(Uuid::now_v7());
        let event = Event::AvatarCreated {
            avatar_id: AvatarId(Uuid::now_v7()),
            owner,
            profile: Profile {
                name: Personal::new("Ava".parse()?),
                age: Age::try_from(25)?,
                gender: Personal::new("woman".parse()?),
                nationality: Personal::new("French".parse()?),
                appearance: Personal::new("long auburn hair, green eyes, freckles".parse()?),
                personality: Personality::Caring,
            },
        };
        let metadata = Metadata {
            actor: format!("user:{owner}"),
            owner,
            correlation_id: Uuid::now_v7(),
            causation_id: Uuid::now_v7(),
            command: "CreateAvatar".to_owned(),
            idempotency_key: None,
            idempotency_key_sha256: Some("9f".repeat(32)),
            trace_id: None,
            policy_pack: None,
            more: Default::default(),
        };
        let mut avatar = Avatar::default();
        avatar.apply(event.clone());
        Ok(Self {
            owner,
            payload: serde_json::to_string(&event)?,
            metadata_text: serde_json::to_string(&metadata)?,
            event,
            metadata,
            avatar,
        })
    }
}

fn deciding(criterion: &mut Criterion, subject: &Subject) -> Result<(), Failure> {
    let Event::AvatarCreated { profile, .. } = &subject.event else {
        return Err("the subject is a creation".into());
    };
    let mut group = criterion.benchmark_group("decide");
    let nobody = Avatar::default();
    group.bench_function("a_creation", |bencher| {
        bencher.iter(|| {
            nobody.decide(black_box(Command::CreateAvatar {
                avatar_id: AvatarId(Uuid::nil()),
                owner: subject.owner,
                profile: profile.clone(),
            }))
        });
    });
    let changes = ProfileChanges {
        age: Some(Age::try_from(26)?),
        ..ProfileChanges::default()
    };
    group.bench_function("a_change", |bencher| {
        bencher.iter(|| {
            let changes = changes.clone();
            subject
                .avatar
                .decide(black_box(Command::ChangeProfile { changes }))
        });
    });
    group.finish();
    Ok(())
}

/// What a command pays for the content rules: a companion's words, and a message.
fn judging(criterion: &mut Criterion, subject: &Subject) -> Result<(), Failure> {
    let Event::AvatarCreated { profile, .. } = &subject.event else {
        return Err("the subject is a creation".into());
    };
    let fields = [
        ("name", "Ava"),
        ("gender", "woman"),
        ("nationality", "French"),
        ("appearance", "long auburn hair, green eyes, freckles"),
    ]
    .map(|(name, text)| Field { name, text });
    let message = [Field {
        name: "text",
        text: "I was forced to work late again, and all I want now is a walk by the sea with you.",
    }];
    let mut group = criterion.benchmark_group("judge");
    for (name, stage, fields) in [
        ("a_companions_words", Stage::AvatarFields, &fields[..]),
        ("a_message", Stage::ChatUser, &message[..]),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let input = Input {
                    stage,
                    fields,
                    avatar_age: profile.age,
                    locale: "en",
                    external_scores: &Scores::NotAsked,
                };
                policy::evaluate(Pack::current(), black_box(&input))
            });
        });
    }
    group.finish();
    Ok(())
}

/// What the log's appender is given of an event, and what its readers make of it.
fn coding(criterion: &mut Criterion, subject: &Subject) {
    let mut group = criterion.benchmark_group("encode");
    group.bench_function("an_event_with_its_metadata", |bencher| {
        bencher.iter(|| {
            let event = serde_json::to_string(black_box(&subject.event));
            let metadata = serde_json::to_string(black_box(&subject.metadata));
            (event, metadata)
        });
    });
    group.finish();
    let mut group = criterion.benchmark_group("decode");
    group.bench_function("an_event", |bencher| {
        let (event_type, version) = (subject.event.event_type(), subject.event.event_version());
        bencher.iter(|| {
            let payload = black_box(&subject.payload);
            AnyEvent::decode(
                Upcasters::OURS,
                Avatar::TYPE,
                &event_type,
                &version,
                payload,
            )
        });
    });
    group.bench_function("its_metadata", |bencher| {
        bencher.iter(|| serde_json::from_str::<Metadata>(black_box(&subject.metadata_text)));
    });
    group.finish();
}

/// What an event with four personal values costs its writer and its readers beside that.
fn sealing(criterion: &mut Criterion, subject: &Subject) -> Result<(), Failure> {
    let key = || DataKey::new(Uuid::nil(), &[7; 32]);
    let opener = Opener::of(subject.owner, key());
    let key = key();
    let owner = subject.owner.to_string();
    let home = Home {
        aggregate_type: Avatar::TYPE,
        aggregate_id: &owner,
        sequence: 1,
    };
    let sealed = seal_event(&key, home, &subject.payload)?;
    assert_eq!(opener.open(subject.owner, home, &sealed)?, subject.payload);
    let mut group = criterion.benchmark_group("seal");
    group.bench_function("an_event", |bencher| {
        bencher.iter(|| seal_event(&key, home, black_box(&subject.payload)));
    });
    group.finish();
    let mut group = criterion.benchmark_group("open");
    group.bench_function("an_event", |bencher| {
        bencher.iter(|| opener.open(subject.owner, home, black_box(&sealed)).is_ok());
    });
    group.finish();
    Ok(())
}

/// What an event costs the transparency tree, without the database.
fn hashing(criterion: &mut Criterion, subject: &Subject) {
    let (event_type, event_version) = (subject.event.event_type(), subject.event.event_version());
    let owner = subject.owner.to_string();
    let record = Record {
        position: 42,
        event_id: Uuid::nil(),
        aggregate_type: Avatar::TYPE,
        aggregate_id: &owner,
        sequence: 1,
        event_type: &event_type,
        event_version: &event_version,
        payload: &subject.payload,
        metadata: &subject.metadata_text,
        recorded_at: chrono::DateTime::UNIX_EPOCH,
    };
    let mut group = criterion.benchmark_group("hash");
    let mut room = Vec::new();
    group.bench_function("a_leaf", |bencher| {
        bencher.iter(|| black_box(&record).leaf_hash(&mut room));
    });
    group.finish();
}

fn marking(criterion: &mut Criterion) -> Result<(), Failure> {
    let picture = portrait::draw(&Order {
        prompt: "adult woman, age 25, French, long auburn hair, at a café in Paris".to_owned(),
        variation: 7,
        width: 1024,
        height: 1024,
        format: Format::Png,
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let marker = Marker::new();
    runtime.block_on(marker.finish(picture.clone()))?;
    let mut group = criterion.benchmark_group("mark");
    group.sample_size(20);
    group.bench_function("a_png_of_1024_by_1024", |bencher| {
        bencher.iter(|| runtime.block_on(marker.finish(black_box(picture.clone()))));
    });
    group.finish();
    Ok(())
}

#[expect(
    clippy::expect_used,
    reason = "a benchmark that cannot go on has nothing to say"
)]
fn everything(criterion: &mut Criterion) {
    let subject = Subject::new().expect("the subject is well-formed");
    deciding(criterion, &subject).expect("the subject can be decided on");
    judging(criterion, &subject).expect("the subject can be judged");
    coding(criterion, &subject);
    sealing(criterion, &subject).expect("the subject can be sealed");
    hashing(criterion, &subject);
    marking(criterion).expect("the picture can be drawn and marked");
}

criterion_group!(benches, everything);
criterion_main!(benches);
