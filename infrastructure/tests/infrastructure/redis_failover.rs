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
    redis::{NoAnswer, Redis, RedisUrl, ask_once},
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

/// Two processes that hear each other.
struct Two {
    one: Redis,
    other: Redis,
    pair: Pair,
    counting: SharedRateLimits,
    there: SharedRateLimits,
}

impl Two {
    async fn connected_to(url: &str) -> Self {
        let (one, other) = (connected(url).await, connected(url).await);
        let pair = Pair::start(&one, &other);
        pair.is_heard().await;
        Self {
            counting: limits(&one, 10),
            there: limits(&other, 10),
            one,
            other,
            pair,
        }
    }

    /// Whether what one process takes, the other no longer has.
    async fn count_together(&self) -> bool {
        let subject = somebody();
        allowed(&self.counting, subject, 10).await == 10
            && allowed(&self.there, subject, 1).await == 0
    }

    async fn find_the_second(&self) {
        until("both are with the second", async || {
            self.one.answers() && self.other.answers() && self.count_together().await
        })
        .await;
        self.pair.is_heard().await;
    }
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
    let two = Two::connected_to(&url).await;
    let subject = somebody();
    assert_eq!(allowed(&two.counting, subject, 4).await, 4);

    first.kill();
    assert_eq!(
        allowed(&two.counting, subject, 1).await,
        1,
        "counted here meanwhile"
    );
    until("the second serves", async || {
        second.ask("INFO replication").contains("role:master")
    })
    .await;
    two.find_the_second().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_connected_to_a_server_that_only_reads_by_now_asks_the_sentinel_again() {
    let (first, second) = start_two().await;
    let sentinel = ScratchRedis::start_sentinel(&first);
    let url = through(&sentinel);
    let two = Two::connected_to(&url).await;
    assert!(two.count_together().await);

    // By hand, since a sentinel would end everybody's connections to the first.
    assert_eq!(sentinel.ask("SENTINEL REMOVE ava"), "+OK\r\n");
    change_places(&first, &second);
    let monitor = format!("SENTINEL MONITOR ava 127.0.0.1 {} 1", second.port());
    assert_eq!(sentinel.ask(&monitor), "+OK\r\n");
    let subject = somebody();
    assert_eq!(
        allowed(&two.counting, subject, 20).await,
        10,
        "counted in one place or the other, and never twice"
    );
    two.find_the_second().await;
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
    let two = Two::connected_to(&url).await;

    port.store(second.port(), Ordering::SeqCst);
    change_places(&first, &second);
    two.find_the_second().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clusters_nodes_change_places_and_hand_over_slots() {
    let nodes = ScratchRedis::start_cluster();
    let replica = nodes[0].start_replica_in_cluster();
    let url = format!("redis-cluster://127.0.0.1:{}", nodes[1].port());
    let two = Two::connected_to(&url).await;
    assert!(two.count_together().await);

    assert_eq!(replica.ask("CLUSTER FAILOVER"), "+OK\r\n");
    until("the replica serves", async || {
        replica.ask("INFO replication").contains("role:master")
            && nodes[0].ask("INFO replication").contains("role:slave")
    })
    .await;
    // Many subjects, so that all nodes are asked.
    for _ in 0..12 {
        until("counts are shared", async || two.count_together().await).await;
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
        until("counts are shared", async || two.count_together().await).await;
    }
    two.pair.is_heard().await;
}
