//! Checks a whole log in its database: every event against the tree, the tree against every checkpoint.

use std::{collections::VecDeque, ops::RangeInclusive};

use crate::{
    checker::Checker,
    checkpoint::Checkpoint,
    events::{Page, head},
    finding::{Finding, Place},
    merkle::Hash,
    note::VerifierKey,
    store::{StoredCheckpoint, Tree},
    tiles::{Addition, Tile, WIDTH},
};

/// How many events are looked at at once: whole tiles.
const PAGE: u64 = 16 * WIDTH;
/// How many checkpoints are fetched at once.
const CHECKPOINTS: i64 = 256;

/// A checkpoint that somebody kept outside of the database.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Where it was kept, for the message.
    pub kept_in: String,
    /// The signed note.
    pub note: String,
}

/// What there is to check a log against.
pub struct Verification<'a> {
    /// The tree, in the same database as the log.
    pub tree: &'a Tree,
    /// Whose signature counts.
    pub keys: &'a [VerifierKey],
    /// Checkpoints that were kept elsewhere.
    pub evidence: &'a [Evidence],
}

/// A log that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many events are in the tree, all of them what was hashed.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// How many checkpoints there are in the database, all of them signed and true.
    pub checkpoints: u64,
    /// How many events at the log's end are not in the tree yet: nothing vouches for them.
    pub not_hashed_yet: u64,
}

/// Why a log was not verified.
#[derive(Debug, thiserror::Error)]
pub enum NotVerified {
    /// Something does not fit.
    #[error(transparent)]
    Found(#[from] Finding),
    /// The database is away.
    #[error("the database is away")]
    Database(#[from] sqlx::Error),
}

impl Verification<'_> {
    /// Reads the whole log. `progress` hears how many events of how many were looked at.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub async fn run(&self, mut progress: impl FnMut(u64, u64)) -> Result<Verified, NotVerified> {
        // In this order: a tree that grows meanwhile is larger than every checkpoint that counts here.
        let newest = self.tree.newest_checkpoint().await?;
        let size = self.tree.size().await?;
        let mut claims = Claims::new(self, newest.map(|newest| newest.size))?;
        let mut checker = Checker::default();
        claims.check(&mut checker).await?;
        while checker.size() < size {
            let first = checker.size();
            let page = Page::read(self.tree.pool(), first, PAGE.min(size - first)).await?;
            let leaves = self.leaves(first).await?;
            let mut said = leaves.iter();
            for record in page.records() {
                checker.take(&record?, said.next())?;
                claims.check(&mut checker).await?;
            }
            if checker.size() == first {
                return Err(Finding::position(first + 1, "is missing, and all after it").into());
            }
            self.compare(checker.additions()).await?;
            progress(checker.size(), size);
        }
        if let Some(claim) = claims.next().await? {
            let what = format!("is missing: {} is over {} events", claim.whose, claim.size);
            return Err(Finding::position(size + 1, what).into());
        }
        Ok(Verified {
            size,
            root: checker.root(),
            checkpoints: claims.stored_seen,
            not_hashed_yet: self.tail(size).await?,
        })
    }

    /// What the tree says of the events after that many, which must fill whole tiles.
    async fn leaves(&self, after: u64) -> sqlx::Result<Vec<Hash>> {
        let first = after / WIDTH;
        let places: Vec<Tile> = (first..first + PAGE / WIDTH)
            .map(|index| Tile { level: 0, index })
            .collect();
        let mut tiles = self.tree.tiles(&places).await?;
        let mut leaves = Vec::new();
        for tile in places {
            let hashes = tiles.remove(&tile).unwrap_or_default();
            let is_full = hashes.len() as u64 == WIDTH;
            leaves.extend(hashes);
            if !is_full {
                break;
            }
        }
        Ok(leaves)
    }

    /// Compares the upper levels with what the events say; the lowest one was compared event by event.
    async fn compare(&self, additions: Vec<Addition>) -> Result<(), NotVerified> {
        let mut additions = additions;
        additions.retain(|addition| addition.tile.level > 0);
        let places: Vec<Tile> = additions.iter().map(|addition| addition.tile).collect();
        let tiles = self.tree.tiles(&places).await?;
        for Addition {
            tile,
            first,
            hashes,
        } in additions
        {
            let said = tiles.get(&tile).map(Vec::as_slice).unwrap_or_default();
            for (within, hash) in (first..).zip(&hashes) {
                if said.get(within) != Some(hash) {
                    let (from, to) = tile.positions(within);
                    let what = "do not have the hash that the tree says they have together";
                    return Err(Finding::at(Place::Positions(from, to), what).into());
                }
            }
        }
        Ok(())
    }

