-- Who may do what in the database. `ava migrate` runs this file, in one transaction and as ava_owner, whenever it has
-- changed: it takes every right away and grants what stands here. docs/DATABASE_ROLES.md shows the same as a table, and
-- a test compares that table with the database.
--
-- A new table or function belongs to ava_owner and is closed to every other role until it is mentioned here. A table in
-- which rows belong to persons stands in the list of read models, too.

SET LOCAL client_min_messages = warning; -- what is dropped before it is made may not be there

-- Nobody may anything.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, ava_api, ava_worker, ava_projector, ava_steward, ava_auditor;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, ava_api, ava_worker, ava_projector, ava_steward, ava_auditor;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC, ava_api, ava_worker, ava_projector, ava_steward, ava_auditor;
REVOKE ALL ON SCHEMA public FROM ava_api, ava_worker, ava_projector, ava_steward, ava_auditor;
GRANT USAGE ON SCHEMA public TO ava_api, ava_worker, ava_projector, ava_steward, ava_auditor;
GRANT SELECT ON _sqlx_migrations TO ava_api, ava_worker, ava_projector, ava_steward, ava_auditor;

-- The read models belong to ava_projector, who fills them in bulk and puts new ones in their place. Of those that hold
-- persons' rows, ava_api sees the rows of the person who asks, whom its statements name in `ava.user_id`; nobody's when
-- they do not.
DO $$
DECLARE
    model    text;
    of_persons constant text[] := ARRAY['avatars', 'photos', 'subscriptions', 'subscription_customers', 'updates',
                                        'photo_work', 'messages', 'chats', 'chat_work', 'reports',
                                        'audit_index'];
