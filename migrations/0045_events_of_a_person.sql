-- audit_index: whose each event is, to find all that is a person's: for whoever takes it along, and for whoever has it
-- forgotten (docs/decisions/0036).
--
-- Null in rows that an older version wrote; the version of the read model is raised, so that it is filled anew. The
-- index leaves those rows out, and is made in an instant.
ALTER TABLE audit_index ADD COLUMN owner uuid;
CREATE INDEX audit_index_by_owner ON audit_index (owner, position) WHERE owner IS NOT NULL;
-- All customers of one person.
CREATE INDEX subscription_customers_of_owner ON subscription_customers (owner);
