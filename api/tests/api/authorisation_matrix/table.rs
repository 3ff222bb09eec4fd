//! The table: operations, callers, and what each gets.

use std::fmt::Write;

/// Who calls. The bad tokens all claim to be the owner, with every role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Whose data the request is about.
    Owner,
    /// Somebody else who pays as well.
    Other,
    /// Somebody else, with the role `auditor`.
    Auditor,
    /// Somebody else, with the role `operator`.
    Operator,
    /// Nobody: without a token.
    Anonymous,
    /// With a token that has expired.
    Expired,
    /// With a token whose claims were changed after it was signed.
    Changed,
    /// With a token that says `"alg": "none"` and has no signature.
    Unsigned,
    /// With a token that somebody else's secret signed.
    Foreign,
}

impl Caller {
    pub const ALL: [Self; 9] = [
        Self::Owner,
        Self::Other,
        Self::Auditor,
        Self::Operator,
        Self::Anonymous,
        Self::Expired,
        Self::Changed,
        Self::Unsigned,
        Self::Foreign,
    ];

    const fn heading(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Other => "other user",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Anonymous => "no token",
            Self::Expired => "expired",
            Self::Changed => "changed",
            Self::Unsigned => "`alg: none`",
            Self::Foreign => "other secret",
        }
    }
}

/// What a caller gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// 2xx.
    Answered,
    /// 2xx, about the caller: nothing of the owner's is in it.
    Own,
    /// To the letter what a thing that does not exist gets.
    Absent,
    /// 403 `role-required`.
    NoRole,
    /// 401 `unauthenticated`.
    NoToken,
    /// 400 or 403: the signature of the message or the address is missing or wrong.
    Forged,
}

impl Cell {
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Answered | Self::Own)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Answered => "2xx",
            Self::Own => "own",
            Self::Absent => "absent",
            Self::NoRole => "403",
            Self::NoToken => "401",
            Self::Forged => "forged",
        }
    }
}

/// For whom an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// For everybody, whatever token comes with it.
    Everybody,
    /// For whoever is signed in, about themselves.
    SignedIn,
    /// For the owner of the thing that it names.
    Owner,
    /// For auditors.
    Auditors,
    /// For operators.
    Operators,
    /// For nobody, since the signature that lets in is not there.
    Nobody,
}

impl Access {
    pub const fn cells(self) -> [Cell; 9] {
        use Cell::{Absent, Answered, Forged, NoRole, NoToken, Own};
        let no = NoToken;
        match self {
            //                    owner     other   auditor   operator  no token, expired, changed, none, foreign
            Self::Everybody => [Answered; 9],
            Self::SignedIn => [Own, Own, Own, Own, no, no, no, no, no],
            Self::Owner => [Answered, Absent, Absent, Absent, no, no, no, no, no],
            Self::Auditors => [NoRole, NoRole, Answered, NoRole, no, no, no, no, no],
            Self::Operators => [NoRole, NoRole, NoRole, Answered, no, no, no, no, no],
            Self::Nobody => [Forged; 9],
        }
    }
}

/// What a request is about: which of the owner's things its path and body name. Whoever asks about themselves has the
/// same things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The things that everybody in the test has: an approved face, a subscription, a delivered picture that was
    /// reported, a conversation.
    Own,
    /// Somebody who has just signed in for the first time.
    Newcomer,
    /// Somebody who has an avatar with a face and pays nothing. Made for this line alone, so that it may be erased.
    Beginner,
    /// A delivered picture of its own.
    FreshPhoto,
    /// A picture that nobody has drawn yet.
    RequestedPhoto,
    /// A picture that could not be drawn.
    FailedPhoto,
    /// A delivered reference picture that is not approved.
    FreshReference,
    /// The bytes of a picture.
    Picture,
    /// With the signature that the address or the message needs.
    Signed,
    /// Without it.
    Forged,
}

/// One line of the table.
pub struct Row {
    /// Method and path of the document, then what the query must have.
    pub operation: &'static str,
    pub access: Access,
    pub about: About,
    /// The JSON body, with the names of ids in braces as in paths; empty for none.
    pub body: &'static str,
}

