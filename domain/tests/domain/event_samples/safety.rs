//! Samples of the events of reports, stewardship and conduct.

use std::collections::BTreeMap;

use domain::{
    conduct, person,
    personal::Personal,
    report::{self, Decision, Reason, Subject, SubjectKind},
    stewardship,
    values::{DecisionNote, Position, ReportId, ReportText, UserId},
};
use uuid::Uuid;

use super::{Samples, known, noon, photo_id, text};

pub(crate) fn report() -> Samples<report::Event> {
    use report::Event::{ReportDecided, ReportFiled};
    let filed = |kind, reason, text: Option<Personal<ReportText>>| ReportFiled {
        owner: user_id(),
        subject: Subject {
            kind,
            id: photo_id().0,
        },
        reason,
        text,
        due_at: noon(),
    };
    let decided = |decision, note: Option<Personal<DecisionNote>>| ReportDecided { decision, note };
    let mut more = Vec::new();
    for kind in every!(SubjectKind: Photo, Message) {
        more.extend(
            every!(Reason: Minor, RealPerson, Sexual, NonConsent, Violence, Hate, SelfHarm, Other)
                .map(|reason| filed(kind, reason, None)),
        );
        more.push(filed(kind, Reason::Other, Some(Personal::erased())));
    }
    for decision in every!(Decision: Dismissed, ContentRemoved, Escalated) {
        more.push(decided(decision, None));
        more.push(decided(decision, Some(Personal::erased())));
    }
    Samples {
        full: vec![
            filed(SubjectKind::Photo, Reason::RealPerson, Some(known())),
            decided(Decision::ContentRemoved, Some(known())),
        ],
        more,
    }
}

pub(crate) fn stewardship() -> Samples<stewardship::Event> {
    use stewardship::Event::{
        BundleExported, CancellationOrdered, CheckpointViewed, ConsistencyProven, DecisionTaken,
        ErasureOrdered, EventViewed, EventsExported, EventsViewed, FiguresViewed, HistoryViewed,
        InclusionProven, KeysRotated, PhotoRetried, PhotosViewed, ProjectionRebuilt,
        ProjectionsViewed, ReportViewed, ReportsViewed, StateViewed, UserViewed, WebhookReplayed,
        WebhooksViewed,
    };
    let filters = || BTreeMap::from([("actor".to_owned(), text())]);
    let photo_id = photo_id();
    let report_id = ReportId(Uuid::from_u128(7));
    let taken = |decision| DecisionTaken {
        report_id,
        decision,
    };
    let mut more = vec![
        PhotosViewed { status: None },
        ReportsViewed { status: None },
        WebhooksViewed { state: None },
        EventsViewed {
            filters: BTreeMap::new(),
        },
        EventsExported {
            filters: BTreeMap::new(),
        },
    ];
    more.extend(every!(Decision: Dismissed, ContentRemoved, Escalated).map(taken));
    Samples {
        full: vec![
            FiguresViewed,
            ProjectionsViewed,
            PhotosViewed {
                status: Some(text()),
            },
            UserViewed { user_id: user_id() },
            ReportsViewed {
                status: Some(text()),
            },
            ReportViewed { report_id },
            WebhooksViewed {
                state: Some(text()),
            },
            EventsViewed { filters: filters() },
            EventsExported { filters: filters() },
            EventViewed {
                position: Position(7),
            },
            HistoryViewed {
                aggregate_type: text(),
                aggregate_id: text(),
            },
            StateViewed {
                aggregate_type: text(),
                aggregate_id: text(),
                position: Position(7),
            },
            CheckpointViewed,
            InclusionProven {
                position: 17,
                size: 42,
            },
            ConsistencyProven { from: 17, to: 42 },
            BundleExported { size: 42 },
            PhotoRetried { photo_id },
            CancellationOrdered { photo_id },
            taken(Decision::Dismissed),
            ProjectionRebuilt { projection: text() },
            WebhookReplayed { webhook_id: text() },
            ErasureOrdered { user_id: user_id() },
            KeysRotated {
                master_key_id: text(),
            },
        ],
        more,
    }
}

pub(crate) fn conduct() -> Samples<conduct::Event> {
    use conduct::{
        Event::{ContentRefused, CoolDownStarted},
        Refusal, Stage,
    };
    let refused = |stage, rules: &[&str], fingerprint| ContentRefused {
        refusal: Refusal {
            stage,
            hard: true,
            rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
            pack: text(),
            fingerprint,
        },
        at: noon(),
    };
    let stages = every!(Stage: AvatarFields, Scene, Chat);
    Samples {
        full: vec![
            refused(Stage::Scene, &["R1"], Some(text())),
            CoolDownStarted {
                until: noon(),
                refusals: 3,
            },
        ],
        more: stages.map(|stage| refused(stage, &[], None)).into(),
    }
}

pub(crate) fn person() -> Samples<person::Event> {
    use person::Event::{DataExported, PersonErased};
    Samples {
        full: vec![DataExported, PersonErased],
        more: Vec::new(),
    }
}

fn user_id() -> UserId {
    UserId(Uuid::from_u128(2))
}
