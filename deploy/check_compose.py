"""Checks compose files as data: `python3 deploy/check_compose.py FILE…` prints each as JSON, or says what is wrong.

Against deploy/compose-spec.json, which is schema/compose-spec.json of https://github.com/compose-spec/compose-spec
(Apache License 2.0) as of 2026-06-23. Needs PyYAML and jsonschema (Debian: python3-yaml, python3-jsonschema).
"""

import json
import pathlib
import sys

import jsonschema
import yaml

schema = json.loads(pathlib.Path(__file__).with_name("compose-spec.json").read_text())
validator = jsonschema.Draft7Validator(schema)
wrong = []
for file in sys.argv[1:]:
    compose = yaml.safe_load(pathlib.Path(file).read_text())
    for error in validator.iter_errors(compose):
        place = "/".join(map(str, error.absolute_path))
        wrong.append(f"{file}: {place}: {error.message}")
    print(json.dumps(compose))
if wrong:
    sys.exit("\n".join(wrong))
