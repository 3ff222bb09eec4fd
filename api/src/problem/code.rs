//! Every problem that the API can answer with, in one table: code, status, title, meaning, example.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($code:ident = $status:literal, $slug:literal, $title:literal, $meaning:literal, $example:literal;)*) => {
        /// A kind of problem. Clients switch on its word; people read its page under `/problems/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each one's title and meaning stand in the table")]
        pub enum Code {
            $($code,)*
        }

        impl Code {
            /// Every kind of problem, by status.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// The word that stands for it in JSON and URLs, as `avatar-exists`.
            pub const fn slug(self) -> &'static str {
                match self {
                    $(Self::$code => $slug,)*
                }
            }

            /// Its HTTP status as a number.
            pub const fn status_number(self) -> u16 {
                match self {
                    $(Self::$code => $status,)*
                }
            }

            /// What it is called; the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$code => $title,)*
                }
            }

            /// What it means and what to do, for people.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$code => $meaning,)*
                }
            }

            /// A `detail` that an answer may carry.
            pub const fn example(self) -> &'static str {
                match self {
                    $(Self::$code => $example,)*
                }
            }
        }
    };
}

codes! {
    InvalidJson = 400, "invalid-json", "The body is not JSON",
        "The request's body could not be read as JSON. `detail` says where reading stopped. Send one JSON object in UTF-8.",
        "expected `,` or `}` at line 3 column 5";
    InvalidParameter = 400, "invalid-parameter", "A parameter or header is malformed",
        "A query parameter or a header does not have the form that the operation documents. `errors` names every one of them. A cursor is only good as it came from `next_cursor`.",
        "1 parameter is malformed";
    InvalidSignature = 400, "invalid-signature", "The signature is not valid",
        "A webhook's signature is missing, older than five minutes, or was made with another secret. Check that the endpoint's signing secret is the one in the configuration.",
        "the signature does not match";
    Unauthenticated = 401, "unauthenticated", "Sign in first",
        "The request carries no access token, or one that is not accepted any more. Get a fresh token and send it as `Authorization: Bearer <token>`.",
        "send an access token as \"Authorization: Bearer <token>\"";
    SubscriptionRequired = 402, "subscription-required", "A subscription is needed",
        "This operation is for subscribers. Send the person to `subscribe_url`, or start a checkout with POST /billing/checkout. `reason` says why there is no open subscription.",
        "there is no subscription";
    PaymentIncomplete = 402, "payment-incomplete", "The first payment is not complete",
        "The subscription was begun, and its first payment still waits. It opens as soon as the payment provider confirms the payment.",
        "the first payment is not complete";
    PaymentPastDue = 402, "payment-past-due", "The payment is overdue",
        "A renewal could not be paid and the days of grace are over. The person should update the means of payment.",
        "the payment is overdue and the days of grace are over";
    SubscriptionUnpaid = 402, "subscription-unpaid", "The subscription is unpaid",
        "The payment provider gave up collecting the payment. The person should pay the open invoice or subscribe again.",
        "the subscription is unpaid";
    SubscriptionPaused = 402, "subscription-paused", "The subscription is paused",
        "The trial ended without a means of payment. It goes on once the person adds one.",
        "the trial ended without a means of payment";
    PhotoQuotaExhausted = 402, "photo-quota-exhausted", "All pictures of this period are used",
        "The plan's pictures for the current period are used up. A new period or a larger plan brings new ones; see GET /billing/subscription.",
        "all 60 pictures of this period are used";
    ImageUrlExpired = 403, "image-url-expired", "The picture's address has expired",
        "Addresses of pictures are signed for one hour. Read the photo again to get a fresh one.",
        "this address was good until 2026-11-22T15:00:00Z; read the photo again for a fresh one";
    ImageUrlInvalid = 403, "image-url-invalid", "The picture's address is not valid",
        "The address was not signed by this service, or was changed since. Use the address in the photo as it is.",
        "this address was not made by this service";
    RoleRequired = 403, "role-required", "This needs a role",
        "The operation is for people with a role, as auditor, which the access token must name in `roles`. Ask whoever runs the identity provider for it.",
        "the access token does not name the role \"auditor\"";
    NotFound = 404, "not-found", "There is nothing here",
        "No operation has this path. GET /openapi.json lists them all.",
        "no operation has this path";
    AvatarNotFound = 404, "avatar-not-found", "There is no avatar yet",
        "This person has not designed an avatar. Create one with POST /avatars.",
        "there is no avatar yet; create it first";
    PhotoNotFound = 404, "photo-not-found", "There is no such photo",
        "There is no photo with this id, it was deleted, or it belongs to somebody else.",
        "there is no such photo";
    ReportSubjectNotFound = 404, "report-subject-not-found", "There is nothing to report",
        "There is nothing with this id, it was deleted, or it belongs to somebody else. People report their own pictures.",
        "there is nothing of yours with this id";
    ReportNotFound = 404, "report-not-found", "There is no such report",
        "There is no report with this id, or it belongs to somebody else. A report has the id of what it is about.",
        "there is no such report";
    UserNotFound = 404, "user-not-found", "There is no such person",
        "Nobody with this id has done anything here yet.",
        "nobody with this id is known";
    ProjectionNotFound = 404, "projection-not-found", "There is no such read model",
        "No read model has this name. GET /admin/projections lists them all.",
        "no read model has this name";
    CheckpointNotFound = 404, "checkpoint-not-found", "No checkpoint was signed yet",
        "Nothing has been signed of this log yet. `ava up` and `ava projector` sign within seconds after they start, unless something is wrong, which their log and `ava_tree_failed` tell.",
        "no checkpoint was signed yet";
    TreeTooSmall = 404, "tree-too-small", "The tree has not so many events",
        "The proof is asked for more events than the transparency tree has yet. It follows the log within a second or two; ask for the size of a checkpoint.",
        "the tree has 42 events so far";
    WebhookNotFound = 404, "webhook-not-found", "There is no such message",
        "The payment provider has sent no message with this id. GET /admin/webhooks lists them.",
        "there is no message with this id";
    EventNotFound = 404, "event-not-found", "There is no such event",
        "The event log has not come that far, or the position is none. Positions are whole numbers from 1.",
        "the event log ends at 41";
    AggregateNotFound = 404, "aggregate-not-found", "There is no such aggregate",
        "Nothing has happened to an aggregate of this type with this id, or had by that point of the log.",
        "nothing had happened to it by position 41";
    CustomerNotFound = 404, "customer-not-found", "There is nothing to manage yet",
        "The payment provider does not know this person, since they were never sent to pay. Start a checkout with POST /billing/checkout.",
        "the payment provider does not know this person yet";
    MethodNotAllowed = 405, "method-not-allowed", "This path does not take that method",
        "The path exists, but not with this method. The header `Allow` names the methods that it takes.",
        "this path takes GET and PATCH";
    RequestTimeout = 408, "request-timeout", "The body took too long",
        "The request's body did not arrive in time: ten seconds; thirty for a picture, of which 64 KiB must come in each second after the first ten. Send it again.",
        "the body did not arrive within 10 seconds";
    AvatarExists = 409, "avatar-exists", "There is an avatar already",
        "Everybody has one avatar. Change it with PATCH /avatars/me.",
        "there is an avatar already; change it instead";
    AvatarNotReady = 409, "avatar-not-ready", "The avatar has no approved reference picture",
        "Pictures and the chat need an avatar whose reference picture was approved. Ask for one with POST /avatars/me/reference-image and approve it.",
        "approve a reference picture first";
    ReferenceNotReady = 409, "reference-not-ready", "That is no delivered reference picture",
        "Only a delivered reference picture of this avatar can be approved. Approve one of `reference_history`, or ask for another one.",
        "that picture is not a delivered reference picture of this avatar";
    PhotoAlreadyDelivered = 409, "photo-already-delivered", "The photo is already delivered",
        "A delivered photo can no longer be canceled. Delete it instead.",
        "the photo is already delivered";
    PhotoAlreadyFailed = 409, "photo-already-failed", "The photo has already failed",
        "The photo could not be made and its request has ended; `failure` in the photo says why.",
        "the photo request has already failed";
    PhotoAlreadyRefused = 409, "photo-already-refused", "The photo was refused",
        "The photo was refused by the rules about content and its request has ended.",
        "the photo request was refused";
    PhotoAlreadyCanceled = 409, "photo-already-canceled", "The photo was canceled",
        "The photo's request was canceled and has ended.",
        "the photo request was canceled";
    PhotoStillRunning = 409, "photo-still-running", "The photo is still being made",
        "A photo can be deleted once its request has ended. Cancel it first, or wait.",
        "the photo is still being made; cancel it first";
    ReportAlreadyDecided = 409, "report-already-decided", "The report was decided before",
        "There is one report about one thing, and an operator has answered it; a decision stands.",
        "this was reported and decided before";
    ReportNotRemovable = 409, "report-not-removable", "This cannot be removed",
        "Messages cannot be removed. Dismiss the report, or escalate it.",
        "messages cannot be removed; dismiss the report or escalate it";
    ProjectionNotRebuildable = 409, "projection-not-rebuildable", "This read model cannot be rebuilt by this program",
        "Nobody has filled its tables yet, or a newer version of the program has. Then there is nothing to rebuild here.",
        "nobody has filled photos yet";
    SubscriptionActive = 409, "subscription-active", "There is an open subscription already",
        "A second checkout would be paid twice. See GET /billing/subscription.",
        "a subscription is open already";
    NoSubscription = 409, "no-subscription", "There is no subscription to change",
        "The operation changes an open subscription, and there is none.",
        "there is no subscription to change";
    IdempotencyKeyInUse = 409, "idempotency-key-in-use", "A request with this key is still running",
        "The first request with this `Idempotency-Key` has not been answered yet. Repeat the request after `Retry-After` seconds: it will get the same answer.",
        "a request with this key is still running";
    PersonErased = 410, "person-erased", "This person was erased",
        "The person had all their data erased, and nothing more is done for them, although their access token may still be valid. It cannot be undone. Sign them out; who wants to begin anew needs a new account at the identity provider (in development: another e-mail address).",
        "you had everything of yours erased; nothing more is done for this account";
    PreconditionFailed = 412, "precondition-failed", "The resource has changed",
        "The resource is no longer the one whose `ETag` was sent in `If-Match`. `intervening` lists the events that came in between. Read it again, and decide again.",
        "the resource has changed since you read it";
    BodyTooLarge = 413, "body-too-large", "The body is too large",
        "JSON bodies may have 64 kB.",
        "the body is larger than 65536 bytes";
    PictureTooLarge = 413, "picture-too-large", "The picture's file is too large",
        "A picture may have 20 MiB. Save it with a stronger compression, and mind that other bytes are another picture: only what can be seen is then compared.",
        "the body is larger than 20971520 bytes";
    UnsupportedMediaType = 415, "unsupported-media-type", "The body must be JSON",
        "The operation takes `Content-Type: application/json`, in UTF-8.",
        "send the body with \"Content-Type: application/json\"";
    UnsupportedPicture = 415, "unsupported-picture", "The body must be a picture",
        "The operation takes the bytes of a picture with `Content-Type: image/jpeg`, `image/png` or `image/webp`.",
        "send the picture's bytes with \"Content-Type: image/jpeg\", \"image/png\" or \"image/webp\"";
    RangeNotSatisfiable = 416, "range-not-satisfiable", "The range lies outside the picture",
        "The first byte of `Range` lies behind the end of the picture. `Content-Range` tells its size.",
        "the picture has 184320 bytes";
    InvalidBody = 422, "invalid-body", "Fields of the body are not valid",
        "The body is JSON, but some of its fields are missing, unknown, or out of their limits. `errors` names every one of them by its JSON pointer.",
        "2 fields are not valid";
    ContentRefused = 422, "content-refused", "The content is against the rules",
        "The rules about content refuse these words; `rules` names the rules, `detail` says what they mean, `errors` which fields met them. Nothing was taken from the quota. Ask for something else. Who seems to be in danger reads in `detail` where help is.",
        "Pictures stay dressed and romantic: no nudity, no undressing, no sexual acts.";
    PictureUnusable = 422, "picture-unusable", "The picture cannot be looked at",
        "The bytes are no PNG, JPEG or WebP, they are damaged or cut off, or the picture has more than 8192 pixels a side or 40 million pixels. `detail` says which.",
        "it is 9000 × 100 px; at most 8192 px a side are accepted";
    IdempotencyKeyReused = 422, "idempotency-key-reused", "This key was used for another request",
        "An `Idempotency-Key` stands for one request with one body, for 7 days. Use a fresh key for each new intent.",
        "this idempotency key was used for another request";
    ContentCoolDown = 429, "content-cool-down", "Too much had to be refused",
        "The rules about content had to refuse this person's words again and again, gravely. Until `Retry-After` seconds have passed, nothing that they would have to judge is taken.",
        "too much had to be refused; try again after 2026-11-26T13:00:00Z";
    RateLimited = 429, "rate-limited", "Too many requests",
        "This client, or this person, has asked for more than a policy grants. `violated-policies` names those of `RateLimit-Policy` that are used up, `RateLimit` says what is left under each. Nothing was done; repeat the request after `Retry-After` seconds, a command with the same `Idempotency-Key`.",
        "no more than 600 commands in 60 s are allowed; try again in 1 s";
    TooManyStreams = 429, "too-many-streams", "Too many streams are open",
        "One person may follow what changes in eight streams at a time. Share one between the tabs of a browser, close one that nobody reads, and repeat the request after `Retry-After` seconds.",
        "8 streams of yours are open; close one of them";
    InternalError = 500, "internal-error", "Something went wrong here",
        "A mistake of ours. The log knows it under `request_id`; please name it when you report it.",
        "the service made a mistake; the log knows it under this request's id";
    PaymentProviderFailed = 502, "payment-provider-failed", "The payment provider refused",
        "The payment provider refused what we asked of it. An operator has to look at it.",
        "the payment provider did not accept the request";
    Unavailable = 503, "unavailable", "Try again in a moment",
        "The store is away for the moment. Nothing was lost; repeat the request after `Retry-After` seconds, a command with the same `Idempotency-Key`.",
        "the service cannot reach its store; try again";
    Busy = 503, "busy", "Too many changes at once",
        "Others changed the same thing again and again. Nothing was done; repeat the request after `Retry-After` seconds.",
        "too many changes at once; try again";
    TooManyChecks = 503, "too-many-checks", "Too many pictures are being looked at",
        "Looking at a picture takes memory, so that few are looked at at a time. Repeat the request after `Retry-After` seconds.",
        "too many pictures are being looked at; try again";
    ReadModelBehind = 503, "read-model-behind", "The answer is not ready yet",
        "The read models have not seen the position `log_position` within two seconds. After a command: it is done, and repeating it with the same `Idempotency-Key` gives its answer. After a read: repeat it after `Retry-After` seconds.",
        "the read models have not reached position 42 yet";
    PaymentUnavailable = 503, "payment-unavailable", "The payment provider is away",
        "The payment provider cannot be reached for the moment. Nothing was paid; repeat the request after `Retry-After` seconds.",
        "the payment provider cannot be reached; try again";
}

