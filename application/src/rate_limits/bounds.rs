//! Every bound, in one table. Each is a setting; a test keeps `.env.example` to these defaults.

use super::Quota;

/// What is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// All requests from one network address, counted by each process for itself.
    Requests,
    /// Access tokens that are asked for from one network address.
    SignIns,
    /// Everything that a person does, that is, whatever is not a GET.
    Commands,
    /// The messages that a person writes to the companion.
    Messages,
    /// The pictures of scenes that a person orders; those that the companion promises count for the plan only.
    Pictures,
    /// The reference pictures that a person orders: they need no subscription.
    ReferencePictures,
    /// What is asked of the chat model, by all workers together.
    ChatModel,
}

/// A policy, what it is called, and what it grants unless a setting says otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// What is bounded.
    pub policy: Policy,
    /// What clients read in `RateLimit-Policy`.
    pub name: &'static str,
    /// The setting, as `units/seconds` or `off`.
    pub variable: &'static str,
    /// Units and seconds; none for no bound.
    pub default: Option<(u32, u32)>,
}

const MINUTE: u32 = 60;
const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;

/// The table, in the order of [`Policy`].
#[rustfmt::skip] // A table is read by its columns.
pub const BOUNDS: [Bound; 7] = [
    // Generous: a household, an office or a mobile network may have one address.
    bound(Policy::Requests,          "requests",           "RATE_LIMIT_REQUESTS",           Some((6_000, MINUTE))),
    bound(Policy::SignIns,           "sign-ins",           "RATE_LIMIT_SIGN_INS",           Some((60, 10 * MINUTE))),
    bound(Policy::Commands,          "commands",           "RATE_LIMIT_COMMANDS",           Some((600, MINUTE))),
    bound(Policy::Messages,          "messages",           "RATE_LIMIT_MESSAGES",           Some((60, MINUTE))),
    bound(Policy::Pictures,          "pictures",           "RATE_LIMIT_PICTURES",           Some((120, HOUR))),
    bound(Policy::ReferencePictures, "reference-pictures", "RATE_LIMIT_REFERENCE_PICTURES", Some((30, DAY))),
    bound(Policy::ChatModel,         "chat-model",         "RATE_LIMIT_CHAT_MODEL",         None),
];

const fn bound(
    policy: Policy,
    name: &'static str,
    variable: &'static str,
    default: Option<(u32, u32)>,
) -> Bound {
    Bound {
        policy,
        name,
        variable,
        default,
    }
}

impl Policy {
    /// How many there are.
    pub const COUNT: usize = BOUNDS.len();

    /// Its place in the table.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// What clients read in `RateLimit-Policy`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        BOUNDS[self.index()].name
    }
}

/// What each policy grants in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds([Option<Quota>; Policy::COUNT]);

impl Default for Bounds {
    /// Those of the table.
    fn default() -> Self {
        Self(BOUNDS.map(|bound| {
            bound
                .default
                .and_then(|(units, seconds)| Quota::new(units, seconds))
        }))
    }
}

impl Bounds {
    /// No bounds at all.
    pub const NONE: Self = Self([None; Policy::COUNT]);

    /// With that bound instead; none for no bound.
    #[must_use]
    pub const fn with(mut self, policy: Policy, quota: Option<Quota>) -> Self {
        self.0[policy.index()] = quota;
        self
    }

    /// What a policy grants; none when it bounds nothing.
    #[must_use]
    pub const fn of(&self, policy: Policy) -> Option<Quota> {
        self.0[policy.index()]
    }

    /// Those of these policies that bound anything, with what they grant.
    pub fn among(&self, policies: &[Policy]) -> impl Iterator<Item = (Policy, Quota)> {
        policies
            .iter()
            .filter_map(|policy| Some((*policy, self.of(*policy)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_policies() {
        for (place, bound) in BOUNDS.iter().enumerate() {
            assert_eq!(bound.policy.index(), place, "{}", bound.name);
            assert_eq!(bound.policy.name(), bound.name);
        }
    }
}