BEGIN
    -- A table's new owner must be able to create one beside it; nobody sees that it is able for a moment.
    GRANT CREATE ON SCHEMA public TO ava_projector;
    FOREACH model IN ARRAY of_persons LOOP
        IF (SELECT relowner FROM pg_class WHERE oid = to_regclass('public.' || model)) <> to_regrole('ava_projector') THEN
            EXECUTE format('ALTER TABLE public.%I OWNER TO ava_projector', model);
        END IF;
        EXECUTE format('GRANT ALL ON public.%I TO ava_projector', model);
    END LOOP;
    REVOKE CREATE ON SCHEMA public FROM ava_projector;

    FOREACH model IN ARRAY of_persons LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', model);
        EXECUTE format('DROP POLICY IF EXISTS own_rows ON public.%I', model);
        EXECUTE format('DROP POLICY IF EXISTS every_row ON public.%I', model);
        EXECUTE format($policy$CREATE POLICY own_rows ON public.%I FOR SELECT TO ava_api
                               USING (owner = nullif(current_setting('ava.user_id', true), '')::uuid)$policy$, model);
        EXECUTE format('CREATE POLICY every_row ON public.%I FOR SELECT TO ava_worker, ava_steward USING (true)', model);
    END LOOP;

    -- Auditors find events in it, and see nothing else that is a person's.
    DROP POLICY IF EXISTS audited_rows ON audit_index;
    CREATE POLICY audited_rows ON audit_index FOR SELECT TO ava_auditor USING (true);

    -- Who claims work locks its row, which PostgreSQL takes for the wish to change it. Nothing is changed.
    FOREACH model IN ARRAY ARRAY['photo_work', 'chat_work'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS locked_rows ON public.%I', model);
        EXECUTE format('CREATE POLICY locked_rows ON public.%I FOR UPDATE TO ava_worker USING (true) WITH CHECK (false)', model);
    END LOOP;
END $$;

-- Answers that belong to idempotency keys are persons' too. A key's scope is `user:` and the person's id.
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own_rows ON idempotency_keys;
DROP POLICY IF EXISTS every_row ON idempotency_keys;
CREATE POLICY own_rows ON idempotency_keys TO ava_api
    USING (scope = 'user:' || nullif(current_setting('ava.user_id', true), ''));
CREATE POLICY every_row ON idempotency_keys TO ava_worker, ava_steward USING (true);

-- The log: appended to and loaded through functions; read by those who follow it and those who audit it.
GRANT EXECUTE ON FUNCTION
    append_event(text, text, bigint, uuid, text, text, text, text, text, text, bytea, uuid, uuid, bytea, text, uuid),
    append_events(integer[], text[], text[], bigint[], integer[], uuid[], text[], text[], bigint[], text[], text[],
                  text[], text[], integer[], text[], text[], bytea[], integer[], uuid[], uuid[], bytea[], text[],
                  integer[], uuid[], uuid[], integer[], uuid[]),
    load_streams(text[], text[]),
    load_streams_from(text[], text[], bigint[])
    TO ava_api, ava_worker, ava_steward;
GRANT SELECT (position, event_id, recorded_at) ON events TO ava_api;
GRANT SELECT ON events TO ava_worker, ava_projector, ava_steward, ava_auditor;
GRANT SELECT ON log_head TO ava_api, ava_worker, ava_projector, ava_steward, ava_auditor;
GRANT SELECT, INSERT, UPDATE ON idempotency_keys TO ava_api, ava_worker, ava_steward;
GRANT DELETE ON idempotency_keys TO ava_worker;

-- The keys that personal values are sealed with, each wrapped with a master key that the database never sees. Appends make
-- and destroy them; `ava keys rotate` wraps them anew.
GRANT SELECT ON person_keys TO ava_api, ava_worker, ava_projector, ava_steward;
GRANT UPDATE (wrapped_key, master_key_id) ON person_keys TO ava_steward;
GRANT EXECUTE ON FUNCTION destroy_person_key(uuid) TO ava_api, ava_worker, ava_steward;

-- The tree over the log.
GRANT SELECT ON log_tiles, log_tree, log_checkpoints TO ava_api, ava_worker, ava_projector, ava_steward, ava_auditor;
GRANT INSERT, UPDATE ON log_tiles TO ava_projector;
GRANT UPDATE ON log_tree TO ava_projector;
GRANT INSERT ON log_checkpoints TO ava_projector;

-- Who follows the log, and what was found when read models were checked.
GRANT SELECT ON followers, projection_checks TO ava_api, ava_worker, ava_projector, ava_steward, ava_auditor;
GRANT INSERT, UPDATE ON followers TO ava_worker;
GRANT INSERT, UPDATE, DELETE ON followers, projection_checks TO ava_projector;
GRANT UPDATE (state, attempts, error, failed_position, updated_at) ON followers TO ava_steward;
GRANT EXECUTE ON FUNCTION put_in_place(text, text) TO ava_projector;

-- Read models. What the API must know of everybody it asks in functions, each for one narrow question.
GRANT SELECT ON avatars, photos, subscriptions, updates, messages, chats, chat_work, reports, audit_index TO ava_api;
GRANT EXECUTE ON FUNCTION event_of_person(uuid, bigint), picture_of_photo(uuid), owners_with_updates(bigint, bigint)
    TO ava_api;
GRANT EXECUTE ON FUNCTION picture_is_stored(text), owner_of_customer(text) TO ava_api, ava_worker, ava_steward;
GRANT SELECT ON photos, subscriptions, subscription_customers, photo_work, messages, chat_work, reports, audit_index
    TO ava_worker;
GRANT UPDATE (position) ON photo_work, chat_work TO ava_worker; -- for locks only
GRANT SELECT ON avatars, photos, subscriptions, subscription_customers, updates, photo_work, messages, chats, chat_work,
                reports, audit_index
    TO ava_steward;
GRANT SELECT ON audit_index TO ava_auditor;
GRANT EXECUTE ON FUNCTION last_position_at(timestamptz) TO ava_api, ava_steward, ava_auditor;

-- The worker's own.
GRANT SELECT, INSERT, UPDATE, DELETE ON leases, provider_calls, file_notes TO ava_worker;
GRANT SELECT, INSERT, UPDATE ON provider_accounts TO ava_worker;
GRANT USAGE ON SEQUENCE lease_fence TO ava_worker;
GRANT SELECT ON provider_costs, provider_calls, provider_accounts, file_notes TO ava_steward;

-- Messages from outside: the API keeps them and cannot read them, the worker applies them, operators hand them out again.
GRANT INSERT, SELECT (event_id) ON webhook_inbox TO ava_api;
GRANT SELECT, INSERT, UPDATE ON webhook_inbox TO ava_worker;
GRANT SELECT (state, received_at) ON webhook_inbox TO ava_projector; -- for its figures
GRANT SELECT, UPDATE ON webhook_inbox TO ava_steward;
GRANT INSERT, SELECT (message_id, photo_id, attempt) ON prediction_notices TO ava_api;
GRANT SELECT, INSERT, DELETE ON prediction_notices TO ava_worker;
