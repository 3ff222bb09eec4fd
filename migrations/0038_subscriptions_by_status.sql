-- no-transaction
-- For operators: how many subscriptions stand so.
CREATE INDEX CONCURRENTLY subscriptions_by_status ON subscriptions (status);
