//! Proofs as they are handed out: JSON, with hashes in hexadecimal.

use serde::{Deserialize, Serialize};

use crate::merkle::{Hash, continues, includes};

/// That the event at a position is among the first so many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InclusionProof {
    /// From 1: position 1 is leaf 0.
    pub position: u64,
    /// How many events the tree has.
    pub size: u64,
    /// The hash of the event's record.
    #[serde(with = "hex")]
    pub leaf_hash: Hash,
    /// From the leaf to the root.
    #[serde(with = "hashes")]
    pub hashes: Vec<Hash>,
}

/// That the first so many events are still what they were among more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsistencyProof {
    /// How many events the earlier tree has.
    pub from: u64,
    /// How many events the later tree has.
    pub to: u64,
    /// In the order of RFC 6962.
    #[serde(with = "hashes")]
    pub hashes: Vec<Hash>,
}

impl InclusionProof {
    /// Whether it leads to that root.
    pub fn leads_to(&self, root: &Hash) -> bool {
        let index = self.position.checked_sub(1);
        index.is_some_and(|index| includes(index, self.size, &self.leaf_hash, &self.hashes, root))
    }
}

impl ConsistencyProof {
    /// Whether it leads from one root to the other.
    pub fn leads(&self, from: &Hash, to: &Hash) -> bool {
        continues(self.from, self.to, from, to, &self.hashes)
    }
}

mod hashes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::merkle::Hash;

    pub(super) fn serialize<S: Serializer>(hashes: &[Hash], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(hashes.iter().map(hex::encode))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Hash>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        let hash = |text: String| {
            let bytes = hex::decode(text).map_err(Error::custom)?;
            Hash::try_from(bytes).map_err(|_| Error::custom("a hash has 32 bytes"))
        };
        texts.into_iter().map(hash).collect()
    }
}
