//! How much anybody may ask for. The table of bounds is `application::rate_limits::BOUNDS`.

use std::str::FromStr;

use application::rate_limits::{BOUNDS, Bounds, Quota};

use super::reader::Reader;

/// More proxies in a row than anybody has.
const MOST_PROXIES: usize = 10;

/// How much anybody may ask for, and how a client is told from the proxies before us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitSettings {
    /// `RATE_LIMITS` and `RATE_LIMIT_…`.
    pub bounds: Bounds,
    /// `TRUSTED_PROXIES`: how many of our own proxies a request goes through, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: usize,
}

/// `units/seconds`, or `off`.
struct Written(Option<Quota>);

impl FromStr for Written {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self(None));
        }
        let quota = text.split_once('/').and_then(|(units, seconds)| {
            Quota::new(units.trim().parse().ok()?, seconds.trim().parse().ok()?)
        });
        match quota {
            // Structured fields take integers of 15 digits; Redis counts in microseconds.
            Some(quota) if quota.seconds() <= 31 * 86_400 && quota.units() <= 100_000_000 => {
                Ok(Self(Some(quota)))
            }
            Some(_) => Err("at most 100000000 units, in at most 31 days"),
            None => Err("it is off, or units and seconds, each a whole number from 1"),
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> RateLimitSettings {
    let mut bounds = Bounds::default();
    for bound in BOUNDS {
        if let Some(Written(quota)) = reader.value(bound.variable, "120/60") {
            bounds = bounds.with(bound.policy, quota);
        }
    }
    let on = reader.switch("RATE_LIMITS", true);
    let trusted_proxies = reader.value("TRUSTED_PROXIES", "1").unwrap_or(0);
    if trusted_proxies > MOST_PROXIES {
        reader.problem(
            "TRUSTED_PROXIES",
            format_args!("must be a whole number from 0 to {MOST_PROXIES}"),
        );
    }
    RateLimitSettings {
        bounds: if on { bounds } else { Bounds::NONE },
        trusted_proxies,
    }
}
