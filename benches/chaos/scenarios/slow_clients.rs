//! Clients that send or read a byte now and then, for as long as they are let, while others use Ava.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    journal::told_times,
    load::{Load, Mix},
    run::Run,
    scenarios::Scenario,
};

/// By when whoever is slow must be gone.
const GONE_WITHIN: Duration = Duration::from_secs(15);
/// How long we are slow when nobody sends us away.
const AT_MOST: Duration = Duration::from_secs(30);
/// Between two bytes: whoever only watches for silence never notices.
const DRIP: Duration = Duration::from_millis(400);
/// How little a slow reader lets the kernel take in advance, in bytes.
const BUFFER: u32 = 4096;

const RESTING: &str = "GET /health HTTP/1.1\r\nhost: ava\r\n\r\n";
const HEAD: &str = "GET /health HTTP/1.1\r\nhost: ava\r\nx-slow: ";
const BODY: &str = "POST /avatars HTTP/1.1\r\nhost: ava\r\ncontent-type: application/json\r\ncontent-length: 600\r\n\r\n{";
const CHUNKS: &str = "POST /billing/webhook HTTP/1.1\r\nhost: ava\r\ncontent-type: application/json\r\n\
                      transfer-encoding: chunked\r\n\r\n";
const LARGE: &str = "GET /openapi.json HTTP/1.1\r\nhost: ava\r\n\r\n";
/// As many answers of that kind are more than what lies between us takes.
const LARGE_ANSWERS: usize = 14;

/// A way of being slow.
#[derive(Debug, Clone, Copy)]
struct Slowness {
    name: &'static str,
    /// What is sent at once.
    begins: &'static str,
    /// What is sent again and again.
    drips: &'static [u8],
    /// Whether it is the second request of its connection.
    is_second: bool,
}

const SENDERS: [Slowness; 5] = [
    Slowness {
        name: "head",
        begins: HEAD,
        drips: b"x",
        is_second: false,
    },
    Slowness {
        name: "second head",
        begins: HEAD,
        drips: b"x",
        is_second: true,
    },
    Slowness {
        name: "body",
        begins: BODY,
        drips: b" ",
        is_second: false,
    },
    Slowness {
        name: "second body",
        begins: BODY,
        drips: b" ",
        is_second: true,
    },
    Slowness {
        name: "chunked body",
        begins: CHUNKS,
        drips: b"1\r\n \r\n",
        is_second: false,
    },
];

pub async fn run(run: &mut Run) -> anyhow::Result<()> {
    let load = Load::start(run, Mix::Everything, 1);
    let (mut gone, mut stayed) = (Vec::new(), Vec::new());
    for _ in 0..run.scale.slow_rounds {
        let mut slow = JoinSet::new();
        for api in run.system.api_urls().iter() {
            let address: SocketAddr = api.trim_start_matches("http://").parse()?;
            for _ in 0..run.scale.slow_clients {
                for slowness in SENDERS {
                    slow.spawn(
                        async move { (slowness.name, send_slowly(address, slowness).await) },
                    );
                }
                slow.spawn(async move { ("reader", read_slowly(address).await) });
            }
        }
        while let Some(ended) = slow.join_next().await {
            let (name, took) = ended?;
            let took = took.with_context(|| format!("a slow {name}"))?;
            if took > GONE_WITHIN {
                stayed.push(format!("a slow {name} was kept for {took:?}"));
            }
            gone.push(took);
        }
    }
    load.stop().await?;
    run.verdicts
        .count("clients that were slow", gone.len() as u64);
    let seen = told_times(&mut gone);
    run.verdicts
        .no_exception("who is slow is sent away in time", seen, &stayed);
    let journal = run.journal.of(Scenario::SlowClients);
    let mut times: Vec<Duration> = journal.iter().map(|entry| entry.took).collect();
    let seen = told_times(&mut times);
    let late = journal.iter().filter(|entry| entry.took > GONE_WITHIN);
    let late: Vec<String> = late
        .map(|entry| format!("{}: {:?} after {:?}", entry.what, entry.told, entry.took))
        .collect();
    run.verdicts
        .no_exception("others are served meanwhile", seen, &late);
    Ok(())
}

/// Sends bytes one by one until the other side is gone; after how long that was.
async fn send_slowly(address: SocketAddr, slowness: Slowness) -> anyhow::Result<Duration> {
    let mut connection = TcpSocket::new_v4()?.connect(address).await?;
    let mut piece = [0; 4096];
    if slowness.is_second {
        connection.write_all(RESTING.as_bytes()).await?;
        anyhow::ensure!(connection.read(&mut piece).await? > 0, "not answered");
    }
    let begun = Instant::now();
    connection.write_all(slowness.begins.as_bytes()).await?;
    while begun.elapsed() < AT_MOST {
        match timeout(DRIP, connection.read(&mut piece)).await {
            Ok(Ok(0) | Err(_)) => break,
            Ok(Ok(_)) => {}
            Err(_) => {
                if connection.write_all(slowness.drips).await.is_err() {
                    break;
                }
            }
        }
    }
    Ok(begun.elapsed())
}

/// Asks for much and reads next to nothing of it, until the other side is gone; after how long that was.
async fn read_slowly(address: SocketAddr) -> anyhow::Result<Duration> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(BUFFER)?;
    let mut connection = socket.connect(address).await?;
    let begun = Instant::now();
    let asked = LARGE.repeat(LARGE_ANSWERS);
    connection.write_all(asked.as_bytes()).await?;
    let mut one = [0; 1];
    while begun.elapsed() < AT_MOST {
        sleep(DRIP).await;
        let read = timeout(DRIP, connection.read(&mut one)).await;
        // What the kernel had taken may still be read, so a write tells first that nobody is there.
        let wrote = connection.write_all(b"G").await;
        if wrote.is_err() || matches!(read, Ok(Ok(0) | Err(_))) {
            break;
        }
    }
    Ok(begun.elapsed())
}
