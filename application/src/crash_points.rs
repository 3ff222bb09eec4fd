//! Places between two effects where a process dies when it is told to: where a crash costs most, so that `make chaos`
//! crashes it there and sees what becomes of it.
//!
//! `AVA_CRASH_AT=photo-stored:3` ends a process, without a word to anybody, when it comes to that place for the third time.
//! All of this exists with debug assertions only, and so in no release.

/// A place where a process may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrashPoint {
    /// A batch of commands is about to be sent to the log.
    AppendSending,
    /// The log has it; those who gave the commands do not know yet.
    AppendWritten,
    /// A projector's rows are written, its checkpoint is not moved.
    PageProjected,
    /// Its checkpoint is moved in the same transaction, which is not committed.
    PageMoved,
    /// It is committed; nobody here knows yet.
    PageCommitted,
    /// A reaction has had its effect, its checkpoint is where it was.
    EventReacted,
    /// A photo's lease is held; nothing was done yet.
    PhotoClaimed,
    /// The attempt is on record; the provider was not asked yet.
    PhotoAttemptStarted,
    /// The provider accepted; its prediction is not on record yet.
    PhotoProviderAnswered,
    /// The prediction is on record.
    PhotoPredictionRecorded,
    /// The provider's picture is here.
    PhotoFetched,
    /// The picture is marked, not stored yet.
    PhotoFinished,
    /// It is noted that the picture is about to be stored.
    PhotoNoted,
    /// Picture and thumbnail are stored.
    PhotoStored,
    /// The delivery is about to be recorded.
    PhotoDelivering,
    /// The delivery is on record.
    PhotoDelivered,
    /// A message was read; the chat model was not asked yet.
    ReplyAsking,
    /// The chat model has answered; nothing is on record.
    ReplyHeard,
    /// The answer is on record; the to-do list does not know yet.
    ReplyRecorded,
    /// The payment provider's message is kept; the provider does not know yet.
    NoticeKept,
    /// The message was taken from the inbox; nothing was done yet.
    NoticeTaken,
    /// What follows from it is on record; the inbox does not know yet.
    NoticeApplied,
}

impl CrashPoint {
    /// Every one.
    pub const ALL: [Self; 22] = [
        Self::AppendSending,
        Self::AppendWritten,
        Self::PageProjected,
        Self::PageMoved,
        Self::PageCommitted,
        Self::EventReacted,
        Self::PhotoClaimed,
        Self::PhotoAttemptStarted,
        Self::PhotoProviderAnswered,
        Self::PhotoPredictionRecorded,
        Self::PhotoFetched,
        Self::PhotoFinished,
        Self::PhotoNoted,
        Self::PhotoStored,
        Self::PhotoDelivering,
        Self::PhotoDelivered,
        Self::ReplyAsking,
        Self::ReplyHeard,
        Self::ReplyRecorded,
        Self::NoticeKept,
        Self::NoticeTaken,
        Self::NoticeApplied,
    ];

    /// What it is called in `AVA_CRASH_AT`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AppendSending => "append-sending",
            Self::AppendWritten => "append-written",
            Self::PageProjected => "page-projected",
            Self::PageMoved => "page-moved",
            Self::PageCommitted => "page-committed",
            Self::EventReacted => "event-reacted",
            Self::PhotoClaimed => "photo-claimed",
            Self::PhotoAttemptStarted => "photo-attempt-started",
            Self::PhotoProviderAnswered => "photo-provider-answered",
            Self::PhotoPredictionRecorded => "photo-prediction-recorded",
            Self::PhotoFetched => "photo-fetched",
            Self::PhotoFinished => "photo-finished",
            Self::PhotoNoted => "photo-noted",
            Self::PhotoStored => "photo-stored",
            Self::PhotoDelivering => "photo-delivering",
            Self::PhotoDelivered => "photo-delivered",
            Self::ReplyAsking => "reply-asking",
            Self::ReplyHeard => "reply-heard",
            Self::ReplyRecorded => "reply-recorded",
            Self::NoticeKept => "notice-kept",
            Self::NoticeTaken => "notice-taken",
            Self::NoticeApplied => "notice-applied",
        }
    }

    /// The process is here: it dies when that is where it was told to, and otherwise nothing happens.
    #[inline]
    pub fn pass(self) {
        #[cfg(debug_assertions)]
        armed::pass(self);
    }
}

#[cfg(debug_assertions)]
pub use armed::arm;

#[cfg(debug_assertions)]
mod armed {
    use std::{
        process,
        sync::{
            OnceLock,
            atomic::{AtomicU32, Ordering},
        },
    };

    use super::CrashPoint;

    static ARMED: OnceLock<Armed> = OnceLock::new();

    struct Armed {
        point: CrashPoint,
        times_left: AtomicU32,
    }

    /// Tells this process to die at a place, the n-th time it comes there, as in `photo-stored:3`. The first word counts.
    ///
    /// # Errors
    /// When there is no such place, or no such number.
    pub fn arm(told: &str) -> Result<(), String> {
        let (name, times) = told.split_once(':').unwrap_or((told, "1"));
        let point = CrashPoint::ALL
            .into_iter()
            .find(|point| point.name() == name);
        let times = times.parse().ok().filter(|times| *times > 0);
        let (Some(point), Some(times)) = (point, times) else {
            return Err(format!(
                "AVA_CRASH_AT is {told:?}, which is not like photo-stored:3"
            ));
        };
        ARMED.get_or_init(|| Armed {
            point,
            times_left: AtomicU32::new(times),
        });
        Ok(())
    }

    pub(super) fn pass(point: CrashPoint) {
        let Some(armed) = ARMED.get().filter(|armed| armed.point == point) else {
            return;
        };
        if armed.times_left.fetch_sub(1, Ordering::SeqCst) == 1 {
            eprintln!("ava: died at {}", point.name());
            process::abort();
        }
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    fn every_crash_point_has_a_name_of_its_own() {
        let mut names = CrashPoint::ALL.map(CrashPoint::name);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }

    #[test]
    fn a_place_that_does_not_exist_is_told() {
        assert!(arm("photo-lost:1").is_err());
        assert!(arm("photo-stored:0").is_err());
        assert!(arm("photo-stored:often").is_err());
    }
}
