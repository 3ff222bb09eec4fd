//! What used idempotency keys stand for.

use application::ports::{Answer, IdempotencyStore, KnownKey, LogUnavailable};
use async_trait::async_trait;
use domain::values::Position;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::{PostgresEventLog, unavailable};

/// How many days a key is known.
const DAYS: i32 = 7;
/// How many keys one statement forgets.
const PORTION: i64 = 5_000;

/// An answer as the table keeps it.
#[derive(Serialize, Deserialize)]
struct KeptAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Reads a kept answer; the body's bytes are hexadecimal, since an answer need not be text.
pub(super) fn answer_from_json(json: Option<String>) -> Result<Option<Answer>, LogUnavailable> {
    let Some(json) = json else { return Ok(None) };
    let kept: KeptAnswer = serde_json::from_str(&json).map_err(unavailable)?;
    let body = hex::decode(kept.body).map_err(unavailable)?;
    Ok(Some(Answer {
        status: kept.status,
        headers: kept.headers,
        body,
    }))
}

/// Reads a hash of 32 bytes.
pub(super) fn hash_from_bytes(bytes: &[u8]) -> Result<[u8; 32], LogUnavailable> {
    bytes.try_into().map_err(unavailable)
}

// Both statements about one key say whose it is, as `projections` does of reads: a scope is a kind and an id, as
// `user:<id>`, and whoever acts for persons sees the keys of the person that is asked about.
#[async_trait]
impl IdempotencyStore for PostgresEventLog {
    async fn find(&self, scope: &str, key: &str) -> Result<Option<KnownKey>, LogUnavailable> {
        let row = sqlx::query(
            "SELECT own.request_hash, own.position, own.answer
               FROM (SELECT set_config('ava.user_id', split_part($1, ':', 2), true) AS person OFFSET 0) caller
              CROSS JOIN LATERAL (
                    SELECT request_hash, position, answer::text FROM idempotency_keys
                     WHERE scope = $1 AND key = $2 AND caller.person IS NOT NULL OFFSET 0) own",
        )
        .bind(scope)
        .bind(key)
        .fetch_optional(&self.pool)
        .await
        .map_err(unavailable)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(KnownKey {
            request_hash: hash_from_bytes(row.try_get(0).map_err(unavailable)?)?,
            position: Position(
                row.try_get::<i64, _>(1)
                    .map_err(unavailable)?
                    .cast_unsigned(),
            ),
            answer: answer_from_json(row.try_get(2).map_err(unavailable)?)?,
        }))
    }

    async fn remember(
        &self,
        scope: &str,
        key: &str,
        request_hash: [u8; 32],
        position: Position,
        answer: &Answer,
    ) -> Result<(), LogUnavailable> {
        let kept = serde_json::to_string(&KeptAnswer {
            status: answer.status,
            headers: answer.headers.clone(),
            body: hex::encode(&answer.body),
        })
        .map_err(unavailable)?;
        // The first answer stays: a twin that was slower gives the same one. And an answer that is on its way to somebody
        // who is erased meanwhile is given, but not kept. Its commit waits for no disk and no standby (decision 65).
        sqlx::query(
            "INSERT INTO idempotency_keys AS k (scope, key, request_hash, position, answer)
             SELECT $1, $2, $3, $4, $5::json
               FROM (SELECT set_config('ava.user_id', split_part($1, ':', 2), true) AS person,
                            set_config('synchronous_commit', 'off', true) AS waits OFFSET 0) caller
              WHERE caller.person IS NOT NULL AND caller.waits = 'off'
                AND NOT EXISTS (SELECT FROM person_keys f WHERE f.destroyed_at IS NOT NULL
                                 AND f.user_id = CASE WHEN $1 LIKE 'user:%' THEN substr($1, 6)::uuid END)
             ON CONFLICT (scope, key) DO UPDATE SET answer = excluded.answer
              WHERE k.answer IS NULL AND k.request_hash = excluded.request_hash",
        )
        .bind(scope)
        .bind(key)
        .bind(request_hash.as_slice())
        .bind(position.0.cast_signed())
        .bind(kept)
        .execute(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(())
    }

    async fn forget(&self, scope: &str) -> Result<(), LogUnavailable> {
        sqlx::query("DELETE FROM idempotency_keys WHERE scope = $1")
            .bind(scope)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(())
    }

    async fn expire(&self) -> Result<u64, LogUnavailable> {
        let mut forgotten = 0;
        loop {
            // In portions, so that no statement takes long however many keys there are.
            let done = sqlx::query(
                "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
                     SELECT ctid FROM idempotency_keys
                      WHERE recorded_at < now() - make_interval(days => $1) LIMIT $2))",
            )
            .bind(DAYS)
            .bind(PORTION)
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
            forgotten += done.rows_affected();
            if done.rows_affected() < PORTION.cast_unsigned() {
                return Ok(forgotten);
            }
        }
    }
}
