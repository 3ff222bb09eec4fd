//! Keys out of the database: whatever is wanted while a question is under way is asked for with the next one.

use std::collections::{HashMap, HashSet};

use application::ports::LogUnavailable;
use domain::values::UserId;
use sqlx::{PgPool, Row, postgres::PgRow, types::Uuid};
use tokio::sync::{mpsc, oneshot};

use super::{
    master_keys::Wrapped,
    person_keys::{patiently, unavailable},
};

/// How many wishes one question answers at most.
const MOST_WISHES: usize = 512;

/// The way to the task that asks; it ends when this is dropped.
pub(super) struct Fetcher(mpsc::Sender<Wish>);

struct Wish {
    people: Vec<UserId>,
    answer: oneshot::Sender<Result<Vec<Kept>, LogUnavailable>>,
}

/// What the database keeps of somebody's key.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) person: UserId,
    /// None when it was destroyed.
    pub(super) key: Option<(Uuid, Wrapped)>,
}

impl Fetcher {
    pub(super) fn start(pool: PgPool) -> Self {
        let (wishes, waiting) = mpsc::channel(2 * MOST_WISHES);
        tokio::spawn(serve(pool, waiting));
        Self(wishes)
    }

    /// What is kept of these people's keys; nothing of those who have none.
    pub(super) async fn fetch(&self, people: Vec<UserId>) -> Result<Vec<Kept>, LogUnavailable> {
        let (answer, fetched) = oneshot::channel();
        let stopped = || unavailable("nobody asks for keys any more");
        let wish = Wish { people, answer };
        self.0.send(wish).await.map_err(|_| stopped())?;
        fetched.await.map_err(|_| stopped())?
    }
}

async fn serve(pool: PgPool, mut waiting: mpsc::Receiver<Wish>) {
    let mut wishes = Vec::new();
    while waiting.recv_many(&mut wishes, MOST_WISHES).await > 0 {
        match ask(&pool, &wishes).await {
            Ok(kept) => {
                for Wish { people, answer } in wishes.drain(..) {
                    let own = people.iter().filter_map(|person| kept.get(person)).cloned();
                    // Whoever wished for it may have gone.
                    let _ = answer.send(Ok(own.collect()));
                }
            }
            Err(LogUnavailable(error)) => {
                for Wish { answer, .. } in wishes.drain(..) {
                    let _ = answer.send(Err(unavailable(error.to_string())));
                }
            }
        }
    }
}

async fn ask(pool: &PgPool, wishes: &[Wish]) -> Result<HashMap<UserId, Kept>, LogUnavailable> {
    let people = wishes.iter().flat_map(|wish| &wish.people);
    let people: HashSet<Uuid> = people.map(|person| person.0).collect();
    let people: Vec<Uuid> = people.into_iter().collect();
    let rows = sqlx::query(
        "SELECT user_id, key_id, wrapped_key, master_key_id FROM person_keys WHERE user_id = ANY ($1)",
    )
    .bind(people)
    .fetch_all(pool);
    let rows = patiently(rows).await?;
    let kept = rows.iter().map(kept).collect::<sqlx::Result<Vec<_>>>();
    let kept = kept.map_err(unavailable)?;
    Ok(kept.into_iter().map(|kept| (kept.person, kept)).collect())
}

/// A row of `person_keys`.
pub(super) fn kept(row: &PgRow) -> sqlx::Result<Kept> {
    let id: Option<Uuid> = row.try_get(1)?;
    let key = match id {
        None => None,
        Some(id) => Some((
            id,
            Wrapped {
                bytes: row.try_get(2)?,
                master: row.try_get(3)?,
            },
        )),
    };
    Ok(Kept {
        person: UserId(row.try_get(0)?),
        key,
    })
}
