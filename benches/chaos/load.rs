//! People who use Ava all the time, until they are told to stop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    person::{Answer, Person},
    run::Run,
};

/// What they wish to see.
const SCENES: [&str; 6] = [
    "reading by a window on a rainy day",
    "hiking in the mountains",
    "drinking coffee in a small café",
    "playing the guitar in a park",
    "walking through an old town at dusk",
    "baking bread in a bright kitchen",
];

/// What they do most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Some of everything.
    Everything,
    /// Hardly anything but wishing for pictures.
    Pictures,
    /// What is quickly done: reading and changing the companion.
    Changes,
}

/// Their use.
pub struct Load {
    stop: Arc<AtomicBool>,
    pictures: Arc<AtomicU64>,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Load {
    /// Everybody begins, each at that many screens.
    pub fn start(run: &mut Run, mix: Mix, screens: u32) -> Self {
        let (stop, pictures) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut tasks = JoinSet::new();
        for person in &run.people {
            for _ in 0..screens {
                let user = User {
                    person: person.clone(),
                    dice: StdRng::seed_from_u64(run.dice.random()),
                    mix,
                    pictures: Arc::clone(&pictures),
                };
                tasks.spawn(user.work(Arc::clone(&stop)));
            }
        }
        Self {
            stop,
            pictures,
            tasks,
        }
    }

    /// How many pictures have come to an end.
    pub fn pictures(&self) -> u64 {
        self.pictures.load(Ordering::Relaxed)
    }

    /// Everybody ends what they have begun.
    ///
    /// # Errors
    /// When somebody was refused something, or never got an answer.
    pub async fn stop(mut self) -> anyhow::Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Ok(self.pictures())
    }
}

struct User {
    person: Person,
    dice: StdRng,
    mix: Mix,
    pictures: Arc<AtomicU64>,
}

impl User {
    async fn work(mut self, stop: Arc<AtomicBool>) -> anyhow::Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let one_of_ten = self.dice.random_range(0..10);
            match (self.mix, one_of_ten) {
                (Mix::Everything, 0..2) | (Mix::Pictures, 0..8) => self.wish().await?,
                (Mix::Everything, 2) | (Mix::Pictures, 8) => self.write().await?,
                (Mix::Everything, 3..8) | (Mix::Pictures, 9) | (Mix::Changes, 0..5) => {
                    self.change().await?;
                }
                (Mix::Everything | Mix::Pictures | Mix::Changes, _) => self.look().await,
            }
            let pause = Duration::from_millis(self.dice.random_range(5..60));
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Wishes for a picture, and waits until its making has ended.
    async fn wish(&mut self) -> anyhow::Result<()> {
        let scene = SCENES[self.dice.random_range(0..SCENES.len())];
        let photo = self
            .order(Method::POST, "/photos", json!({"scene": scene}))
            .await?;
        let path = format!("/photos/{}", photo["id"].as_str().unwrap_or_default());
        let has_ended =
            |photo: &Value| photo["status"] != "requested" && photo["status"] != "generating";
        self.person.until(&path, has_ended).await?;
        self.pictures.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn write(&mut self) -> anyhow::Result<()> {
        let number: u16 = self.dice.random();
        let text = format!("What did you do on day {number}?");
        self.order(Method::POST, "/chat/messages", json!({"text": text}))
            .await
            .map(drop)
    }

    async fn change(&mut self) -> anyhow::Result<()> {
        let number: u32 = self.dice.random();
        let name = format!("Ava {number}");
        self.order(Method::PATCH, "/avatars/me", json!({"name": name}))
            .await
            .map(drop)
    }

    async fn look(&mut self) {
        let path = ["/avatars/me", "/photos?limit=5", "/chat/messages?limit=5"];
        let path = path[self.dice.random_range(0..path.len())];
        // What cannot be read now is in the journal.
        let _ = self.person.read(path).await;
    }

    async fn order(&self, method: Method, path: &str, body: Value) -> anyhow::Result<Value> {
        match self.person.command(method, path, &body).await? {
            Answer::Done(told) => Ok(told),
            // That is in the journal, too, whose checker says so.
            Answer::Refused(status, code) => anyhow::bail!("{path} was refused: {status} {code}"),
        }
    }
}
