//! What people hear who may be in danger: `CRISIS_ANSWERS_FILE`, or what comes with the program.

use std::{fs, path::Path};

use application::crisis::CrisisAnswers;

use super::reader::Reader;

pub(super) fn read(reader: &mut Reader<'_>) -> CrisisAnswers {
    let Some(file) = reader.text("CRISIS_ANSWERS_FILE") else {
        return CrisisAnswers::default();
    };
    from_file(Path::new(&file)).unwrap_or_else(|problem| {
        reader.problem(
            "CRISIS_ANSWERS_FILE",
            format_args!("is {file:?}: {problem}"),
        );
        CrisisAnswers::default()
    })
}

fn from_file(file: &Path) -> Result<CrisisAnswers, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("it cannot be read ({error})"))?;
    let read: CrisisAnswers = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let answers = read
        .iter()
        .map(|(tag, answer)| (tag.to_owned(), answer.to_owned()));
    let answers = CrisisAnswers::new(answers);
    if let Some((tag, _)) = answers.iter().find(|(_, answer)| answer.trim().is_empty()) {
        return Err(format!("the answer for {tag:?} is empty"));
    }
    if answers.iter().all(|(tag, _)| tag != "en") {
        return Err("it has no answer for \"en\", which everybody else is given".to_owned());
    }
    Ok(answers)
}
