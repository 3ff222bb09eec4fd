//! What the documents tell people to type: every command is one, with flags that there are, and names what there is.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output},
};

use infrastructure::scratch_database::ScratchDatabase;
use serde_json::Value;

use crate::server::programs;

const PAGES: [&str; 5] = [
    "README.md",
    "docs/OPERATIONS.md",
    "docs/AUDIT.md",
    "docs/DATABASE_ROLES.md",
    "docs/ARCHITECTURE.md",
];

/// The options of `docker compose SUBCOMMAND` that we write down, as its reference (2.24) has them.
const COMPOSE: [(&str, &[&str]); 7] = [
    ("config", &["--quiet"]),
    ("build", &[]),
    (
        "up",
        &[
            "--detach",
            "--wait",
            "--no-deps",
            "--scale",
            "--no-recreate",
        ],
    ),
    ("run", &["--rm"]),
    ("exec", &[]),
    ("ps", &[]),
    ("logs", &["--since"]),
];

/// What stands behind `ava` in names that keys are derived with (docs/ARCHITECTURE.md).
const LABELS: [&str; 3] = ["data", "master", "sealed"];

fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The commands in fenced blocks and in inline code, each one for itself and without its comment.
fn commands(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (nth, block) in page.split("```").enumerate() {
        if nth % 2 == 1 {
            let lines = block.replace("\\\n", " ");
            found.extend(lines.lines().skip(1).map(str::to_owned));
        } else {
            found.extend(
                block
                    .split('`')
                    .skip(1)
                    .step_by(2)
                    .map(|code| code.replace('\n', " ")),
            );
        }
    }
    found
        .iter()
        .flat_map(|line| line.split(" #").next().unwrap().split("&&"))
        .flat_map(|command| command.split([';', '|', '>']))
        .map(|command| command.trim().to_owned())
        .collect()
}

/// The words of those commands that begin with one, behind variables that are set before it.
fn of(program: &[&str]) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for page in PAGES {
        for command in commands(&file(page)) {
            let words = command.split_whitespace().map(str::to_owned);
            let words: Vec<String> = words
                .skip_while(|word| {
                    word.contains('=') && word.chars().next().is_some_and(char::is_uppercase)
                })
                .collect();
            if words.len() > program.len()
                && words
                    .iter()
                    .zip(program)
                    .all(|(word, wanted)| word == wanted)
            {
                found.insert(words[program.len()..].to_vec());
            }
        }
    }
    assert!(!found.is_empty(), "no {program:?} was found");
    found
}

