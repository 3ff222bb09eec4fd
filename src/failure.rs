//! How a command fails: one message that says what to do, and an exit code that scripts can tell apart.

use std::{error::Error, fmt, process::ExitCode};

/// `EX_TEMPFAIL` of sysexits.h.
const TRY_AGAIN: u8 = 75;

/// A failed command.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// Wrong usage or configuration: 2.
    pub fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(2, error)
    }

    /// What was asked for is not there: 3.
    pub fn not_found(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(3, error)
    }

    /// Somebody else has it, or it stands differently: 4.
    pub fn conflict(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(4, error)
    }

    /// It may work later: 75, as `EX_TEMPFAIL` of sysexits.h.
    pub fn try_again(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(TRY_AGAIN, error)
    }

    /// Anything else: 1.
    pub fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(1, error)
    }

    fn new(code: u8, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            code,
            message: told(error.into().as_ref()),
        }
    }

    /// Whether it may work later.
    pub fn may_pass(&self) -> bool {
        self.code == TRY_AGAIN
    }

    /// What the process ends with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An error and its causes, in one line; a cause that repeats what was said is left out.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.contains(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        cause = error.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the house is on fire")]
    struct Fire(#[source] std::io::Error);

    #[test]
    fn a_failure_tells_its_causes_once() {
        let failure = Failure::other(Fire(std::io::Error::other("a match")));
        assert_eq!(failure.to_string(), "the house is on fire: a match");
        assert_eq!(Failure::usage("wrong").to_string(), "wrong");
    }
}
