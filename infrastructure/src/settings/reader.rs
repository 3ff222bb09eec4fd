//! Reads variables one by one and gathers what is wrong with them, so that all of it is told at once.

use std::{fmt::Display, str::FromStr};

use url::Url;

use super::{Secret, variables::is_known};

/// Reads variables and gathers problems.
pub(super) struct Reader<'a> {
    look_up: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(look_up: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            look_up,
            problems: Vec::new(),
        }
    }

    /// A variable's text; an empty one counts as absent, since that is how compose files pass what is not set.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        debug_assert!(is_known(name), "{name} is not in the list of variables");
        (self.look_up)(name)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    }

    /// A list with commas between; what is empty is left out.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        text.split(',')
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn secret(&self, name: &str) -> Option<Secret> {
        self.text(name).map(Secret::new)
    }

    /// A variable's value; what is wrong with it is noted together with `example`.
    pub(super) fn value<T>(&mut self, name: &str, example: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(
                    name,
                    format_args!(
                        "is {text:?}, which is not usable ({error}); write something like {example}"
                    ),
                );
                None
            }
        }
    }

    /// `on` or `off`.
    pub(super) fn switch(&mut self, name: &str, default: bool) -> bool {
        match self.text(name).as_deref() {
            None => default,
            Some("on") => true,
            Some("off") => false,
            Some(other) => {
                self.problem(name, format_args!("is {other:?}; it is on or off"));
                default
            }
        }
    }

    /// An `http` or `https` address.
    pub(super) fn address(&mut self, name: &str, example: &str) -> Option<Url> {
        let url: Url = self.value(name, example)?;
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || has_credentials {
            self.problem(
                name,
                format_args!("must be an http or https address without a user, like {example}"),
            );
            return None;
        }
        Some(url)
    }

    pub(super) fn problem(&mut self, name: &str, what: impl Display) {
        self.problems.push(format!("{name} {what}"));
    }

    /// What is wrong with all that was read.
    pub(super) fn into_problems(self) -> Vec<String> {
        self.problems
    }
}
