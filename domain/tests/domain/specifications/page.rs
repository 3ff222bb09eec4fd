//! An aggregate's page.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
};

use serde_json::Value;

use super::{
    cells,
    problems::Problems,
    words::{Said, Usual, sentence},
};
use crate::recording::{Outcome, Scenario, Table};

const WRITTEN_BY: &str = "<!-- Written by `UPDATE_SPECIFICATIONS=1 cargo test -p domain --test domain specifications` \
from what the tests did. -->";

pub(crate) struct Page<'a> {
    aggregate: &'a str,
    tables: &'a [Table],
    /// Each test with what it did.
    rules: Vec<(String, Vec<Scenario>)>,
    /// Tests of it that give no single command.
    others: Vec<&'a str>,
    problems: &'a Problems,
    usual: Usual,
}

/// A page as the index has it.
pub(crate) struct Entry {
    aggregate: String,
    file: String,
    about: String,
    rules: usize,
    cells: usize,
}

impl<'a> Page<'a> {
    pub(crate) fn new(
        aggregate: &'a str,
        tables: &'a [Table],
        scenarios: Vec<Scenario>,
        tests: &'a BTreeSet<String>,
        problems: &'a Problems,
    ) -> Self {
        let usual = Usual::of(&said(tables, &scenarios));
        let module = module(aggregate);
        let mut rules = BTreeMap::<String, Vec<Scenario>>::new();
        for scenario in scenarios {
            rules
                .entry(scenario.test.clone())
                .or_default()
                .push(scenario);
        }
        let of_it = |test: &&String| {
            let its = test.split("::").next().unwrap_or_default();
            its == module
                || its
                    .strip_prefix(&module)
                    .is_some_and(|rest| rest.starts_with('_'))
        };
        let others = tests
            .iter()
            .filter(of_it)
            .filter(|test| !rules.contains_key(*test) && !test.ends_with("_as_the_table_says"))
            .map(String::as_str)
            .collect();
        let mut rules: Vec<_> = rules.into_iter().collect();
        rules.sort_by(|(_, one), (_, other)| one[0].place.cmp(&other[0].place));
        Self {
            aggregate,
            tables,
            rules,
            others,
            problems,
            usual,
        }
    }

    pub(crate) fn file(&self) -> String {
        format!("{}.md", module(self.aggregate))
    }

