//! Messages whose person was erased: their bodies are emptied, what is known of them otherwise stays as evidence.

use super::WebhookInbox;

/// How many messages one statement looks through, so that none takes long however many there are.
const PORTION: i64 = 10_000;

impl WebhookInbox {
    /// Empties all bodies that hold one of these words.
    pub(super) async fn empty_mentioning(&self, words: &[String]) -> sqlx::Result<()> {
        let words: Vec<&[u8]> = words
            .iter()
            .filter(|word| !word.is_empty())
            .map(|word| word.as_bytes())
            .collect();
        let newest: Option<i64> = sqlx::query_scalar("SELECT max(arrival) FROM webhook_inbox")
            .fetch_one(&self.pool)
            .await?;
        let newest = newest.unwrap_or_default();
        let mut after = 0;
        while after < newest && !words.is_empty() {
            sqlx::query(
                "UPDATE webhook_inbox
                    SET body = '', state = 'done', error = NULL,
                        settled_at = coalesce(settled_at, clock_timestamp())
                  WHERE arrival > $1 AND arrival <= $1 + $2
                    AND EXISTS (SELECT FROM unnest($3::bytea[]) AS w (word) WHERE position(w.word IN body) > 0)",
            )
            .bind(after)
            .bind(PORTION)
            .bind(&words)
            .execute(&self.pool)
            .await?;
            after += PORTION;
        }
        Ok(())
    }
}
