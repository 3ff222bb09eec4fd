//! The tree as it is stored: checkpoints and proofs.

use std::{
    collections::HashMap,
    ops::{Range, RangeInclusive},
};

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Row, postgres::PgRow};

use crate::{
    merkle::{Hash, complete_subtrees, consistency_path, inclusion_path, joined},
    proof::{ConsistencyProof, InclusionProof},
    tiles::{Edge, Tile, subtree},
};

/// The tree over the log, as far as it has grown. Cheap to clone.
#[derive(Clone)]
pub struct Tree {
    pool: PgPool,
}

/// A checkpoint that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many events it is over.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The signed note, as it is handed out.
    pub note: String,
    /// When it was signed, by the database's clock.
    pub signed_at: DateTime<Utc>,
}

/// How far the tree is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeStatus {
    /// How many events are in it.
    pub size: u64,
    /// How many events the log has.
    pub head: u64,
    /// The newest checkpoint's number of events, and when it was signed; none before the first one.
    pub checkpoint: Option<(u64, DateTime<Utc>)>,
    /// Why it does not grow.
    pub error: Option<String>,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The tree is not that large (yet).
    #[error("the tree has {0} events")]
    Beyond(u64),
    /// The stored tree lacks what it should have.
    #[error("the stored tree lacks hashes of level {0}")]
    Damaged(u8),
    /// The database is away.
    #[error("the database is away")]
    Database(#[from] sqlx::Error),
}

const CHECKPOINT: &str = "SELECT size, root, note, signed_at FROM log_checkpoints";

