//! Addresses of pictures that lead inside: whatever a provider may name, nothing in here is asked.
//!
//! A canary listens where all of them would end, if they were followed. Each vector is tried twice: with the hosts that
//! production allows, and with its own host allowed, so that the rules about schemes and addresses have to hold alone.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use infrastructure::image::fetch::{FetchError, FileHost, PictureFetcher};
use tokio::net::TcpListener;
use url::Url;

use crate::canned_service::{CannedService, answer};

/// Counts who comes to it, on IPv4 and, where the machine has it, on IPv6.
struct Canary {
    port: u16,
    visits: Arc<AtomicUsize>,
}

impl Canary {
    async fn start() -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let visits = Arc::new(AtomicUsize::new(0));
        let sixth = TcpListener::bind(("::1", port)).await.ok();
        for listener in [Some(listener), sixth].into_iter().flatten() {
            let visits = Arc::clone(&visits);
            tokio::spawn(async move {
                while listener.accept().await.is_ok() {
                    visits.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { port, visits }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

/// Hosts that are this machine, its network, or a cloud's metadata, in every spelling that some parser takes.
const HOSTS: &[&str] = &[
    // This machine.
    "127.0.0.1",
    "127.0.0.1.",
    "127.0.0.2",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0x0.0x0.0x1",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.0x1",
    "00000177.0.0.1",
    "0",
    "0.0.0.0",
    "0x0",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "１２７.０.０.１",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "127．0．0．1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ｌｏｃａｌｈｏｓｔ",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "loc\u{ad}alhost",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:7f00:0001:0000::1]",
    "[2001:0:7f00:1::]",
    // Its network.
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "192.168.1.1",
    "3232235521",
    "0xc0a80001",
    "0300.0250.0.1",
    "100.64.0.1",
    "[::ffff:10.0.0.1]",
    "[fc00::1]",
    "[fd12:3456:789a::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[2002:a00:1::]",
    // Metadata of clouds.
    "169.254.169.254",
    "169.254.170.2",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "100.100.100.200",
    "192.0.0.192",
    "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    // Nobody's, everybody's, and those for books.
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "[ff02::1]",
    "[100::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
];

/// Addresses that look as if they led to the allowed host, and what is no address of a picture at all. `PORT` is the
/// canary's.
const ADDRESSES: &[&str] = &[
    "https://replicate.delivery@127.0.0.1:PORT/a.png",
    "https://replicate.delivery:443@127.0.0.1:PORT/a.png",
    "https://replicate.delivery%40127.0.0.1:PORT/a.png",
    "https://127.0.0.1:PORT#@replicate.delivery/a.png",
    "https://127.0.0.1:PORT?@replicate.delivery/a.png",
    "https://127.0.0.1:PORT/@replicate.delivery/a.png",
    "https://127.0.0.1:PORT\\@replicate.delivery/a.png",
    "https://127.0.0.1:PORT/replicate.delivery",
    "https:127.0.0.1:PORT/a.png",
    "https:/127.0.0.1:PORT/a.png",
    "https:///127.0.0.1:PORT/a.png",
    "https:\\\\127.0.0.1:PORT\\a.png",
    "//127.0.0.1:PORT/a.png",
    "127.0.0.1:PORT/a.png",
    " https://127.0.0.1:PORT/a.png",
    "https://127.0.0.1:PORT\t/a.png",
    "https://127.0.\n0.1:PORT/a.png",
    "https://replicate.delivery.localhost:PORT/a.png",
    "https://localhost:PORT/.replicate.delivery/a.png",
    "https://evilreplicate.delivery:PORT/a.png",
    "https://replicate.delivery.example.com:PORT/a.png",
    "https://replicate.delivery%00.localhost:PORT/a.png",
    "https://replicate.delivery%2f.localhost:PORT/a.png",
    "https://replicate.delivery:22/a.png",
    "https://replicate.delivery:PORT/a.png",
    "http://replicate.delivery/a.png",
    "http://127.0.0.1:PORT/a.png",
    "http://localhost:PORT/a.png",
    "http://[::1]:PORT/a.png",
    "ws://127.0.0.1:PORT/a.png",
    "wss://127.0.0.1:PORT/a.png",
    "ftp://127.0.0.1:PORT/a.png",
    "gopher://127.0.0.1:PORT/_GET%20/",
    "dict://127.0.0.1:PORT/info",
    "ldap://127.0.0.1:PORT/a",
    "tftp://127.0.0.1:PORT/a.png",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "jar:http://127.0.0.1:PORT!/a.png",
    "netdoc:///etc/passwd",
    "unix:/run/postgresql/.s.PGSQL.5432",
    "blob:https://127.0.0.1:PORT/a",
    "javascript:alert(1)",
    "data:image/png;base64,iVBORw0KGgo=",
    "about:blank",
    "",
];

fn vectors(port: u16) -> Vec<String> {
    let hosts = HOSTS
        .iter()
        .map(|host| format!("https://{host}:{port}/a.png"));
    let addresses = ADDRESSES
        .iter()
        .map(|address| address.replace("PORT", &port.to_string()));
    hosts.chain(addresses).collect()
}

/// The host that an address names, unless that is a name which somebody out there may have: asking them is no test.
fn inside(address: &str) -> Option<FileHost> {
    let url = Url::parse(address).ok()?;
    match url.host()? {
        url::Host::Domain(name) if !name.contains("localhost") => None,
        _ => Some(FileHost::Origin(url.origin())),
    }
}

async fn outcome(hosts: Vec<FileHost>, address: &str) -> Result<bytes::Bytes, FetchError> {
    let fetcher = PictureFetcher::new(hosts, false).unwrap();
    fetcher.fetch(fetcher.permit(address)?, None).await
}

#[tokio::test]
async fn nothing_in_here_is_asked_whatever_the_address() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let canary = Canary::start().await;
    let vectors = vectors(canary.port);
    assert!(vectors.len() >= 80, "{} vectors", vectors.len());
    for address in &vectors {
        let hosts = vec![FileHost::Domain("replicate.delivery".to_owned())];
        let refused = PictureFetcher::new(hosts, false).unwrap().permit(address);
        assert!(refused.is_err(), "{address:?} may be fetched: {refused:?}");

        let Some(own) = inside(address) else {
            continue;
        };
        let fetched = outcome(vec![own], address).await;
        assert!(fetched.is_err(), "{address:?} was fetched");
        assert_eq!(canary.visits(), 0, "{address:?} came to the canary");
    }
}

#[tokio::test]
async fn private_numbers_are_refused_before_anybody_is_asked() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    for host in HOSTS {
        let address = format!("https://{host}/a.png");
        let Ok(url) = Url::parse(&address) else {
            continue;
        };
        if matches!(url.host(), Some(url::Host::Domain(_)) | None) {
            continue;
        }
        let fetcher = PictureFetcher::new(vec![FileHost::Origin(url.origin())], false).unwrap();
        let refused = fetcher.permit(&address);
        assert!(
            matches!(refused, Err(FetchError::PrivateAddress(_))),
            "{host}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_redirect_leads_nowhere_whatever_its_kind() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let canary = Canary::start().await;
    for status in ["300", "301", "302", "303", "304", "305", "307", "308"] {
        for to in ["http://127.0.0.1:PORT/", "//127.0.0.1:PORT/", "/again"] {
            let to = to.replace("PORT", &canary.port.to_string());
            let told = answer(
                &format!("{status} Go"),
                &format!("location: {to}\r\nrefresh: 0;url={to}\r\n"),
                b"",
            );
            let service = CannedService::start([told]).await;
            let host = FileHost::Origin(Url::parse(&service.url()).unwrap().origin());
            let fetcher = PictureFetcher::new(vec![host], true).unwrap();
            let url = fetcher.permit(&format!("{}/a.png", service.url())).unwrap();
            let fetched = fetcher.fetch(url, None).await;
            assert!(
                matches!(fetched, Err(FetchError::Redirect(_))),
                "{status} to {to}: {fetched:?}"
            );
            assert_eq!(service.asked().len(), 1, "{status} to {to}");
            assert_eq!(canary.visits(), 0, "{status} to {to}");
        }
    }
}

#[test]
fn the_allowed_host_is_reached_in_every_spelling_that_means_it() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let hosts = vec![FileHost::Domain("replicate.delivery".to_owned())];
    let fetcher = PictureFetcher::new(hosts, false).unwrap();
    for address in [
        "https://replicate.delivery/a.png",
        "https://REPLICATE.delivery:443/a.png",
        "https://pbxt.replicate.delivery/a.png?expires=1#top",
    ] {
        assert!(fetcher.permit(address).is_ok(), "{address}");
    }
}
