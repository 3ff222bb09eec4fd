//! Where pictures' bytes are kept: a directory on the local disk, or an object store.

mod local;
mod remote;

pub use local::{LocalStorage, UnusableDirectory};
pub use remote::{RemoteStorage, StorageCredentials, StorageUrl, UnusableStorage};
