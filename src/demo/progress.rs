//! How many have come: a bar on a terminal, a line for each anywhere else.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

use super::Guest;

/// On standard error, where it disturbs no data.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Of so many people.
    pub(super) fn over(people: usize) -> Self {
        if !stderr().is_terminal() {
            return Self(None);
        }
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} people, {elapsed}: {msg}");
        let bar = ProgressBar::new(people as u64);
        Self(Some(match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }))
    }

    /// Somebody has come.
    pub(super) fn one_more(&self, guest: &Guest) {
        match &self.0 {
            Some(bar) => {
                bar.inc(1);
                bar.set_message(guest.email.clone());
            }
            None => eprintln!("{}: {}", guest.email, guest.chapter.told()),
        }
    }

    /// All have come.
    pub(super) fn end(self) {
        if let Some(bar) = self.0 {
            bar.finish_and_clear();
        }
    }
}
