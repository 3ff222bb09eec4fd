//! The journal by itself: nobody was told what they must not be told.

use std::collections::{BTreeMap, HashMap};

use crate::{
    journal::{Entry, Told},
    verdicts::Verdicts,
};

/// Looks at every answer.
pub fn look(verdicts: &mut Verdicts, journal: &[Entry]) {
    let told = |is_it: fn(&Told) -> bool| journal.iter().filter(|entry| is_it(&entry.told)).count();
    verdicts.count("requests", journal.len() as u64);
    let done = told(|told| matches!(told, Told::Done { .. }));
    verdicts.count(
        "acknowledgements of commands, with those of twins",
        done as u64,
    );
    let later = told(|told| matches!(told, Told::Later { .. }));
    verdicts.count(
        "answers 503, 429 and 409 with a time to ask again",
        later as u64,
    );

    let without_time = journal
        .iter()
        .filter(|entry| matches!(entry.told, Told::Later { after: None, .. }));
    let without_time: Vec<String> = without_time.map(described).collect();
    verdicts.no_exception(
        "who is put off is told for how long",
        format!("{later} answers"),
        &without_time,
    );

    let refused = journal
        .iter()
        .filter(|entry| matches!(entry.told, Told::Refused { .. }));
    let refused: Vec<String> = refused.map(described).collect();
    let seen = format!(
        "{done} commands, {} reads",
        told(|told| *told == Told::Shown)
    );
    verdicts.no_exception(
        "nobody is refused what is theirs, and nothing ends in a 5xx but 503",
        seen,
        &refused,
    );

    let cut = journal.iter().filter(|entry| {
        let may_be_cut = entry
            .scenario
            .is_some_and(|scenario| scenario.kills_the_api());
        match entry.told {
            Told::Nothing(_) => !may_be_cut,
            // Those who are told to stop do not listen any more; a proxy asks the next one.
            Told::NobodyThere
            | Told::Done { .. }
            | Told::Shown
            | Told::Later { .. }
            | Told::Refused { .. } => false,
        }
    });
    let cut: Vec<String> = cut.map(described).collect();
    let where_killed = told(|told| matches!(told, Told::Nothing(_))) - cut.len();
    let seen = format!("{where_killed} where the API itself was killed, none elsewhere");
    verdicts.no_exception("no answer is cut short", seen, &cut);

    identical(verdicts, journal);
}

/// Whoever asked under one key was told the same.
fn identical(verdicts: &mut Verdicts, journal: &[Entry]) {
    let mut answers: HashMap<&str, BTreeMap<(u64, u64), usize>> = HashMap::new();
    for entry in journal {
        if let (Some(key), Told::Done { position, body }) = (&entry.key, &entry.told) {
            *answers
                .entry(key)
                .or_default()
                .entry((*position, *body))
                .or_default() += 1;
        }
    }
    let several = answers.iter().filter(|(_, told)| told.len() > 1);
    let several: Vec<String> = several
        .map(|(key, told)| format!("key {key} had the answers {told:?}"))
        .collect();
    let seen = format!("{} keys", answers.len());
    verdicts.no_exception("one key has one answer", seen, &several);
}

fn described(entry: &Entry) -> String {
    let scenario = entry.scenario.map_or("before", |scenario| scenario.name());
    format!(
        "{scenario}: {} → {:?} after {:?}",
        entry.what, entry.told, entry.took
    )
}
