//! Events and commands in a reader's words.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

/// An event or a command with fewer fields is shown with all of them;
const FEW: usize = 3;
/// with fewer than these it is shown without those that are the same on the whole page.
const MANY: usize = 5;

/// What stands for no value.
const NONE: &str = "none";

/// An event or a command.
pub(crate) struct Said {
    name: String,
    /// Those of nested objects have a path, as `snapshot.status`.
    fields: Vec<(String, String)>,
}

impl Said {
    pub(crate) fn of(json: &Value) -> Self {
        let mut fields = Vec::new();
        flatten("", json, &mut fields);
        let name = json["type"].as_str().unwrap().to_owned();
        fields.retain(|(path, _)| path != "type");
        Self { name, fields }
    }

    fn value(&self, field: &str) -> &str {
        let found = self.fields.iter().find(|(path, _)| path == field);
        found.map_or(NONE, |(_, value)| value)
    }
}

fn flatten(path: &str, json: &Value, fields: &mut Vec<(String, String)>) {
    match json {
        Value::Object(object) => {
            if let (1, Some(value)) = (object.len(), object.get("personal")) {
                return flatten(path, value, fields);
            }
            for (name, value) in object {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                flatten(&path, value, fields);
            }
        }
        Value::Array(items) if items.is_empty() => {
            fields.push((path.to_owned(), NONE.to_owned()));
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(scalar).collect();
            fields.push((path.to_owned(), items.join(" and ")));
        }
        value => fields.push((path.to_owned(), scalar(value))),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => NONE.to_owned(),
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => text.parse().map_or_else(|_| text.clone(), id),
        other => other.to_string(),
    }
}

/// The ids of tests are small numbers.
fn id(id: Uuid) -> String {
    format!("#{}", id.as_u128())
}

/// What the fields of events and commands usually are on a page, in the order in which they come.
pub(crate) struct Usual(BTreeMap<String, Vec<(String, Option<String>)>>);

impl Usual {
    /// Of all that is said on a page.
    pub(crate) fn of(all: &[Said]) -> Self {
        let mut by_name = BTreeMap::<&str, Vec<&Said>>::new();
        for said in all {
            by_name.entry(&said.name).or_default().push(said);
        }
        let usual = by_name.into_iter().map(|(name, all)| {
            let mut fields: Vec<&String> = Vec::new();
            for (field, _) in all.iter().flat_map(|said| &said.fields) {
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
            // Of how many in a hundred a value has to be to go without saying.
            let share = match fields.len() {
                0..FEW => 101,
                FEW..MANY => 100,
                _ => 80,
            };
            let usual = |field: &&String| ((**field).clone(), usual(&all, field, share));
            (name.to_owned(), fields.iter().map(usual).collect())
        });
        Self(usual.collect())
    }

    /// An event or a command with the fields that do not go without saying: those that are not as usual, and those that
    /// usually are not there.
    pub(crate) fn tell(&self, said: &Said) -> String {
        let fields = self.0.get(&said.name).into_iter().flatten();
        let shown: Vec<String> = fields
            .filter(|(field, usual)| {
                let value = said.value(field);
                match usual {
                    Some(usual) => value != usual,
                    None => value != NONE,
                }
            })
            .map(|(field, _)| told(field, said.value(field)))
            .collect();
        if shown.is_empty() {
            format!("`{}`", said.name)
        } else {
            format!("`{}` ({})", said.name, shown.join(", "))
        }
    }

    /// The fields that go without saying: a line for each event and command that has any.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |(name, fields): (&String, &Vec<(String, Option<String>)>)| {
            let fields: Vec<String> = fields
                .iter()
                .filter_map(|(field, usual)| Some((field, usual.as_ref()?)))
                .filter(|(_, usual)| *usual != NONE)
                .map(|(field, usual)| told(field, usual))
                .collect();
            (!fields.is_empty()).then(|| format!("- `{name}`: {}", fields.join(", ")))
        };
        self.0.iter().filter_map(line).collect()
    }
}

/// The value that at least `share` in a hundred have.
fn usual(all: &[&Said], field: &str, share: usize) -> Option<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for said in all {
        *counts.entry(said.value(field)).or_default() += 1;
    }
    let (value, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count * 100 >= all.len() * share).then(|| value.to_owned())
}

fn told(field: &str, value: &str) -> String {
    format!("{}: {}", escaped(field), escaped(value))
}

/// Text that Markdown leaves as it is.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    for character in text.chars() {
        // Within a word it is no sign of emphasis.
        let in_a_word = character == '_' && before.is_alphanumeric();
        if "\\`*_<>|[]".contains(character) && !in_a_word {
            escaped.push('\\');
        }
        escaped.push(character);
        before = character;
    }
    escaped
}

/// The last part of a test's name, as the sentence that it is.
pub(crate) fn sentence(test: &str) -> String {
    let words = test.rsplit("::").next().unwrap_or(test).replace('_', " ");
    let mut characters = words.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_as_ever_is_said_once() {
        let order = |a: u8, b: u8| {
            json!({"type": "Ordered", "a": a, "b": b, "inner": {"c": null, "d": [], "e": ["x", "y"]},
                   "name": {"personal": "Zo_ë *"}, "id": Uuid::from_u128(0x1f)})
        };
        let note = |text: Option<&str>| json!({"type": "Noted", "a": 1, "b": 2, "text": text});
        let few = json!({"type": "Paid", "amount": 3});
        let said = [
            order(1, 1),
            order(1, 2),
            order(1, 3),
            order(1, 4),
            order(2, 5),
            note(None),
            note(Some("x")),
            few,
        ];
        let all: Vec<Said> = said.iter().map(Said::of).collect();
        let usual = Usual::of(&all);
        let told: Vec<String> = all.iter().map(|said| usual.tell(said)).collect();
        let expected = [
            "`Ordered` (b: 1)",
            "`Ordered` (b: 2)",
            "`Ordered` (b: 3)",
            "`Ordered` (b: 4)",
            "`Ordered` (a: 2, b: 5)",
            "`Noted`",
            "`Noted` (text: x)",
            "`Paid` (amount: 3)",
        ];
        assert_eq!(told, expected);
        let without_saying = [
            "- `Noted`: a: 1, b: 2",
            r"- `Ordered`: a: 1, id: #31, inner.e: x and y, name: Zo_ë \*",
        ];
        assert_eq!(usual.lines(), without_saying);
        assert_eq!(sentence("a::b::who_pays_stays"), "Who pays stays");
    }
}
