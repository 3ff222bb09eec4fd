//! `docs/specifications/problems.md`: every rule that can refuse, and what a client is told then.
//!
//! `UPDATE_SPECIFICATIONS=1 cargo test -p api --lib specified`

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::{error::Error, fmt::Write, fs, path::Path};

use domain::{
    avatar, conversation,
    event_versions::VersionedEvent,
    person, photo_request, report,
    subscription::{self, ClosedReason},
};

use super::{Code, Problem};

/// Samples of every variant: one that is missing here does not compile.
macro_rules! every {
    ($type:ty: $($sample:expr, $pattern:pat,)+) => {{
        const fn is_known(sample: &$type) {
            match sample {
                $($pattern => {})+
            }
        }
        let samples: Vec<$type> = vec![$($sample),+];
        samples.iter().for_each(is_known);
        samples
    }};
}

#[test]
fn the_page_says_what_every_refusal_is_over_http() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/specifications/problems.md");
    let expected = page();
    if std::env::var_os("UPDATE_SPECIFICATIONS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &expected).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == expected,
        "docs/specifications/problems.md is stale; write it anew with UPDATE_SPECIFICATIONS=1 cargo test -p api --lib specified"
    );
}

fn page() -> String {
    let mut text = "<!-- Written by `UPDATE_SPECIFICATIONS=1 cargo test -p api --lib specified` from the program. -->\n\n\
         # What clients are told when a rule refuses\n\n\
         *nobody outside* means that only our own reactions and workers give the commands that end so, or a use case \
         that made a mistake: such an answer would be a 500. What each code means stands on its page, `/problems/CODE` \
         of the running service.\n\n\
         | aggregate | rule | in words | over HTTP |\n|---|---|---|---|\n"
        .to_owned();
    add(&mut text, avatar::Event::AGGREGATE_TYPE, avatars());
    add(
        &mut text,
        conversation::Event::AGGREGATE_TYPE,
        conversations(),
    );
    add(&mut text, person::Event::AGGREGATE_TYPE, persons());
    add(
        &mut text,
        photo_request::Event::AGGREGATE_TYPE,
        photo_requests(),
    );
    add(&mut text, report::Event::AGGREGATE_TYPE, reports());
    add(
        &mut text,
        subscription::Event::AGGREGATE_TYPE,
        subscriptions(),
    );
    text
}

fn add<R: Error>(text: &mut String, aggregate: &str, rejections: Vec<R>)
where
    Problem: From<R>,
{
    for rejection in rejections {
        let name = format!("{rejection:?}");
        let name = name.split(' ').next().unwrap_or_default();
        let message = rejection.to_string();
        let code = Problem::from(rejection).code();
        let answer = if code == Code::InternalError {
            "*nobody outside*".to_owned()
        } else {
            format!("{} `{}`", code.status_number(), code.slug())
        };
        let _ = writeln!(text, "| {aggregate} | `{name}` | {message} | {answer} |");
    }
}

fn avatars() -> Vec<avatar::Rejection> {
    use avatar::Rejection::{AlreadyExists, NotFound, ReferenceNotReady, UnknownReference};
    every!(avatar::Rejection:
        NotFound, NotFound,
        AlreadyExists, AlreadyExists,
        ReferenceNotReady, ReferenceNotReady,
        UnknownReference, UnknownReference,
    )
}

fn conversations() -> Vec<conversation::Rejection> {
    use conversation::Rejection::{
        AgainstTheRules, AlreadyAnswered, AlreadyAttached, AlreadyPromised, AlreadySent,
        AlreadyWithheld, SaysNothing, UnknownMessage, UnknownPhoto, WrongMode,
    };
    every!(conversation::Rejection:
        UnknownMessage, UnknownMessage,
        AlreadySent, AlreadySent,
        AlreadyAnswered, AlreadyAnswered,
        AlreadyPromised, AlreadyPromised,
        UnknownPhoto, UnknownPhoto,
        AlreadyAttached, AlreadyAttached,
        AlreadyWithheld, AlreadyWithheld,
        WrongMode, WrongMode,
        SaysNothing, SaysNothing,
        AgainstTheRules, AgainstTheRules,
    )
}

fn persons() -> Vec<person::Rejection> {
    use person::Rejection::Erased;
    every!(person::Rejection:
        Erased, Erased,
    )
}

fn photo_requests() -> Vec<photo_request::Rejection> {
    use photo_request::Rejection::{
        AlreadyCanceled, AlreadyDelivered, AlreadyFailed, AlreadyRefused, AlreadyRequested,
        Deleted, FailedByContent, NoAttempt, NotFound, NotMarked, PredictionAlreadyRecorded,
        StaleAttempt, StillRunning, WithoutReference,
    };
    every!(photo_request::Rejection:
        NotFound, NotFound,
        AlreadyRequested, AlreadyRequested,
        WithoutReference, WithoutReference,
        StaleAttempt { given: 1, current: 2 }, StaleAttempt { .. },
        NoAttempt, NoAttempt,
        PredictionAlreadyRecorded, PredictionAlreadyRecorded,
        NotMarked, NotMarked,
        AlreadyDelivered, AlreadyDelivered,
        AlreadyFailed, AlreadyFailed,
        AlreadyRefused, AlreadyRefused,
        AlreadyCanceled, AlreadyCanceled,
        Deleted, Deleted,
        StillRunning, StillRunning,
        FailedByContent, FailedByContent,
    )
}

fn reports() -> Vec<report::Rejection> {
    use report::Rejection::{AlreadyDecided, NotFound, NotRemovable};
    every!(report::Rejection:
        NotFound, NotFound,
        AlreadyDecided, AlreadyDecided,
        NotRemovable, NotRemovable,
    )
}

fn subscriptions() -> Vec<subscription::Rejection> {
    use subscription::Rejection::{AlreadySubscribed, GateClosed, NoSubscription, QuotaExhausted};
    let closed = every!(ClosedReason:
        ClosedReason::None, ClosedReason::None,
        ClosedReason::PaymentIncomplete, ClosedReason::PaymentIncomplete,
        ClosedReason::IncompleteExpired, ClosedReason::IncompleteExpired,
        ClosedReason::PaymentPastDue, ClosedReason::PaymentPastDue,
        ClosedReason::Unpaid, ClosedReason::Unpaid,
        ClosedReason::Paused, ClosedReason::Paused,
        ClosedReason::Canceled, ClosedReason::Canceled,
    );
    let others = every!(subscription::Rejection:
        AlreadySubscribed, AlreadySubscribed,
        QuotaExhausted { limit: 2 }, QuotaExhausted { .. },
        NoSubscription, NoSubscription,
        GateClosed(ClosedReason::None), GateClosed(_),
    );
    let others = others
        .into_iter()
        .filter(|other| !matches!(other, GateClosed(_)));
    others.chain(closed.into_iter().map(GateClosed)).collect()
}
