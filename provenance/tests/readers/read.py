"""What the C2PA project's own library for Python reads in the files that are named: one JSON object, file by file."""

import json
import sys

import c2pa


def read(path):
    try:
        with c2pa.Reader(path) as reader:
            return {
                "state": reader.get_validation_state(),
                "store": json.loads(reader.json()),
            }
    except c2pa.C2paError as error:
        return {"error": str(error)}


print(json.dumps({path: read(path) for path in sys.argv[1:]}))
