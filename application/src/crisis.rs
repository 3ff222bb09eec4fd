//! What a person hears who may be in danger: by language and country, and never from a model.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The answer when nothing better fits: no country's number is right everywhere.
const EVERYWHERE: &str = "It sounds as if you are carrying something very heavy right now, and it is good that you say so. \
    I am an AI and cannot keep you safe, but people can. If you are in danger, please call your emergency number now. \
    On https://findahelpline.com you find somebody to talk to in your country, free and confidential.";

/// Answers by BCP 47 tag, as `en` or `de-AT`; an operator's own replace these.
///
/// Lines and numbers: <https://findahelpline.com>, 988lifeline.org, samaritans.org, telefonseelsorge.de,
/// telefonseelsorge.at, 143.ch, 3114.fr, and the Spanish line 024.
const STANDARD: [(&str, &str); 8] = [
    ("en", EVERYWHERE),
    (
        "en-US",
        "It sounds as if you are carrying something very heavy right now, and it is good that you say so. \
         I am an AI and cannot keep you safe, but people can: call or text 988 at any hour, or 911 if you are in danger.",
    ),
    (
        "en-GB",
        "It sounds as if you are carrying something very heavy right now, and it is good that you say so. \
         I am an AI and cannot keep you safe, but people can: call Samaritans on 116 123 at any hour, or 999 if you are in danger.",
    ),
    (
        "de",
        "Das klingt sehr schwer, und es ist gut, dass du es sagst. Ich bin eine KI und kann dich nicht schützen, Menschen \
         können es: Die Telefonseelsorge ist jederzeit und kostenlos da, 0800 111 0 111. Bei Gefahr wähle bitte 112.",
    ),
    (
        "de-AT",
        "Das klingt sehr schwer, und es ist gut, dass du es sagst. Ich bin eine KI und kann dich nicht schützen, Menschen \
         können es: Die Telefonseelsorge ist jederzeit und kostenlos da, 142. Bei Gefahr wähle bitte 112.",
    ),
    (
        "de-CH",
        "Das klingt sehr schwer, und es ist gut, dass du es sagst. Ich bin eine KI und kann dich nicht schützen, Menschen \
         können es: Die Dargebotene Hand ist jederzeit da, 143. Bei Gefahr wähle bitte 112.",
    ),
    (
        "fr",
        "Ce que tu portes semble très lourd, et c'est bien de le dire. Je suis une IA et je ne peux pas te protéger ; des \
         personnes le peuvent : en France, appelle le 3114, gratuit, à toute heure. En cas de danger, appelle le 112.",
    ),
    (
        "es",
        "Parece que llevas algo muy pesado, y es bueno que lo digas. Soy una IA y no puedo protegerte; hay personas que \
         sí: en España llama al 024, gratis, a cualquier hora. Si estás en peligro, llama al 112.",
    ),
];

/// Answers for people who may be in danger, by BCP 47 tag. Tags are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct CrisisAnswers(BTreeMap<String, String>);

impl Default for CrisisAnswers {
    /// Those that come with the program.
    fn default() -> Self {
        Self::new(
            STANDARD
                .into_iter()
                .map(|(tag, answer)| (tag.to_owned(), answer.to_owned())),
        )
    }
}

impl CrisisAnswers {
    /// Those answers.
    pub fn new(answers: impl IntoIterator<Item = (String, String)>) -> Self {
        let lower = |(tag, answer): (String, String)| (tag.to_lowercase(), answer);
        Self(answers.into_iter().map(lower).collect())
    }

    /// The tags that have an answer, in lower case, with it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(tag, answer)| (tag.as_str(), answer.as_str()))
    }

    /// The answer for the tag; else for its language, else in English.
    pub fn to(&self, locale: &str) -> &str {
        let tag = locale.to_lowercase();
        let language = tag.split('-').next().unwrap_or_default();
        [tag.as_str(), language, "en"]
            .into_iter()
            .find_map(|tag| self.0.get(tag))
            .map_or(EVERYWHERE, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_fits_the_country_else_the_language_else_everywhere() {
        let answers = CrisisAnswers::default();
        assert!(answers.to("en-us").contains("988"));
        assert!(answers.to("de-AT").contains("142"));
        assert!(answers.to("de-LI").contains("0800"));
        for locale in ["en", "en-AU", "ja", ""] {
            assert_eq!(answers.to(locale), EVERYWHERE, "{locale}");
        }
        assert_eq!(CrisisAnswers::new([]).to("en"), EVERYWHERE);
    }

    #[test]
    fn every_answer_says_that_it_comes_from_an_ai() {
        for (tag, answer) in CrisisAnswers::default().iter() {
            let says_so = [
                "I am an AI",
                "Ich bin eine KI",
                "Je suis une IA",
                "Soy una IA",
            ];
            assert!(says_so.iter().any(|words| answer.contains(words)), "{tag}");
        }
    }
}
