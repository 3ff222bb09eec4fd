//! What is said on a connection that rests when the server ends: its next request may be on its way.

use std::fmt::Write as _;

use actix_web::{ResponseError as _, body::MessageBody as _};
use uuid::Uuid;

use crate::problem::{Code, Problem};

/// An answer to a request that nobody will read, to be followed by the connection's end. Whoever has sent one gets it as the
/// answer; whoever has not finds an answer to nothing on a connection that ends, and takes the connection for ended.
pub(crate) fn farewell() -> Vec<u8> {
    let detail =
        "this process ends, and has not read the request; repeat it, and another one answers";
    let problem = Problem::new(Code::Unavailable, detail).about(&Uuid::now_v7().to_string());
    let response = problem.error_response();
    let mut head = format!("HTTP/1.1 {}\r\nconnection: close\r\n", response.status());
    for (name, value) in response.headers() {
        // Words and numbers of ours.
        let value = String::from_utf8_lossy(value.as_bytes());
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let body = response.into_body().try_into_bytes().unwrap_or_default();
    let _ = write!(head, "content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), &body].concat()
}
