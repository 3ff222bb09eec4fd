//! Words that belong together, as the rule pack writes them.

use std::{collections::HashMap, ops::Range};

use serde::Deserialize;

use super::text::{Word, number_word};

/// Phrases, found by their first word.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Vec<String>")]
pub(super) struct Phrases {
    by_first_word: HashMap<String, Vec<Phrase>>,
    others: Vec<Phrase>,
}

impl From<Vec<String>> for Phrases {
    fn from(texts: Vec<String>) -> Self {
        let mut phrases = Self {
            by_first_word: HashMap::new(),
            others: Vec::new(),
        };
        for phrase in texts.iter().map(|text| Phrase::new(text)) {
            match phrase.start() {
                Start::Word(first) => {
                    let first = first.to_owned();
                    phrases.by_first_word.entry(first).or_default().push(phrase);
                }
                Start::Beginning(_) | Start::Any => phrases.others.push(phrase),
            }
        }
        phrases
    }
}

impl Phrases {
    /// The phrases that the words begin with.
    pub(super) fn beginning<'a>(&'a self, words: &'a [Word]) -> impl Iterator<Item = &'a Phrase> {
        let same_first = words
            .first()
            .and_then(|word| self.by_first_word.get(&word.text));
        let candidates = same_first.into_iter().flatten().chain(&self.others);
        candidates.filter(|phrase| phrase.begins(words))
    }

    /// Whether the words begin with one.
    pub(super) fn begin(&self, words: &[Word]) -> bool {
        self.beginning(words).next().is_some()
    }

    /// Whether the words end with one.
    pub(super) fn end(&self, words: &[Word]) -> bool {
        self.all().any(|phrase| phrase.ends(words))
    }

    /// Whether the word is one.
    pub(super) fn contain(&self, word: &Word) -> bool {
        self.begin(std::slice::from_ref(word))
    }

    /// Where one stands.
    pub(super) fn found<'a>(
        &'a self,
        words: &'a [Word],
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        (0..words.len()).flat_map(|start| {
            self.beginning(&words[start..])
                .map(move |phrase| start..start + phrase.len())
        })
    }

    /// Every one.
    pub(super) fn all(&self) -> impl Iterator<Item = &Phrase> {
        self.by_first_word.values().flatten().chain(&self.others)
    }
}

/// Words that belong together. In the pack, a last `*` stands for the rest of a word, and `#`
/// for a number of at least 20.
#[derive(Debug)]
pub(super) struct Phrase {
    parts: Vec<Part>,
    /// All of it without a gap, as somebody may spell it out.
    letters: String,
}

#[derive(Debug)]
enum Part {
    Word(String),
    Beginning(String),
    AdultAge,
}

/// How a phrase begins.
pub(super) enum Start<'a> {
    /// With this word.
    Word(&'a str),
    /// With a word that begins so.
    Beginning(&'a str),
    /// With many words, or with none.
    Any,
}

impl Phrase {
    fn new(text: &str) -> Self {
        let part = |word: &str| match (word, word.strip_suffix('*'), number_word(word)) {
            ("#", _, _) => Part::AdultAge,
            (_, Some(beginning), _) => Part::Beginning(beginning.to_owned()),
            (_, None, Some((number, _))) => Part::Word(number.to_string()),
            (_, None, None) => Part::Word(word.to_owned()),
        };
        let parts: Vec<_> = text.split_whitespace().map(part).collect();
        let letters = parts.iter().map(|part| match part {
            Part::Word(text) | Part::Beginning(text) => text.as_str(),
            Part::AdultAge => "#",
        });
        Self {
            letters: letters.collect(),
            parts,
        }
    }

    /// How it begins.
    pub(super) fn start(&self) -> Start<'_> {
        match self.parts.first() {
            Some(Part::Word(text)) => Start::Word(text),
            Some(Part::Beginning(text)) => Start::Beginning(text),
            Some(Part::AdultAge) | None => Start::Any,
        }
    }

    /// How many words it has.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    fn begins(&self, words: &[Word]) -> bool {
        self.len() <= words.len()
            && self.parts.iter().zip(words).all(|(part, word)| match part {
                Part::Word(text) => *text == word.text,
                Part::Beginning(text) => word.text.starts_with(text.as_str()),
                Part::AdultAge => word.number.is_some_and(|number| number >= 20),
            })
    }

    fn ends(&self, words: &[Word]) -> bool {
        words
            .len()
            .checked_sub(self.len())
            .is_some_and(|start| self.begins(&words[start..]))
    }

    /// Whether spelled-out letters hold it; short phrases would be found by chance.
    pub(super) fn is_spelled_in(&self, run: &str) -> bool {
        self.letters.len() >= 4 && run.contains(&self.letters)
    }
}
