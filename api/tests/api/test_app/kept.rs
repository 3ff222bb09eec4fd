//! What is kept behind the API: the log, the tables, the files.

use std::path::Path;

use application::ports::ObjectStorage;
use domain::values::Position;
use serde_json::Value;

use super::{PATIENCE, TestApp};

impl TestApp {
    /// How many events of that type the log holds.
    pub async fn count(&self, event_type: &str) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = $1")
            .bind(event_type)
            .fetch_one(&self.database.pool())
            .await
            .unwrap()
    }

    /// How many events of that aggregate the log holds.
    pub async fn count_of(&self, aggregate_type: &str) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM events WHERE aggregate_type = $1")
            .bind(aggregate_type)
            .fetch_one(&self.database.pool())
            .await
            .unwrap()
    }

    /// What stewards did, in order, and who each one was.
    pub async fn stewardship(&self) -> Vec<(String, Value)> {
        sqlx::query_as(
            "SELECT metadata ->> 'actor', payload FROM events
              WHERE aggregate_type = 'Stewardship' ORDER BY position",
        )
        .fetch_all(&self.database.pool())
        .await
        .unwrap()
    }

    /// A message of the payment provider's that waits.
    pub async fn message(&self, id: &str) {
        let kept = self.parts.inbox.keep("stripe", id, "invoice.paid", b"{}");
        kept.await.unwrap();
    }

    /// From now on the log takes nothing more, as when its disk is full.
    pub async fn refuse_appends(&self) {
        for statement in [
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$",
            "CREATE TRIGGER no_room BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION no_room()",
        ] {
            let pool = self.database.pool();
            sqlx::query(statement).execute(&pool).await.unwrap();
        }
    }

    /// The log's last position.
    pub async fn head(&self) -> Position {
        application::ports::EventLog::head(self.log.as_ref())
            .await
            .unwrap()
    }

    /// Who caused the events after that position, in order.
    pub async fn log_between(&self, after: Position) -> Vec<String> {
        let events = application::ports::EventLog::read(self.log.as_ref(), after, 1000).await;
        events
            .unwrap()
            .into_iter()
            .map(|event| event.metadata.actor)
            .collect()
    }

    /// What a crash between append and answer leaves behind: used keys without answers.
    pub async fn forget_answers(&self) {
        let forget = sqlx::query("UPDATE idempotency_keys SET answer = NULL");
        forget.execute(&self.database.pool()).await.unwrap();
    }

    /// Waits until the projectors have seen everything that is in the log now.
    pub async fn settle(&self) {
        let head = self.head().await;
        let projectors: Vec<_> = projections::all()
            .iter()
            .map(|projector| projector.name())
            .collect();
        let seen = self
            .parts
            .checkpoints
            .await_position(&projectors, head, PATIENCE);
        seen.await.unwrap();
    }

    /// What the object storage has under a key.
    pub async fn stored(&self, key: &str) -> Option<bytes::Bytes> {
        let read = self.storage.get(key, None).await;
        read.ok().map(|object| object.bytes)
    }

    /// Where the object storage's files are.
    pub fn objects(&self) -> &Path {
        &self.objects
    }

    /// Puts bytes into the object storage.
    pub async fn store(&self, key: &str, bytes: &'static [u8]) {
        self.storage.put(key, bytes.into()).await.unwrap();
    }
}
