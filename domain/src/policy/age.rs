//! Reads ages: whether a text says of somebody to be younger than 20.

use serde::Deserialize;

use super::{phrases::Phrases, text::Word};
use crate::values::Age;

/// The words around an age, from the rule pack.
#[derive(Debug, Deserialize)]
pub(super) struct AgeWords {
    /// Whoever was born later may be younger than 20. The engine has no clock: the pack knows its year.
    latest_birth_year: u16,
    /// After the number: `years old`.
    units: Phrases,
    /// After the number, whatever it is: `months old`.
    infant_units: Phrases,
    /// Before the number, and nothing else is meant: `age`.
    before: Phrases,
    /// Before the number, and it depends on what follows: `she is`.
    states: Phrases,
    /// Between those and the number: `about`.
    hedges: Phrases,
    /// What may follow the number after `states`; other words are what is counted.
    after_a_state: Phrases,
    /// After an ordinal: `birthday`.
    occasions: Phrases,
    /// What may be that old without being a person.
    things: Phrases,
    /// What may follow a thing; other words make it a person, as in `17 year old car driver`.
    after_a_thing: Phrases,
}

/// Whether somebody is said to be younger than 20. An age of 20 or more never is a hit.
pub(super) fn states_a_minor(words: &[Word], pack: &AgeWords) -> bool {
    (0..words.len()).any(|at| {
        let (before, after) = (&words[..at], &words[at + 1..]);
        match words[at].number {
            Some(number) if number < u16::from(Age::MIN) => {
                !is_end_of_hundreds(before)
                    && (pack.has_unit(&pack.units, after)
                        || pack.has_unit(&pack.infant_units, after)
                        || pack.is_introduced(before)
                        || (number > 1 && pack.is_stated(before, after))
                        || pack.is_an_occasion(after))
            }
            Some(number) => {
                pack.has_unit(&pack.infant_units, after)
                    || (number <= 2100 && number > pack.latest_birth_year && is_birth(before))
            }
            None => false,
        }
    })
}

/// `a hundred and five` is no five.
fn is_end_of_hundreds(before: &[Word]) -> bool {
    let before = match before {
        [rest @ .., and] if and.text == "and" => rest,
        all => all,
    };
    before.last().is_some_and(|word| word.text == "hundred")
}

fn is_birth(before: &[Word]) -> bool {
    before.iter().rev().take(4).any(|word| word.text == "born")
}

fn ends_or_begins(words: &[Word], phrases: &Phrases) -> bool {
    words.first().is_none_or(|word| word.after_mark) || phrases.begin(words)
}

impl AgeWords {
    /// `17 years old`, also as the lower end of `17 to 25 years old`; not `17 year old whisky`.
    fn has_unit(&self, units: &Phrases, after: &[Word]) -> bool {
        let after = match after {
            [to, upper, rest @ ..]
                if ["to", "or", "and"].contains(&to.text.as_str()) && upper.number.is_some() =>
            {
                rest
            }
            [upper, rest @ ..] if upper.number.is_some() && !upper.after_mark => rest,
            all => all,
        };
        units
            .beginning(after)
            .any(|unit| !self.is_of_a_thing(&after[unit.len()..]))
    }

    fn is_of_a_thing(&self, after: &[Word]) -> bool {
        self.things.beginning(after).any(|thing| {
            !after[0].after_mark && ends_or_begins(&after[thing.len()..], &self.after_a_thing)
        })
    }

    /// `aged about 17`.
    fn is_introduced(&self, before: &[Word]) -> bool {
        self.before.end(self.without_hedges(before))
    }

    /// `she is only 17`; not `she is 17 minutes late`.
    fn is_stated(&self, before: &[Word], after: &[Word]) -> bool {
        ends_or_begins(after, &self.after_a_state)
            && (self.states.end(before) || self.states.end(self.without_hedges(before)))
    }

    /// `17th birthday`.
    fn is_an_occasion(&self, after: &[Word]) -> bool {
        let after = match after {
            [th, rest @ ..] if ["st", "nd", "rd", "th"].contains(&th.text.as_str()) => rest,
            all => all,
        };
        self.occasions.begin(after)
    }

    fn without_hedges<'a>(&self, before: &'a [Word]) -> &'a [Word] {
        let hedges = before
            .iter()
            .rev()
            .take_while(|word| self.hedges.contain(word))
            .count();
        &before[..before.len() - hedges]
    }
}
