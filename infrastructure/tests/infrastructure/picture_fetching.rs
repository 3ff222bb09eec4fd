//! Fetching pictures: whom the token is shown to, what is refused, and how much is read.

use application::ports::{ImageProvider, ProviderErrorKind};
use infrastructure::{
    image::{
        fetch::{FetchError, FileHost, PictureFetcher},
        replicate::{Replicate, ReplicateConfig},
    },
    limits::PICTURE,
};
use url::Url;

use crate::canned_service::{CannedService, answer};

fn fetcher(hosts: &[&str], allow_http: bool) -> PictureFetcher {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let hosts = hosts.iter().map(|host| match Url::parse(host) {
        Ok(url) => FileHost::Origin(url.origin()),
        Err(_) => FileHost::Domain((*host).to_owned()),
    });
    PictureFetcher::new(hosts.collect(), allow_http).unwrap()
}

async fn fetch_from(service: &CannedService) -> Result<bytes::Bytes, FetchError> {
    let fetcher = fetcher(&[&service.url()], true);
    let url = fetcher.permit(&format!("{}/a.png?signature=secret", service.url()))?;
    fetcher.fetch(url, None).await
}

#[tokio::test]
async fn a_picture_comes_whole() {
    let body = vec![7; 100_000];
    let service =
        CannedService::start([answer("200 OK", "content-type: image/png\r\n", &body)]).await;
    assert_eq!(fetch_from(&service).await.unwrap(), body);
}

#[tokio::test]
async fn the_token_is_shown_to_the_api_host_only() {
    let picture = || answer("200 OK", "content-type: image/png\r\n", b"a picture");
    let (api, elsewhere) = (
        CannedService::start([picture()]).await,
        CannedService::start([picture()]).await,
    );
    let _ = rustls::crypto::ring::default_provider().install_default();
    let replicate = Replicate::new(ReplicateConfig {
        api_base: api.url().parse().unwrap(),
        allow_http: true,
        ..ReplicateConfig::new("r8_token")
    });
    let replicate = replicate.unwrap();

    let refused = replicate
        .fetch(&format!("{}/a.png", elsewhere.url()))
        .await
        .unwrap_err();
    replicate
        .fetch(&format!("{}/a.png", api.url()))
        .await
        .unwrap();

    assert_eq!(refused.kind, ProviderErrorKind::Operator);
    assert_eq!(elsewhere.asked().len(), 0);
    assert_eq!(
        api.asked()[0].header("authorization"),
        Some("Bearer r8_token")
    );
}

#[test]
fn a_domain_holds_its_subdomains_and_nothing_that_only_looks_like_it() {
    let domain = FileHost::Domain("replicate.delivery".to_owned());
    for held in [
        "https://replicate.delivery/a",
        "https://x.y.replicate.delivery/a",
        "https://REPLICATE.delivery:443/a",
    ] {
        assert!(domain.holds(&Url::parse(held).unwrap()), "{held}");
    }
    for other in [
        "https://evilreplicate.delivery/a",
        "https://replicate.delivery.example.com/a",
        "https://replicate.delivery:8443/a",
        "http://replicate.delivery/a",
        "https://example.com/replicate.delivery",
        "https://10.0.0.1/a",
    ] {
        assert!(!domain.holds(&Url::parse(other).unwrap()), "{other}");
    }
}

#[tokio::test]
async fn outside_development_only_https_is_fetched() {
    let service = CannedService::start([]).await;
    let refused = fetcher(&[&service.url()], false).permit(&service.url());
    assert_eq!(refused, Err(FetchError::Scheme));
}

#[tokio::test]
async fn outside_development_private_addresses_are_refused_by_number_and_by_name() {
    let service = CannedService::start([]).await;
    let by_number = format!("https://127.0.0.1:{}/a.png", service.port());
    let refused = fetcher(&[&by_number], false).permit(&by_number);
    assert_eq!(
        refused,
        Err(FetchError::PrivateAddress("127.0.0.1".to_owned()))
    );

    let by_name = format!("https://localhost:{}/a.png", service.port());
    let strict = fetcher(&[&by_name], false);
    let refused = strict.fetch(strict.permit(&by_name).unwrap(), None).await;
    assert_eq!(
        refused,
        Err(FetchError::PrivateAddress("localhost".to_owned()))
    );
    assert_eq!(service.asked().len(), 0);
}

#[tokio::test]
async fn an_announced_size_over_the_limit_is_refused_before_it_is_read() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", PICTURE + 1);
    let service = CannedService::start([head.into_bytes()]).await;
    assert_eq!(fetch_from(&service).await, Err(FetchError::TooLarge));
}

#[tokio::test]
async fn the_limit_is_twenty_megabytes_and_one_byte_more_is_too_many() {
    for (size, fits) in [(PICTURE, true), (PICTURE + 1, false)] {
        // Without a length, so that only counting can tell.
        let mut whole = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n".to_vec();
        whole.resize(whole.len() + size, 0);
        let service = CannedService::start([whole]).await;
        assert_eq!(
            fetch_from(&service).await.map(|bytes| bytes.len()).ok(),
            fits.then_some(size)
        );
    }
}

#[tokio::test]
async fn content_types_are_taken_leniently_since_the_decoder_decides() {
    for (content_type, is_taken) in [
        ("content-type: image/jpeg\r\n", true),
        ("content-type: application/octet-stream\r\n", true),
        ("content-type: binary/octet-stream\r\n", true),
        ("", true),
        ("content-type: TEXT/html; charset=utf-8\r\n", false),
        ("content-type: application/json\r\n", false),
        ("content-type: video/mp4\r\n", false),
    ] {
        let service = CannedService::start([answer("200 OK", content_type, b"bytes")]).await;
        assert_eq!(
            fetch_from(&service).await.is_ok(),
            is_taken,
            "{content_type}"
        );
    }
}

#[tokio::test]
async fn errors_name_no_address_beyond_the_host() {
    for (broken, kind) in [
        (
            answer("404 Not Found", "", b""),
            ProviderErrorKind::Retryable { after: None },
        ),
        (
            answer("503 Service Unavailable", "", b""),
            ProviderErrorKind::Retryable { after: None },
        ),
        (
            answer("403 Forbidden", "", b""),
            ProviderErrorKind::Operator,
        ),
        (
            answer("302 Found", "location: http://10.0.0.1/secret\r\n", b""),
            ProviderErrorKind::Operator,
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut".to_vec(),
            ProviderErrorKind::Retryable { after: None },
        ),
        (Vec::new(), ProviderErrorKind::Retryable { after: None }),
    ] {
        let service = CannedService::start([broken]).await;
        let error =
            application::ports::ProviderError::from(fetch_from(&service).await.unwrap_err());
        assert_eq!(error.kind, kind, "{error}");
        assert!(
            !error.detail.contains("secret") && !error.detail.contains("a.png"),
            "{error}"
        );
    }
}
