#!/bin/sh
# Gives every manifest of the workspace the empty sources that it names, so that the image can build what others wrote
# before ours is copied. Only for the image: it would overwrite a checkout, and so refuses to.
set -eu
if [ -e src/main.rs ]; then
    echo "there are sources here already; this is for the image only" >&2
    exit 1
fi
empty() {
    mkdir -p "$(dirname "$1")"
    echo 'fn main() {}' > "$1"
}
empty src/main.rs
for manifest in Cargo.toml */Cargo.toml; do
    crate=$(dirname "$manifest")
    [ "$crate" = . ] || empty "$crate/src/lib.rs"
    # Benchmarks and tests that are named, at their paths or where Cargo looks for them.
    awk -F '"' '
        function put() { if (kind != "") print kind "/" (path != "" ? path : name ".rs"); kind = ""; name = ""; path = "" }
        /^\[/ { put() }
        /^\[\[bench\]\]/ { kind = "benches" }
        /^\[\[test\]\]/ { kind = "tests" }
        kind != "" && /^name/ { name = $2 }
        kind != "" && /^path/ { path = $2; sub(/^[a-z]+\//, "", path) }
        END { put() }
    ' "$manifest" | while read -r source; do empty "$crate/$source"; done
done
