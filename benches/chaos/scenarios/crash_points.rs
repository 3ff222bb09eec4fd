//! Every named place between two effects: a process dies there, and the others go on.

use std::time::{Duration, Instant};

use application::crash_points::CrashPoint;
use rand::RngExt as _;
use reqwest::Method;
use serde_json::json;
use tokio::task::block_in_place;

use crate::{
    load::{Load, Mix},
    person::Person,
    run::Run,
    system::Role,
};

/// How long a process may take to come to the place where it is to die.
const REACHED_WITHIN: Duration = Duration::from_secs(90);

/// Where a process is to die, and at which time that it comes there.
type Death = (CrashPoint, u32);

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let load = Load::start(run, Mix::Everything, 3);
    let payer = tokio::spawn(changes_their_mind(run.people[0].clone()));
    let (mut of_api, mut of_projector, mut of_workers) = (Vec::new(), Vec::new(), Vec::new());
    for point in CrashPoint::ALL {
        let (deaths, most) = match point {
            // The commands of people go through the API, where the sandbox sends its notices to as well.
            CrashPoint::AppendSending | CrashPoint::AppendWritten => (&mut of_api, 9),
            CrashPoint::NoticeKept => (&mut of_api, 1),
            CrashPoint::PageProjected | CrashPoint::PageMoved | CrashPoint::PageCommitted => {
                (&mut of_projector, 40)
            }
            CrashPoint::EventReacted => (&mut of_workers, 20),
            _ => (&mut of_workers, 1),
        };
        deaths.push((point, run.dice.random_range(1..=most)));
    }
    let of_second_worker = of_workers.split_off(of_workers.len() / 2);
    let (first, second) = run.system.workers.split_at_mut(1);
    let dying = tokio::join!(
        die(&mut run.system.apis[0], of_api),
        die(&mut run.system.projector, of_projector),
        die(&mut first[0], of_workers),
        die(&mut second[0], of_second_worker),
    );
    payer.abort();
    let missed = [dying.0, dying.1, dying.2, dying.3].concat();
    load.stop().await?;
    let all = CrashPoint::ALL.len();
    run.verdicts
        .count("deaths at a named place", (all - missed.len()) as u64);
    run.verdicts.no_exception(
        "every named place is died at",
        format!("{all} places"),
        &missed,
    );
    Ok(())
}

/// Lets a process die at one place after the other; those places that it did not come to.
async fn die(role: &mut Role, deaths: Vec<Death>) -> Vec<String> {
    let mut missed = Vec::new();
    for (point, times) in deaths {
        role.kill();
        let told = format!("{}:{times}", point.name());
        role.start_to_die(Some(&told));
        let (begun, last_words) = (Instant::now(), format!("died at {}", point.name()));
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            match role.has_ended() {
                Some(_) if role.log().contains(&last_words) => break,
                Some(how) => {
                    missed.push(format!("{told}: {how}"));
                    break;
                }
                None if begun.elapsed() > REACHED_WITHIN => {
                    missed.push(format!("{told}: {} never came there", role.name()));
                    break;
                }
                None => {}
            }
        }
    }
    role.kill();
    role.start_again();
    block_in_place(|| role.is_at_work());
    missed
}

/// Ends the subscription at the period's end and takes that back, again and again: each time the payment provider has
/// something to tell.
async fn changes_their_mind(person: Person) {
    loop {
        for path in ["/billing/cancel", "/billing/resume"] {
            // What is refused is in the journal.
            let _ = person.command(Method::POST, path, &json!({})).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}
