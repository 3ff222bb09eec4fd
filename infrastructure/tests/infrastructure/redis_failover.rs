//! Another server takes the place of the one that all are connected to, which lives on and takes nothing any more: everybody
//! finds the new one by themselves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use infrastructure::{
    rate_limits::SharedRateLimits,
    redis::{NoAnswer, RedisUrl, ask_once},
    scratch_redis::ScratchRedis,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::redis::{Pair, allowed, connected, limits, somebody, until};

/// One server, and another that has all that the first has.
async fn start_two() -> (ScratchRedis, ScratchRedis) {
    let first = ScratchRedis::start();
    let port = first.port().to_string();
    let second = ScratchRedis::start_with(&["--replicaof", "127.0.0.1", &port]);
    until("the second follows the first", async || {
        second
            .ask("INFO replication")
            .contains("master_link_status:up")
    })
    .await;
    (first, second)
}

/// They change places, and nobody's connection ends.
fn change_places(first: &ScratchRedis, second: &ScratchRedis) {
    assert_eq!(second.ask("REPLICAOF NO ONE"), "+OK\r\n");
    let follow = format!("REPLICAOF 127.0.0.1 {}", second.port());
    assert_eq!(first.ask(&follow), "+OK\r\n");
}

fn through(sentinel: &ScratchRedis) -> String {
    format!(
        "redis-sentinel://127.0.0.1:{}?sentinelServiceName=ava",
        sentinel.port()
    )
}

/// Whether what one process takes, the other no longer has.
async fn count_together(one: &SharedRateLimits, other: &SharedRateLimits) -> bool {
    let subject = somebody();
    allowed(one, subject, 10).await == 10 && allowed(other, subject, 1).await == 0
}

/// An address that leads to whichever port is in there, as a name or a balancer does; who is connected stays connected.
async fn leading_to(port: Arc<AtomicU16>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            let port = port.load(Ordering::SeqCst);
            tokio::spawn(async move {
                if let Ok(mut there) = TcpStream::connect(("127.0.0.1", port)).await {
                    let _ = copy_bidirectional(&mut here, &mut there).await;
                }
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentinel_puts_another_server_in_its_place() {
    let (mut first, second) = start_two().await;
    let sentinel = ScratchRedis::start_sentinel(&first);
    until("the sentinel knows the second", async || {
        sentinel
            .ask("SENTINEL MASTER ava")
            .contains("num-slaves\r\n$1\r\n1")
    })
    .await;
    let url = through(&sentinel);
    let (one, other) = (connected(&url).await, connected(&url).await);
    let pair = Pair::start(&one, &other);
    pair.is_heard().await;
    let (counting, there) = (limits(&one, 10), limits(&other, 10));
    let subject = somebody();
    assert_eq!(allowed(&counting, subject, 4).await, 4);

    first.kill();
    assert_eq!(
        allowed(&counting, subject, 1).await,
        1,
        "counted here meanwhile"
    );
    until("the second serves", async || {
        second.ask("INFO replication").contains("role:master")
    })
    .await;
    until("both are with the second", async || {
        one.answers() && other.answers() && count_together(&counting, &there).await
    })
    .await;
    pair.is_heard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_connected_to_a_server_that_only_reads_by_now_asks_the_sentinel_again() {
    let (first, second) = start_two().await;
    let sentinel = ScratchRedis::start_sentinel(&first);
    let url = through(&sentinel);
    let (one, other) = (connected(&url).await, connected(&url).await);
    let pair = Pair::start(&one, &other);
    pair.is_heard().await;
    let (counting, there) = (limits(&one, 10), limits(&other, 10));
    assert!(count_together(&counting, &there).await);

    // By hand, since a sentinel would end everybody's connections to the first.
    assert_eq!(sentinel.ask("SENTINEL REMOVE ava"), "+OK\r\n");
    change_places(&first, &second);
    let monitor = format!("SENTINEL MONITOR ava 127.0.0.1 {} 1", second.port());
    assert_eq!(sentinel.ask(&monitor), "+OK\r\n");
    let subject = somebody();
    assert_eq!(
        allowed(&counting, subject, 20).await,
        10,
        "counted in one place or the other, and never twice"
    );
    until("both are with the second", async || {
        one.answers() && other.answers() && count_together(&counting, &there).await
    })
    .await;
    pair.is_heard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_leads_to_another_server_is_followed() {
    let (first, second) = start_two().await;
    let ask = async |url: &str| {
        let url = RedisUrl::parse(url).unwrap();
        ask_once(&url, "test", Duration::from_secs(10)).await
    };
    assert_eq!(ask(&first.url()).await, Ok(()));
    assert_eq!(ask(&second.url()).await, Err(NoAnswer::ReadOnly));
    let port = Arc::new(AtomicU16::new(first.port()));
    let url = leading_to(Arc::clone(&port)).await;
    let (one, other) = (connected(&url).await, connected(&url).await);
    let pair = Pair::start(&one, &other);
    pair.is_heard().await;
    let (counting, there) = (limits(&one, 10), limits(&other, 10));

    port.store(second.port(), Ordering::SeqCst);
    change_places(&first, &second);
    until("both are with the second", async || {
        one.answers() && other.answers() && count_together(&counting, &there).await
    })
    .await;
    pair.is_heard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clusters_nodes_change_places_and_hand_over_slots() {
    let nodes = ScratchRedis::start_cluster();
    let replica = nodes[0].start_replica_in_cluster();
    let url = format!("redis-cluster://127.0.0.1:{}", nodes[1].port());
    let (one, other) = (connected(&url).await, connected(&url).await);
    let pair = Pair::start(&one, &other);
    pair.is_heard().await;
    let (counting, there) = (limits(&one, 10), limits(&other, 10));
    assert!(count_together(&counting, &there).await);

    assert_eq!(replica.ask("CLUSTER FAILOVER"), "+OK\r\n");
    until("the replica serves", async || {
        replica.ask("INFO replication").contains("role:master")
            && nodes[0].ask("INFO replication").contains("role:slave")
    })
    .await;
    // Many subjects, so that all nodes are asked.
    for _ in 0..12 {
        until("counts are shared", async || {
            count_together(&counting, &there).await
        })
        .await;
    }

    // Its slots go to another node, without the keys: who is asked for one says where it is.
    let id = nodes[1].ask("CLUSTER MYID");
    let id = id.lines().nth(1).unwrap();
    for node in [&nodes[1], &nodes[2], &replica] {
        node.ask("FLUSHALL");
        for slot in (0..5461).step_by(16) {
            let told = node.ask(&format!("CLUSTER SETSLOT {slot} NODE {id}"));
            assert_eq!(told, "+OK\r\n");
        }
    }
    for _ in 0..24 {
        until("counts are shared", async || {
            count_together(&counting, &there).await
        })
        .await;
    }
    pair.is_heard().await;
}
