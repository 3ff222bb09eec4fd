//! Where in an event's JSON something personal stands.

use std::{borrow::Cow, fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The member that wraps a readable value.
pub(super) const PERSONAL: &str = "personal";
/// The member that holds a sealed one.
pub(super) const SEALED: &str = "sealed";

/// An object whose one member has the name that was looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// Where it stands, as a JSON pointer (RFC 6901).
    pub(super) pointer: String,
    /// The bytes of the whole object.
    pub(super) object: Range<usize>,
    /// The member's value, as it is written.
    pub(super) value: &'a str,
}

/// Whether there may be any; a quick look that errs on one side only.
pub(super) fn may_hold(json: &str, name: &str) -> bool {
    // What stands in a string of the JSON has a backslash before its quotation marks.
    json.match_indices(name)
        .any(|(at, _)| json[..at].ends_with('"') && json[at + name.len()..].starts_with('"'))
}

/// All of them, in the order in which they stand there. What is inside of one is not looked at.
pub(super) fn find<'a>(json: &'a str, name: &str) -> serde_json::Result<Vec<Place<'a>>> {
    let mut search = Search {
        json,
        name,
        pointer: String::new(),
        found: Vec::new(),
    };
    search.walk(serde_json::from_str(json)?)?;
    Ok(search.found)
}

/// The same JSON with something else at these places; what lies between them stays byte for byte.
pub(super) fn replaced<E>(
    json: &str,
    places: &[Place<'_>],
    mut with: impl FnMut(&Place<'_>, &mut String) -> Result<(), E>,
) -> Result<String, E> {
    let mut text = String::with_capacity(json.len() + 96 * places.len());
    let mut copied = 0;
    for place in places {
        text.push_str(&json[copied..place.object.start]);
        with(place, &mut text)?;
        copied = place.object.end;
    }
    text.push_str(&json[copied..]);
    Ok(text)
}

struct Search<'a, 'n> {
    json: &'a str,
    name: &'n str,
    pointer: String,
    found: Vec<Place<'a>>,
}

impl<'a> Search<'a, '_> {
    fn walk(&mut self, raw: &'a RawValue) -> serde_json::Result<()> {
        let text = raw.get();
        if !may_hold(text, self.name) {
            return Ok(());
        }
        match text.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text)?;
                match members.as_slice() {
                    [(name, value)] if name == self.name => self.found(text, value.get()),
                    _ => {
                        for (name, value) in members {
                            self.step(&name.replace('~', "~0").replace('/', "~1"), value)?;
                        }
                    }
                }
            }
            Some(b'[') => {
                let elements: Vec<&RawValue> = serde_json::from_str(text)?;
                for (index, element) in elements.into_iter().enumerate() {
                    self.step(&index.to_string(), element)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn step(&mut self, token: &str, value: &'a RawValue) -> serde_json::Result<()> {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(token);
        self.walk(value)?;
        self.pointer.truncate(length);
        Ok(())
    }

    fn found(&mut self, object: &'a str, value: &'a str) {
        // Both are parts of the same text, so that the difference of their addresses is a place in it.
        let start = object.as_ptr().addr() - self.json.as_ptr().addr();
        self.found.push(Place {
            pointer: self.pointer.clone(),
            object: start..start + object.len(),
            value,
        });
    }
}

/// An object's members, in their order.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(Members(members))
    }
}

/// A member's name, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    fn pointers(json: &str) -> Vec<String> {
        let places = find(json, PERSONAL).unwrap();
        places.into_iter().map(|place| place.pointer).collect()
    }

    #[test]
    fn only_objects_with_that_one_member_are_found_wherever_they_stand() {
        let json = r#" {"a":{"personal":1},"b":[0,{"personal":{"personal":2}}],"c/~d":{"e":{"personal":null}},
                        "personal":3,"f":{"personal":4,"g":5},"h":"{\"personal\":6}","personal":{"personal":7}} "#;
        assert_eq!(pointers(json), ["/a", "/b/1", "/c~1~0d/e", "/personal"]);
    }

    #[test]
    fn what_lies_between_stays_byte_for_byte() {
        let json =
            r#"{ "z" : 1.50 , "a" : { "personal" : "x" } , "é" : [ {"personal":{"b" : 2}} ] }"#;
        let places = find(json, PERSONAL).unwrap();
        let swapped = replaced(json, &places, |place, text| {
            text.push_str(place.value);
            Ok::<_, ()>(())
        });
        assert_eq!(
            swapped.unwrap(),
            r#"{ "z" : 1.50 , "a" : "x" , "é" : [ {"b" : 2} ] }"#
        );
    }

    #[test]
    fn a_quick_look_sees_names_and_not_what_people_say() {
        assert!(may_hold(r#"{"personal":1}"#, PERSONAL));
        assert!(!may_hold(
            r#"{"a":"this is \"personal\" and personal"}"#,
            PERSONAL
        ));
        assert!(!may_hold(r#"{"impersonal":1,"personally":2}"#, PERSONAL));
    }
}