impl Code {
    /// Its HTTP status.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.status_number()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The kind of problem of that word.
    pub fn by_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.slug() == slug)
    }

    /// The path of its page, which is its `type` in RFC 9457.
    pub fn path(self) -> String {
        format!("/problems/{}", self.slug())
    }

    /// After how many seconds it is sensible to try again, when it is.
    pub const fn retry_after(self) -> Option<u32> {
        match self {
            Self::IdempotencyKeyInUse | Self::Busy | Self::ReadModelBehind => Some(1),
            Self::Unavailable | Self::TooManyChecks => Some(2),
            Self::PaymentUnavailable | Self::TooManyStreams => Some(5),
            Self::InvalidJson
            | Self::InvalidParameter
            | Self::InvalidSignature
            | Self::Unauthenticated
            | Self::SubscriptionRequired
            | Self::PaymentIncomplete
            | Self::PaymentPastDue
            | Self::SubscriptionUnpaid
            | Self::SubscriptionPaused
            | Self::PhotoQuotaExhausted
            | Self::ImageUrlExpired
            | Self::ImageUrlInvalid
            | Self::RoleRequired
            | Self::NotFound
            | Self::AvatarNotFound
            | Self::PhotoNotFound
            | Self::ReportSubjectNotFound
            | Self::ReportNotFound
            | Self::UserNotFound
            | Self::ProjectionNotFound
            | Self::CheckpointNotFound
            | Self::TreeTooSmall
            | Self::WebhookNotFound
            | Self::EventNotFound
            | Self::AggregateNotFound
            | Self::CustomerNotFound
            | Self::MethodNotAllowed
            | Self::RequestTimeout
            | Self::AvatarExists
            | Self::AvatarNotReady
            | Self::ReferenceNotReady
            | Self::PhotoAlreadyDelivered
            | Self::PhotoAlreadyFailed
            | Self::PhotoAlreadyRefused
            | Self::PhotoAlreadyCanceled
            | Self::PhotoStillRunning
            | Self::ReportAlreadyDecided
            | Self::ReportNotRemovable
            | Self::ProjectionNotRebuildable
            | Self::ContentCoolDown
            | Self::RateLimited
            | Self::SubscriptionActive
            | Self::NoSubscription
            | Self::PersonErased
            | Self::PreconditionFailed
            | Self::BodyTooLarge
            | Self::PictureTooLarge
            | Self::UnsupportedPicture
            | Self::PictureUnusable
            | Self::UnsupportedMediaType
            | Self::RangeNotSatisfiable
            | Self::InvalidBody
            | Self::ContentRefused
            | Self::IdempotencyKeyReused
            | Self::InternalError
            | Self::PaymentProviderFailed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_word_and_an_error_status_and_they_stand_in_the_order_of_status() {
        let mut slugs: Vec<_> = Code::ALL.iter().map(|code| code.slug()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), Code::ALL.len());
        assert!(Code::ALL.is_sorted_by_key(|code| code.status_number()));
        for code in Code::ALL {
            assert_eq!(code.status().as_u16(), code.status_number());
            assert!((400..600).contains(&code.status_number()));
            assert_eq!(Code::by_slug(code.slug()), Some(*code));
        }
    }
}
