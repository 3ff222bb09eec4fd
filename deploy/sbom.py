"""What a release consists of, as CycloneDX 1.6: `python3 deploy/sbom.py BINARY.json WEB.json`.

The binary's from `cargo metadata`, with the features of the container image and without what only tests and builds of
tests need; the web client's by npm itself. Both are checked: each component has a name, a version and a package URL, and
each dependency names a component. Needs cargo and npm.
"""

import hashlib
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FEATURES = ["--features", "c2pa"]
TARGET = "x86_64-unknown-linux-gnu"


def told(*command, **more):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def of_binary():
    metadata = json.loads(told("cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", TARGET, *FEATURES))
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    sums = checksums()

    def needed(node):
        # What is needed to run and to build it, and not to test it.
        return [one["pkg"] for one in node["deps"] if any(kind["kind"] != "dev" for kind in one["dep_kinds"])]

    ava = next(package["id"] for package in packages.values() if package["name"] == "ava" and package["source"] is None)
    reached, waiting = {ava}, [ava]
    while waiting:
        for one in needed(nodes[waiting.pop()]):
            if one not in reached:
                reached.add(one)
                waiting.append(one)

    def reference(package_id):
        package = packages[package_id]
        return f"pkg:cargo/{package['name']}@{package['version']}"

    def component(package_id):
        package = packages[package_id]
        one = {
            "type": "application" if package_id == ava else "library",
            "bom-ref": reference(package_id),
            "name": package["name"],
            "version": package["version"],
            "purl": reference(package_id),
        }
        if package.get("license"):
            one["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        checksum = sums.get((package["name"], package["version"]))
        if checksum and package["source"]:
            one["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        return one

    ids = sorted(reached - {ava}, key=reference)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": component(ava)},
        "components": [component(one) for one in ids],
        "dependencies": [
            {"ref": reference(one), "dependsOn": sorted({reference(other) for other in needed(nodes[one])})}
            for one in [ava, *ids]
        ],
    }


def checksums():
    """Of the archives that Cargo.lock names."""
    sums, name, version = {}, None, None
    for line in (ROOT / "Cargo.lock").read_text().splitlines():
        key, _, value = line.partition(" = ")
        value = value.strip('"')
        if key == "name":
            name = value
        elif key == "version":
            version = value
        elif key == "checksum":
            sums[name, version] = value
    return sums


def of_web():
    told_by_npm = told("npm", "sbom", "--sbom-format=cyclonedx", "--omit=dev", "--package-lock-only", "--prefix", "web")
    bom = json.loads(told_by_npm)
    # What differs each time says nothing.
    bom.pop("serialNumber", None)
    bom["metadata"].pop("timestamp", None)
    return bom


def check(bom):
    own = bom["metadata"]["component"]
    components = [own, *bom["components"]]
    references = [one["bom-ref"] for one in components]
    problems = []
    if bom["bomFormat"] != "CycloneDX" or not bom["specVersion"].startswith("1."):
        problems.append("it is no CycloneDX")
    if len(set(references)) != len(references):
        problems.append("two components have one reference")
    for one in components:
        if not one.get("name") or not one.get("version") or not one.get("purl", "").startswith("pkg:"):
            problems.append(f"{one.get('bom-ref')} lacks name, version or purl")
    known = set(references)
    for dependency in bom["dependencies"]:
        for named in [dependency["ref"], *dependency.get("dependsOn", [])]:
            if named not in known:
                problems.append(f"{named} is no component")
    return problems


for bom, place in [(of_binary(), sys.argv[1]), (of_web(), sys.argv[2])]:
    problems = check(bom)
    if problems:
        sys.exit(f"{place}: " + "; ".join(problems[:10]))
    text = json.dumps(bom, indent=1, sort_keys=True) + "\n"
    pathlib.Path(place).write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    print(f"{place}: {len(bom['components'])} components, SHA-256 {digest}")