impl Row {
    /// Method and path as the document has them.
    pub fn name(&self) -> &'static str {
        self.operation.split('?').next().unwrap()
    }
}

const fn row(operation: &'static str, access: Access, about: About, body: &'static str) -> Row {
    Row {
        operation,
        access,
        about,
        body,
    }
}

use About::{
    Beginner, FailedPhoto, Forged, FreshPhoto, FreshReference, Newcomer, Own, Picture,
    RequestedPhoto, Signed,
};
use Access::{Auditors, Everybody, Nobody, Operators, Owner, SignedIn};

const AVATAR: &str = r#"{"name": "Ava", "age": 25, "gender": "woman", "nationality": "Portuguese",
    "appearance": "auburn hair", "personality": "caring"}"#;
const REPORT: &str = r#"{"subject": {"kind": "photo", "id": "{photo_id}"}, "reason": "other"}"#;
const PAYMENT: &str = r#"{"id": "evt_2", "object": "event", "type": "party.started", "created": 1795356300,
    "data": {"object": {"id": "p_1", "object": "party"}}}"#;
const PREDICTION: &str = r#"{"id": "p1", "status": "succeeded"}"#;
const SIGN_IN: &str = r#"{"email": "noor@example.com"}"#;

/// Every operation of the document; those that need a signature instead of a token have two lines.
#[rustfmt::skip]
pub const MATRIX: &[Row] = &[
    row("GET /admin/metrics", Operators, Own, ""),
    row("GET /admin/photos", Operators, Own, ""),
    row("POST /admin/photos/{photo_id}/cancel", Operators, RequestedPhoto, ""),
    row("POST /admin/photos/{photo_id}/retry", Operators, FailedPhoto, ""),
    row("GET /admin/projections", Operators, Own, ""),
    row("POST /admin/projections/{name}/rebuild", Operators, Own, ""),
    row("GET /admin/reports", Operators, Own, ""),
    row("GET /admin/reports/{report_id}", Operators, Own, ""),
    row("POST /admin/reports/{report_id}/decision", Operators, Own, r#"{"decision": "dismissed"}"#),
    row("GET /admin/users/{user_id}", Operators, Own, ""),
    row("POST /admin/users/{user_id}/erase", Operators, Beginner, ""),
    row("GET /admin/webhooks", Operators, Own, ""),
    row("POST /admin/webhooks/{webhook_id}/replay", Operators, Own, ""),
    row("GET /audit/aggregates/{type}/{id}/events", Auditors, Own, ""),
    row("GET /audit/aggregates/{type}/{id}/state", Auditors, Own, ""),
    row("GET /audit/checkpoint", Auditors, Own, ""),
    row("GET /audit/events", Auditors, Own, ""),
    row("GET /audit/events/{position}", Auditors, Own, ""),
    row("GET /audit/projections", Auditors, Own, ""),
    row("GET /audit/proofs/consistency?from=1&to=1", Auditors, Own, ""),
    row("GET /audit/proofs/inclusion?position=1&size=1", Auditors, Own, ""),
    row("POST /avatars", SignedIn, Newcomer, AVATAR),
    row("GET /avatars/me", SignedIn, Own, ""),
    row("PATCH /avatars/me", SignedIn, Own, r#"{"personality": "shy"}"#),
    row("POST /avatars/me/reference-image", SignedIn, Own, ""),
    row("POST /avatars/me/reference-image/approval", Owner, FreshReference, r#"{"photo_id": "{photo_id}"}"#),
    row("POST /billing/cancel", SignedIn, Own, r#"{"survey": "unused"}"#),
    row("POST /billing/checkout", SignedIn, Beginner, r#"{"plan": "monthly"}"#),
    row("GET /billing/invoices", SignedIn, Own, ""),
    row("GET /billing/plans", SignedIn, Own, ""),
    row("POST /billing/portal", SignedIn, Own, ""),
    row("POST /billing/resume", SignedIn, Own, ""),
    row("GET /billing/subscription", SignedIn, Own, ""),
    row("POST /billing/sync", SignedIn, Own, ""),
    row("POST /billing/webhook", Everybody, Signed, PAYMENT),
    row("POST /billing/webhook", Nobody, Forged, PAYMENT),
    row("GET /chat", SignedIn, Own, ""),
    row("PATCH /chat", SignedIn, Own, r#"{"mode": "friendly"}"#),
    row("GET /chat/messages", SignedIn, Own, ""),
    row("POST /chat/messages", SignedIn, Own, r#"{"text": "hello"}"#),
    row("POST /dev/token", Everybody, Own, SIGN_IN),
    row("GET /health", Everybody, Own, ""),
    row("GET /openapi.json", Everybody, Own, ""),
    row("DELETE /me", SignedIn, Beginner, ""),
    row("GET /me/export", SignedIn, Own, ""),
    row("GET /photos", SignedIn, Own, ""),
    row("POST /photos", SignedIn, Own, r#"{"scene": "reading on a balcony"}"#),
    row("GET /photos/{photo_id}", Owner, Own, ""),
    row("DELETE /photos/{photo_id}", Owner, FreshPhoto, ""),
    row("POST /photos/{photo_id}/cancel", Owner, RequestedPhoto, ""),
    row("GET /photos/{photo_id}/image", Everybody, Signed, ""),
    row("GET /photos/{photo_id}/image", Nobody, Forged, ""),
    row("GET /problems", Everybody, Own, ""),
    row("GET /problems/{code}", Everybody, Own, ""),
    row("POST /provenance/check", Everybody, Picture, ""),
    row("GET /ready", Everybody, Own, ""),
    row("GET /reports", SignedIn, Own, ""),
    row("POST /reports", Owner, FreshPhoto, REPORT),
    row("GET /reports/{report_id}", Owner, Own, ""),
    row("GET /updates?last_event_id=0", SignedIn, Own, ""),
    row("POST /webhooks/replicate/{photo_id}/{attempt}", Everybody, Signed, PREDICTION),
    row("POST /webhooks/replicate/{photo_id}/{attempt}", Nobody, Forged, PREDICTION),
];

const INTRODUCTION: &str = "\
# Who gets in where

Every operation for every kind of caller. This page is written by a test (`api/tests/api/authorisation_matrix.rs`) that
really makes each of these calls over HTTP, on a database where all of them have data of their own; an operation of
[openapi.json](openapi.json) that is missing here fails the tests, and so does a line whose operation is gone.

The *owner* is whose data the request is about. *Other user*, *auditor* and *operator* are other people, who pay as well,
the latter two with that role in their token. The last four columns are tokens that claim to be the owner with every
role, and are worth nothing: expired, claims changed after signing, `\"alg\": \"none\"` without a signature, and signed with
another secret.

| cell | what it means |
|---|---|
| 2xx | it is done or shown |
| own | 2xx, about whoever asks: nothing of the owner's is in the answer |
| absent | to the letter what a thing that does not exist gets (404; 409 for a picture to approve), also with `If-Match` |
| 401 | `unauthenticated`, with `WWW-Authenticate` |
| 403 | `role-required` |
| forged | 400 or 403, since the signature of the message or the address is missing or wrong |

Whatever is refused leaves no event in the log. A token is not needed where a signature is: the payment provider's and
the image provider's messages, and the addresses of pictures, which are handed to their owner alone and end after an hour.

";

/// As `docs/AUTHORISATION.md` has it.
pub fn as_markdown() -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("| operation |");
    for caller in Caller::ALL {
        let _ = write!(text, " {} |", caller.heading());
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(Caller::ALL.len()));
    text.push('\n');
    for row in MATRIX {
        let note = match row.access {
            Nobody => ", not signed",
            Everybody if row.about == Signed => ", signed",
            Everybody | SignedIn | Owner | Auditors | Operators => "",
        };
        let _ = write!(text, "| `{}`{note} |", row.name());
        for cell in row.access.cells() {
            let _ = write!(text, " {} |", cell.word());
        }
        text.push('\n');
    }
    text
}
