//! Server-sent events, as far as chat completions use them: the `data:` lines of a stream of bytes.

use super::failure::Failure;
use crate::limits::CHAT_LINE;

/// Bytes that are no whole line yet.
#[derive(Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// The data of the lines that these bytes complete. Comments and other fields are left out.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<String>, Failure> {
        self.rest.extend_from_slice(bytes);
        let mut data = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = std::str::from_utf8(&line)
                .map_err(|_| Failure::not_understood("the stream is not UTF-8"))?;
            if let Some(text) = line.trim_end().strip_prefix("data:") {
                data.push(text.trim_start().to_owned());
            }
        }
        if self.rest.len() > CHAT_LINE {
            return Err(Failure::not_understood("a line of the stream never ends"));
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    #[test]
    fn lines_are_whole_however_the_bytes_come() {
        let stream =
            ": a comment\r\ndata: {\"a\": \"é\"}\r\n\r\nevent: x\ndata:[DONE]\n\n".as_bytes();
        for size in 1..stream.len() {
            let mut lines = Lines::default();
            let data: Vec<_> = stream
                .chunks(size)
                .flat_map(|piece| lines.take(piece).unwrap())
                .collect();
            assert_eq!(data, ["{\"a\": \"é\"}", "[DONE]"], "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_text_or_never_ends_is_an_error() {
        assert!(Lines::default().take(b"data: \xff\n").is_err());
        assert!(Lines::default().take(&vec![b'a'; CHAT_LINE + 1]).is_err());
    }
}
