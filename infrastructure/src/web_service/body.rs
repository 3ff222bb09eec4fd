//! Bodies of answers, and what went wrong on the network.

use bytes::{Bytes, BytesMut};
use reqwest::Response;

/// Why a body could not be read. No message holds an address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It has more bytes than that.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// The network failed, or was too slow.
    #[error("{0}")]
    Broken(String),
}

/// Reads a body, and stops as soon as it is too large, whatever its length was said to be.
pub(crate) async fn read_up_to(mut response: Response, limit: usize) -> Result<Bytes, BodyError> {
    let announced = response.content_length().unwrap_or(0);
    if announced > limit as u64 {
        return Err(BodyError::TooLarge(limit));
    }
    let broken = |error: reqwest::Error| BodyError::Broken(trouble(&error));
    let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// What went wrong on the network, in words that hold no address.
pub(crate) fn trouble(error: &reqwest::Error) -> String {
    let what = match () {
        () if error.is_timeout() => "it took too long",
        () if error.is_connect() => "no connection",
        () if error.is_body() || error.is_decode() => "the answer broke off",
        () => "the request failed",
    };
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    match cause.downcast_ref::<reqwest::Error>() {
        // Its words would name the address.
        Some(_) => what.to_owned(),
        None => format!("{what} ({cause})"),
    }
}
