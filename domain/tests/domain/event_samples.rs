//! Samples of every event: one with everything that can be there, one with nothing that can be left out, one for every
//! word. A new field, and a new word, does not compile until it is here.

use chrono::{DateTime, Utc};
use domain::{
    avatar::{self, Profile, ProfileChanges},
    personal::Personal,
    photo_request::{self, FailureClass, Image, Marks, Purpose},
    policy::recorded::{Decision, Verdict},
    subscription::{self, CancellationReason, Snapshot, Status, Terms},
    values::{Age, AvatarId, Personality, PhotoId, UserId},
};
use uuid::Uuid;

/// Samples of one aggregate's events.
pub(crate) struct Samples<E> {
    /// Each event once, with every optional field filled.
    pub(crate) full: Vec<E>,
    /// Events with optional fields left out, and with every other word.
    pub(crate) more: Vec<E>,
}

/// Every variant of an enum of words. Leaving one out does not compile.
macro_rules! every {
    ($words:ident: $($word:ident),+) => {{
        let _every_one_is_listed = |word: $words| match word {
            $($words::$word)|+ => (),
        };
        [$($words::$word),+]
    }};
}

mod conversation;
mod safety;

pub(crate) use conversation::conversation;
pub(crate) use safety::{conduct, person, report, stewardship};

pub(crate) fn avatar() -> Samples<avatar::Event> {
    use avatar::Event::{
        AvatarCreated, ProfileChanged, ReferenceImageApproved, ReferenceImageFailed,
        ReferenceImageReady, ReferenceImageRequested,
    };
    let photo_id = photo_id();
    let created = |profile| AvatarCreated {
        avatar_id: AvatarId(Uuid::from_u128(1)),
        owner: UserId(Uuid::from_u128(2)),
        profile,
    };
    let changed = |changes| ProfileChanged { changes };
    let failed = |class| ReferenceImageFailed {
        photo_id,
        class,
        reason: text(),
    };
    let mut more = vec![
        created(Profile {
            name: Personal::erased(),
            gender: Personal::erased(),
            nationality: Personal::erased(),
            appearance: Personal::erased(),
            ..profile(Personality::Shy)
        }),
        changed(no_changes()),
        changed(ProfileChanges {
            name: Some(Personal::erased()),
            gender: Some(Personal::erased()),
            nationality: Some(Personal::erased()),
            appearance: Some(Personal::erased()),
            ..no_changes()
        }),
    ];
    more.extend(classes().map(failed));
    for word in every!(Personality: Playful, Dominant, Shy, Caring, Intellectual, Adventurous) {
        more.push(created(profile(word)));
        more.push(changed(ProfileChanges {
            personality: Some(word),
            ..no_changes()
        }));
    }
    Samples {
        full: vec![
            created(profile(Personality::Shy)),
            changed(ProfileChanges {
                name: Some(known()),
                age: Some(age()),
                gender: Some(known()),
                nationality: Some(known()),
                appearance: Some(known()),
                personality: Some(Personality::Shy),
            }),
            ReferenceImageRequested { photo_id },
            ReferenceImageReady { photo_id },
            failed(FailureClass::Content),
            ReferenceImageApproved { photo_id },
        ],
        more,
    }
}

pub(crate) fn photo_request() -> Samples<photo_request::Event> {
    use photo_request::Event::{
        AttemptFailed, GenerationStarted, PhotoCanceled, PhotoDeleted, PhotoDelivered, PhotoFailed,
        PhotoRefused, PhotoReopened, PredictionAccepted,
    };
    let attempt_failed = |class, retry_at| AttemptFailed {
        attempt: 1,
        class,
        detail: text(),
        retry_at,
    };
    let failed = |class| PhotoFailed {
        class,
        reason: text(),
    };
    let delivered = |c2pa| PhotoDelivered {
        attempt: 1,
        image: image(),
        marks: Marks {
            sha256: text(),
            visible: true,
            xmp: text(),
            c2pa,
        },
    };
    let reopened = |purpose| PhotoReopened {
        owner: UserId(Uuid::from_u128(2)),
        purpose,
        attempts: 1,
    };
    let mut more = vec![delivered(None), PhotoRefused { rules: Vec::new() }];
    more.extend(every!(Purpose: Reference, Scene).map(reopened));
    more.extend(classes().map(failed));
    more.extend(classes().map(|class| attempt_failed(class, None)));
    for purpose in every!(Purpose: Reference, Scene) {
        for decision in every!(Decision: Allow, Refuse) {
            more.push(requested(
                purpose,
                None,
                Personal::erased(),
                None,
                decision,
                &[],
            ));
            let scene = Some(Personal::erased());
            more.push(requested(purpose, scene, known(), None, decision, &[]));
        }
    }
    let everything = requested(
        Purpose::Scene,
        Some(known()),
        known(),
        Some(photo_id()),
        Decision::Refuse,
        &["R1"],
    );
    Samples {
        full: vec![
            everything,
            PhotoRefused {
                rules: vec![text()],
            },
            GenerationStarted {
                attempt: 1,
                provider: text(),
                model: text(),
            },
            PredictionAccepted {
                attempt: 1,
                provider_id: text(),
            },
            attempt_failed(FailureClass::Content, Some(noon())),
            delivered(Some(text())),
            failed(FailureClass::Content),
            PhotoCanceled,
            reopened(Purpose::Scene),
            PhotoDeleted,
        ],
        more,
    }
}

