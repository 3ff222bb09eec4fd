//! Who asks, and for what: as many people as were wished for, and one more each minute who stays for a moment only.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, stream};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::{Client, Method};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{person::Person, processes::Deployment};

/// How many people come at the same time in the beginning.
const AT_ONCE: usize = 4;
/// Between two deeds of one person, on the average.
const PAUSE_MS: u64 = 1500;
/// The pictures of a month, less what the companion sends of its own accord.
const PICTURES: u32 = 30;
/// How long a page stays open.
const VISIT: Duration = Duration::from_secs(120);
/// How long somebody waits for something to happen.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two people who come and go.
const NEXT: Duration = Duration::from_secs(60);

/// Everybody, and how it went.
pub struct Load {
    client: Client,
    api: String,
    seed: u64,
    tally: Mutex<Tally>,
}

#[derive(Default)]
struct Tally {
    waits_ms: Vec<f64>,
    failures: Vec<String>,
}

/// People at it.
pub struct Crowd(JoinSet<()>);

impl Crowd {
    /// Waits until everybody has gone.
    pub async fn join(self) {
        self.0.join_all().await;
    }
}

impl Load {
    /// On that deployment.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub fn new(deployment: &Deployment, seed: u64) -> anyhow::Result<Self> {
        Ok(Self {
            client: Client::builder().no_proxy().build()?,
            api: deployment.api.clone(),
            seed,
            tally: Mutex::default(),
        })
    }

    /// Lets people subscribe, and then go on until `stop`.
    ///
    /// # Errors
    /// When somebody cannot.
    pub async fn gather(
        self: &Arc<Self>,
        people: u32,
        stop: &CancellationToken,
    ) -> anyhow::Result<Crowd> {
        let come = |nth| async move {
            let person = self.subscriber(&format!("soak-{nth}@example.com")).await?;
            anyhow::Ok((nth, person))
        };
        let everybody: Vec<(u32, Person)> = stream::iter(0..people)
            .map(come)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut crowd = JoinSet::new();
        for (nth, person) in everybody {
            let (load, stop) = (Arc::clone(self), stop.clone());
            let random = StdRng::seed_from_u64(self.seed.rotate_left(32) ^ u64::from(nth));
            if nth % 2 == 0 {
                let (load, stop, person) = (Arc::clone(&load), stop.clone(), person.clone());
                crowd.spawn(async move { load.keep_a_page_open(&person, &stop).await });
            }
            crowd.spawn(async move { load.live(&person, random, &stop).await });
        }
        let (load, stop) = (Arc::clone(self), stop.clone());
        crowd.spawn(async move { load.come_and_go(&stop).await });
        Ok(Crowd(crowd))
    }

    /// Somebody who has a companion with a face, and a subscription.
    async fn subscriber(&self, email: &str) -> anyhow::Result<Person> {
        let person = Person::sign_in(&self.client, &self.api, email, PATIENCE).await?;
        person.design_companion().await?;
        person.subscribe().await?;
        Ok(person)
    }

    async fn live(&self, person: &Person, mut random: StdRng, stop: &CancellationToken) {
        let mut pictures = PICTURES;
        loop {
            let pause = Duration::from_millis(random.random_range(0..2 * PAUSE_MS));
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            let (method, path, body) = match random.random_range(0..100) {
                0..25 => (Method::GET, "/avatars/me", None),
                25..45 => (Method::GET, "/photos?limit=20", None),
                45..70 => (Method::GET, "/chat/messages?limit=20", None),
                70..75 => (Method::GET, "/billing/subscription", None),
                75..77 if pictures > 0 => {
                    pictures -= 1;
                    let scene = json!({"scene": "reading by a window on a rainy afternoon"});
                    (Method::POST, "/photos", Some(scene))
                }
                75..99 => {
                    let words = json!({"text": "I am reading a book about lighthouses."});
                    (Method::POST, "/chat/messages", Some(words))
                }
                _ => (Method::GET, "/me/export", None),
            };
            let begun = Instant::now();
            let whole = async {
                let answer = person.ask(method, path, body.as_ref()).await?;
                answer.bytes().await.map_err(anyhow::Error::from)
            };
            self.note(begun, whole.await.map(drop));
        }
    }

    async fn keep_a_page_open(&self, person: &Person, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                heard = follow(person, VISIT) => {
                    if heard.is_err() {
                        self.note(Instant::now(), heard);
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
            }
        }
    }

    /// One after another, each does everything once and is erased.
    async fn come_and_go(&self, stop: &CancellationToken) {
        for nth in 0_u32.. {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(NEXT) => {}
            }
            let visited = async {
                let person = self.subscriber(&format!("guest-{nth}@example.com")).await?;
                person.photo("walking along the beach at sunset").await?;
                person.ask(Method::DELETE, "/me", None).await
            };
            let begun = Instant::now();
            let visited = visited.await;
            if visited.is_err() {
                self.note(begun, visited.map(drop));
            }
        }
    }

    fn note(&self, begun: Instant, answer: anyhow::Result<()>) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(()) => {
                tally.waits_ms.push(begun.elapsed().as_secs_f64() * 1000.0);
            }
            Err(error) => tally.failures.push(format!("{error:#}")),
        }
    }

    /// How many answers came since the last question, and how long they took, in order.
    pub fn waits(&self) -> Vec<f64> {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waits = std::mem::take(&mut tally.waits_ms);
        waits.sort_by(f64::total_cmp);
        waits
    }

    /// What went wrong, in the order in which it did.
    pub fn failures(&self) -> Vec<String> {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.failures.clone()
    }
}

/// Follows what happens to one's own things for so long, as an open page does.
async fn follow(person: &Person, length: Duration) -> anyhow::Result<()> {
    let mut answer = person.ask(Method::GET, "/updates", None).await?;
    let heard = async {
        while answer.chunk().await?.is_some() {}
        anyhow::Ok(())
    };
    tokio::time::timeout(length, heard).await.unwrap_or(Ok(()))
}
