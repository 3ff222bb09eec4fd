//! The stored tree: hashes in tiles of 256, level upon level, each hash of a level standing for a whole tile below.

use std::ops::Range;

use crate::merkle::{Hash, Node, complete_subtrees, joined, node_hash};

/// How many hashes a full tile holds.
pub(crate) const WIDTH: u64 = 256;
/// How many levels of the tree one level of tiles spans: 2^8 is 256.
const SPAN: u8 = 8;

/// A tile's place: its level, and how many tiles of that level stand to the left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tile {
    pub(crate) level: u8,
    pub(crate) index: u64,
}

impl Tile {
    /// The one that a node can be computed from, and from which of its hashes.
    pub(crate) fn of(node: Node) -> (Self, Range<usize>) {
        let depth = node.height % SPAN;
        let first = node.index << depth;
        let tile = Self {
            level: node.height / SPAN,
            index: first / WIDTH,
        };
        let within = (first % WIDTH) as usize;
        (tile, within..within + (1 << depth))
    }

    /// The positions of the first and the last event that a hash of this tile stands for.
    pub(crate) fn positions(self, within: usize) -> (u64, u64) {
        let shift = u32::from(self.level * SPAN);
        let hash = self.index * WIDTH + within as u64;
        ((hash << shift) + 1, (hash + 1) << shift)
    }
}

/// The hash of a complete subtree from the hashes of its leaves, whose number is a power of two.
pub(crate) fn subtree(hashes: &[Hash]) -> Hash {
    match hashes {
        [one] => *one,
        [left, right] => node_hash(left, right),
        more => {
            let (left, right) = more.split_at(more.len() / 2);
            node_hash(&subtree(left), &subtree(right))
        }
    }
}

/// The right edge of the tree: of each level the hashes in its last tile, which is never full.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

/// New hashes at the end of a tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addition {
    pub(crate) tile: Tile,
    /// How many stand before them in the tile.
    pub(crate) first: usize,
    pub(crate) hashes: Vec<Hash>,
}

impl Edge {
    /// Of a tree of so many leaves whose last tiles hold these hashes, level by level.
    pub(crate) const fn new(size: u64, levels: Vec<Vec<Hash>>) -> Self {
        Self { size, levels }
    }

    /// How many leaves there are.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The last tiles of a tree of so many leaves that hold anything, and how many hashes each of them holds.
    pub(crate) fn tiles(size: u64) -> Vec<(Tile, usize)> {
        let mut tiles = Vec::new();
        let (mut level, mut count) = (0, size);
        while count > 0 {
            let index = count / WIDTH;
            tiles.push((Tile { level, index }, (count % WIDTH) as usize));
            level += 1;
            count /= WIDTH;
        }
        tiles
    }

    /// One more leaf. What it adds to the tiles is noted at the end of `additions`.
    pub(crate) fn push(&mut self, leaf: Hash, additions: &mut Vec<Addition>) {
        let mut hash = leaf;
        let mut count = self.size;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let hashes = &mut self.levels[level];
            hashes.push(hash);
            let tile = Tile {
                level: level as u8,
                index: count / WIDTH,
            };
            note(additions, tile, hashes.len() - 1, hash);
            if hashes.len() < WIDTH as usize {
                break;
            }
            hash = subtree(hashes);
            hashes.clear();
            count /= WIDTH;
        }
        self.size += 1;
    }

    /// The root over all leaves.
    pub(crate) fn root(&self) -> Hash {
        let peaks: Vec<Hash> = complete_subtrees(0..self.size)
            .map(|node| {
                let (tile, within) = Tile::of(node);
                subtree(&self.levels[usize::from(tile.level)][within])
            })
            .collect();
        joined(peaks.into_iter())
    }
}

/// The tile is among the last ones for almost every hash, so the way to it is short.
fn note(additions: &mut Vec<Addition>, tile: Tile, first: usize, hash: Hash) {
    match additions
        .iter_mut()
        .rev()
        .find(|addition| addition.tile == tile)
    {
        Some(addition) => addition.hashes.push(hash),
        None => additions.push(Addition {
            tile,
            first,
            hashes: vec![hash],
        }),
    }
}
