//! Reports: what is filed, and how it is answered.

use domain::{
    personal::Personal,
    report::{Command, Decision, Event, Reason, Report, Subject, SubjectKind},
    values::UserId,
};
use uuid::Uuid;

use crate::{
    given::replay,
    table::{Samples, assert_complete, assert_table, variants},
};

#[test]
fn every_command_in_every_state_is_answered_as_the_table_says() {
    let states = states();
    let replayed: Vec<Report> = states
        .iter()
        .map(|(_, history)| replay(history.clone()))
        .collect();
    assert_complete(replayed.iter(), variants!(Report: Absent Open Decided));
    assert_table::<Report>(
        include_str!("tables/report.txt"),
        &states,
        &commands(),
        variants!(Command: FileReport DecideReport),
    );
}

#[test]
fn a_report_knows_what_it_is_about_from_the_first_day_to_the_last() {
    let open: Report = replay([filed(SubjectKind::Photo)]);
    let decided: Report = replay([filed(SubjectKind::Photo), decided(Decision::Dismissed)]);
    let about = Some((subject(SubjectKind::Photo), owner()));
    assert_eq!(open.subject(), about);
    assert_eq!(decided.subject(), about);
    assert_eq!(Report::default().subject(), None);
}

fn states() -> Samples<Vec<Event>> {
    vec![
        ("absent", vec![]),
        ("open", vec![filed(SubjectKind::Photo)]),
        ("open message", vec![filed(SubjectKind::Message)]),
        (
            "dismissed",
            vec![filed(SubjectKind::Photo), decided(Decision::Dismissed)],
        ),
        (
            "removed",
            vec![filed(SubjectKind::Photo), decided(Decision::ContentRemoved)],
        ),
    ]
}

fn commands() -> Samples<Command> {
    let decide = |decision| Command::DecideReport {
        decision,
        note: Some(Personal::new("seen".parse().unwrap())),
    };
    vec![
        (
            "file",
            Command::FileReport {
                owner: owner(),
                subject: subject(SubjectKind::Photo),
                reason: Reason::Other,
                text: None,
                due_at: "2026-11-27T12:00:00Z".parse().unwrap(),
            },
        ),
        ("dismiss", decide(Decision::Dismissed)),
        ("remove", decide(Decision::ContentRemoved)),
        ("escalate", decide(Decision::Escalated)),
    ]
}

fn filed(kind: SubjectKind) -> Event {
    Event::ReportFiled {
        owner: owner(),
        subject: subject(kind),
        reason: Reason::Other,
        text: None,
        due_at: "2026-11-27T12:00:00Z".parse().unwrap(),
    }
}

fn decided(decision: Decision) -> Event {
    Event::ReportDecided {
        decision,
        note: None,
    }
}

fn subject(kind: SubjectKind) -> Subject {
    Subject {
        kind,
        id: Uuid::from_u128(1),
    }
}

fn owner() -> UserId {
    UserId(Uuid::from_u128(2))
}
