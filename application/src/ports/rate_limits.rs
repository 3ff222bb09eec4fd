//! Who has asked for how much.

use std::{fmt, net::IpAddr};

use async_trait::async_trait;
use domain::values::UserId;

use crate::rate_limits::{Policy, Verdict};

/// Whose units are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A person.
    User(UserId),
    /// A network address; of IPv6 the network, since whoever has one address has all of its.
    Address(IpAddr),
    /// A service of somebody else's.
    Provider(&'static str),
}

impl Subject {
    /// A client by its address: that of IPv4 also where it is written as IPv6, and of IPv6 the first 64 bits
    /// (RFC 6177: the least that a site gets).
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                let network = u128::from(address) & (u128::MAX << 64);
                IpAddr::V6(network.into())
            }
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "user:{user}"),
            Self::Address(address) => write!(f, "address:{address}"),
            Self::Provider(name) => write!(f, "provider:{name}"),
        }
    }
}

/// Counts what is asked for. It never fails: where counts cannot be shared, each process counts for itself.
#[async_trait]
pub trait RateLimits: Send + Sync {
    /// Takes one unit under each of these policies, or none at all; counted over all processes, as far as they can be
    /// reached.
    async fn take(&self, subject: Subject, policies: &[Policy]) -> Verdict;

    /// The same, counted in this process only: for what must not wait.
    fn take_here(&self, subject: Subject, policies: &[Policy]) -> Verdict;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> String {
        Subject::address(address.parse().expect("an address")).to_string()
    }

    #[test]
    fn a_client_is_an_address_of_ipv4_or_a_network_of_ipv6() {
        assert_eq!(of("203.0.113.7"), "address:203.0.113.7");
        assert_eq!(of("::ffff:203.0.113.7"), "address:203.0.113.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "address:2001:db8:1:2::");
        assert_eq!(of("2001:db8:1:2:ffff::1"), of("2001:db8:1:2::"));
        assert_ne!(of("2001:db8:1:3::1"), of("2001:db8:1:2::1"));
    }
}
