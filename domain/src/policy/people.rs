//! Real people: whether a text means somebody who exists.

use serde::Deserialize;

use super::{phrases::Phrases, text::Word};

/// The words around a person, from the rule pack.
#[derive(Debug, Deserialize)]
pub(super) struct PeopleWords {
    /// `looks like`
    likeness: Phrases,
    /// Orders after which any word is a name, whatever its letters: `make her look like`.
    named_by: Phrases,
    /// `actress`
    titles: Phrases,
    /// After `my`, always somebody who exists: `ex`.
    hard_relations: Phrases,
    /// After `my`, possibly the avatar herself, unless a name or a likeness goes with it: `girlfriend`.
    soft_relations: Phrases,
    /// Names that are known also without a capital letter.
    given_names: Phrases,
    /// What is no name, though it may have a capital letter or follow `looks like`.
    not_names: Phrases,
}

/// Whether somebody who exists is meant: `looks like Jane Miller`, `my ex`, `the singer Jane Miller`.
pub(super) fn are_meant(words: &[Word], pack: &PeopleWords) -> bool {
    (0..words.len()).any(|at| {
        let rest = &words[at..];
        pack.is_a_likeness(rest) || pack.is_a_relation(rest) || pack.is_a_title(rest)
    })
}

impl PeopleWords {
    fn is_a_likeness(&self, words: &[Word]) -> bool {
        let ordered = self.named_by.beginning(words).any(|phrase| {
            let who = words.get(phrase.len());
            who.is_some_and(|name| !name.after_mark && !self.not_names.contain(name))
        });
        ordered
            || self.likeness.beginning(words).any(|phrase| {
                let mut who = &words[phrase.len()..];
                while let [title, rest @ ..] = who
                    && (title.text == "the" || self.titles.contain(title))
                {
                    who = rest;
                }
                match who {
                    [my, rest @ ..] if my.text == "my" => rest.iter().take(2).any(|whose| {
                        self.hard_relations.contain(whose) || self.soft_relations.contain(whose)
                    }),
                    [name, ..] => self.is_name(name),
                    [] => false,
                }
            })
    }

    fn is_a_relation(&self, words: &[Word]) -> bool {
        let [my, rest @ ..] = words else { return false };
        let near = &rest[..rest.len().min(2)];
        my.text == "my"
            && (near.iter().any(|word| self.hard_relations.contain(word))
                || rest
                    .windows(2)
                    .take(2)
                    .any(|pair| self.soft_relations.contain(&pair[0]) && self.is_name(&pair[1])))
    }

    fn is_a_title(&self, words: &[Word]) -> bool {
        matches!(words, [title, name, ..] if self.titles.contain(title) && self.is_name(name))
    }

    fn is_name(&self, word: &Word) -> bool {
        let known = self.given_names.contain(word);
        !word.after_mark && (known || word.capital && !self.not_names.contain(word))
    }
}
