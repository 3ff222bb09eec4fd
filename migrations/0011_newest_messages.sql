-- no-transaction
-- For lists of the newest messages, whatever their state.
CREATE INDEX CONCURRENTLY webhook_inbox_arrival ON webhook_inbox (arrival);
