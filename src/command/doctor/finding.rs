//! What a check found, and how all of it is told.

use std::fmt::Write;

use serde::Serialize;
use serde_json::json;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works; somebody should look.
    Warn,
    /// It does not work, or must not stay so.
    Fail,
    /// Nobody answers: as bad as a failure, but it may pass.
    #[serde(rename = "fail")]
    Away,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    check: String,
    #[serde(rename = "status")]
    level: Level,
    found: String,
    /// What to do; nothing when all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

/// Everything that was found, in the order in which it was looked for.
#[derive(Debug, Default)]
pub struct Report(Vec<Finding>);

impl Report {
    pub fn ok(&mut self, check: &str, found: impl Into<String>) {
        self.add(Level::Ok, check, found.into(), None);
    }

    pub fn warn(&mut self, check: &str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(Level::Warn, check, found.into(), Some(advice.into()));
    }

    pub fn fail(&mut self, check: &str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(Level::Fail, check, found.into(), Some(advice.into()));
    }

    pub fn away(&mut self, check: &str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(Level::Away, check, found.into(), Some(advice.into()));
    }

    fn add(&mut self, level: Level, check: &str, found: String, advice: Option<String>) {
        self.0.push(Finding {
            check: check.to_owned(),
            level,
            found,
            advice,
        });
    }

    /// How much was found.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The checks that came to that, each once.
    pub fn names(&self, level: Level) -> Vec<&str> {
        let found = self.0.iter().filter(|finding| finding.level == level);
        let mut names: Vec<&str> = found.map(|finding| finding.check.as_str()).collect();
        names.dedup();
        names
    }

    pub fn as_json(&self) -> String {
        let has = |level| !self.names(level).is_empty();
        let status = match (has(Level::Fail) || has(Level::Away), has(Level::Warn)) {
            (true, _) => Level::Fail,
            (false, true) => Level::Warn,
            (false, false) => Level::Ok,
        };
        format!("{}\n", json!({ "status": status, "checks": self.0 }))
    }

    pub fn as_text(&self) -> String {
        let mut text = String::new();
        for finding in &self.0 {
            let level = match finding.level {
                Level::Ok => "ok",
                Level::Warn => "warn",
                Level::Fail | Level::Away => "fail",
            };
            let _ = writeln!(text, "{level:<5} {:<12} {}", finding.check, finding.found);
            if let Some(advice) = &finding.advice {
                let _ = writeln!(text, "{:19}→ {advice}", "");
            }
        }
        text
    }

    /// What was found at a level, for tests.
    #[cfg(test)]
    pub fn found(&self, level: Level) -> Vec<&str> {
        let found = self.0.iter().filter(|finding| finding.level == level);
        found.map(|finding| finding.found.as_str()).collect()
    }
}
