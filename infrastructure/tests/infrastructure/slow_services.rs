//! Services that are slow to be reached, slow to answer, or never come to an end.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use application::ports::ImageProvider;
use bytes::Bytes;
use infrastructure::{
    image::{
        fetch::{FetchError, FetchTimes, FileHost, PictureFetcher},
        openai::{OpenAiImages, OpenAiImagesConfig},
        replicate::{Replicate, ReplicateConfig},
    },
    limits::{CONNECT_TIME, PROVIDER_ANSWER},
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpSocket, TcpStream},
    time::{sleep, timeout},
};
use url::Url;

use crate::{canned_service::CannedService, image_provider_contract::order};

/// Longer than any test waits.
const LONG: Duration = Duration::from_secs(600);

/// A file host that sends the beginning of a picture, and then a byte after each pause, for ever.
async fn dripping(pause: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n";
        let mut sent = connection.write_all(head).await;
        while sent.is_ok() {
            sent = connection.write_all(b"a").await;
            sleep(pause).await;
        }
    });
    address
}

async fn fetch(address: SocketAddr, times: FetchTimes) -> Result<Bytes, FetchError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = Url::parse(&format!("http://{address}/a.png")).unwrap();
    let hosts = vec![FileHost::Origin(url.origin())];
    let fetcher = PictureFetcher::within(times, hosts, true).unwrap();
    fetcher.fetch(url, None).await
}

#[tokio::test]
async fn a_host_that_falls_silent_in_the_middle_of_a_picture_is_left() {
    let times = FetchTimes {
        silence: Duration::from_millis(300),
        whole: LONG,
    };
    let fetched = fetch(dripping(LONG).await, times).await;
    assert!(matches!(fetched, Err(FetchError::Network(_))));
}

#[tokio::test]
async fn a_picture_that_never_ends_is_left_when_its_time_is_over() {
    let times = FetchTimes {
        silence: LONG,
        whole: Duration::from_secs(1),
    };
    let fetched = fetch(dripping(Duration::from_millis(20)).await, times).await;
    assert!(matches!(fetched, Err(FetchError::Network(_))));
}

#[tokio::test]
async fn who_cannot_be_reached_is_given_up_after_ten_seconds() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // When enough connections wait to be accepted, the next ones are not answered at all.
    let mut waiting = Vec::new();
    while let Ok(connection) = timeout(Duration::from_secs(1), TcpStream::connect(address)).await {
        waiting.push(connection.unwrap());
    }
    let times = FetchTimes {
        silence: LONG,
        whole: LONG,
    };
    let begun = Instant::now();
    let fetched = fetch(address, times).await;
    assert!(matches!(fetched, Err(FetchError::Network(_))));
    assert!(begun.elapsed() >= CONNECT_TIME.mul_f64(0.9));
}

/// What both providers say of an order whose answer has that size, which only counting tells.
async fn answered_with(size: usize) -> [String; 2] {
    let mut whole = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_vec();
    whole.resize(whole.len() + size, b' ');
    let service = CannedService::start([whole.clone(), whole]).await;
    let api_base: Url = service.url().parse().unwrap();
    let replicate = Replicate::new(ReplicateConfig {
        api_base: api_base.clone(),
        allow_http: true,
        ..ReplicateConfig::new("r8_token")
    });
    let images = OpenAiImages::new(OpenAiImagesConfig {
        api_base,
        allow_http: true,
        ..OpenAiImagesConfig::new("sk")
    });
    let (order, mut said) = (order(), Vec::new());
    let providers: [Box<dyn ImageProvider>; 2] =
        [Box::new(replicate.unwrap()), Box::new(images.unwrap())];
    for provider in providers {
        said.push(format!("{:?}", provider.start(&order).await));
    }
    said.try_into().unwrap()
}

#[tokio::test]
async fn an_answer_with_more_than_thirty_two_mebibytes_is_not_read_to_its_end() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let too_large = format!("more than {PROVIDER_ANSWER} bytes");
    for said in answered_with(PROVIDER_ANSWER).await {
        assert!(!said.contains(&too_large), "{said}");
    }
    for said in answered_with(PROVIDER_ANSWER + 1).await {
        assert!(said.contains(&too_large), "{said}");
    }
}
