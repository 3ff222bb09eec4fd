"""Signs a file as another program would: sign.py CERTIFICATE KEY SOURCE TARGET MEDIA_TYPE."""

import json
import sys

import c2pa

certificate, key, source, target, media_type = sys.argv[1:]
with open(certificate, "rb") as file:
    chain = file.read()
with open(key, "rb") as file:
    private_key = file.read()
manifest = {
    "claim_generator_info": [{"name": "another program", "version": "1"}],
    "title": "a title of somebody else's",
    "assertions": [
        {
            "label": "c2pa.actions.v2",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.created",
                        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
                    }
                ]
            },
        }
    ],
}
info = c2pa.C2paSignerInfo(b"es256", chain, private_key, None)
with c2pa.Signer.from_info(info) as signer, c2pa.Builder(json.dumps(manifest)) as builder:
    with open(source, "rb") as unsigned, open(target, "w+b") as signed:
        builder.sign(signer, media_type, unsigned, signed)
print(json.dumps({"signed": target}))
