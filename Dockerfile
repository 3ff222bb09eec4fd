# syntax=docker/dockerfile:1
# Targets: `ava` (the last one) for every role, as `ava api`, `ava worker`, `ava projector`, `ava migrate`; `nginx`, the
# proxy with the web client's files; `postgres`, with a place for archived WAL.
FROM node:22-bookworm-slim AS web
WORKDIR /build/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY docs/openapi.json /build/docs/openapi.json
COPY web .
RUN npm run build

# Runs as user 101, and writes nowhere but in /tmp.
FROM nginxinc/nginx-unprivileged:1.29-alpine AS nginx
COPY --from=web /build/web/dist /usr/share/nginx/ava
COPY deploy/nginx.conf.template /etc/nginx/templates/nginx.conf.template
ENV NGINX_ENVSUBST_FILTER=^AVA_ \
    NGINX_ENVSUBST_OUTPUT_DIR=/tmp \
    AVA_RUN_DIR=/tmp \
    AVA_WEB_DIR=/usr/share/nginx/ava \
    AVA_EXTRA=/etc/nginx/ava.d \
    AVA_LISTEN=8080 \
    AVA_BACKENDS="server backend:8080 resolve max_fails=0;" \
    AVA_RESOLVER=127.0.0.11 \
    AVA_TRUSTED_PROXY=127.0.0.1
EXPOSE 8080 8443
CMD ["nginx", "-c", "/tmp/nginx.conf", "-g", "daemon off;"]

# The archive must belong to the server, which a volume takes over from the image.
FROM postgres:17-bookworm AS postgres
RUN install -d -o postgres -g postgres -m 700 /var/lib/postgresql/archive
COPY deploy/archive_wal.sh /usr/local/bin/archive-wal
COPY deploy/logins.sh /usr/local/bin/make-logins

FROM rust:1.95-slim-bookworm AS build
# c2pa: pictures are signed, and production asks for C2PA_CERTIFICATE and C2PA_PRIVATE_KEY. Empty for an image without.
ARG FEATURES=c2pa
WORKDIR /build
# First what others wrote, from the manifests alone: this layer is built anew when Cargo.lock changes, and not with each
# change of ours.
COPY Cargo.toml Cargo.lock ./
COPY domain/Cargo.toml domain/
COPY application/Cargo.toml application/
COPY infrastructure/Cargo.toml infrastructure/
COPY api/Cargo.toml api/
COPY projections/Cargo.toml projections/
COPY provenance/Cargo.toml provenance/
COPY badge/Cargo.toml badge/
COPY worker/Cargo.toml worker/
COPY sandbox/Cargo.toml sandbox/
COPY simulation/Cargo.toml simulation/
COPY transparency/Cargo.toml transparency/
# Less of two crates of others; whole, since what depends on them is built here.
COPY patches/rsa patches/rsa
COPY patches/proc-macro-error patches/proc-macro-error
COPY deploy/empty_crates.sh deploy/
RUN sh deploy/empty_crates.sh \
    && cargo build --release --locked --bin ava --features "$FEATURES" \
    && find . -name '*.rs' -not -path './target/*' -not -path './patches/*' -delete
COPY . .
# Cargo compares times, and what was copied is older than what was just built.
RUN find . -name '*.rs' -not -path './target/*' -not -path './patches/*' -exec touch {} + \
    && cargo build --release --locked --bin ava --features "$FEATURES"

FROM debian:bookworm-slim AS ava
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/ava --create-home ava
COPY --from=build /build/target/release/ava /usr/local/bin/ava
COPY --from=web /build/web/dist /usr/share/ava/web
USER ava
ENV APP_ENV=production DATA_DIR=/var/lib/ava WEB_DIR=/usr/share/ava/web HTTP_ADDR=0.0.0.0:8080 LOG_FORMAT=json
EXPOSE 8080
ENTRYPOINT ["ava"]
CMD ["api"]
