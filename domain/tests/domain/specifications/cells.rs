//! The table of every command in every state, and the picture of the states that follows from it.

use std::fmt::Write;

use super::{
    problems::Problems,
    words::{Said, Usual, escaped},
};
use crate::recording::{Outcome, Table};

/// The most commands that an arrow of the picture names.
const NAMED: usize = 4;

/// The picture: an arrow for each command that leads from one of the table's states to another.
pub(crate) fn picture(table: &Table) -> String {
    let mut text = "```mermaid\nstateDiagram-v2\n".to_owned();
    for (number, (state, _)) in table.states.iter().enumerate() {
        let _ = writeln!(text, "    state \"{state}\" as s{number}");
    }
    for from in 0..table.states.len() {
        for to in 0..table.states.len() {
            let commands: Vec<&str> = table
                .commands
                .iter()
                .zip(&table.cells)
                .filter(|(_, cells)| cells[from].leads_to == Some(to))
                .map(|((command, _), _)| command.as_str())
                .collect();
            if !commands.is_empty() {
                let _ = writeln!(text, "    s{from} --> s{to} : {}", arrow(&commands));
            }
        }
    }
    text + "```\n"
}

fn arrow(commands: &[&str]) -> String {
    let named = commands[..commands.len().min(NAMED)].join(", ");
    match commands.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// A row for each command and each way in which it is answered.
pub(crate) fn rows(table: &Table, problems: &Problems) -> String {
    let mut text = "| command | in the states | leads to |\n|---|---|---|\n".to_owned();
    for ((command, _), cells) in table.commands.iter().zip(&table.cells) {
        let mut answers = Vec::<(String, Vec<&str>)>::new();
        for ((state, _), cell) in table.states.iter().zip(cells) {
            let answer = answer(&table.aggregate, &cell.then, problems);
            match answers.iter_mut().find(|(known, _)| *known == answer) {
                Some((_, states)) => states.push(state),
                None => answers.push((answer, vec![state])),
            }
        }
        // What most states have in common comes last, as that of all others.
        answers.sort_by_key(|(_, states)| is_most(states, table));
        for (answer, states) in &answers {
            let states = match (answers.len(), is_most(states, table)) {
                (1, _) => "*every state*".to_owned(),
                (_, true) => "*every other state*".to_owned(),
                (_, false) => states.join(", "),
            };
            let _ = writeln!(text, "| {command} | {states} | {answer} |");
        }
    }
    text
}

fn is_most(states: &[&str], table: &Table) -> bool {
    states.len() * 2 > table.states.len()
}

fn answer(aggregate: &str, outcome: &Outcome, problems: &Problems) -> String {
    match outcome {
        Outcome::Events(events) if events.is_empty() => "nothing changes".to_owned(),
        Outcome::Events(events) => {
            let names = events.iter().filter_map(|event| event["type"].as_str());
            let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
            names.join(", ")
        }
        Outcome::Rejected { rejection, message } => {
            refused(aggregate, rejection, message, problems)
        }
    }
}

/// A refusal in words, with what clients are told.
pub(crate) fn refused(
    aggregate: &str,
    rejection: &str,
    message: &str,
    problems: &Problems,
) -> String {
    let message = escaped(message);
    match problems.of(aggregate, rejection) {
        Some(problem) => format!("refused: *{message}* (HTTP {problem})"),
        None => format!("refused: *{message}* (`{rejection}`; nobody outside can cause it)"),
    }
}

/// What stands behind the names of the table's states and commands.
pub(crate) fn legend(table: &Table, usual: &Usual) -> String {
    let mut text = "| state | after |\n|---|---|\n".to_owned();
    for (state, history) in &table.states {
        let _ = writeln!(
            text,
            "| {state} | {} |",
            super::page::history(history, usual)
        );
    }
    text += "\n| command | is |\n|---|---|\n";
    for (command, said) in &table.commands {
        let _ = writeln!(text, "| {command} | {} |", usual.tell(&Said::of(said)));
    }
    text
}
