-- reports: what people reported, and what became of it.
CREATE TABLE reports (
    report_id    uuid PRIMARY KEY, -- the id of what it is about
    owner        uuid NOT NULL,
    subject_kind text NOT NULL,
    reason       text NOT NULL,
    text         text,
    status       text NOT NULL,
    due_at       timestamptz NOT NULL,
    decision     text,
    note         text,
    decided_by   text,
    decided_at   timestamptz,
    sequence     bigint NOT NULL,
    position     bigint NOT NULL,
    filed_at     timestamptz NOT NULL
);
CREATE INDEX reports_by_status ON reports (status, filed_at, report_id);
CREATE INDEX reports_of_owner ON reports (owner, filed_at DESC, report_id DESC);
