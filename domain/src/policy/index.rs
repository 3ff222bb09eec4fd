//! Which rules a text can break at all, by the first words of their terms: most texts break none, and are read once
//! instead of once a rule.

use std::collections::HashMap;

use super::{
    phrases::{Phrases, Start},
    text::Reading,
};

/// The rules of a pack, by how their terms begin.
#[derive(Debug, Default)]
pub(super) struct Index {
    rules: usize,
    by_word: HashMap<String, Vec<usize>>,
    /// First letter → beginnings of words.
    by_letter: HashMap<char, Vec<(String, usize)>>,
    /// Rules with a term that may begin with any word.
    always: Vec<usize>,
}

impl Index {
    /// Over the terms of the rules, in their order.
    pub(super) fn of<'a>(rules: impl Iterator<Item = &'a Phrases>) -> Self {
        let mut index = Self::default();
        for (rule, terms) in rules.enumerate() {
            index.rules = rule + 1;
            for start in terms.all().map(|term| term.start()) {
                index.add(rule, start);
            }
        }
        index
    }

    fn add(&mut self, rule: usize, start: Start<'_>) {
        match start {
            Start::Word(word) => {
                let rules = self.by_word.entry(word.to_owned()).or_default();
                if rules.last() != Some(&rule) {
                    rules.push(rule);
                }
            }
            Start::Beginning(text) => match text.chars().next() {
                Some(letter) => {
                    let beginnings = self.by_letter.entry(letter).or_default();
                    beginnings.push((text.to_owned(), rule));
                }
                None => self.always.push(rule),
            },
            Start::Any => self.always.push(rule),
        }
    }

    /// For each rule, whether one of its terms may stand in a reading: never no where one does.
    pub(super) fn candidates(&self, readings: &[Reading]) -> Vec<bool> {
        // Within spelled-out letters a term may stand anywhere.
        let spelled_out = readings.iter().any(|reading| !reading.spelled.is_empty());
        let mut candidates = vec![spelled_out; self.rules];
        if spelled_out {
            return candidates;
        }
        for &rule in &self.always {
            candidates[rule] = true;
        }
        for word in readings.iter().flat_map(|reading| &reading.words) {
            for &rule in self.by_word.get(&word.text).into_iter().flatten() {
                candidates[rule] = true;
            }
            let letter = word.text.chars().next();
            let beginnings = letter.and_then(|letter| self.by_letter.get(&letter));
            for (beginning, rule) in beginnings.into_iter().flatten() {
                candidates[*rule] |= word.text.starts_with(beginning.as_str());
            }
        }
        candidates
    }
}
