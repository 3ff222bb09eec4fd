//! Image providers, and what is done to a picture before anybody sees it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::{
    photo_request::{Image, Marks, Purpose},
    values::PhotoId,
};

/// One attempt at one picture, as a provider needs it.
#[derive(Debug, Clone)]
pub struct PictureOrder {
    /// The picture.
    pub photo_id: PhotoId,
    /// The attempt, from 1.
    pub attempt: u32,
    /// What it is for; providers may use another model for references than for scenes.
    pub purpose: Purpose,
    /// The whole prompt.
    pub prompt: String,
    /// The approved reference picture that a scene follows.
    pub reference: Option<InputPicture>,
    /// When the attempt was recorded as started: an orphan is not older.
    pub started_at: DateTime<Utc>,
    /// How long the attempt may still take.
    pub left: Duration,
}

/// A picture that is sent along. Only pictures that Ava made herself are ever sent.
#[derive(Debug, Clone)]
pub struct InputPicture {
    /// Its bytes.
    pub bytes: Bytes,
    /// As `image/jpeg`.
    pub media_type: String,
}

/// A provider's job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// The provider's id of it.
    pub id: String,
    /// How it stands.
    pub state: PredictionState,
}

/// How a provider's job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PredictionState {
    /// Not done; ask again.
    Working,
    /// Done; these addresses hold the pictures (at least one).
    Succeeded {
        /// Where the pictures are, in the provider's order.
        urls: Vec<String>,
    },
    /// It will not be done.
    Failed(ProviderError),
    /// Somebody canceled it, or its deadline passed.
    Canceled,
}

/// Why a provider did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct ProviderError {
    /// What to do about it.
    pub kind: ProviderErrorKind,
    /// In the provider's words, without secrets.
    pub detail: String,
}

/// What to do about a provider's failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderErrorKind {
    /// Surely not accepted (or failed for reasons of its own): try again, not before `after` when it says so.
    Retryable {
        /// `Retry-After`.
        after: Option<Duration>,
    },
    /// Perhaps accepted: look for an orphan before asking again.
    MaybeAccepted,
    /// The content is against the provider's rules: final for this wish.
    Content,
    /// Our account, request or configuration is wrong: final until an operator acts.
    Operator,
}

/// A service that draws pictures. Every implementation passes the contract suite in `infrastructure/tests`.
#[async_trait]
pub trait ImageProvider: Send + Sync {
    /// As it stands in events: `replicate`.
    fn name(&self) -> &str;

    /// The model that an order for this purpose goes to.
    fn model(&self, purpose: Purpose) -> String;

    /// How many orders the account may place in a minute, all processes together.
    fn orders_per_minute(&self) -> u32;

    /// Whether it tells of its own accord when a job is over, so that asking is only for when that gets lost.
    fn announces(&self) -> bool;

    /// Whether its answer to an order names a job that can be asked for, found again and called off. Without jobs the
    /// answer is the picture, and one that is lost is lost.
    fn keeps_jobs(&self) -> bool {
        true
    }

    /// How much longer it would turn orders away without sending them, if at all.
    fn holds_back(&self) -> Option<Duration> {
        None
    }

    /// Asks for a picture. The answer may be done already.
    async fn start(&self, order: &PictureOrder) -> Result<Prediction, ProviderError>;

    /// Asks how a job stands.
    async fn check(&self, id: &str) -> Result<Prediction, ProviderError>;

    /// Looks for a job that was accepted for this order although its answer never arrived. `named` is one that the
    /// provider itself named for it: it is looked at first, and only taken when it is this order's.
    async fn find_orphan(
        &self,
        order: &PictureOrder,
        named: Option<&str>,
    ) -> Result<Option<Prediction>, ProviderError>;

    /// Stops a job; a job that is over already is no error.
    async fn cancel(&self, id: &str) -> Result<(), ProviderError>;

    /// Fetches a picture: allowed hosts only, no redirects, at most 20 MB, https only outside development.
    async fn fetch(&self, url: &str) -> Result<Bytes, ProviderError>;
}

/// The image providers that may be asked, in the order in which they are.
#[derive(Clone)]
pub struct ImageProviders(Vec<Arc<dyn ImageProvider>>);

impl ImageProviders {
    /// That one, and then `others`.
    pub fn new(
        first: Arc<dyn ImageProvider>,
        others: impl IntoIterator<Item = Arc<dyn ImageProvider>>,
    ) -> Self {
        Self(std::iter::once(first).chain(others).collect())
    }

    /// The provider of that name.
    pub fn named(&self, name: &str) -> Option<&Arc<dyn ImageProvider>> {
        self.0.iter().find(|provider| provider.name() == name)
    }

    /// All of them, beginning behind the one of that name: whoever failed last is asked again last.
    pub fn beginning_after(
        &self,
        name: Option<&str>,
    ) -> impl Iterator<Item = &Arc<dyn ImageProvider>> {
        let place = self
            .0
            .iter()
            .position(|provider| Some(provider.name()) == name);
        let start = place.map_or(0, |place| place + 1);
        self.0.iter().cycle().skip(start).take(self.0.len())
    }

    /// Whether there is one whose name is not among these.
    pub fn has_another_than(&self, names: &BTreeSet<String>) -> bool {
        self.0
            .iter()
            .any(|provider| !names.contains(provider.name()))
    }
}

impl<P: ImageProvider + 'static> From<P> for ImageProviders {
    fn from(only: P) -> Self {
        Self(vec![Arc::new(only)])
    }
}

/// The largest file that is taken for a picture, in bytes.
pub const MAX_PICTURE_BYTES: usize = 20 * 1024 * 1024;

/// A picture ready to be stored and shown.
#[derive(Debug, Clone)]
pub struct FinishedPicture {
    /// The marked picture.
    pub full: Bytes,
    /// A marked thumbnail, at most 320 px wide or high.
    pub thumbnail: Bytes,
    /// What `full` is, with the storage keys to use.
    pub image: Image,
    /// How `full` was marked.
    pub marks: Marks,
    /// How `thumbnail` was marked.
    pub thumbnail_marks: Marks,
}

/// Why bytes did not become a picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Not a PNG, JPEG or WebP, too large (over 8192 px a side, 40 MP or 20 MB), or damaged.
    #[error("the picture is not usable: {0}")]
    Unusable(String),
    /// Ours to mend.
    #[error("the picture could not be finished")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Decodes, marks visibly, encodes, makes the thumbnail, writes XMP, signs where that is built in, hashes.
#[async_trait]
pub trait PictureFinisher: Send + Sync {
    /// Turns a provider's bytes into a marked picture. Works off the async threads.
    async fn finish(&self, bytes: Bytes) -> Result<FinishedPicture, PictureError>;
}
