//! How a test may want its system otherwise.

use std::time::Duration;

use api::WebClient;
use application::rate_limits::Bounds;

/// What a test may want otherwise.
pub struct Options {
    /// Whether projectors and reactions run.
    pub followers: bool,
    /// Whether a worker runs.
    pub worker: bool,
    /// Whether `/dev/token` exists.
    pub issuer: bool,
    /// How long a prediction pretends to take.
    pub drawing_time: Duration,
    /// Whether nobody has to pay.
    pub free_of_charge: bool,
    /// Whether there is a key to the payment provider.
    pub payment_configured: bool,
    /// Whether subscriptions run by the sandbox's clock instead of the test's.
    pub sandbox_clock: bool,
    /// The web client, when it is served.
    pub web: Option<WebClient>,
    /// How much anybody may ask for.
    pub bounds: Bounds,
    /// How many proxies are said to stand before it.
    pub trusted_proxies: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            followers: true,
            worker: false,
            issuer: true,
            drawing_time: Duration::from_millis(60),
            free_of_charge: false,
            payment_configured: true,
            sandbox_clock: false,
            web: None,
            bounds: Bounds::NONE,
            trusted_proxies: 0,
        }
    }
}
