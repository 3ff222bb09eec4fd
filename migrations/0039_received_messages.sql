-- no-transaction
-- For operators: what became of the newest messages.
CREATE INDEX CONCURRENTLY webhook_inbox_received ON webhook_inbox (received_at);
