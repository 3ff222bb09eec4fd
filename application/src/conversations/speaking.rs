//! A reply while the model speaks: only words that the rules let pass are passed on.

use std::time::Duration;

use domain::{
    policy::{Field, Stage},
    values::Age,
};

use tokio::time::Instant;

use crate::{content, ports::Listener};

/// Between two times that words are judged and passed on; reading is slower.
const PACE: Duration = Duration::from_millis(100);

/// Passes words on as soon as all that was said so far, with one word more, is within the rules.
///
/// The newest word is held back, so that no phrase against the rules is ever passed on to its end. Whether the reply
/// counts is decided on the whole of it, later.
pub(super) struct Speaking<'a> {
    listener: &'a mut dyn Listener,
    age: Age,
    locale: &'a str,
    /// All that was heard.
    heard: String,
    /// How many bytes of it were passed on.
    passed: usize,
    pace: Duration,
    not_before: Instant,
}

impl<'a> Speaking<'a> {
    /// To that listener, as a companion of that age.
    pub(super) fn new(listener: &'a mut dyn Listener, age: Age, locale: &'a str) -> Self {
        Self {
            listener,
            age,
            locale,
            heard: String::new(),
            passed: 0,
            pace: PACE,
            not_before: Instant::now(),
        }
    }

    fn may_be_said(&self) -> bool {
        let fields = [Field {
            name: "text",
            text: &self.heard,
        }];
        content::judge(Stage::ChatReply, &fields, self.age, self.locale).allows()
    }
}

impl Listener for Speaking<'_> {
    fn begin(&mut self) {
        self.heard.clear();
        self.passed = 0;
        self.listener.begin();
    }

    fn hear(&mut self, words: &str) {
        self.heard.push_str(words);
        if Instant::now() < self.not_before {
            return;
        }
        let whole_words = self
            .heard
            .trim_end()
            .rfind(char::is_whitespace)
            .unwrap_or(0);
        if whole_words <= self.passed {
            return;
        }
        self.not_before = Instant::now() + self.pace;
        if self.may_be_said() {
            self.listener.hear(&self.heard[self.passed..whole_words]);
            self.passed = whole_words;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed_on(pieces: &[&str]) -> String {
        let mut heard: Vec<String> = Vec::new();
        let mut speaking = Speaking::new(&mut heard, Age::YOUNGEST, "en");
        speaking.pace = Duration::ZERO;
        speaking.begin();
        for piece in pieces {
            speaking.hear(piece);
        }
        heard.concat()
    }

    #[test]
    fn whole_words_are_passed_on_as_they_come() {
        let pieces = ["It is", " good to", " hear", " from y", "ou", "."];
        assert_eq!(passed_on(&pieces[..2]), "It is good");
        assert_eq!(passed_on(&pieces), "It is good to hear from");
    }

    #[test]
    fn what_the_rules_refuse_is_never_passed_on_to_its_end() {
        let pieces = [
            "Believe me,",
            " I'm",
            " a real",
            " person",
            ", and",
            " so on",
        ];
        let passed = passed_on(&pieces);
        assert!(!passed.contains("person"), "{passed}");
    }

    #[test]
    fn when_the_model_is_asked_again_what_it_said_before_is_forgotten() {
        let mut heard: Vec<String> = Vec::new();
        let mut speaking = Speaking::new(&mut heard, Age::YOUNGEST, "en");
        speaking.pace = Duration::ZERO;
        speaking.begin();
        speaking.hear("It was a");
        speaking.begin();
        speaking.hear("Once upon a");
        assert_eq!(heard, ["It was", "Once upon"]);
    }
}
