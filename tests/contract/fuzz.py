"""Calls every operation of docs/openapi.json with what fits its schema and with what does not, on a running `ava up`.

Usage: fuzz.py [--quick] [further options of `schemathesis run`]

Starts the program that AVA names (target/debug/ava), on free ports and with a data directory of its own; signs in a
subscriber who has a companion, pictures, messages and a report, an auditor, and an operator; runs Schemathesis with
schemathesis.toml; and stops everything. Ends with 0 when every answer was as the document has it.

--quick takes a minute, always from the same seed; without it, a run takes long and differs from the last one.
"""

import json
import os
import pathlib
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
QUICK = ["--seed", "20261126", "--generation-deterministic", "--max-examples", "4"]
LONG = ["--max-examples", "300"]
AVATAR = {
    "name": "Ava",
    "age": 25,
    "gender": "woman",
    "nationality": "Portuguese",
    "appearance": "auburn hair, freckles",
    "personality": "caring",
}


def main():
    options = sys.argv[1:]
    amount = LONG
    if "--quick" in options:
        options.remove("--quick")
        amount = QUICK
    # Where PostgreSQL's account gets to whoever runs this; in memory where that can be, so that no slow disk answers 503.
    memory = pathlib.Path("/dev/shm")
    data = pathlib.Path(tempfile.mkdtemp(prefix="ava-fuzz-", dir=memory if memory.is_dir() else None))
    data.chmod(0o755)
    server, told = start(data)
    try:
        tokens = people(told["api"])
        if "--seed" not in amount + options:
            amount = amount + ["--seed", str(secrets.randbelow(2**31))]
        outcome = subprocess.run(
            [shutil.which("schemathesis", path=os.path.dirname(sys.executable)), "--config-file", "schemathesis.toml"]
            + ["run", str(ROOT / "docs/openapi.json"), "--url", told["api"], *amount, *options],
            cwd=HERE,
            env={**os.environ, "AVA_API": told["api"], "AVA_TOKENS": json.dumps(tokens), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        code = outcome.returncode
    finally:
        stop(server)
    if code == 0:
        shutil.rmtree(data, ignore_errors=True)
    else:
        print(f"The service's own log is {data / 'log'}", file=sys.stderr)
    sys.exit(code)


def start(data):
    """Starts the service; answers with its process and what it says about itself."""
    program = os.environ.get("AVA", ROOT / "target/debug/ava")
    environment = {name: os.environ[name] for name in ("PATH", "PG_BIN") if name in os.environ}
    environment |= {"HTTP_ADDR": "127.0.0.1:0", "SANDBOX_ADDR": "127.0.0.1:0", "DATA_DIR": str(data / "data")}
    # Three people ask for what a crowd would: they are counted, and told how they stand, but never refused.
    policies = ("COMMANDS", "MESSAGES", "PICTURES", "REFERENCE_PICTURES")
    environment |= {f"RATE_LIMIT_{policy}": "10000000/60" for policy in policies}
    with open(data / "log", "wb") as log:
        server = subprocess.Popen(
            [program, "up", "--json"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
        )
    line = server.stdout.readline()
    if not line:
        sys.exit(f"The service did not start; its log is {data / 'log'}")
    return server, json.loads(line)


def stop(server):
    """Ends the service, in order if it can."""
    server.terminate()
    try:
        server.wait(timeout=60)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def people(api):
    """Signs in whoever calls, and gives the subscriber everything that there is to have; answers with the tokens."""

    def token(name, *roles):
        answer = call(f"{api}/dev/token", body={"email": f"{name}@example.com", "roles": list(roles)})
        return answer["access_token"]

    tokens = {"owner": token("mara"), "auditor": token("audrey", "auditor"), "operator": token("olga", "operator")}
    owner = tokens["owner"]

    def mine(path, body=None, method=None):
        return call(f"{api}{path}", body, owner, method)

    mine("/avatars", AVATAR)
    mine("/avatars/me/reference-image", method="POST")
    face = until(lambda: (shown := mine("/avatars/me")["reference_image"])["status"] == "ready" and shown)
    mine("/avatars/me/reference-image/approval", {"photo_id": face["photo_id"]})
    plan = mine("/billing/plans")["items"][0]["id"]
    page = mine("/billing/checkout", {"plan": plan})["checkout_url"]
    submit(page, {"outcome": "paid"})
    mine("/billing/sync", method="POST")
    until(lambda: mine("/billing/subscription")["open"])
    photo = mine("/photos", {"scene": "reading on a balcony"})["id"]
    until(lambda: mine(f"/photos/{photo}")["status"] == "delivered")
    mine("/chat/messages", {"text": "Good morning"})
    mine("/reports", {"subject": {"kind": "photo", "id": photo}, "reason": "other"})
    return tokens


def call(url, body=None, token=None, method=None):
    """Asks until there is an answer: while a machine has much to do, the service may ask to be asked again."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if token:
        headers |= {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    deadline = time.monotonic() + 60
    while True:
        try:
            with opener().open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > deadline:
                sys.exit(f"{request.get_method()} {url} answered {error.code}: {error.read().decode()}")
            time.sleep(1)


def submit(page, form):
    """Sends a hosted page's form; where it leads back to is nobody's business here."""
    try:
        opener().open(page, urllib.parse.urlencode(form).encode(), timeout=30).close()
    except urllib.error.HTTPError as error:
        if error.code >= 400:
            raise


def opener():
    """Without the proxy of the machine, and without following redirects."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    return urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay)


def until(ask):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.1)
    sys.exit("what the subscriber needs did not come within 60 seconds")


if __name__ == "__main__":
    main()
