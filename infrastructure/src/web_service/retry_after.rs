//! `Retry-After`, as services write it.

use std::time::Duration;

use chrono::Utc;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Nobody waits longer than this, whatever a service says.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// `Retry-After`, as seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(LONGEST_PAUSE));
    }
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    let left = date.to_utc() - Utc::now();
    Some(left.to_std().unwrap_or_default().min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use chrono::TimeDelta;

    use super::*;

    fn pause(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(pause("7"), Some(Duration::from_secs(7)));
        let date = Utc::now() + TimeDelta::seconds(90);
        let left = pause(&date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()).unwrap();
        assert!(left <= Duration::from_secs(90) && left > Duration::from_secs(30));
        assert_eq!(pause("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(pause("soon"), None);
    }

    #[test]
    fn nobody_waits_longer_than_an_hour() {
        assert_eq!(pause("999999999"), Some(LONGEST_PAUSE));
        assert_eq!(pause("Wed, 21 Oct 2099 07:28:00 GMT"), Some(LONGEST_PAUSE));
    }
}