pub(crate) fn subscription() -> Samples<subscription::Event> {
    use subscription::Event::{
        CancellationExplained, CancellationRevoked, CancellationScheduled, CheckoutClosed,
        CheckoutStarted, GraceStarted, PaymentDisputed, PaymentFailed, PaymentRecovered,
        PaymentRefunded, PhotoReleased, PhotoReserved, PlanChanged, RenewalFailed,
        SnapshotRecorded, SubscriptionActivated, SubscriptionEnded, SubscriptionRenewed,
    };
    let photo_id = photo_id();
    let with_snapshot = |status| {
        let snapshot = snapshot(status);
        vec![
            SubscriptionActivated {
                snapshot: snapshot.clone(),
            },
            SubscriptionRenewed {
                snapshot: snapshot.clone(),
            },
            PlanChanged {
                snapshot: snapshot.clone(),
            },
            RenewalFailed {
                snapshot: snapshot.clone(),
            },
            PaymentRecovered {
                snapshot: snapshot.clone(),
            },
            SubscriptionEnded {
                reason: status,
                snapshot: snapshot.clone(),
            },
            SnapshotRecorded { snapshot },
        ]
    };
    let mut full = with_snapshot(Status::Active);
    full.extend([
        CheckoutStarted {
            session_id: text(),
            customer_id: text(),
            plan: text().parse().unwrap(),
        },
        PaymentFailed { invoice_id: text() },
        GraceStarted { until: noon() },
        CancellationScheduled { ends_at: noon() },
        CancellationRevoked,
        CancellationExplained {
            reason: Some(CancellationReason::Other),
            comment: Some(known()),
        },
        CheckoutClosed { session_id: text() },
        PaymentRefunded {
            charge_id: text(),
            amount_refunded: 1,
            currency: text(),
        },
        PaymentDisputed {
            dispute_id: text(),
            charge_id: text(),
            amount: 1,
            currency: text(),
            reason: text(),
        },
        PhotoReserved {
            photo_id,
            period_start: noon(),
        },
        PhotoReleased { photo_id },
    ]);
    let statuses = every!(Status: Incomplete, IncompleteExpired, Trialing, Active, PastDue, Canceled, Unpaid, Paused);
    let reasons = every!(CancellationReason: TooExpensive, MissingFeatures, SwitchedService, Unused, CustomerService, TooComplex, LowQuality, Other);
    let explained = reasons.into_iter().flat_map(|reason| {
        [
            CancellationExplained {
                reason: Some(reason),
                comment: None,
            },
            CancellationExplained {
                reason: None,
                comment: Some(Personal::erased()),
            },
        ]
    });
    Samples {
        full,
        more: statuses
            .into_iter()
            .flat_map(with_snapshot)
            .chain(explained)
            .collect(),
    }
}

fn classes() -> impl Iterator<Item = FailureClass> {
    every!(FailureClass: Transient, Content, Operator, Deadline).into_iter()
}

fn profile(personality: Personality) -> Profile {
    Profile {
        name: known(),
        age: age(),
        gender: known(),
        nationality: known(),
        appearance: known(),
        personality,
    }
}

fn no_changes() -> ProfileChanges {
    ProfileChanges {
        name: None,
        age: None,
        gender: None,
        nationality: None,
        appearance: None,
        personality: None,
    }
}

fn requested(
    purpose: Purpose,
    scene: Option<Personal<domain::values::Scene>>,
    prompt: Personal<domain::values::Prompt>,
    reference: Option<PhotoId>,
    decision: Decision,
    rules: &[&str],
) -> photo_request::Event {
    photo_request::Event::PhotoRequested {
        photo_id: photo_id(),
        owner: UserId(Uuid::from_u128(2)),
        purpose,
        avatar_id: AvatarId(Uuid::from_u128(1)),
        avatar_sequence: 1,
        scene,
        prompt,
        reference,
        policy: Verdict {
            decision,
            rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
            pack: text(),
        },
    }
}

fn image() -> Image {
    Image {
        key: text(),
        thumbnail_key: text(),
        sha256: text(),
        width: 1,
        height: 1,
        media_type: text(),
        bytes: 1,
    }
}

fn snapshot(status: Status) -> Snapshot {
    Snapshot {
        provider_id: text(),
        customer_id: text(),
        status,
        terms: Terms {
            plan: text().parse().unwrap(),
            price: text(),
            photos_per_period: 1,
            grace_days: 1,
        },
        period_start: noon(),
        period_end: noon(),
        cancel_at_period_end: true,
        source_event: text(),
        as_of: noon(),
    }
}

fn photo_id() -> PhotoId {
    PhotoId(Uuid::from_u128(3))
}

fn age() -> Age {
    Age::try_from(25).unwrap()
}

fn known<T: std::str::FromStr<Err: std::fmt::Debug>>() -> Personal<T> {
    Personal::new(text().parse().unwrap())
}

fn text() -> String {
    "some text".to_owned()
}

fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}