    /// How many events stand after the tree. Nothing says what they were, but they have to be in order.
    async fn tail(&self, size: u64) -> Result<u64, NotVerified> {
        let end = head(self.tree.pool()).await?;
        let mut reached = size;
        while reached < end {
            let page = Page::read(self.tree.pool(), reached, PAGE).await?;
            for record in page.records() {
                if record?.position != reached + 1 {
                    break;
                }
                reached += 1;
            }
            let next = page.records().next().transpose()?;
            if next.is_none_or(|next| next.position > reached) {
                return Err(Finding::position(reached + 1, "is missing").into());
            }
        }
        // Events are never seen before the end of the log that they moved.
        let end = head(self.tree.pool()).await?;
        let beyond = Page::read(self.tree.pool(), end.max(size), 1).await?;
        if end < size || !beyond.is_empty() && head(self.tree.pool()).await? == end {
            return Err(Finding::position(end + 1, "stands behind the end of the log").into());
        }
        Ok(reached - size)
    }
}

/// A checkpoint that the events have to come to.
struct Claim {
    size: u64,
    root: Hash,
    whose: String,
}

/// Every checkpoint, the smallest first: those that were kept elsewhere, and those in the database.
struct Claims<'a> {
    of: &'a Verification<'a>,
    kept: VecDeque<Claim>,
    stored: VecDeque<StoredCheckpoint>,
    /// The sizes that are still to be fetched; none when there are no more.
    unfetched: Option<RangeInclusive<u64>>,
    stored_seen: u64,
}

impl<'a> Claims<'a> {
    /// Up to the newest one in the database.
    fn new(of: &'a Verification<'a>, newest: Option<u64>) -> Result<Self, Finding> {
        let kept = |evidence: &Evidence| {
            let Evidence { kept_in, note } = evidence;
            let checkpoint = Checkpoint::open(note, of.keys)
                .map_err(|error| Finding::at(Place::Kept(kept_in.clone()), error.to_string()))?;
            Ok(Claim {
                size: checkpoint.size,
                root: checkpoint.root,
                whose: format!("the checkpoint in {kept_in}"),
            })
        };
        let mut kept: Vec<Claim> = of
            .evidence
            .iter()
            .map(kept)
            .collect::<Result<_, Finding>>()?;
        kept.sort_by_key(|claim| claim.size);
        Ok(Self {
            of,
            kept: kept.into(),
            stored: VecDeque::new(),
            unfetched: newest.map(|newest| 0..=newest),
            stored_seen: 0,
        })
    }

    /// Holds the events that were taken against every checkpoint over so many.
    async fn check(&mut self, checker: &mut Checker) -> Result<(), NotVerified> {
        while self
            .smallest()
            .await?
            .is_some_and(|size| size <= checker.size())
        {
            if let Some(claim) = self.next().await? {
                checker.must_have(&claim.root, &claim.whose)?;
            }
        }
        Ok(())
    }

    async fn smallest(&mut self) -> sqlx::Result<Option<u64>> {
        if let Some(sizes) = &self.unfetched
            && self.stored.is_empty()
        {
            self.stored = self.of.tree.checkpoints(sizes, CHECKPOINTS).await?.into();
            let last = self.stored.back().map(|last| last.size);
            self.unfetched = last.map(|last| last + 1..=*sizes.end());
        }
        let kept = self.kept.front().map(|claim| claim.size);
        let stored = self.stored.front().map(|stored| stored.size);
        Ok(kept.into_iter().chain(stored).min())
    }

    async fn next(&mut self) -> Result<Option<Claim>, NotVerified> {
        let Some(size) = self.smallest().await? else {
            return Ok(None);
        };
        if self.kept.front().is_some_and(|claim| claim.size == size) {
            return Ok(self.kept.pop_front());
        }
        let Some(stored) = self.stored.pop_front() else {
            return Ok(None);
        };
        self.stored_seen += 1;
        let wrong = |what: &str| Finding::at(Place::Checkpoint(size), what);
        let checkpoint = Checkpoint::open(&stored.note, self.of.keys)
            .map_err(|error| wrong(&error.to_string()))?;
        if (checkpoint.size, checkpoint.root) != (stored.size, stored.root) {
            return Err(wrong("says something else in its note than beside it").into());
        }
        Ok(Some(Claim {
            size,
            root: checkpoint.root,
            whose: "its checkpoint".to_owned(),
        }))
    }
}
