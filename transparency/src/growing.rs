//! The task that lets the tree grow behind the log, and signs checkpoints.

mod row;

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures::try_join;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    checkpoint::Checkpoint,
    events::Page,
    merkle::Hash,
    note::KeyRing,
    publishing::Published,
    store::{ProofError, StoredCheckpoint, Tree},
    tiles::{Addition, Edge},
};

/// How many events are hashed at once.
const PAGE: u64 = 4096;
/// How often a tree that is at the log's head looks for more.
const GLANCE: Duration = Duration::from_secs(1);
/// How long a lease lasts after each look.
const LEASE: Duration = Duration::from_secs(3);
/// How long it rests after something went wrong.
const REST: Duration = Duration::from_secs(2);

/// How a tree grows.
#[derive(Debug, Clone)]
pub struct Growing {
    /// A name that no other living process has.
    pub holder: String,
    /// How old the newest checkpoint is at least when the next one is signed.
    pub every: Duration,
    /// Where the newest checkpoint is published, beside the database.
    pub published_to: PathBuf,
}

/// Lets the tree grow. Any number of processes may run one: the one with the lease works.
pub struct Grower {
    tree: Tree,
    keys: Arc<KeyRing>,
    growing: Growing,
    published: Published,
}

/// Why the tree does not grow for the moment.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("another process lets it grow")]
    LostLease,
    #[error("the event at position {0} is missing from the log")]
    Missing(u64),
    #[error("the tree does not have the root that was signed over {0} events")]
    Contradicted(u64),
    #[error(
        "{} says that the log has {published} events, but it has {head}: it was cut off, or is another log. If it is \
         meant to begin anew, keep that file elsewhere", file.display()
    )]
    CutOff {
        file: PathBuf,
        published: u64,
        head: u64,
    },
    #[error(
        "{} cannot be used: {reason}. Configure the key that signed it among the older ones, or keep that file elsewhere",
        file.display()
    )]
    Published { file: PathBuf, reason: String },
    #[error(transparent)]
    Stored(#[from] ProofError),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Stored(error.into())
    }
}

/// What whoever has the lease knows.
struct Work {
    edge: Edge,
    newest: Option<Newest>,
}

/// The newest checkpoint.
struct Newest {
    size: u64,
    note: String,
    /// By this process's clock.
    signed: Instant,
    published: bool,
}

impl Grower {
    /// On that database.
    pub fn new(pool: PgPool, keys: Arc<KeyRing>, growing: Growing) -> Self {
        Self {
            tree: Tree::new(pool),
            keys,
            published: Published::to(growing.published_to.clone()),
            growing,
        }
    }

