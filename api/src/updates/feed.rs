//! One person's stream: what changed after a position, page by page, and then as it changes.

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    fmt::Write as _,
    sync::Arc,
    time::Duration,
};

use actix_web::web::Bytes;
use domain::{
    photo_request::Purpose,
    subscription::Gate,
    values::{MessageId, PhotoId, Position, UserId},
};
use futures::{Stream, StreamExt as _, stream};
use projections::{
    gate, messages, photos,
    updates::{self, Update, UpdateKind},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

use super::{delta::MessageDelta, pulse::Listener};
use crate::{
    app::State,
    avatars::Avatar,
    billing::Subscription,
    chat::{Chat, Message},
    limits,
    photos::Photo,
    positions,
    problem::{Chain, Problem},
};

/// After how long a silence the client hears that somebody is there.
const SILENCE: Duration = Duration::from_secs(15);

/// How many answered messages are remembered, so that no draft of a reply comes after the reply.
const ANSWERED: usize = 64;

/// Why a stream cannot go on; the client comes back for the rest.
type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// One person's stream.
pub(super) struct Feed {
    app: Arc<State>,
    user: UserId,
    /// Everything up to here was sent.
    position: Position,
    listener: Listener,
    /// The messages whose turns have ended, as far as this stream told it; the newest ones.
    answered: VecDeque<MessageId>,
    begun: bool,
    speaks_at: Instant,
}

impl Feed {
    /// What changes for the user after `position`; a problem when too many streams are open already.
    pub(super) fn new(app: Arc<State>, user: UserId, position: Position) -> Result<Self, Problem> {
        let listener = app.pulse.listen(user)?;
        Ok(Self {
            listener,
            app,
            user,
            position,
            answered: VecDeque::new(),
            begun: false,
            speaks_at: Instant::now() + SILENCE,
        })
    }

    /// As the body of an answer.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        for_its_time(stream::unfold(self, |mut feed| async move {
            let chunk = feed.next().await?;
            Some((Ok(Bytes::from(chunk)), feed))
        }))
    }

    /// The next piece of the stream; none when it is over.
    async fn next(&mut self) -> Option<String> {
        let chunk = if self.begun {
            self.heard().await?
        } else {
            // The position is told before anything happens, so that a connection that breaks at once resumes here.
            self.begun = true;
            format!("retry: 2000\nid: {}\n\n", self.position)
        };
        self.speaks_at = Instant::now() + SILENCE;
        Some(chunk)
    }

    async fn heard(&mut self) -> Option<String> {
        let stop = self.app.ending.closed();
        while !stop.is_cancelled() {
            // What comes after this line, comes before the page or wakes the wait below.
            self.listener.attend();
            match self.page().await {
                Ok(Some(page)) => return Some(page),
                Ok(None) => {}
                Err(trouble) => {
                    tracing::info!(error = %Chain(trouble.as_ref()), "Ending a stream of updates, which cannot go on");
                    return None;
                }
            }
            if let Some(delta) = self.delta() {
                return Some(delta);
            }
            tokio::select! {
                () = self.listener.woken() => {}
                () = sleep_until(self.speaks_at) => return Some(": still here\n\n".to_owned()),
                () = stop.cancelled() => {}
            }
        }
        None
    }

    /// The next updates as text, when there are any.
    async fn page(&mut self) -> Result<Option<String>, Trouble> {
        let page = updates::after(
            &self.app.pool,
            self.user,
            self.position,
            limits::UPDATES_AT_ONCE,
        )
        .await?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        // The resources must have seen what the updates tell of.
        self.app
            .checkpoints
            .await_position(positions::ALL, last.position, limits::ANSWER_TIME)
            .await?;
        let resources = Resources::read(&self.app, self.user, &page).await?;
        let mut text = String::new();
        for update in &page {
            let (id, kind) = (update.position, update.kind.as_str());
            let data = resources.of(update);
            write!(text, "id: {id}\nevent: {kind}\ndata: {data}\n\n")?;
        }
        self.position = last.position;
        self.answered.extend(resources.answered);
        let superfluous = self.answered.len().saturating_sub(ANSWERED);
        self.answered.drain(..superfluous);
        Ok(Some(text))
    }

    /// What the companion is saying, unless it has been told what it said.
    fn delta(&mut self) -> Option<String> {
        let draft = self.listener.draft()?;
        if self.answered.contains(&draft.message_id) {
            return None;
        }
        let data = json!(MessageDelta::of(&draft));
        Some(format!("event: message-delta\ndata: {data}\n\n"))
    }
}

