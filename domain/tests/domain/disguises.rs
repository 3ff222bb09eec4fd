//! The ways in which people write around rules.

/// A disguise: its name, and what it makes of a text.
pub(crate) type Disguise = (&'static str, fn(&str) -> String);

pub(crate) const DISGUISES: [Disguise; 14] = [
    ("upper case", |text| text.to_uppercase()),
    ("lower case", |text| text.to_lowercase()),
    ("full width", |text| text.chars().map(full_width).collect()),
    ("zero width", |text| between(text, '\u{200b}')),
    ("soft hyphens", |text| between(text, '\u{ad}')),
    ("combining marks", |text| between(text, '\u{336}')),
    ("accents", |text| {
        text.replace('e', "é").replace('o', "ö").replace('n', "ñ")
    }),
    ("homoglyphs", |text| text.chars().map(homoglyph).collect()),
    ("mathematical letters", |text| {
        text.chars().map(mathematical).collect()
    }),
    ("leet", |text| text.chars().map(leet).collect()),
    ("spaced letters", |text| {
        let words: Vec<_> = text.split(' ').map(|word| between(word, ' ')).collect();
        words.join("   ")
    }),
    ("dots between words", |text| text.replace(' ', ". ")),
    ("punctuation around", |text| {
        format!("...{}!!!", text.replace(' ', " ~ "))
    }),
    ("more text around", |text| {
        format!("A sunny day. {text}. Warm colours, film grain.")
    }),
];

/// Numbers up to 99 in words; longer ones stay.
pub(crate) fn in_number_words(text: &str) -> String {
    let mut words = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if let Ok(number @ 0..=99) = digits.parse::<usize>() {
            words += &number_word(number);
            // `17yo` would become one word that nobody writes.
            if c.is_alphabetic() {
                words.push(' ');
            }
        } else {
            words += &digits;
        }
        digits.clear();
        words.push(c);
    }
    words.truncate(words.len() - 1);
    words
}

pub(crate) fn number_word(number: usize) -> String {
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
    match (number / 10, number % 10) {
        (0 | 1, _) => SMALL[number].to_owned(),
        (tens, 0) => TENS[tens - 2].to_owned(),
        (tens, unit) => format!("{}-{}", TENS[tens - 2], SMALL[unit]),
    }
}

fn between(text: &str, mark: char) -> String {
    let mut letters: Vec<String> = text.chars().map(String::from).collect();
    let last = letters.pop().unwrap_or_default();
    letters
        .into_iter()
        .map(|letter| format!("{letter}{mark}"))
        .chain([last])
        .collect()
}

fn full_width(c: char) -> char {
    match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap(),
        other => other,
    }
}

fn mathematical(c: char) -> char {
    match c {
        'a'..='z' => char::from_u32(0x1d5ba + u32::from(c) - u32::from('a')).unwrap(),
        other => other,
    }
}

fn homoglyph(c: char) -> char {
    match c {
        'a' => 'а',
        'c' => 'с',
        'e' => 'е',
        'i' => 'і',
        'o' => 'ο',
        'p' => 'р',
        's' => 'ѕ',
        'x' => 'χ',
        'y' => 'у',
        other => other,
    }
}

fn leet(c: char) -> char {
    match c {
        'a' => '4',
        'e' => '3',
        'i' => '1',
        'o' => '0',
        's' => '5',
        't' => '7',
        other => other,
    }
}
