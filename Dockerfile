# One image for every role: `ava api`, `ava worker`, `ava projector`, `ava migrate`; and, as target `nginx`, the proxy
# with the web client's files.
FROM node:22-bookworm-slim AS web
WORKDIR /build/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY docs/openapi.json /build/docs/openapi.json
COPY web .
RUN npm run build

FROM nginx:1.29-alpine AS nginx
COPY --from=web /build/web/dist /usr/share/nginx/ava
COPY deploy/nginx.conf /etc/nginx/nginx.conf

FROM rust:1.95-slim-bookworm AS build
# c2pa: pictures are signed, and production asks for C2PA_CERTIFICATE and C2PA_PRIVATE_KEY. Empty for an image without.
ARG FEATURES=c2pa
WORKDIR /build
COPY . .
RUN cargo build --release --locked --bin ava --features "$FEATURES"

FROM debian:bookworm-slim
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
