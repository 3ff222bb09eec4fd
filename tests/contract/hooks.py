"""Who calls what: auditors' operations are called by an auditor, operators' by an operator, the rest by a subscriber."""

import json
import os

import schemathesis

TOKENS = json.loads(os.environ["AVA_TOKENS"])


@schemathesis.auth(refresh_interval=None)
class Caller:
    """Adds the access token of whoever the operation is for."""

    def get(self, case, context):
        path = context.operation.path
        role = "auditor" if path.startswith("/audit/") else "operator" if path.startswith("/admin/") else "owner"
        return TOKENS[role]

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


# What is in the log of everybody who runs `fuzz.py`; far more than its preparations leave is not.
POSITIONS = 30


@schemathesis.hook
def map_headers(context, headers):
    """A position of the log that is not there yet is refused (400), and no schema can say how far the log goes."""
    for name in ("Await-Log-Position", "Last-Event-ID"):
        value = str((headers or {}).get(name, ""))
        if value.isascii() and value.isdigit():
            headers[name] = str(int(value) % POSITIONS)
    return headers


@schemathesis.hook
def map_query(context, query):
    """The same for the query of streams, proofs and past states."""
    for name in ("last_event_id", "as_of_position"):
        value = str((query or {}).get(name, ""))
        if value.isascii() and value.isdigit():
            query[name] = str(int(value) % POSITIONS)
    return query
