//! How far a rebuild or a check is: a bar on a terminal, a line now and then anywhere else.

use std::{
    collections::VecDeque,
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

use ::projections::{
    engine::{Checkpoints, ShadowStatus},
    rebuild::Purpose,
};
use application::ports::EventLog;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Between two looks.
const GLANCE: Duration = Duration::from_millis(200);
/// Between two lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(3);
/// The time over which the rate is measured.
const WINDOW: Duration = Duration::from_secs(10);

/// Watches what is done for a projector, whichever process does it.
pub struct Progress<'a> {
    pub checkpoints: &'a Checkpoints,
    pub log: &'a dyn EventLog,
    pub projector: &'a str,
    pub purpose: Purpose,
    /// This process's name: of another one it says so.
    pub node: &'a str,
}

impl Progress<'_> {
    /// Shows it until the work is done.
    pub async fn beside<T>(&self, work: impl Future<Output = T>) -> T {
        let mut display = Display::new(self.projector, self.purpose);
        let mut work = std::pin::pin!(work);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                () = tokio::time::sleep(GLANCE) => {}
            }
            // A database that does not answer is told by the work itself.
            if let Some(shadow) = self.shadow().await {
                self.introduce(&mut display, &shadow);
                display.show(&shadow);
            }
        };
        display.end();
        done
    }

    /// Says who works when it is another process, and when this one goes on for it.
    fn introduce(&self, display: &mut Display, shadow: &ShadowStatus) {
        let Some(holder) = &shadow.holder else { return };
        let before = display.holder.replace(holder.clone());
        if before.as_ref() == Some(holder) {
            return;
        }
        if holder != self.node {
            display.say(&format!("{holder} is at it; watching"));
        } else if before.is_some() {
            let position = shadow.position;
            display.say(&format!("goes on here, after event {position}"));
        }
    }

    async fn shadow(&self) -> Option<ShadowStatus> {
        let head = self.log.head().await.ok()?;
        let all = self.checkpoints.list(head).await.ok()?;
        let follower = all.into_iter().find(|one| one.name == self.projector)?;
        match self.purpose {
            Purpose::Rebuild => follower.rebuild,
            Purpose::Check => follower.checking,
        }
    }
}

struct Display {
    what: String,
    /// The process that worked when it was last looked at.
    holder: Option<String>,
    bar: Option<ProgressBar>,
    last_line: Option<Instant>,
    seen: VecDeque<(Instant, u64)>,
}

impl Display {
    fn new(projector: &str, purpose: Purpose) -> Self {
        let what = match purpose {
            Purpose::Rebuild => format!("rebuilding {projector}"),
            Purpose::Check => format!("checking {projector}"),
        };
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{prefix} [{bar:30}] {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.with_prefix(what.clone())
        });
        Self {
            what,
            holder: None,
            bar,
            last_line: None,
            seen: VecDeque::new(),
        }
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{}: {text}", self.what)),
            None => eprintln!("{}: {text}", self.what),
        }
    }

    fn show(&mut self, shadow: &ShadowStatus) {
        let now = Instant::now();
        let (done, all) = (shadow.position.0, shadow.position.0 + shadow.lag_events);
        self.seen.push_back((now, done));
        while self.seen.len() > 2 && now - self.seen[0].0 > WINDOW {
            self.seen.pop_front();
        }
        let text = told(done, all, self.rate(), shadow.percent());
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

    /// Events a second, lately.
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

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// As `4300 of 10000 events (43 %), 2100/s, 3 s left`.
fn told(done: u64, all: u64, rate: f64, percent: u8) -> String {
    let mut text = format!("{done} of {all} events ({percent} %)");
    if done >= all {
        text.push_str(", indexes and comparison");
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
        assert_eq!(
            told(4300, 10_000, 2100.0, 43),
            "4300 of 10000 events (43 %), 2100/s, 3 s left"
        );
        assert_eq!(told(0, 7, 0.0, 0), "0 of 7 events (0 %)");
        assert_eq!(
            told(7, 7, 3.0, 100),
            "7 of 7 events (100 %), indexes and comparison"
        );
    }
}