impl Tree {
    /// In that database.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// How many events are in it.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn size(&self) -> sqlx::Result<u64> {
        let size: i64 = sqlx::query_scalar("SELECT size FROM log_tree")
            .fetch_one(&self.pool)
            .await?;
        Ok(size.cast_unsigned())
    }

    /// How far it is.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn status(&self) -> sqlx::Result<TreeStatus> {
        let row = sqlx::query(
            "SELECT tree.size, head.position, newest.size, newest.signed_at, tree.error
               FROM log_tree tree
              CROSS JOIN log_head head
               LEFT JOIN (SELECT size, signed_at FROM log_checkpoints ORDER BY size DESC LIMIT 1) newest ON true",
        )
        .fetch_one(&self.pool)
        .await?;
        let checkpoint: Option<i64> = row.try_get(2)?;
        let signed_at: Option<DateTime<Utc>> = row.try_get(3)?;
        Ok(TreeStatus {
            size: row.try_get::<i64, _>(0)?.cast_unsigned(),
            head: row.try_get::<i64, _>(1)?.cast_unsigned(),
            checkpoint: checkpoint.map(i64::cast_unsigned).zip(signed_at),
            error: row.try_get(4)?,
        })
    }

    /// The newest checkpoint; none before the first one was signed.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn newest_checkpoint(&self) -> sqlx::Result<Option<StoredCheckpoint>> {
        let newest = format!("{CHECKPOINT} ORDER BY size DESC LIMIT 1");
        let row = sqlx::query(&newest).fetch_optional(&self.pool).await?;
        row.as_ref().map(checkpoint).transpose()
    }

    /// Up to `limit` checkpoints over so many events, the smallest first.
    pub(crate) async fn checkpoints(
        &self,
        sizes: &RangeInclusive<u64>,
        limit: i64,
    ) -> sqlx::Result<Vec<StoredCheckpoint>> {
        let page = format!("{CHECKPOINT} WHERE size BETWEEN $1 AND $2 ORDER BY size LIMIT $3");
        let rows = sqlx::query(&page)
            .bind(sizes.start().cast_signed())
            .bind(sizes.end().cast_signed())
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(checkpoint).collect()
    }

    /// Up to `most` checkpoints over fewer events than that, and at least one, spread over the log; the smallest first.
    pub(crate) async fn spread(
        &self,
        below: u64,
        most: i64,
    ) -> sqlx::Result<Vec<StoredCheckpoint>> {
        let rows = sqlx::query(
            "SELECT DISTINCT ON (size * $2 / $1) size, root, note, signed_at FROM log_checkpoints
              WHERE size BETWEEN 1 AND $1 - 1 ORDER BY size * $2 / $1, size DESC",
        )
        .bind(below.cast_signed())
        .bind(most)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(checkpoint).collect()
    }

    /// The hash of the event at a position, as it went into the tree.
    ///
    /// # Errors
    /// When the tree has not come so far, or is damaged.
    pub async fn leaf_hash(&self, position: u64) -> Result<Hash, ProofError> {
        let size = self.must_reach(position).await?;
        let index = position.checked_sub(1).ok_or(ProofError::Beyond(size))?;
        self.hash(index..index + 1).await
    }

    /// Proves that the event at a position is among the first `size`. The position is from 1 to `size`.
    ///
    /// # Errors
    /// When the tree has not come so far, or is damaged.
    pub async fn inclusion(&self, position: u64, size: u64) -> Result<InclusionProof, ProofError> {
        let reached = self.must_reach(size.max(position)).await?;
        let index = position
            .checked_sub(1)
            .filter(|index| *index < size)
            .ok_or(ProofError::Beyond(reached))?;
        let leaf = index..index + 1;
        let mut subtrees = inclusion_path(index, size);
        subtrees.push(leaf);
        let mut hashes = self.hashes(&subtrees).await?;
        let leaf_hash = hashes.pop().ok_or(ProofError::Damaged(0))?;
        Ok(InclusionProof {
            position,
            size,
            leaf_hash,
            hashes,
        })
    }

    /// Proves that the first `from` events are the beginning of the first `to`. `from` is from 1 to `to`.
    ///
    /// # Errors
    /// When the tree has not come so far, or is damaged.
    pub async fn consistency(&self, from: u64, to: u64) -> Result<ConsistencyProof, ProofError> {
        let reached = self.must_reach(to).await?;
        if from == 0 || from > to {
            return Err(ProofError::Beyond(reached));
        }
        let hashes = self.hashes(&consistency_path(from, to)).await?;
        Ok(ConsistencyProof { from, to, hashes })
    }

    /// The root over the first `size` events.
    ///
    /// # Errors
    /// When the tree has not come so far, or is damaged.
    pub async fn root(&self, size: u64) -> Result<Hash, ProofError> {
        self.must_reach(size).await?;
        self.hash(0..size).await
    }

    async fn must_reach(&self, size: u64) -> Result<u64, ProofError> {
        let reached = self.size().await?;
        if size <= reached {
            Ok(reached)
        } else {
            Err(ProofError::Beyond(reached))
        }
    }

    async fn hash(&self, subtree: Range<u64>) -> Result<Hash, ProofError> {
        let hashes = self.hashes(std::slice::from_ref(&subtree)).await?;
        hashes.into_iter().next().ok_or(ProofError::Damaged(0))
    }

    /// The hashes of subtrees, by one question.
    async fn hashes(&self, subtrees: &[Range<u64>]) -> Result<Vec<Hash>, ProofError> {
        let nodes = subtrees.iter().cloned().flat_map(complete_subtrees);
        let needed = nodes.map(|node| Tile::of(node).0).collect::<Vec<_>>();
        let tiles = self.tiles(&needed).await?;
        let hash = |leaves: &Range<u64>| {
            let hashes = complete_subtrees(leaves.clone()).map(|node| {
                let (tile, within) = Tile::of(node);
                let hashes = tiles.get(&tile).and_then(|hashes| hashes.get(within));
                hashes.map(subtree).ok_or(ProofError::Damaged(tile.level))
            });
            let hashes: Vec<Hash> = hashes.collect::<Result<_, _>>()?;
            Ok(joined(hashes.into_iter()))
        };
        subtrees.iter().map(hash).collect()
    }

    /// Those tiles that there are.
    pub(crate) async fn tiles(&self, tiles: &[Tile]) -> sqlx::Result<HashMap<Tile, Vec<Hash>>> {
        let levels: Vec<i16> = tiles.iter().map(|tile| tile.level.into()).collect();
        let indexes: Vec<i64> = tiles.iter().map(|tile| tile.index.cast_signed()).collect();
        let rows = sqlx::query(
            "SELECT level, index, hashes FROM log_tiles
              WHERE (level, index) IN (SELECT * FROM unnest($1::smallint[], $2::bigint[]))",
        )
        .bind(levels)
        .bind(indexes)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(tile).collect()
    }

    /// The right edge of the tree of that size.
    pub(crate) async fn edge(&self, size: u64) -> Result<Edge, ProofError> {
        let wanted = Edge::tiles(size);
        let places: Vec<Tile> = wanted.iter().map(|(tile, _)| *tile).collect();
        let mut tiles = self.tiles(&places).await?;
        let levels = wanted.into_iter().map(|(tile, length)| {
            let mut hashes = tiles.remove(&tile).unwrap_or_default();
            if hashes.len() < length {
                return Err(ProofError::Damaged(tile.level));
            }
            hashes.truncate(length);
            Ok(hashes)
        });
        Ok(Edge::new(size, levels.collect::<Result<_, _>>()?))
    }
}

fn tile(row: &PgRow) -> sqlx::Result<(Tile, Vec<Hash>)> {
    let level: i16 = row.try_get(0)?;
    let tile = Tile {
        level: u8::try_from(level).map_err(|error| sqlx::Error::Decode(error.into()))?,
        index: row.try_get::<i64, _>(1)?.cast_unsigned(),
    };
    let bytes: &[u8] = row.try_get(2)?;
    let (hashes, _) = bytes.as_chunks::<32>();
    Ok((tile, hashes.to_vec()))
}

fn checkpoint(row: &PgRow) -> sqlx::Result<StoredCheckpoint> {
    let root: &[u8] = row.try_get(1)?;
    Ok(StoredCheckpoint {
        size: row.try_get::<i64, _>(0)?.cast_unsigned(),
        root: Hash::try_from(root).map_err(|error| sqlx::Error::Decode(error.into()))?,
        note: row.try_get(2)?,
        signed_at: row.try_get(3)?,
    })
}
