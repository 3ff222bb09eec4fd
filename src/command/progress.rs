//! How far something is that goes through the log: a bar on a terminal, a line now and then anywhere else.

use std::{
    collections::VecDeque,
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Between two lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(3);
/// The time over which the rate is measured.
const WINDOW: Duration = Duration::from_secs(10);

/// What is shown on standard error.
pub struct Bar {
    what: String,
    /// What is still to do once all events are.
    rest: &'static str,
    /// What is counted.
    unit: &'static str,
    bar: Option<ProgressBar>,
    last_line: Option<Instant>,
    seen: VecDeque<(Instant, u64)>,
}

impl Bar {
    /// As `verifying`; `rest` is what is still to do once all events are, or nothing.
    pub fn new(what: impl Into<String>, rest: &'static str) -> Self {
        let what = what.into();
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{prefix} [{bar:30}] {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.with_prefix(what.clone())
        });
        Self {
            what,
            rest,
            unit: "events",
            bar,
            last_line: None,
            seen: VecDeque::new(),
        }
    }

    /// The same for something else than events.
    pub fn counting(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// Says something beside it.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{}: {text}", self.what)),
            None => eprintln!("{}: {text}", self.what),
        }
    }

    /// So many of so many are done.
    pub fn show(&mut self, done: u64, all: u64) {
        let now = Instant::now();
        self.seen.push_back((now, done));
        while self.seen.len() > 2 && now - self.seen[0].0 > WINDOW {
            self.seen.pop_front();
        }
        let text = told(done, all, self.unit, self.rate(), self.rest);
        if let Some(bar) = &self.bar {
            bar.set_length(all);
            bar.set_position(done);
            bar.set_message(text);
        } else if self
            .last_line
            .is_none_or(|last| now - last >= BETWEEN_LINES)
        {
            self.last_line = Some(now);
            eprintln!("{}: {text}", self.what);
        }
    }

    /// How many a second, lately.
    fn rate(&self) -> f64 {
        let (Some((then, before)), Some((now, after))) = (self.seen.front(), self.seen.back())
        else {
            return 0.0;
        };
        let seconds = (*now - *then).as_secs_f64();
        if seconds > 0.0 {
            after.saturating_sub(*before) as f64 / seconds
        } else {
            0.0
        }
    }

    /// Takes it away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// As `4300 of 10000 events (43 %), 2100/s, 3 s left`.
fn told(done: u64, all: u64, unit: &str, rate: f64, rest: &str) -> String {
    let percent = (done.min(all) * 100).checked_div(all).unwrap_or(100);
    let mut text = format!("{done} of {all} {unit} ({percent} %)");
    if done >= all {
        text.push_str(rest);
    } else if rate >= 1.0 {
        let left = ((all - done) as f64 / rate).ceil();
        text.push_str(&format!(", {rate:.0}/s, {left:.0} s left"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_much_how_fast_and_how_long() {
        let rest = ", indexes and comparison";
        assert_eq!(
            told(4300, 10_000, "events", 2100.0, rest),
            "4300 of 10000 events (43 %), 2100/s, 3 s left"
        );
        assert_eq!(told(0, 7, "keys", 0.0, rest), "0 of 7 keys (0 %)");
        assert_eq!(
            told(7, 7, "events", 3.0, rest),
            "7 of 7 events (100 %), indexes and comparison"
        );
        assert_eq!(told(0, 0, "events", 0.0, ""), "0 of 0 events (100 %)");
    }
}
