//! Which promises were kept: a line for each, as soon as it is known.

use std::{collections::BTreeMap, time::Instant};

/// A promise, and what was seen of it.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Under which heading.
    pub scenario: String,
    /// What must hold.
    pub promise: String,
    /// In figures, or what was wrong.
    pub seen: String,
    /// Whether it did.
    pub is_kept: bool,
}

/// All of a run.
#[derive(Debug)]
pub struct Verdicts {
    begun: Instant,
    scenario: String,
    all: Vec<Verdict>,
    counts: BTreeMap<&'static str, u64>,
}

impl Default for Verdicts {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            scenario: String::new(),
            all: Vec::new(),
            counts: BTreeMap::new(),
        }
    }
}

impl Verdicts {
    /// What follows belongs to that scenario.
    pub fn heading(&mut self, scenario: &str) {
        println!("\n{scenario}, from {} s on", self.begun.elapsed().as_secs());
        scenario.clone_into(&mut self.scenario);
    }

    /// It held, as these figures say.
    pub fn kept(&mut self, promise: &str, seen: impl Into<String>) {
        self.add(promise, seen.into(), true);
    }

    /// It did not.
    pub fn broken(&mut self, promise: &str, seen: impl Into<String>) {
        self.add(promise, seen.into(), false);
    }

    /// It held when there is nothing to say against it.
    pub fn no_exception(&mut self, promise: &str, seen: impl Into<String>, exceptions: &[String]) {
        if exceptions.is_empty() {
            return self.kept(promise, seen);
        }
        let shown = exceptions.iter().take(8).map(String::as_str);
        let shown = shown.collect::<Vec<_>>().join("\n              ");
        let (count, seen) = (exceptions.len(), seen.into());
        self.broken(
            promise,
            format!("{count} exceptions ({seen}):\n              {shown}"),
        );
    }

    fn add(&mut self, promise: &str, seen: String, is_kept: bool) {
        let word = if is_kept { "holds   " } else { "VIOLATED" };
        println!("  {word}  {promise}: {seen}");
        self.all.push(Verdict {
            scenario: self.scenario.clone(),
            promise: promise.to_owned(),
            seen,
            is_kept,
        });
    }

    /// Something worth knowing that no promise is about.
    pub fn note(&self, text: &str) {
        println!("            {text}");
    }

    /// Counts what was done.
    pub fn count(&mut self, what: &'static str, times: u64) {
        *self.counts.entry(what).or_default() += times;
    }

    /// Everything that was counted.
    pub const fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// Every promise.
    pub fn all(&self) -> &[Verdict] {
        &self.all
    }

    /// How many were kept.
    pub fn kept_promises(&self) -> usize {
        self.all.len() - self.broken_promises()
    }

    /// How many were not.
    pub fn broken_promises(&self) -> usize {
        self.all.iter().filter(|verdict| !verdict.is_kept).count()
    }
}
