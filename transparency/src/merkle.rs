//! Merkle trees as RFC 6962, section 2.1, defines them: hashes, proofs, and how proofs are checked.

use std::ops::Range;

use sha2::{Digest, Sha256};

/// SHA-256.
pub type Hash = [u8; 32];

/// The hash of a record.
pub fn leaf_hash(record: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(record)
        .finalize()
        .into()
}

/// The hash of what stands to the left and to the right of each other.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The root of the tree without leaves.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// A complete subtree: the leaves from `index << height` on, `1 << height` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// 0 for a leaf.
    pub height: u8,
    /// How many subtrees of this height stand to the left of it.
    pub index: u64,
}

/// The complete subtrees that a subtree of some tree is made of, from left to right.
///
/// `leaves` must begin where RFC 6962 begins a subtree: at a multiple of the smallest power of two that is not less than
/// its length.
pub fn complete_subtrees(leaves: Range<u64>) -> impl Iterator<Item = Node> {
    let mut from = leaves.start;
    std::iter::from_fn(move || {
        let left = leaves.end.checked_sub(from).filter(|left| *left > 0)?;
        let height = left.ilog2();
        let index = from >> height;
        from += 1 << height;
        let height = height as u8;
        Some(Node { height, index })
    })
}

/// The hash of a subtree whose complete subtrees have these hashes, from left to right.
pub fn joined(hashes: impl DoubleEndedIterator<Item = Hash>) -> Hash {
    let mut hashes = hashes.rev();
    let Some(last) = hashes.next() else {
        return empty_root();
    };
    hashes.fold(last, |right, left| node_hash(&left, &right))
}

/// The subtrees whose hashes prove that the leaf number `index`, from 0, is among the first `size` (RFC 6962, section
/// 2.1.1). `index` must be less than `size`.
pub fn inclusion_path(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut path = Vec::new();
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        let middle = from + largest_power_below(to - from);
        if index < middle {
            path.push(middle..to);
            to = middle;
        } else {
            path.push(from..middle);
            from = middle;
        }
    }
    path.reverse();
    path
}

/// The subtrees whose hashes prove that the first `old` leaves are the beginning of the first `new` (RFC 6962, section
/// 2.1.2). `old` must be from 1 to `new`.
pub fn consistency_path(old: u64, new: u64) -> Vec<Range<u64>> {
    let mut path = Vec::new();
    let (mut from, mut to) = (0, new);
    while old != to {
        let middle = from + largest_power_below(to - from);
        if old <= middle {
            path.push(middle..to);
            to = middle;
        } else {
            path.push(from..middle);
            from = middle;
        }
    }
    if from > 0 {
        path.push(from..to);
    }
    path.reverse();
    path
}

/// Whether the leaf number `index`, from 0, is in the tree of `size` leaves with this root (RFC 9162, section 2.1.3.2;
/// its trees are those of RFC 6962).
pub fn includes(index: u64, size: u64, leaf: &Hash, hashes: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let mut climb = Climb::new(index, size - 1);
    let mut hash = *leaf;
    for sibling in hashes {
        if climb.is_at_top() {
            return false;
        }
        hash = match climb.up() {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    climb.is_at_top() && hash == *root
}

/// Whether the tree of `old` leaves is the beginning of that of `new` leaves (RFC 9162, section 2.1.4.2).
pub fn continues(old: u64, new: u64, old_root: &Hash, new_root: &Hash, hashes: &[Hash]) -> bool {
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return hashes.is_empty() && old_root == new_root;
    }
    let (first, rest) = if old.is_power_of_two() {
        (*old_root, hashes)
    } else {
        let Some((first, rest)) = hashes.split_first() else {
            return false;
        };
        (*first, rest)
    };
    let mut climb = Climb::new(old - 1, new - 1);
    climb.skip_right_edges();
    let (mut was, mut is) = (first, first);
    for sibling in rest {
        if climb.is_at_top() {
            return false;
        }
        match climb.up() {
            Side::Left => {
                was = node_hash(sibling, &was);
                is = node_hash(sibling, &is);
            }
            Side::Right => is = node_hash(&is, sibling),
        }
    }
    climb.is_at_top() && was == *old_root && is == *new_root
}

/// The largest power of two that is less than a number, which must be more than 1.
fn largest_power_below(number: u64) -> u64 {
    1 << (number - 1).ilog2()
}

/// Where a sibling stands.
enum Side {
    Left,
    Right,
}

/// The way from a leaf to the root: `fn` and `sn` of RFC 9162.
struct Climb {
    here: u64,
    last: u64,
}

impl Climb {
    const fn new(here: u64, last: u64) -> Self {
        Self { here, last }
    }

    const fn is_at_top(&self) -> bool {
        self.last == 0
    }

    /// One level up; on which side the sibling stands that is needed for it.
    const fn up(&mut self) -> Side {
        let is_right = self.here & 1 == 1;
        let side = if is_right || self.here == self.last {
            // At the right edge, a node without a sibling is its own parent.
            while self.here & 1 == 0 && self.here != 0 {
                self.shift();
            }
            Side::Left
        } else {
            Side::Right
        };
        self.shift();
        side
    }

    /// As long as the node is a right child it is part of a whole subtree.
    const fn skip_right_edges(&mut self) {
        while self.here & 1 == 1 {
            self.shift();
        }
    }

    const fn shift(&mut self) {
        self.here >>= 1;
        self.last >>= 1;
    }
}
