//! Traits for the world outside: the log, image providers, payment, storage, the clock.

mod chat;
mod clock;
mod customers;
mod event_log;
mod idempotency;
mod identity;
mod images;
mod payment;
mod payment_inbox;
mod person_keys;
mod prediction_notices;
mod provenance;
mod rate_limits;
mod reply_drafts;
mod storage;

pub use chat::{
    CalledTool, ChatAnswer, ChatError, ChatErrorKind, ChatMessage, ChatModel, ChatOrder, ChatTool,
    Listener,
};
pub use clock::{Clock, SystemClock};
pub use customers::{CustomerDirectory, RunningSubscriptions};
pub use event_log::{
    Append, AppendError, Appended, Conflict, EventLog, IdempotencyClaim, LogUnavailable, NewEvent,
    ReadError, StoredEvent, StreamId, StreamSlice,
};
pub use idempotency::{Answer, IdempotencyStore, KnownKey};
pub use identity::{
    Authenticator, IssuedToken, NotAuthenticated, Role, SignedIn, TokenIssuer, TokenNotIssued,
};
pub use images::{
    FinishedPicture, ImageProvider, ImageProviders, InputPicture, MAX_PICTURE_BYTES, PictureError,
    PictureFinisher, PictureOrder, Prediction, PredictionState, ProviderError, ProviderErrorKind,
};
pub use payment::{
    CheckoutEnd, CheckoutOrder, CheckoutSession, Invoice, InvoicePage, InvoiceStatus, MoneyBack,
    PaymentError, PaymentGateway, PaymentNotice, Plan, PlanInterval, Plans, ProviderSubscription,
    SubscriptionPage, WebhookRejected,
};
pub use payment_inbox::{
    InboxCounts, InboxEntry, InboxItem, InboxState, InvalidState, Kept, PaymentInbox,
};
pub use person_keys::PersonKeys;
pub use prediction_notices::{
    AttemptId, MessageRefused, PredictionMessage, PredictionNotices, PredictionWebhook,
    WebhookHeaders,
};
pub use provenance::{ManifestFound, MarksDiffer, MarksFound, PictureInspector};
pub use rate_limits::{RateLimits, Subject};
pub use reply_drafts::{ReplyDraft, ReplyDrafts};
pub use storage::{ObjectStorage, StorageError, StoredObject, picture_key};