/// Ends a stream when the client has to prove again who it is.
fn for_its_time<S: Stream>(stream: S) -> impl Stream<Item = S::Item> {
    stream.take_until(sleep(limits::STREAM_TIME))
}

/// The resources that a page of updates is about, as their GETs give them now.
struct Resources {
    avatar: Value,
    chat: Value,
    subscription: Value,
    photos: HashMap<String, Value>,
    messages: HashMap<String, Value>,
    /// The messages whose turns have ended.
    answered: Vec<MessageId>,
}

impl Resources {
    async fn read(app: &State, user: UserId, page: &[Update]) -> Result<Self, Trouble> {
        let has = |kind| page.iter().any(|update| update.kind == kind);
        let avatar = if has(UpdateKind::Avatar) {
            let avatar = Avatar::read(app, user).await?;
            json!(avatar.map(|(avatar, _)| avatar))
        } else {
            Value::Null
        };
        let chat = if has(UpdateKind::Chat) {
            let (_, chat) = messages::chat_behind_gate(&app.pool, user).await?;
            json!(Chat::of(chat))
        } else {
            Value::Null
        };
        let row = gate::of_owner(&app.pool, user).await?;
        let now = app.billing_clock.now();
        let open =
            app.free_of_charge || row.as_ref().is_some_and(|row| row.gate(now) == Gate::Open);
        let (messages, answered) = messages_of(app, user, page, open).await?;
        Ok(Self {
            avatar,
            chat,
            subscription: json!(Subscription::of(row, app)),
            photos: photos_of(app, user, page, open).await?,
            messages,
            answered,
        })
    }

    fn of(&self, update: &Update) -> Value {
        match update.kind {
            UpdateKind::Avatar => self.avatar.clone(),
            UpdateKind::Chat => self.chat.clone(),
            UpdateKind::Subscription => self.subscription.clone(),
            UpdateKind::Photo => {
                let id = &update.resource_id;
                let photo = self.photos.get(id).cloned();
                photo.unwrap_or_else(|| json!({"id": id, "deleted": true}))
            }
            UpdateKind::Message => {
                let message = self.messages.get(&update.resource_id);
                message.cloned().unwrap_or_default()
            }
        }
    }
}

async fn photos_of(
    app: &State,
    user: UserId,
    page: &[Update],
    open: bool,
) -> Result<HashMap<String, Value>, Trouble> {
    let ids: Vec<PhotoId> = page
        .iter()
        .filter(|update| update.kind == UpdateKind::Photo)
        .filter_map(|update| update.resource_id.parse().ok())
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let signer = app.signer();
    let rows = photos::own_of_ids(&app.pool, user, &ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let (id, purpose) = (row.photo_id, row.purpose);
            let photo = Photo::of(row, &signer);
            let photo = if open || purpose == Purpose::Reference {
                photo
            } else {
                photo.behind_the_gate()
            };
            (id.to_string(), json!(photo))
        })
        .collect())
}

/// By each message's own id, and by that of the picture that it shows; and the messages that they answer.
async fn messages_of(
    app: &State,
    user: UserId,
    page: &[Update],
    open: bool,
) -> Result<(HashMap<String, Value>, Vec<MessageId>), Trouble> {
    let ids: Vec<Uuid> = page
        .iter()
        .filter(|update| update.kind == UpdateKind::Message)
        .filter_map(|update| update.resource_id.parse().ok())
        .collect();
    if ids.is_empty() {
        return Ok(Default::default());
    }
    let signer = app.signer();
    let (mut by_id, mut answered) = (HashMap::new(), Vec::new());
    for message in messages::about(&app.pool, user, &ids).await? {
        let (id, photo) = (message.row.message_id, message.row.photo_id);
        answered.extend(message.row.in_reply_to);
        let message = Message::of(message, &signer);
        let message = if open {
            json!(message)
        } else {
            json!(message.behind_the_gate())
        };
        by_id.extend(photo.map(|photo| (photo.to_string(), message.clone())));
        by_id.insert(id.to_string(), message);
    }
    Ok((by_id, answered))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_when_its_time_is_over_whether_it_speaks_or_not() {
        let begun = Instant::now();
        let silent = for_its_time(stream::pending::<()>());
        assert_eq!(silent.count().await, 0);
        assert_eq!(begun.elapsed(), limits::STREAM_TIME);

        let begun = Instant::now();
        let speaking = stream::unfold((), |()| async { Some((sleep(SILENCE).await, ())) });
        for_its_time(speaking).count().await;
        assert_eq!(begun.elapsed(), limits::STREAM_TIME);
    }
}
