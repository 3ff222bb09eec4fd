//! Names: the person's, from what was said, and the companion's, from what it was told about itself.

use super::request::{Request, Role};

/// What the companion asks when it does not know the person's name.
pub(super) const QUESTION: &str = "What shall I call you?";

/// Before a name: a person who says one of these names themselves.
const INTRODUCTIONS: [&str; 7] = [
    "my name is ",
    "my name's ",
    "call me ",
    "i'm called ",
    "the name is ",
    "i am ",
    "i'm ",
];

/// What follows "I am" without being a name.
const NO_NAMES: [&str; 24] = [
    "a", "an", "at", "back", "bored", "fine", "glad", "going", "good", "happy", "here", "home",
    "in", "just", "not", "ok", "okay", "on", "sad", "so", "sorry", "the", "tired", "your",
];

/// The person's name, once they said it: the newest one counts.
pub(super) fn of_person(request: &Request) -> Option<String> {
    let mut name = None;
    let mut was_asked = false;
    for message in &request.messages {
        match message.role {
            Role::User => {
                name = introduced(&message.text)
                    .or_else(|| was_asked.then(|| bare(&message.text)).flatten())
                    .or(name);
                was_asked = false;
            }
            Role::Assistant => was_asked = message.text.contains(QUESTION),
            Role::System | Role::Tool => {}
        }
    }
    name
}

/// The companion's name, when its instructions begin as `You are Amélie, …`.
pub(super) fn of_companion(request: &Request) -> Option<String> {
    let instructions = request.said_by(Role::System).next()?;
    let (_, after) = instructions.split_once("You are ")?;
    let name: String = after
        .chars()
        .take_while(|c| c.is_alphabetic() || matches!(c, '-' | '\''))
        .collect();
    name.starts_with(char::is_uppercase).then_some(name)
}

fn introduced(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    // Lower case may have another length than what was written; then there is no telling where the name is.
    if lower.len() != text.len() {
        return None;
    }
    INTRODUCTIONS.iter().find_map(|introduction| {
        let at = lower.find(introduction)?;
        let begins = at == 0 || !lower[..at].ends_with(char::is_alphanumeric);
        let word = first_word(&text[at + introduction.len()..])?;
        let certain = !introduction.starts_with("i am") && *introduction != "i'm ";
        let is_name = certain || word.starts_with(char::is_uppercase);
        let known = !NO_NAMES.contains(&word.to_lowercase().as_str());
        (begins && is_name && known).then(|| capital(&word))
    })
}

/// An answer that is nothing but a name: one or two words.
fn bare(text: &str) -> Option<String> {
    let words: Vec<_> = text.split_whitespace().collect();
    let letters = |word: &&str| {
        word.trim_matches(['.', '!', ','])
            .chars()
            .all(char::is_alphabetic)
    };
    let word = first_word(text)?;
    let is_name = words.len() <= 2
        && words.iter().all(letters)
        && !NO_NAMES.contains(&word.to_lowercase().as_str())
        && !["hi", "hello", "hey", "yes", "no", "why"].contains(&word.to_lowercase().as_str());
    is_name.then(|| capital(&word))
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text
        .trim_start()
        .chars()
        .take_while(|c| c.is_alphabetic() || matches!(c, '-' | '\''))
        .collect();
    (word.chars().count() >= 2).then_some(word)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_follows_an_introduction() {
        for (text, name) in [
            ("Hi, my name is jonas.", Some("Jonas")),
            ("call me Mia-Lou please", Some("Mia-Lou")),
            ("I'm Noor and I like tea", Some("Noor")),
            ("I'm tired", None),
            ("I am happy", None),
            ("I am so happy", None),
            ("recall me something", None),
            ("İ am Noor", None),
        ] {
            assert_eq!(introduced(text).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn a_bare_answer_is_a_name_when_it_can_be_one() {
        assert_eq!(bare("jonas!").as_deref(), Some("Jonas"));
        assert_eq!(bare("why?"), None);
        assert_eq!(bare("I would rather not say"), None);
    }
}