    pub(crate) fn entry(&self) -> Entry {
        let (_, about) = self.words_of_the_source();
        let about = about.replace('\n', " ");
        let about = about
            .split_inclusive(". ")
            .next()
            .unwrap_or_default()
            .trim();
        let cells = |table: &Table| table.states.len() * table.commands.len();
        Entry {
            aggregate: self.aggregate.to_owned(),
            file: self.file(),
            about: about.to_owned(),
            rules: self.rules.len() + self.others.len(),
            cells: self.tables.iter().map(cells).sum(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let (sketch, about) = self.words_of_the_source();
        let mut text = format!("{WRITTEN_BY}\n\n# {}\n\n{about}\n", self.aggregate);
        if let Some(sketch) = sketch {
            let _ = write!(text, "\n```text\n{sketch}\n```\n");
        }
        for table in self.tables {
            text += "\n## States\n\nEach arrow is a command of the table below that leads from one of its states to another.\n\n";
            text += &cells::picture(table);
        }
        if !self.rules.is_empty() {
            text += "\n## Rules\n";
        }
        for (test, scenarios) in &self.rules {
            let _ = write!(text, "\n### {}\n", sentence(test));
            for group in groups(scenarios) {
                self.add_group(&mut text, &group);
            }
        }
        if !self.others.is_empty() {
            text += "\n## Rules that hold for more than one command\n\n\
                     Tests keep these on states, or on thousands of histories made by chance:\n\n";
            for test in &self.others {
                let _ = writeln!(text, "- {}", sentence(test));
            }
        }
        for table in self.tables {
            self.add_table(&mut text, table);
        }
        let usual = self.usual.lines();
        if !usual.is_empty() {
            text += "\n## What goes without saying\n\n\
                     What is not shown of an event or a command is as here, or is not there at all:\n\n";
            text += &(usual.join("\n") + "\n");
        }
        text
    }

    fn add_table(&self, text: &mut String, table: &Table) {
        *text += "\n## Every command in every state\n\n";
        *text += &cells::rows(table, self.problems);
        *text += "\nIn this table:\n\n";
        *text += &cells::legend(table, &self.usual);
    }

    fn add_group(&self, text: &mut String, group: &Group<'_>) {
        let given: Vec<String> = group
            .given
            .iter()
            .map(|given| history(given, &self.usual))
            .collect();
        let when: Vec<String> = group
            .when
            .iter()
            .map(|when| self.usual.tell(&Said::of(when)))
            .collect();
        let then = match group.then {
            Outcome::Events(events) if events.is_empty() => "nothing changes".to_owned(),
            Outcome::Events(events) => history(events, &self.usual),
            Outcome::Rejected { rejection, message } => {
                cells::refused(self.aggregate, rejection, message, self.problems)
            }
        };
        text.push('\n');
        add_step(text, "Given", &given);
        add_step(text, "When", &when);
        add_step(text, "Then", &[then]);
    }

    /// The sketch of the states, when there is one, and what the aggregate is, in the words of its module.
    fn words_of_the_source(&self) -> (Option<String>, String) {
        let path = format!("src/{}.rs", module(self.aggregate));
        let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
        let words: Vec<&str> = lines.map(str::trim).collect();
        let words = words.join("\n").replace("[`", "`").replace("`]", "`");
        match words.split_once("\n\n") {
            Some((sketch, about)) if sketch.contains('▶') => (
                Some(sketch.to_owned()),
                about.replace('\n', " ").replace("  ", "\n\n"),
            ),
            _ => (
                None,
                words
                    .replace("\n\n", "  ")
                    .replace('\n', " ")
                    .replace("  ", "\n\n"),
            ),
        }
    }
}

fn add_step(text: &mut String, step: &str, told: &[String]) {
    match told {
        [only] => {
            let _ = writeln!(text, "- **{step}** {only}");
        }
        several => {
            let _ = writeln!(text, "- **{step}** each of these in turn:");
            for one in several {
                let _ = writeln!(text, "  - {one}");
            }
        }
    }
}

/// What a test did at one place with one result.
struct Group<'a> {
    given: Vec<&'a [Value]>,
    when: Vec<&'a Value>,
    then: &'a Outcome,
}

/// Steps of a loop that differ in the history only, or in the command only, are told together.
fn groups(scenarios: &[Scenario]) -> Vec<Group<'_>> {
    let mut groups = Vec::<(&Scenario, Group<'_>)>::new();
    for scenario in scenarios {
        let (given, when) = (scenario.given.as_slice(), &scenario.when);
        let last = groups
            .iter_mut()
            .filter(|(first, group)| first.place == scenario.place && *group.then == scenario.then)
            .find_map(|(_, group)| {
                let same_given = group.given == [given];
                let same_when = group.when == [when];
                (same_given || same_when).then_some((group, same_given, same_when))
            });
        match last {
            Some((_, true, true)) => {}
            Some((group, true, false)) => group.when.push(when),
            Some((group, _, _)) => group.given.push(given),
            None => groups.push((
                scenario,
                Group {
                    given: vec![given],
                    when: vec![when],
                    then: &scenario.then,
                },
            )),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Events one after the other.
pub(crate) fn history(events: &[Value], usual: &Usual) -> String {
    if events.is_empty() {
        return "nothing yet".to_owned();
    }
    let told: Vec<String> = events
        .iter()
        .map(|event| usual.tell(&Said::of(event)))
        .collect();
    told.join(", ")
}

/// Everything that a page says.
fn said(tables: &[Table], scenarios: &[Scenario]) -> Vec<Said> {
    let of_tables = tables.iter().flat_map(|table| {
        let states = table.states.iter().flat_map(|(_, history)| history);
        states.chain(table.commands.iter().map(|(_, command)| command))
    });
    let of_scenarios = scenarios.iter().flat_map(|scenario| {
        let then = match &scenario.then {
            Outcome::Events(events) => events.as_slice(),
            Outcome::Rejected { .. } => &[],
        };
        scenario.given.iter().chain([&scenario.when]).chain(then)
    });
    of_tables.chain(of_scenarios).map(Said::of).collect()
}

/// As `photo_request` of `PhotoRequest`.
fn module(aggregate: &str) -> String {
    let mut module = String::new();
    for character in aggregate.chars() {
        if character.is_uppercase() && !module.is_empty() {
            module.push('_');
        }
        module.extend(character.to_lowercase());
    }
    module
}

/// The page that leads to the others.
pub(crate) fn index(entries: &[Entry]) -> String {
    let mut text = format!(
        "{WRITTEN_BY}\n\n# What the rules are\n\n\
         A page for each aggregate: its states, what every command leads to in every one of them, and its rules, each with \
         the history, the command and the events or the refusal that follow. Nothing here was written by hand but the \
         sentences, which are the names of tests, and the first lines, which are those of the modules: the events and \
         refusals are what the program answered when its tests ran.\n\n\
         - **Given** is what had happened before, **when** the command, **then** the events that follow from it. \
         \"Nothing changes\" means that the command is accepted and no event follows.\n\
         - \\#1, \\#2 … stand for ids, personal texts are those of the tests. Fields that are the same all over a page stand at its \
         end, and are not said each time.\n\
         - A refusal is told in the words of the rule, with the status and the code that clients of the HTTP API get when \
         their own command ends so ([problems.md](problems.md)).\n\n\
         | aggregate | what it is | rules | commands in states |\n|---|---|---|---|\n"
    );
    for entry in entries {
        let _ = writeln!(
            text,
            "| [{}]({}) | {} | {} | {} |",
            entry.aggregate, entry.file, entry.about, entry.rules, entry.cells
        );
    }
    text
}
