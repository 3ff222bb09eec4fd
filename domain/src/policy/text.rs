//! The ways to read a text: as it stands, and as somebody may have disguised it.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::characters::{is_invisible, look_alike};

/// One way to read a text.
#[derive(Debug, PartialEq)]
pub(super) struct Reading {
    /// Its words, folded: compatibility forms, accents, case and look-alike letters are gone.
    pub words: Vec<Word>,
    /// What its spelled-out letters give, as `nosuchthing`.
    pub spelled: Vec<String>,
}

impl Reading {
    /// The words alone, as they were read.
    pub(super) fn plain(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|word| word.text.as_str()).collect();
        words.join(" ")
    }
}

/// A word, or a number that was written in digits or words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub text: String,
    pub number: Option<u16>,
    /// It began with a capital letter, in a text that also has small ones.
    pub capital: bool,
    /// A sentence mark, as `,` or `.`, stood before it.
    pub after_mark: bool,
}

/// Letters and digits without a gap, and what stood before them.
#[derive(Clone)]
struct Piece {
    text: String,
    capital: bool,
    gap: String,
}

impl Piece {
    /// Whether a sentence mark stood before it.
    fn has_mark(&self) -> bool {
        self.gap
            .contains(|c| ".,;:!?()[]{}\"\n\u{2013}\u{2014}".contains(c))
    }
}

/// Every different reading of a text; the first one, which is always there, is the text as it stands.
pub(super) fn readings(text: &str) -> Vec<Reading> {
    let pieces = pieces(text);
    let (collapsed, spelled) = collapsed(&pieces);
    // Where nearly every word stands behind a mark, the marks may mean nothing.
    let gaps = pieces.len().saturating_sub(1);
    let marked = pieces.iter().skip(1).filter(|piece| piece.has_mark());
    let marks_may_be_a_disguise = gaps >= 2 && marked.count() * 4 >= gaps * 3;
    let tight = tight(&pieces);
    // Most texts are not disguised, and then there is one way to read them: what cannot differ is not tried.
    let differs = |other: &&Vec<Piece>| other.len() < pieces.len();
    let put_together = [&collapsed, &tight].into_iter().filter(differs);
    let has_digits_for_letters = pieces.iter().any(|piece| piece.text.contains(Leet::SIGNS));
    let mut readings = Vec::<Reading>::new();
    for pieces in std::iter::once(&pieces).chain(put_together) {
        let disguises = Leet::ALL
            .into_iter()
            .filter(|_| has_digits_for_letters)
            .flat_map(|leet| [Some((leet, 'i')), Some((leet, 'l'))]);
        for disguise in [None].into_iter().chain(disguises) {
            let spell = |text: &String| match disguise {
                None => text.clone(),
                Some((leet, one)) => leet.undo(text, one),
            };
            for marks_mean_something in [true, false] {
                if !marks_mean_something && !marks_may_be_a_disguise {
                    continue;
                }
                let reading = Reading {
                    words: words(pieces, marks_mean_something, spell),
                    spelled: spelled.iter().map(spell).collect(),
                };
                if !readings.contains(&reading) {
                    readings.push(reading);
                }
            }
        }
    }
    readings
}

fn pieces(text: &str) -> Vec<Piece> {
    let folded: Vec<char> = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c) && !is_invisible(*c))
        .collect();
    let has_small_letters = folded.iter().any(|c| c.is_lowercase());
    let mut pieces = Vec::new();
    let (mut gap, mut open) = (String::new(), false);
    for (at, &c) in folded.iter().enumerate() {
        let next = folded.get(at + 1).copied().unwrap_or(' ');
        let disguised = matches!(c, '@' | '$' | '!' | '|') && next.is_alphanumeric();
        let in_a_word = c.is_alphanumeric() || disguised || (open && joins_digits(&folded, at));
        if !in_a_word {
            gap.push(c);
            open = false;
            continue;
        }
        if !open {
            let capital = has_small_letters && c.is_uppercase();
            pieces.push(Piece {
                text: String::new(),
                capital,
                gap: std::mem::take(&mut gap),
            });
            open = true;
        }
        if let Some(piece) = pieces.last_mut() {
            piece.text.extend(c.to_lowercase().map(look_alike));
        }
    }
    pieces
}

/// A decimal point between digits, or a comma before exactly three of them.
fn joins_digits(text: &[char], at: usize) -> bool {
    let digits = text[at + 1..]
        .iter()
        .take_while(|c| c.is_ascii_digit())
        .count();
    let after_digit = at > 0 && text[at - 1].is_ascii_digit();
    after_digit && (text[at] == '.' && digits > 0 || text[at] == ',' && digits == 3)
}

/// Words with punctuation but no space inside, put together: `high-school`.
fn tight(pieces: &[Piece]) -> Vec<Piece> {
    let mut joined = Vec::<Piece>::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last) if !piece.gap.contains(char::is_whitespace) => last.text += &piece.text,
            Some(_) | None => joined.push(piece.clone()),
        }
    }
    joined
}

/// Spelled-out words put together, and those words alone. Three single letters in a row are
/// spelled out; where the gap between two is wider than elsewhere, a new word begins.
fn collapsed(pieces: &[Piece]) -> (Vec<Piece>, Vec<String>) {
    let spaces = |piece: &Piece| piece.gap.chars().filter(|c| c.is_whitespace()).count();
    let single = |piece: &Piece| piece.text.chars().count() == 1;
    let (mut joined, mut spelled) = (Vec::<Piece>::new(), Vec::new());
    for chain in pieces.chunk_by(|before, after| single(before) && single(after)) {
        let width = chain.iter().skip(1).map(spaces).min().unwrap_or_default();
        for word in chain.chunk_by(|_, after| chain.len() >= 3 && spaces(after) <= width) {
            let text: String = word.iter().map(|piece| piece.text.as_str()).collect();
            if word.len() > 1 {
                spelled.push(text.clone());
            }
            joined.push(Piece {
                text,
                ..word[0].clone()
            });
        }
    }
    (joined, spelled)
}

