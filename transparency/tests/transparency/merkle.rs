//! RFC 6962's trees: the known vectors, and the RFC's own definitions word for word.

use proptest::prelude::*;
use transparency::{
    Hash,
    merkle::{
        complete_subtrees, consistency_path, continues, empty_root, includes, inclusion_path,
        joined, leaf_hash, node_hash,
    },
};

/// The leaves and roots with which implementations of RFC 6962 have tested each other since the first one.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const A: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const B: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const C: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
const D: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const E: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const F: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
const G: &str = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f";

fn hash(text: &str) -> Hash {
    hex::decode(text).unwrap().try_into().unwrap()
}

fn known_leaves() -> Vec<Hash> {
    let leaf = |text| leaf_hash(&hex::decode(text).unwrap());
    LEAVES.into_iter().map(leaf).collect()
}

/// What our paths come to over these leaves.
fn hashes(path: Vec<std::ops::Range<u64>>, leaves: &[Hash]) -> Vec<Hash> {
    let of = |range: std::ops::Range<u64>| {
        let nodes = complete_subtrees(range).map(|node| {
            let from = usize::try_from(node.index << node.height).unwrap();
            tree(&leaves[from..from + (1 << node.height)])
        });
        let nodes: Vec<Hash> = nodes.collect();
        joined(nodes.into_iter())
    };
    path.into_iter().map(of).collect()
}

#[test]
fn the_known_roots_and_proofs_come_out() {
    let leaves = known_leaves();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(empty_root(), hash(empty));
    assert_eq!(joined(std::iter::empty()), hash(empty));
    for (size, root) in (1..).zip(ROOTS) {
        let whole = std::iter::once(0..size).collect();
        assert_eq!(hashes(whole, &leaves), [hash(root)], "{size}");
    }
    let inclusions: [(u64, u64, &[&str]); 5] = [
        (0, 1, &[]),
        (0, 8, &[A, B, C]),
        (5, 8, &[E, D, ROOTS[3]]),
        (2, 3, &[ROOTS[1]]),
        (1, 5, &[ROOTS[0], B, E]),
    ];
    for (index, size, proof) in inclusions {
        let proof: Vec<Hash> = proof.iter().copied().map(hash).collect();
        assert_eq!(hashes(inclusion_path(index, size), &leaves), proof);
    }
    let consistencies: [(u64, u64, &[&str]); 5] = [
        (1, 1, &[]),
        (1, 8, &[A, B, C]),
        (6, 8, &[F, D, ROOTS[3]]),
        (2, 5, &[B, E]),
        (6, 7, &[F, G, ROOTS[3]]),
    ];
    for (from, to, proof) in consistencies {
        let proof: Vec<Hash> = proof.iter().copied().map(hash).collect();
        assert_eq!(hashes(consistency_path(from, to), &leaves), proof);
    }
}

// The definitions of RFC 6962, sections 2.1 to 2.1.2, word for word; they share nothing with what is tested but the hash.
fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

fn tree(d: &[Hash]) -> Hash {
    match d {
        [] => empty_root(),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(split(more.len()));
            node_hash(&tree(left), &tree(right))
        }
    }
}

fn path(m: usize, d: &[Hash]) -> Vec<Hash> {
    if d.len() == 1 {
        return Vec::new();
    }
    let (left, right) = d.split_at(split(d.len()));
    let (mut hashes, other) = if m < left.len() {
        (path(m, left), tree(right))
    } else {
        (path(m - left.len(), right), tree(left))
    };
    hashes.push(other);
    hashes
}

fn subproof(m: usize, d: &[Hash], whole: bool) -> Vec<Hash> {
    if m == d.len() {
        return if whole { Vec::new() } else { vec![tree(d)] };
    }
    let (left, right) = d.split_at(split(d.len()));
    let (mut hashes, other) = if m <= left.len() {
        (subproof(m, left, whole), tree(right))
    } else {
        (subproof(m - left.len(), right, false), tree(left))
    };
    hashes.push(other);
    hashes
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

/// Every proof that is off by one hash, one bit, or one hash more.
fn damaged(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = vec![[proof, &[[7; 32]]].concat()];
    for at in 0..proof.len() {
        let mut less = proof.to_vec();
        less.remove(at);
        let mut other = proof.to_vec();
        other[at][31] ^= 1;
        all.extend([less, other]);
    }
    all
}

#[test]
fn every_proof_of_every_small_tree_is_the_rfcs_and_nothing_else_proves_it() {
    let all = leaves(40);
    for size in 1..=40_usize {
        let d = &all[..size];
        let root = tree(d);
        for m in 0..size {
            let proof = hashes(inclusion_path(m as u64, size as u64), &all);
            assert_eq!(proof, path(m, d), "leaf {m} of {size}");
            let holds = |proof: &[Hash]| includes(m as u64, size as u64, &d[m], proof, &root);
            assert!(holds(&proof));
            for wrong in damaged(&proof) {
                assert!(!holds(&wrong), "leaf {m} of {size}");
            }
            assert!(!includes(m as u64, size as u64, &[0; 32], &proof, &root));
        }
        for m in 1..=size {
            let proof = hashes(consistency_path(m as u64, size as u64), &all);
            assert_eq!(proof, subproof(m, d, true), "{m} of {size}");
            let old = tree(&d[..m]);
            let holds = |proof: &[Hash]| continues(m as u64, size as u64, &old, &root, proof);
            assert!(holds(&proof));
            for wrong in damaged(&proof) {
                assert!(!holds(&wrong), "{m} of {size}");
            }
        }
        assert!(!continues(0, size as u64, &empty_root(), &root, &[]));
        assert!(!includes(size as u64, size as u64, &all[0], &[], &root));
    }
}

proptest! {
    #[test]
    fn proofs_of_larger_trees_hold(size in 41..3000_u64, other in any::<u64>()) {
        let all = leaves(size);
        let root = tree(&all);
        let index = other % size;
        let at = usize::try_from(index).unwrap();
        prop_assert!(includes(index, size, &all[at], &hashes(inclusion_path(index, size), &all), &root));
        let old = tree(&all[..=at]);
        prop_assert!(continues(index + 1, size, &old, &root, &hashes(consistency_path(index + 1, size), &all)));
    }
}
