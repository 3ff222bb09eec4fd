#!/usr/bin/env python3
"""Checks a bundle of Ava's event log, as docs/AUDIT.md describes it, with nothing but Python 3.9 or newer.

    python3 verify_bundle.py --key NAME+ID+KEY DIR [DIR …]

Without --key, the keys that the bundle itself names are used, and printed: compare them with what you know.
Prints a line for each bundle. Exit code 0 when all of them fit, 1 when one does not, 2 for wrong usage.
Ed25519 comes from the package `cryptography` where it is installed, else from RFC 8032 below.
"""

import argparse
import base64
import binascii
import datetime
import hashlib
import json
import re
import struct
import sys

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None


class DoesNotFit(Exception):
    """Where, and what."""


# --- Ed25519 (RFC 8032, section 5.1) --------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def point_add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P != 0:
        return None
    return P - x if x & 1 != sign else x


def decompress(encoded):
    number = int.from_bytes(encoded, "little")
    y = number & ((1 << 255) - 1)
    x = recover_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def own_ed25519(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = decompress(public), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left = point_multiply(s, BASE)
    right = point_add(r, point_multiply(int.from_bytes(digest, "little") % L, a))
    same_x = (left[0] * right[2] - right[0] * left[2]) % P == 0
    return same_x and (left[1] * right[2] - right[1] * left[2]) % P == 0


def package_ed25519(public, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


ed25519 = package_ed25519 if Ed25519PublicKey else own_ed25519

# --- Keys, notes, checkpoints ---------------------------------------------------------------------------------------


def from_base64(text):
    """None when it is not base64, or not as one would write it."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def verifier_key(text):
    """(name, id, public key) of NAME+ID+KEY."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise ValueError(f"{text!r} is no verifier key")
    name, told, encoded = parts
    typed = from_base64(encoded)
    if not name or typed is None or len(typed) != 33 or typed[0] != 1:
        raise ValueError(f"{text!r} is no verifier key")
    key_id = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
    if key_id.hex() != told:
        raise ValueError(f"{text!r} was not copied as a whole")
    return name, key_id, typed[1:]


def signed(text, lines, keys):
    """Why the lines do not sign the text; None when they do."""
    if not lines.endswith("\n"):
        return "the last line of its signatures does not end"
    known = False
    for line in lines[:-1].split("\n"):
        match = re.fullmatch("— ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        signature = from_base64(match[2]) if match else None
        if signature is None or len(signature) <= 4:
            return "a line of its signatures is malformed"
        for name, key_id, public in keys:
            if (name, key_id) == (match[1], signature[:4]):
                if not ed25519(public, text.encode(), signature[4:]):
                    return "its signature does not fit"
                known = True
    return None if known else "it is not signed with a known key"


def checkpoint(note, keys, where):
    """(origin, size, root) of a signed note."""
    text, blank, lines = note.rpartition("\n\n")
    if not blank:
        raise DoesNotFit(where, "there is no blank line before the signatures")
    text += "\n"
    trouble = signed(text, lines, keys)
    if trouble:
        raise DoesNotFit(where, trouble)
    said = text.split("\n")
    root = from_base64(said[2]) if len(said) > 3 else None
    if root is None or len(root) != 32 or not re.fullmatch("0|[1-9][0-9]*", said[1]):
        raise DoesNotFit(where, "it is no checkpoint")
    if said[0] not in [name for name, _, _ in keys]:
        raise DoesNotFit(where, "it speaks of another log than its key")
    return said[0], int(said[1]), root


# --- The tree (RFC 6962, section 2.1; RFC 9162, section 2.1.4.2) ----------------------------------------------------


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """The complete subtrees of what was added so far, the largest first."""

    def __init__(self):
        self.size = 0
        self.subtrees = []

    def add(self, leaf):
        count = self.size
        while count & 1:
            leaf = node_hash(self.subtrees.pop(), leaf)
            count >>= 1
        self.subtrees.append(leaf)
        self.size += 1

    def root(self):
        if not self.subtrees:
            return hashlib.sha256(b"").digest()
        root = self.subtrees[-1]
        for left in reversed(self.subtrees[:-1]):
            root = node_hash(left, root)
        return root


def leads(first, second, first_root, second_root, path):
    """Whether a consistency proof leads from one root to the other."""
    if not 1 <= first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    if first & (first - 1) == 0:
        path = [first_root] + path
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while fn & 1 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root


# --- Events ---------------------------------------------------------------------------------------------------------

NUMBERS = ("position", "sequence")
MEMBERS = (
    "position", "event_id", "aggregate_type", "aggregate_id", "sequence", "event_type", "event_version", "payload",
    "metadata", "recorded_at", "leaf_hash",
)
EPOCH = datetime.datetime(1970, 1, 1)


def sized(text):
    encoded = text.encode()
    return struct.pack(">I", len(encoded)) + encoded


def microseconds(text):
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text, re.ASCII):
        raise ValueError("its time is not written as one would write it")
    time = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ") - EPOCH
    return (time.days * 86400 + time.seconds) * 1_000_000 + time.microseconds


def record(event):
    """The bytes that are hashed of an event."""
    return b"".join([
        b"\1",
        struct.pack(">Q", event["position"]),
        bytes.fromhex(event["event_id"].replace("-", "")),
        sized(event["aggregate_type"]),
        sized(event["aggregate_id"]),
        struct.pack(">Q", event["sequence"]),
        sized(event["event_type"]),
        sized(event["event_version"]),
        sized(event["payload"]),
        sized(event["metadata"]),
        struct.pack(">q", microseconds(event["recorded_at"])),
    ])


def read_event(line):
    """What a line says; ValueError when it is not written as one would write it."""
    event = json.loads(line.decode())
    if type(event) is not dict or tuple(event) != MEMBERS:
        raise ValueError("its members are not those of an event")
    for name, value in event.items():
        if type(value) is not (int if name in NUMBERS else str):
            raise ValueError(f"{name} is of another type")
    if json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() != line:
        raise ValueError("its line is not written as one would write it")
    if not re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event["event_id"]):
        raise ValueError("its event_id is not written as one would write it")
    return event


# --- The bundle -----------------------------------------------------------------------------------------------------


def read(directory, name):
    try:
        with open(f"{directory}/{name}", "rb") as file:
            return file.read()
    except FileNotFoundError:
        raise DoesNotFit(name, "it is missing") from None


def read_text(directory, name):
    try:
        return read(directory, name).decode()
    except UnicodeDecodeError:
        raise DoesNotFit(name, "it is not UTF-8") from None


def must_be(manifest, name, length, digest):
    if manifest["files"].get(name) != {"bytes": length, "sha256": digest}:
        raise DoesNotFit(name, "it is not the file that the manifest names")


def check_manifest(directory, trusted):
    """The manifest, the keys that it names, and those of them that count."""
    text = read_text(directory, "manifest.json")
    try:
        manifest = json.loads(text)
        named = [verifier_key(key) for key in manifest["keys"]]
        known = (manifest["format"], manifest["layout"]) == ("ava-bundle/1", 1)
        origin, size, root = manifest["origin"], manifest["size"], bytes.fromhex(manifest["root"])
        manifest["files"].get("checkpoint")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DoesNotFit("manifest.json", f"it cannot be read ({error})") from None
    if not known:
        raise DoesNotFit("manifest.json", "it is of another format")
    keys = [key for key in named if not trusted or key in trusted]
    trouble = signed(text, read_text(directory, "manifest.sig"), keys)
    if trouble:
        raise DoesNotFit("manifest.json", f"{trouble}, going by manifest.sig")
    return manifest, named, keys, (origin, size, root)


def check_proofs(directory, manifest, named, last):
    """The earlier checkpoints: {size: root}."""
    proofs = read(directory, "proofs.jsonl")
    must_be(manifest, "proofs.jsonl", len(proofs), hashlib.sha256(proofs).hexdigest())
    origin, size, root = last
    earlier = {}
    for line in proofs.decode().splitlines():
        proof = json.loads(line)
        its_origin, its_size, its_root = checkpoint(proof["checkpoint"], named, "proofs.jsonl")
        path = [bytes.fromhex(hash) for hash in proof["hashes"]]
        fits = (proof["from"], proof["to"], its_origin) == (its_size, size, origin)
        if not fits or not leads(its_size, size, its_root, root, path):
            raise DoesNotFit("proofs.jsonl", f"it does not lead from the checkpoint over {its_size} events")
        earlier[its_size] = its_root
    return earlier


def check_events(directory, manifest, earlier, size, root):
    tree, digest, length = Tree(), hashlib.sha256(), 0
    try:
        file = open(f"{directory}/events.jsonl", "rb")
    except FileNotFoundError:
        raise DoesNotFit("events.jsonl", "it is missing") from None
    with file:
        for line in file:
            digest.update(line)
            length += len(line)
            where = f"position {tree.size + 1}"
            if tree.size == size:
                raise DoesNotFit(where, f"there should be only {size} events")
            if not line.endswith(b"\n"):
                raise DoesNotFit(where, "its line does not end")
            try:
                event = read_event(line[:-1])
                if event["position"] != tree.size + 1:
                    raise ValueError(f"the event of position {event['position']} stands there")
                leaf = hashlib.sha256(b"\0" + record(event)).digest()
            except (ValueError, struct.error, OverflowError) as error:
                raise DoesNotFit(where, str(error)) from None
            if leaf.hex() != event["leaf_hash"]:
                raise DoesNotFit(where, "it is not what was hashed")
            tree.add(leaf)
            if tree.size in earlier and earlier[tree.size] != tree.root():
                raise DoesNotFit(f"positions 1 to {tree.size}", "they do not have the root that was signed")
    if tree.size < size:
        raise DoesNotFit(f"position {tree.size + 1}", f"it is missing: there should be {size} events")
    if tree.root() != root:
        raise DoesNotFit(f"positions 1 to {size}", "they do not have the root that was signed")
    must_be(manifest, "events.jsonl", length, digest.hexdigest())


def check_parquet(directory, manifest):
    """Whether there is such a file; only its length and hash are compared, which the manifest has signed."""
    try:
        file = open(f"{directory}/events.parquet", "rb")
    except FileNotFoundError:
        if "events.parquet" in manifest["files"]:
            raise DoesNotFit("events.parquet", "it is missing") from None
        return False
    digest, length = hashlib.sha256(), 0
    with file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            length += len(piece)
    must_be(manifest, "events.parquet", length, digest.hexdigest())
    return True


def check(directory, trusted):
    """What to say of a bundle that fits."""
    manifest, named, keys, said = check_manifest(directory, trusted)
    note = read(directory, "checkpoint")
    must_be(manifest, "checkpoint", len(note), hashlib.sha256(note).hexdigest())
    last = checkpoint(note.decode(), keys, "checkpoint")
    if last != said:
        raise DoesNotFit("checkpoint", "it is not the one that the manifest names")
    origin, size, root = last
    earlier = check_proofs(directory, manifest, named, last)
    check_events(directory, manifest, earlier, size, root)
    parquet = check_parquet(directory, manifest)
    fits = f"fits: {size} events of {origin}, root {root.hex()}, {len(earlier)} earlier checkpoints"
    if parquet:
        fits += ", and the events.parquet that was made with it (its rows were not read)"
    return fits if trusted else f"{fits}; by the keys that it names itself: {', '.join(manifest['keys'])}"


def main():
    global ed25519
    parser = argparse.ArgumentParser(description="Checks bundles of Ava's event log.")
    parser.add_argument("directories", nargs="+", metavar="DIR")
    parser.add_argument("--key", action="append", default=[], help="a verifier key that you got from elsewhere")
    parser.add_argument("--ed25519", choices=["any", "own"], default="any", help="own: not that of a package")
    arguments = parser.parse_args()
    if arguments.ed25519 == "own":
        ed25519 = own_ed25519
    try:
        trusted = [verifier_key(key) for key in arguments.key]
    except ValueError as error:
        parser.error(str(error))
    fits = True
    for directory in arguments.directories:
        try:
            print(f"{directory}: {check(directory, trusted)}")
        except DoesNotFit as finding:
            where, what = finding.args
            print(f"{directory}: {where}: {what}")
            fits = False
    sys.exit(0 if fits else 1)


if __name__ == "__main__":
    main()