/// Which digits may stand for letters.
#[derive(Clone, Copy)]
enum Leet {
    /// Those in words that also have letters: `gr33n`.
    InWords,
    /// Those after a word's first letter: `17y0`.
    AfterNumber,
    /// All: `45` for `as`.
    Everywhere,
}

impl Leet {
    const ALL: [Self; 3] = [Self::InWords, Self::AfterNumber, Self::Everywhere];
    /// What may stand for a letter.
    const SIGNS: [char; 10] = ['0', '1', '!', '|', '3', '4', '@', '5', '$', '7'];

    /// The word with letters for digits and symbols; `one` is what 1 stands for.
    fn undo(self, word: &str, one: char) -> String {
        let letter = |c| match c {
            '0' => 'o',
            '1' | '!' | '|' => one,
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        };
        if let Some(digits) = word.strip_suffix("7h")
            && !digits.is_empty()
            && digits.chars().all(|c| c.is_ascii_digit())
        {
            return format!("{digits}th"); // `127h` for `12th`
        }
        let first_letter = word.find(char::is_alphabetic);
        let start = &word[..first_letter.unwrap_or(word.len())];
        let start_may_be_letters = start.chars().all(|c| letter(c).is_alphabetic());
        let from = match (self, first_letter) {
            (Self::InWords | Self::Everywhere, Some(_)) if start_may_be_letters => 0,
            (Self::Everywhere, None) if start_may_be_letters => 0,
            (_, Some(first)) => first,
            (_, None) => word.len(),
        };
        let (kept, disguised) = word.split_at(from);
        kept.chars().chain(disguised.chars().map(letter)).collect()
    }
}

fn words(
    pieces: &[Piece],
    marks_mean_something: bool,
    spell: impl Fn(&String) -> String,
) -> Vec<Word> {
    let mut words = Vec::<Word>::new();
    for piece in pieces {
        let mut after_mark = marks_mean_something && piece.has_mark();
        let mut capital = piece.capital;
        if piece.text.chars().all(|c| c.is_ascii_digit()) {
            // Also where its digits stand for letters, it may be a number.
            let number = number_word(&piece.text).map(|(value, _)| value);
            words.push(Word {
                text: spell(&piece.text),
                number,
                capital,
                after_mark,
            });
            continue;
        }
        for text in split(&spell(&piece.text)) {
            let tens = words
                .last()
                .filter(|_| !after_mark)
                .and_then(|last| last.number);
            match (tens, number_word(&text)) {
                (
                    Some(tens @ (20 | 30 | 40 | 50 | 60 | 70 | 80 | 90)),
                    Some((unit @ 1..=9, ordinal)),
                ) if !text.starts_with(|c: char| c.is_ascii_digit()) => {
                    words.pop();
                    words.push(number(tens + unit, after_mark));
                    words.extend(ordinal.then(|| word("th".to_owned(), false, false)));
                }
                (_, Some((value, ordinal))) => {
                    words.push(number(value, after_mark));
                    words.extend(ordinal.then(|| word("th".to_owned(), false, false)));
                }
                (_, None) => words.push(word(text, capital, after_mark)),
            }
            (after_mark, capital) = (false, false);
        }
    }
    words
}

fn word(text: String, capital: bool, after_mark: bool) -> Word {
    Word {
        text,
        number: None,
        capital,
        after_mark,
    }
}

fn number(value: u16, after_mark: bool) -> Word {
    Word {
        text: value.to_string(),
        number: Some(value),
        capital: false,
        after_mark,
    }
}

/// Parts a word where letters and digits meet, and at symbols: `17yo` is two words.
fn split(text: &str) -> Vec<String> {
    let kind = |c: char| {
        if c.is_ascii_digit() || c == '.' || c == ',' {
            0
        } else if c.is_alphanumeric() {
            1
        } else {
            2
        }
    };
    let mut parts = Vec::<String>::new();
    let mut last = 2;
    for c in text.chars() {
        let this = kind(c);
        match parts.last_mut() {
            Some(part) if this == last => part.push(c),
            Some(_) | None if this != 2 => parts.push(c.to_string()),
            Some(_) | None => {}
        }
        last = this;
    }
    parts
}

/// The value of a number, and whether it is an ordinal in words (`sixteenth`).
pub(super) fn number_word(word: &str) -> Option<(u16, bool)> {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];

    if word.starts_with(|c: char| c.is_ascii_digit()) {
        let whole = word.split('.').next().unwrap_or_default().replace(',', "");
        return Some((whole.parse().unwrap_or(u16::MAX), false));
    }
    let value = |word: &str| {
        let small = SMALL.iter().zip(0..).find(|(name, _)| **name == word);
        let tens = TENS.iter().zip(2..).find(|(name, _)| **name == word);
        small
            .map(|(_, value)| value)
            .or(tens.map(|(_, tens)| tens * 10))
    };
    let cardinal = match word {
        "fifth" => Some("five"),
        "eighth" => Some("eight"),
        "ninth" => Some("nine"),
        "twelfth" => Some("twelve"),
        other => other.strip_suffix("th"),
    };
    value(word)
        .map(|value| (value, false))
        .or(cardinal.and_then(value).map(|value| (value, true)))
}
