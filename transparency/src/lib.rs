//! What lets auditors check the event log without trusting whoever runs it.
//!
//! Every event is a leaf of a Merkle tree (RFC 6962). Signed checkpoints say how many leaves there are and what the
//! root over them is; proofs say that an event is among them, and that an earlier tree is the beginning of a later one.
//! `docs/AUDIT.md` is the format, byte by byte; whoever knows it needs nothing of this.

pub mod bundle;
mod checker;
mod checkpoint;
mod events;
mod finding;
mod growing;
mod leaf;
pub mod merkle;
mod note;
mod proof;
mod publishing;
mod store;
mod tiles;
mod verification;

pub use checkpoint::{Checkpoint, NotACheckpoint};
pub use finding::{Finding, Place};
pub use growing::{Grower, Growing};
pub use leaf::Record;
pub use merkle::Hash;
pub use note::{KeyRing, MalformedKey, NoteError, SigningKey, VerifierKey};
pub use proof::{ConsistencyProof, InclusionProof};
pub use store::{ProofError, StoredCheckpoint, Tree, TreeStatus};
pub use verification::{Evidence, NotVerified, Verification, Verified};
