"""Who calls what, and what no schema can say about a request.

Auditors' operations are called by an auditor, operators' by an operator, the rest by a subscriber. Whoever is to be erased
is somebody who signed in for that.
"""

import json
import os
import re
import urllib.request
import uuid

import schemathesis

API = os.environ["AVA_API"]
TOKENS = json.loads(os.environ["AVA_TOKENS"])


@schemathesis.auth(refresh_interval=None)
class Caller:
    """Adds the access token of whoever the operation is for."""

    def get(self, case, context):
        path = context.operation.path
        role = "auditor" if path.startswith("/audit/") else "operator" if path.startswith("/admin/") else "owner"
        return TOKENS[role]

    def set(self, case, data, context):
        if (case.method.upper(), case.path) == ("DELETE", "/me"):
            data = stranger()["access_token"]
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


def stranger():
    """Somebody who signed in a moment ago: after an erasure, the subscriber would get 410 for everything."""
    body = json.dumps({"email": f"{uuid.uuid4()}@example.com"}).encode()
    request = urllib.request.Request(f"{API}/dev/token", body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as answer:
        return json.load(answer)


# What is in the log of everybody who runs `fuzz.py`; far more than its preparations leave is not.
POSITIONS = 20

# The newest cursor that each list gave.
cursors = {}


@schemathesis.hook
def filter_case(context, case):
    """Headers and parameters that an operation does not know are none of its business: everybody along the way adds some."""
    known = {parameter.name for parameter in case.operation.query}
    headers = any("unknown-property" in name.lower() for name in case.headers or {})
    return not headers and all(name in known for name in case.query or {})


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes valid what only the state of the system can tell from what is not. Whatever else is wrong stays so."""
    # A position that the log does not have yet is refused (400).
    positions(case.headers, "Await-Log-Position", "Last-Event-ID")
    positions(case.query, "last_event_id", "as_of_position")
    # One ETag is taken, and a list of them, which HTTP allows, is not.
    if is_positive(case) and "If-Match" in (case.headers or {}):
        tags = re.findall(r'(?:W/)?"[^"]*"', str(case.headers["If-Match"]))
        case.headers["If-Match"] = tags[0] if tags else "*"
    # A state is asked for as of a position or as of a time.
    if number(case.query, "as_of_position") is not None and is_positive(case):
        case.query.pop("as_of", None)
    # Nobody knows what will be.
    if is_positive(case) and str((case.query or {}).get("as_of", "")) > "2026":
        case.query["as_of"] = "2026-01-01T00:00:00Z"
    # A leaf is in the tree, and a tree is no larger than the later one.
    if case.path == "/audit/proofs/inclusion":
        in_order(case.query, "position", "size")
    if case.path == "/audit/proofs/consistency":
        in_order(case.query, "from", "to")
    # Nobody but strangers is erased.
    if case.path == "/admin/users/{user_id}/erase" and is_id(case.path_parameters.get("user_id")):
        case.path_parameters["user_id"] = stranger()["user"]["id"]
    if "cursor" in (case.query or {}) and is_positive(case):
        # Cursors are opaque: only those that the list gave are good.
        if case.path in cursors:
            case.query["cursor"] = cursors[case.path]
        else:
            del case.query["cursor"]


@schemathesis.hook
def after_call(context, case, response):
    """Remembers where lists go on."""
    if response.status_code == 200 and "next_cursor" in response.text:
        if cursor := response.json().get("next_cursor"):
            cursors[case.path] = cursor


def is_positive(case):
    return case.meta is None or case.meta.generation.mode.is_positive


def is_id(value):
    try:
        return bool(uuid.UUID(value))
    except (AttributeError, TypeError, ValueError):
        return False


def positions(values, *names):
    for name in names:
        if number(values, name) is not None:
            values[name] = str(number(values, name) % POSITIONS)


def in_order(values, smaller, larger):
    positions(values, smaller)
    one, other = number(values, smaller), number(values, larger)
    if one and other:
        one, other = one % POSITIONS or POSITIONS, other % POSITIONS or POSITIONS
        values[smaller], values[larger] = str(min(one, other)), str(max(one, other))


def number(values, name):
    """The value as a whole number that the schema takes, if it is one."""
    value = str((values or {}).get(name, ""))
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 19 else None