    /// Grows until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut work = None;
        let mut told = String::new();
        loop {
            let pause = match self.go_on(&mut work).await {
                Ok(true) => Duration::ZERO,
                Ok(false) => GLANCE,
                Err(Trouble::LostLease) => {
                    work = None;
                    GLANCE
                }
                Err(trouble) => {
                    work = None;
                    self.note(&trouble, &mut told).await;
                    REST
                }
            };
            let rest = tokio::time::sleep(pause);
            if stop.run_until_cancelled(rest).await.is_none() {
                break;
            }
        }
        if let Err(error) = self.release().await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "The tree's lease runs out by itself"
            );
        }
    }

    /// One step. Answers whether there is more to do at once.
    async fn go_on(&self, work: &mut Option<Work>) -> Result<bool, Trouble> {
        let (size, head) = self.take().await?;
        let known = work.take().filter(|work| work.edge.size() == size);
        let mut current = match known {
            Some(current) => current,
            None => self.take_over(size, head).await?,
        };
        if head > size {
            self.grow(&mut current.edge, head).await?;
        }
        self.sign(&mut current).await?;
        self.publish(&mut current).await;
        let more = current.edge.size() < head;
        *work = Some(current);
        Ok(more)
    }

    /// Makes sure, before anything is added or signed, that what was signed still holds.
    async fn take_over(&self, size: u64, head: u64) -> Result<Work, Trouble> {
        let newest = self.tree.newest_checkpoint().await?;
        if let Some(newest) = &newest {
            self.must_hold(newest.size, &newest.root).await?;
        }
        let published = self.published_note(head).await?;
        sqlx::query("UPDATE log_tree SET error = NULL WHERE holder = $1 AND error IS NOT NULL")
            .bind(&self.growing.holder)
            .execute(self.tree.pool())
            .await?;
        Ok(Work {
            edge: self.tree.edge(size).await?,
            newest: newest.map(|newest| known(newest, published.as_deref())),
        })
    }

    /// What was published last, once it is sure that it speaks of this log.
    async fn published_note(&self, head: u64) -> Result<Option<String>, Trouble> {
        let unusable = |reason: String| Trouble::Published {
            file: self.published.file(),
            reason,
        };
        let note = self
            .published
            .read()
            .map_err(|error| unusable(error.to_string()))?;
        let Some(note) = note else { return Ok(None) };
        let checkpoint = Checkpoint::open(&note, &self.keys.verifiers())
            .map_err(|error| unusable(format!("it {error}")))?;
        if checkpoint.size > head {
            return Err(Trouble::CutOff {
                file: self.published.file(),
                published: checkpoint.size,
                head,
            });
        }
        // A tree that the database lost the last moment of comes there again.
        if checkpoint.size <= self.tree.size().await? {
            self.must_hold(checkpoint.size, &checkpoint.root).await?;
        }
        Ok(Some(note))
    }

    async fn must_hold(&self, size: u64, root: &Hash) -> Result<(), Trouble> {
        match self.tree.root(size).await {
            Ok(is) if is == *root => Ok(()),
            Ok(_) | Err(ProofError::Beyond(_) | ProofError::Damaged(_)) => {
                Err(Trouble::Contradicted(size))
            }
            Err(error @ ProofError::Database(_)) => Err(error.into()),
        }
    }

    /// Adds what the log has up to `head`, for as long as the lease lasts at the most.
    async fn grow(&self, edge: &mut Edge, head: u64) -> Result<(), Trouble> {
        let begun = Instant::now();
        let mut hashed = self.hash(edge, head).await?;
        loop {
            let (from, to) = (edge.size(), hashed.edge.size());
            let additions = std::mem::take(&mut hashed.additions);
            let goes_on = to < head && begun.elapsed() < LEASE;
            // The next page is read and hashed while this one is written.
            let next = async {
                Ok(match goes_on {
                    true => Some(self.hash(&hashed.edge, head).await?),
                    false => None,
                })
            };
            let ((), next) = try_join!(self.write(from, to, &additions), next)?;
            *edge = hashed.edge;
            match next {
                Some(next) => hashed = next,
                None => return Ok(()),
            }
        }
    }

    async fn hash(&self, edge: &Edge, head: u64) -> Result<Hashed, Trouble> {
        let mut edge = edge.clone();
        let limit = PAGE.min(head - edge.size());
        let page = Page::read(self.tree.pool(), edge.size(), limit).await?;
        let (mut additions, mut room) = (Vec::new(), Vec::new());
        for record in page.records() {
            let record = record?;
            if record.position != edge.size() + 1 {
                break;
            }
            edge.push(record.leaf_hash(&mut room), &mut additions);
        }
        if additions.is_empty() {
            return Err(Trouble::Missing(edge.size() + 1));
        }
        Ok(Hashed { edge, additions })
    }

    /// Signs how far the tree is, when there is something new and the newest checkpoint is old enough.
    async fn sign(&self, work: &mut Work) -> Result<(), Trouble> {
        let size = work.edge.size();
        let due = work.newest.as_ref().is_none_or(|newest| {
            newest.size < size && newest.signed.elapsed() >= self.growing.every
        });
        if !due {
            return Ok(());
        }
        let checkpoint = Checkpoint {
            origin: self.keys.origin().to_owned(),
            size,
            root: work.edge.root(),
        };
        let note = checkpoint.signed(self.keys.signing());
        // Only whoever has the lease, and only of the tree as it is stored.
        let stored = sqlx::query(
            "INSERT INTO log_checkpoints (size, root, note)
             SELECT size, $3, $4 FROM log_tree WHERE size = $2 AND holder = $1",
        )
        .bind(&self.growing.holder)
        .bind(size.cast_signed())
        .bind(checkpoint.root.as_slice())
        .bind(&note)
        .execute(self.tree.pool())
        .await?;
        if stored.rows_affected() == 0 {
            return Err(Trouble::LostLease);
        }
        tracing::debug!("Signed a checkpoint over {size} events");
        work.newest = Some(Newest {
            size,
            note,
            signed: Instant::now(),
            published: false,
        });
        Ok(())
    }

    /// A file that cannot be written keeps nobody from the database: it is tried again with the next look.
    async fn publish(&self, work: &mut Work) {
        let Some(newest) = work.newest.as_mut().filter(|newest| !newest.published) else {
            return;
        };
        let (published, note) = (self.published.clone(), newest.note.clone());
        let written = tokio::task::spawn_blocking(move || published.write(&note)).await;
        match written.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked))) {
            Ok(()) => newest.published = true,
            Err(error) => tracing::warn!(
                %error,
                "The checkpoint cannot be published to {}",
                self.published.file().display()
            ),
        }
    }
}

/// A page that is hashed and not yet stored.
struct Hashed {
    /// The edge after it.
    edge: Edge,
    additions: Vec<Addition>,
}

fn known(stored: StoredCheckpoint, published: Option<&str>) -> Newest {
    let age = (chrono::Utc::now() - stored.signed_at).to_std();
    let now = Instant::now();
    let signed = age.ok().and_then(|age| now.checked_sub(age)).unwrap_or(now);
    Newest {
        size: stored.size,
        published: published == Some(stored.note.as_str()),
        note: stored.note,
        signed,
    }
}
