//! Behaviours by name: how a script, a default or a marker in a text chooses one of a service's behaviours.

const MARKER: (&str, &str) = ("[[sandbox:", "]]");

/// A name that is not one of the behaviours.
#[derive(Debug, thiserror::Error)]
#[error("\"{name}\" is no behaviour; known are {known}")]
pub(crate) struct UnknownBehaviour {
    name: String,
    known: String,
}

/// The behaviours of a service, each with a name, and one more that has a number, as `ok_after(3)`.
pub(crate) trait Named: Copy + PartialEq + 'static {
    /// Every behaviour without a number, by its name.
    const NAMES: &'static [(&'static str, Self)];
    /// The name of the one with a number, and how it is made.
    const NUMBERED: (&'static str, fn(u32) -> Self);

    /// Its number, if it is the one that has one.
    fn number(self) -> Option<u32>;

    /// The behaviour of that name.
    fn named(name: &str) -> Result<Self, UnknownBehaviour> {
        let (prefix, numbered) = Self::NUMBERED;
        let number = name
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'))
            .and_then(|number| number.trim().parse().ok());
        if let Some(number) = number {
            return Ok(numbered(number));
        }
        let known = Self::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, behaviour)| *behaviour).ok_or_else(|| {
            let names: Vec<_> = Self::NAMES.iter().map(|(name, _)| *name).collect();
            UnknownBehaviour {
                name: name.to_owned(),
                known: format!("{}, {prefix}(n)", names.join(", ")),
            }
        })
    }

    /// What it is called.
    fn name(self) -> String {
        if let Some(number) = self.number() {
            return format!("{}({number})", Self::NUMBERED.0);
        }
        let known = Self::NAMES.iter().find(|(_, known)| *known == self);
        known.map_or_else(String::new, |(name, _)| (*name).to_owned())
    }

    /// The behaviour that a marker such as `[[sandbox:refusal]]` in the text asks for.
    ///
    /// A marker with an unknown name is an error, so that a typing mistake in a test shows.
    fn marked(text: &str) -> Option<Result<Self, UnknownBehaviour>> {
        let (_, after) = text.split_once(MARKER.0)?;
        let (name, _) = after.split_once(MARKER.1)?;
        Some(Self::named(name.trim()))
    }
}

/// The text without its markers.
pub(crate) fn without_markers(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once(MARKER.0) {
        plain += before;
        rest = after.split_once(MARKER.1).map_or("", |(_, after)| after);
    }
    plain += rest;
    plain.trim().to_owned()
}
