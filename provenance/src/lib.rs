//! Where a picture comes from: marking it as made by AI, and reading marks back.
//!
//! Marking goes in this order, since each step covers the ones before it: the badge is drawn, the picture is encoded,
//! the XMP is written, the whole is signed (C2PA), and the hash is taken last. Anything later would void the signature.

mod credentials;
mod decode;
mod inspection;
mod jpeg;
mod marker;
mod thumbnail;
mod xmp;

pub use credentials::{Credentials, CredentialsUnusable, SIGNS, SigningKeys};
pub use decode::{MAX_ALLOCATION, MAX_PIXELS, MAX_SIDE, decode};
pub use marker::{Marker, encode, finish};
pub use xmp::{TRAINED_ALGORITHMIC_MEDIA, digital_source_type};