/// Asks the program for the help of a command behind everything that the page says: clap reads that first.
fn understood(words: &[String]) -> Output {
    const ID: &str = "0199f0c0-0000-7000-8000-000000000001";
    let mut given: Vec<&str> = Vec::new();
    for word in words {
        match word.trim_end_matches('\\') {
            // What may be left out, and what is left out.
            word if word.starts_with('[') => break,
            word if word.contains('…') => {
                if given.last().is_some_and(|last| last.starts_with("--")) {
                    given.pop();
                }
                break;
            }
            "ID" | "USER_ID" => given.push(ID),
            "SHELL" => given.push("bash"),
            "TYPE" => given.push("avatar"),
            other => given.push(other),
        }
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_ava"));
    command.args(given).arg("--help").output().unwrap()
}

#[test]
fn every_command_of_ava_in_the_documents_is_one() {
    let commands = of(&["ava"]);
    assert!(commands.len() > 15, "{commands:?}");
    for words in commands {
        // The README's shell calls a function of its own `ava` as well, with a path; and some labels begin like a command.
        let first = words[0].as_str();
        if first.starts_with(['/', '\'', '"']) || LABELS.contains(&first) {
            continue;
        }
        let told = understood(&words);
        let complaint = String::from_utf8_lossy(&told.stderr).into_owned();
        // An option that is named alone lacks its value, and so is known.
        let is_named = complaint.contains("a value is required for");
        assert!(
            told.status.success() || is_named,
            "ava {}: {complaint}",
            words.join(" ")
        );
    }
}

#[test]
fn every_command_of_compose_names_services_and_options_that_there_are() {
    let compose = file("docker-compose.yml");
    let services = compose.split("\nservices:\n").nth(1).unwrap();
    let services: BTreeSet<&str> = services
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with(' '))
        .filter(|line| line.starts_with("  ") && !line.starts_with("   ") && !line.contains('#'))
        .filter_map(|line| line.trim().strip_suffix(':'))
        .collect();
    assert!(services.contains("backend"), "{services:?}");
    for words in of(&["docker", "compose"]) {
        let mut words = words.iter().map(String::as_str).peekable();
        while words.peek() == Some(&"-f") {
            words.next();
            let named = words.next().unwrap();
            assert!(
                Path::new(env!("CARGO_MANIFEST_DIR")).join(named).is_file(),
                "{named}"
            );
        }
        let subcommand = words.next().unwrap();
        let known = COMPOSE.iter().find(|(name, _)| *name == subcommand);
        let (_, options) = known.unwrap_or_else(|| panic!("docker compose {subcommand}"));
        let mut rest: Vec<&str> = Vec::new();
        while let Some(word) = words.next() {
            match word {
                _ if word.starts_with('-') => {
                    assert!(
                        options.contains(&word),
                        "docker compose {subcommand} {word}"
                    );
                    if ["--scale", "--since"].contains(&word) {
                        words.next();
                    }
                }
                _ => {
                    rest.push(word);
                    // What follows the service is run in there.
                    if ["run", "exec"].contains(&subcommand) {
                        break;
                    }
                }
            }
        }
        for service in rest.into_iter().filter(|word| *word != "SERVICE") {
            assert!(
                services.contains(service),
                "docker compose {subcommand} {service}"
            );
        }
        let inside: Vec<String> = words.map(str::to_owned).collect();
        if subcommand == "run" && !inside.is_empty() {
            assert!(understood(&inside).status.success(), "{inside:?}");
        }
    }
}

#[test]
fn every_option_of_postgresqls_programs_is_one() {
    for program in ["pg_basebackup", "pg_dump", "pg_restore", "psql"] {
        let help = Command::new(programs().join(program))
            .arg("--help")
            .output()
            .unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        for words in of(&[program]) {
            for option in words.iter().filter(|word| word.starts_with("--")) {
                let name = option.split('=').next().unwrap();
                assert!(help.contains(name), "{program} {option}");
            }
        }
    }
}

/// Statements that only look are planned by a migrated database: their tables and columns are there.
#[tokio::test]
async fn every_look_into_the_database_is_one() {
    let database = ScratchDatabase::create().await;
    let mut looked = 0;
    for page in PAGES {
        for command in commands(&file(page)) {
            let statements = command.split(['\'', '"']).map(str::trim);
            for statement in statements.filter(|text| is_whole(text)) {
                let plan = format!("EXPLAIN {statement}");
                let planned = sqlx::query(&plan).execute(&database.pool()).await;
                assert!(planned.is_ok(), "{statement}: {planned:?}");
                looked += 1;
            }
        }
    }
    assert!(looked >= 4, "{looked} statements were found");
}

/// A statement that was not cut off by a quotation mark of its own.
fn is_whole(text: &str) -> bool {
    text.starts_with("SELECT ")
        && !text.ends_with('(')
        && !text.ends_with("FROM")
        && !text.contains('…')
}

#[test]
fn every_address_that_is_asked_is_one_of_the_api() {
    let document: Value = serde_json::from_str(&file("docs/openapi.json")).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let asked = file("docs/OPERATIONS.md");
    let mut found = 0;
    for rest in asked.split("https://ava.example.com").skip(1) {
        let path: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || "/-_".contains(*c))
            .collect();
        if !path.is_empty() {
            assert!(paths.contains_key(&path), "{path}");
            found += 1;
        }
    }
    assert!(found > 0);
}
