//! Somebody's data as they are written: one JSON object, in the memory of one page.

use std::{error::Error, sync::Arc};

use actix_web::{HttpResponse, http::header, web::Bytes};
use application::ports::{SignedIn, StreamId};
use domain::{
    event_versions::VersionedEvent as _,
    stewardship,
    values::{Position, UserId},
};
use futures::stream;
use projections::{
    audit_index,
    messages::{self, Message as MessageAndPhoto},
    photos::{self, PhotoCursor, PhotoFilter},
};
use serde::Serialize;
use tokio::sync::mpsc;

use super::contents::{Head, OwnEvent};
use crate::{app::State, chat::Message, photos::Photo, problem::Chain};

/// How many photos and messages are read at once.
const PAGE: u32 = 200;

/// How many pieces may wait for a slow reader.
const WAITING: usize = 4;

/// Why an export cannot go on. The connection breaks, so that nobody takes the part for the whole.
type Trouble = Box<dyn Error>;

/// All that is kept about somebody, as a file to keep.
pub(super) fn answer(app: Arc<State>, person: SignedIn, position: Position) -> HttpResponse {
    let (sender, pieces) = mpsc::channel::<Result<Bytes, Trouble>>(WAITING);
    actix_web::rt::spawn(async move {
        let mut object = Object { out: sender };
        if let Err(trouble) = write(&app, &person, position, &mut object).await {
            tracing::warn!(error = %Chain(trouble.as_ref()), "An export of somebody's data broke off");
            // Who reads no more needs no error either.
            let _ = object.out.send(Err(trouble)).await;
        }
    });
    let body = stream::unfold(pieces, async |mut pieces| {
        pieces.recv().await.map(|piece| (piece, pieces))
    });
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"my-data-from-ava.json\"",
        ))
        .insert_header(("log-position", position.to_string()))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(Box::pin(body))
}

async fn write(
    app: &State,
    person: &SignedIn,
    position: Position,
    object: &mut Object,
) -> Result<(), Trouble> {
    let user = person.user;
    let head = Head::read(app, person, position.0).await;
    let mut head = serde_json::to_string(&head.map_err(|problem| problem.to_string())?)?;
    // The long lists follow as further members of the same object.
    head.pop();
    object.write(head).await?;
    object.write(",\"photos\":[".to_owned()).await?;
    write_photos(app, user, object).await?;
    object.write("],\"messages\":[".to_owned()).await?;
    write_messages(app, user, object).await?;
    object.write("],\"events\":[".to_owned()).await?;
    write_events(app, user, object).await?;
    object.write("]}".to_owned()).await
}

async fn write_photos(app: &State, user: UserId, object: &mut Object) -> Result<(), Trouble> {
    let (mut before, mut first) = (None, true);
    loop {
        let rows = photos::list(&app.pool, user, &PhotoFilter::default(), before, PAGE).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        before = Some(PhotoCursor::from(last));
        let signer = app.signer();
        let photos = rows.into_iter().map(|row| Photo::of(row, &signer));
        object.write_items(photos, &mut first).await?;
    }
}

async fn write_messages(app: &State, user: UserId, object: &mut Object) -> Result<(), Trouble> {
    let (mut before, mut first) = (None, true);
    loop {
        let page = messages::list_behind_gate(&app.pool, user, None, before, PAGE).await;
        let (_, messages) = page?;
        let Some(last) = messages.last() else {
            return Ok(());
        };
        before = Some(last.row.position);
        let signer = app.signer();
        let said = |message: MessageAndPhoto| Message::of(message, &signer);
        object
            .write_items(messages.into_iter().map(said), &mut first)
            .await?;
    }
}

/// The log opens what is sealed; what it holds of others in the same streams is left out.
async fn write_events(app: &State, user: UserId, object: &mut Object) -> Result<(), Trouble> {
    let mut first = true;
    for stream in audit_index::streams_of(&app.pool, user).await? {
        if stream.aggregate_type == stewardship::Event::AGGREGATE_TYPE {
            continue; // what they did as operator or auditor tells of others
        }
        let Some(aggregate_type) = application::past_states::aggregate_types()
            .find(|known| *known == stream.aggregate_type)
        else {
            continue; // of a newer program, which can export it
        };
        let id = StreamId {
            aggregate_type,
            aggregate_id: stream.aggregate_id,
        };
        let mut events = Vec::new();
        for event in app.log.load(&id).await? {
            if event.owner()? == user {
                events.push(OwnEvent::of(aggregate_type, &id.aggregate_id, &event)?);
            }
        }
        object.write_items(events, &mut first).await?;
    }
    Ok(())
}

/// The JSON object on its way to the reader.
struct Object {
    out: mpsc::Sender<Result<Bytes, Trouble>>,
}

impl Object {
    async fn write(&mut self, piece: String) -> Result<(), Trouble> {
        let sent = self.out.send(Ok(piece.into())).await;
        sent.map_err(|_| "the reader has gone away".into())
    }

    /// Further items of the list that is open.
    async fn write_items(
        &mut self,
        items: impl IntoIterator<Item = impl Serialize>,
        first: &mut bool,
    ) -> Result<(), Trouble> {
        let mut piece = String::new();
        for item in items {
            if !std::mem::take(first) {
                piece.push(',');
            }
            piece.push_str(&serde_json::to_string(&item)?);
        }
        self.write(piece).await
    }
}
