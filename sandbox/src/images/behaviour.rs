//! The ways in which an order can go.

use serde::{Deserialize, Serialize};

/// How one order behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Behaviour {
    /// Answers with the picture.
    #[default]
    Ok,
    /// Answers with the picture's address, whatever the model.
    Url,
    /// Answers with the picture as base64, whatever the model.
    Base64,
    /// Refuses the prompt.
    ModerationBlocked,
    /// Refuses with 429 and `Retry-After`, once.
    #[serde(rename = "429_then_ok")]
    Throttled,
    /// Refuses since the account's money is used up, also with 429.
    InsufficientQuota,
    /// Draws, and then answers with a 500.
    #[serde(rename = "500_after_accept")]
    ErrorAfterAccept,
    /// Draws, and then closes the connection without an answer.
    DropResponse,
    /// Answers well, without any picture.
    Empty,
    /// Answers with something that is not base64.
    BadBase64,
    /// The file has 64 MiB.
    HugeFile,
    /// The file is a web page.
    WrongContentType,
    /// The file's address redirects to another one.
    RedirectingFileHost,
    /// The file is gone when it is asked for.
    ExpiredFile,
}
