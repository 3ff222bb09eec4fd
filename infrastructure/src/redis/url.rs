//! Where Redis is, as an address says it.

use std::fmt;

use fred::prelude::Config;

/// What an address may begin with.
const SCHEMES: [&str; 6] = [
    "redis",
    "rediss",
    "redis-sentinel",
    "rediss-sentinel",
    "redis-cluster",
    "rediss-cluster",
];

/// Where Redis is: one server, those that know which one it is (Sentinel), or a cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(pub(super) Config);

/// The text is no address of Redis. It is not repeated, since there may be a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedisUrl {
    /// What it begins with.
    #[error(
        "it must begin with redis://, redis-sentinel:// or redis-cluster://, or with rediss… for TLS"
    )]
    Scheme,
    /// Sentinels watch over several services.
    #[error(
        "Sentinel needs the name of the service, as redis-sentinel://host:26379?sentinelServiceName=ava"
    )]
    NoService,
    /// Anything else.
    #[error("it has no host, or a part of it is malformed")]
    Malformed,
}

impl RedisUrl {
    /// Reads an address; connects to nothing.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidRedisUrl> {
        let url = url::Url::parse(text).map_err(|_| InvalidRedisUrl::Malformed)?;
        if !SCHEMES.contains(&url.scheme()) {
            return Err(InvalidRedisUrl::Scheme);
        }
        let has_service = url
            .query_pairs()
            .any(|(key, value)| key == "sentinelServiceName" && !value.is_empty());
        if url.scheme().ends_with("-sentinel") && !has_service {
            return Err(InvalidRedisUrl::NoService);
        }
        let mut config = Config::from_url(text).map_err(|_| InvalidRedisUrl::Malformed)?;
        // The first connection is tried for as long as any later one.
        config.fail_fast = false;
        Ok(Self(config))
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisUrl")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_sentinels_and_a_cluster_are_told_apart_by_the_address() {
        let config = |text| RedisUrl::parse(text).expect("an address").0;
        assert!(config("redis://localhost").server.is_centralized());
        assert!(
            config("redis://user:secret@localhost:6380/2")
                .server
                .is_centralized()
        );
        let sentinels = "redis-sentinel://a:26379?node=b:26379&sentinelServiceName=ava";
        assert!(config(sentinels).server.is_sentinel());
        let cluster = config("redis-cluster://a:7000?node=b:7001&node=c:7002").server;
        assert!(cluster.is_clustered());
        assert_eq!(cluster.hosts().len(), 3);
        assert!(!config("redis://localhost").uses_tls());
    }

    #[test]
    fn what_is_no_address_says_why_and_repeats_no_secret() {
        for (text, why) in [
            ("localhost:6379", InvalidRedisUrl::Scheme),
            ("http://:secret@localhost", InvalidRedisUrl::Scheme),
            ("redis-sentinel://a:26379", InvalidRedisUrl::NoService),
            ("redis://", InvalidRedisUrl::Malformed),
            ("", InvalidRedisUrl::Malformed),
            ("redis://:secret@localhost/many", InvalidRedisUrl::Malformed),
        ] {
            let error = RedisUrl::parse(text).expect_err(text);
            assert_eq!(error, why, "{text}");
            assert!(!error.to_string().contains("secret"));
        }
        let url = RedisUrl::parse("redis://:secret@localhost").expect("an address");
        assert!(!format!("{url:?}").contains("secret"));
    }
}
