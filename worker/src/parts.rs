//! What the worker is made of: its use cases, the world outside, and its settings.

use std::{sync::Arc, time::Duration};

use application::{
    avatars::Avatars,
    chat_figures::ChatFigures,
    conversations::Conversations,
    people::People,
    photos::Photos,
    ports::{
        Clock, EventLog, IdempotencyStore, ImageProviders, ObjectStorage, PaymentGateway,
        PaymentInbox, PictureFinisher, PictureInspector, PredictionNotices, ReplyDrafts,
    },
    subscriptions::Subscriptions,
};

use crate::{file_notes::Looks, ground::Ground, steps::StepObserver};

/// What the worker is made of. Cheap to clone.
#[derive(Clone)]
pub struct WorkerParts {
    /// A name that no other process has; leases carry it.
    pub node: String,
    /// What it stands on besides the log.
    pub ground: Ground,
    /// The log, to know how far a projection must come.
    pub log: Arc<dyn EventLog>,
    /// Tells the time of deadlines and retries. (Leases live by their store's clock.)
    pub clock: Arc<dyn Clock>,
    /// The use cases of avatars.
    pub avatars: Avatars,
    /// The use cases of photos.
    pub photos: Photos,
    /// The use cases of people's own data.
    pub people: People,
    /// What used idempotency keys stand for.
    pub idempotency: Arc<dyn IdempotencyStore>,
    /// The use cases of conversations.
    pub conversations: Conversations,
    /// Tells what the companion is about to say.
    pub drafts: Arc<dyn ReplyDrafts>,
    /// Counts how turns end.
    pub chat_figures: Arc<ChatFigures>,
    /// The use cases of subscriptions.
    pub subscriptions: Subscriptions,
    /// Draw the pictures.
    pub providers: ImageProviders,
    /// Tells when a provider said that a picture is drawn.
    pub notices: Arc<dyn PredictionNotices>,
    /// Marks the pictures.
    pub finisher: Arc<dyn PictureFinisher>,
    /// Reads the marks back before a picture is delivered.
    pub inspector: Arc<dyn PictureInspector>,
    /// Keeps the pictures.
    pub storage: Arc<dyn ObjectStorage>,
    /// Reads the payment provider's messages.
    pub payment: Arc<dyn PaymentGateway>,
    /// Holds the payment provider's messages.
    pub inbox: Arc<dyn PaymentInbox>,
    /// How it works.
    pub settings: WorkerSettings,
    /// Watches the photo pipeline.
    pub observer: Option<Arc<dyn StepObserver>>,
}

/// How the worker works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSettings {
    /// The photo pipeline.
    pub photos: PhotoSettings,
    /// The companion's replies.
    pub chat: ChatSettings,
    /// The payment provider's messages.
    pub inbox: InboxSettings,
    /// Files that no photo shows.
    pub files: FileSettings,
    /// How often subscriptions are compared with the payment provider's; none for never.
    pub reconcile_every: Option<Duration>,
    /// How long a stop may take before work is dropped and its lease released.
    pub stop_within: Duration,
}

/// How the photo pipeline works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoSettings {
    /// How many photos are worked on at once.
    pub slots: usize,
    /// How long a request may take from the wish to its end.
    pub deadline: Duration,
    /// How many attempts a request gets. An attempt that the provider throttled is not the last one.
    pub max_attempts: u32,
    /// How long after an attempt began (or its answer was lost) a prediction that nobody heard of may still appear.
    pub settle: Duration,
    /// The first pause between attempts, doubled for each further one; each is taken with full jitter.
    pub first_retry: Duration,
    /// The longest such pause.
    pub longest_retry: Duration,
    /// The first pause between two questions how a prediction stands, growing by an eighth each time.
    pub first_poll: Duration,
    /// The longest such pause.
    pub longest_poll: Duration,
    /// The first and the longest such pause where the provider tells the end of its own accord.
    pub announced_poll: (Duration, Duration),
    /// The leases.
    pub lease: LeaseTimes,
}

/// How messages are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatSettings {
    /// In how many conversations messages are answered at once; a slow model keeps only its own ones waiting.
    pub slots: usize,
    /// The first pause before a message is tried again that could not be answered, doubled each time.
    pub first_retry: Duration,
    /// The longest such pause.
    pub longest_retry: Duration,
    /// The leases.
    pub lease: LeaseTimes,
}

/// How long leases last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTimes {
    /// How long a lease lasts without a heartbeat.
    pub lasts: Duration,
    /// How often the holder renews it; well under half of `lasts`.
    pub heartbeat: Duration,
}

/// How the payment provider's messages are worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxSettings {
    /// How long one message may be worked on before another worker may try.
    pub lease: Duration,
    /// The first pause before a message is tried again, doubled each time.
    pub first_retry: Duration,
    /// The longest such pause.
    pub longest_retry: Duration,
    /// After how many tries a message that seems to be nobody's waits for an operator.
    pub max_attempts: u32,
}

/// How files are looked for that no photo shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSettings {
    /// How often a process asks whether a look is due.
    pub ask_every: Duration,
    /// How often the files of one note are looked for.
    pub looks: Looks,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            photos: PhotoSettings::default(),
            chat: ChatSettings::default(),
            inbox: InboxSettings::default(),
            files: FileSettings::default(),
            reconcile_every: None,
            stop_within: Duration::from_secs(4),
        }
    }
}

impl Default for PhotoSettings {
    fn default() -> Self {
        Self {
            slots: 4,
            deadline: Duration::from_secs(600),
            max_attempts: 5,
            settle: Duration::from_secs(10),
            first_retry: Duration::from_millis(500),
            longest_retry: Duration::from_secs(60),
            first_poll: Duration::from_millis(50),
            longest_poll: Duration::from_secs(2),
            announced_poll: (Duration::from_secs(1), Duration::from_secs(10)),
            lease: LeaseTimes::default(),
        }
    }
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            slots: 32,
            first_retry: Duration::from_millis(500),
            longest_retry: Duration::from_secs(30),
            lease: LeaseTimes::default(),
        }
    }
}

impl Default for LeaseTimes {
    /// A dead worker's work is taken up again within 10 s.
    fn default() -> Self {
        Self {
            lasts: Duration::from_secs(6),
            heartbeat: Duration::from_secs(2),
        }
    }
}

impl Default for InboxSettings {
    /// Two questions to the payment provider fit into the lease, each of which it may answer for 10 s: whoever has paid
    /// waits no longer for the message that a dead worker had in its hands.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(25),
            first_retry: Duration::from_secs(1),
            longest_retry: Duration::from_secs(600),
            max_attempts: 12,
        }
    }
}

impl Default for FileSettings {
    /// Looks half a minute, a minute and a half, three and a half … and in the end 34 hours after the note.
    fn default() -> Self {
        Self {
            ask_every: Duration::from_secs(10),
            looks: Looks {
                first: Duration::from_secs(30),
                enough: 12,
            },
        }
    }
}
