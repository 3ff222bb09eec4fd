//! Log lines on their way to a file descriptor: one system call for many of them when they come thick.
//!
//! A line that comes after a quiet moment is written at once, as is a warning or an error with all before it. A line that
//! follows closely on another waits with those that follow it, for at most [`PAUSE`]; so much can be missing after a
//! SIGKILL. Lines keep their order.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits at most for others to come.
const PAUSE: Duration = Duration::from_millis(10);

/// Lines that wait are written before they come to more bytes than this.
const ENOUGH: usize = 32 * 1024;

/// Where lines are handed in. Cheap to clone.
#[derive(Clone)]
pub struct Lines(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    /// Tells the thread that writes what waits that something does.
    came: Condvar,
}

struct Waiting {
    lines: Vec<u8>,
    written: Option<Instant>,
    target: Box<dyn Write + Send>,
}

impl Lines {
    /// On their way to `target`, which is best unbuffered.
    pub fn to(target: impl Write + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            waiting: Mutex::new(Waiting {
                lines: Vec::new(),
                written: None,
                target: Box::new(target),
            }),
            came: Condvar::new(),
        });
        let writing = Arc::downgrade(&shared);
        let write = move || {
            while let Some(shared) = writing.upgrade() {
                shared.write_when_due();
            }
        };
        // Without the thread, lines that wait are written with the next one.
        let _ = thread::Builder::new().name("log".to_owned()).spawn(write);
        Self(shared)
    }

    /// Writes what waits.
    pub fn flush(&self) {
        self.0.lock().write();
    }

    fn hand_in(&self, line: &[u8], urgent: bool) {
        let mut waiting = self.0.lock();
        let first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        let quiet = waiting.written.is_none_or(|then| then.elapsed() >= PAUSE);
        if urgent || quiet || waiting.lines.len() >= ENOUGH {
            waiting.write();
        } else if first {
            self.0.came.notify_one();
        }
    }
}

impl Shared {
    /// A thread that panicked while it held the lines left them whole.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until lines wait, lets others join them, and writes them; looks up now and then to see whether anybody is left.
    fn write_when_due(&self) {
        let waiting = self.lock();
        let (waiting, _) = self
            .came
            .wait_timeout_while(waiting, Duration::from_secs(1), |waiting| {
                waiting.lines.is_empty()
            })
            .unwrap_or_else(PoisonError::into_inner);
        if !waiting.lines.is_empty() {
            drop(waiting);
            thread::sleep(PAUSE);
            self.lock().write();
        }
    }
}

impl Waiting {
    fn write(&mut self) {
        if !self.lines.is_empty() {
            // Nobody is left to be told when the log itself cannot be written.
            let _ = self.target.write_all(&self.lines);
            let _ = self.target.flush();
            self.lines.clear();
        }
        self.written = Some(Instant::now());
    }
}

/// One line's writer.
pub struct Line<'l> {
    lines: &'l Lines,
    urgent: bool,
}

impl<'l> MakeWriter<'l> for Lines {
    type Writer = Line<'l>;

    fn make_writer(&'l self) -> Line<'l> {
        Line {
            lines: self,
            urgent: true,
        }
    }

    fn make_writer_for(&'l self, meta: &Metadata<'_>) -> Line<'l> {
        Line {
            lines: self,
            urgent: *meta.level() <= Level::WARN,
        }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.hand_in(line, self.urgent);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Says what each write brought.
    struct Told(mpsc::Sender<String>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.0.send(text).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines() -> (Lines, mpsc::Receiver<String>) {
        let (told, writes) = mpsc::channel();
        (Lines::to(Told(told)), writes)
    }

    #[test]
    fn the_first_line_is_written_at_once() {
        let (lines, writes) = lines();
        lines.hand_in(b"one\n", false);
        assert_eq!(writes.try_recv().ok().as_deref(), Some("one\n"));
    }

    #[test]
    fn lines_that_come_thick_are_written_soon_and_in_order() {
        let (lines, writes) = lines();
        for number in 0..1000 {
            lines.hand_in(format!("{number}\n").as_bytes(), false);
        }
        let expected: String = (0..1000).map(|number| format!("{number}\n")).collect();
        let (mut told, mut count) = (String::new(), 0);
        while told.len() < expected.len() {
            told += &writes
                .recv_timeout(Duration::from_secs(10))
                .expect("all of them");
            count += 1;
        }
        assert_eq!(told, expected);
        assert!(count < 1000, "{count} writes");
    }

    #[test]
    fn an_error_takes_all_before_it_along() {
        let (lines, writes) = lines();
        for line in ["one\n", "two\n", "three\n"] {
            lines.hand_in(line.as_bytes(), line == "three\n");
        }
        let told: String = writes.try_iter().collect();
        assert_eq!(told, "one\ntwo\nthree\n");
    }

    #[test]
    fn flush_leaves_nothing_behind() {
        let (lines, writes) = lines();
        lines.hand_in(b"one\n", false);
        lines.hand_in(b"two\n", false);
        lines.flush();
        let told: String = writes.try_iter().collect();
        assert_eq!(told, "one\ntwo\n");
    }
}
