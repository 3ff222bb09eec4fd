# One image for every role: `ava api`, `ava worker`, `ava projector`, `ava migrate`.
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
USER ava
ENV APP_ENV=production DATA_DIR=/var/lib/ava HTTP_ADDR=0.0.0.0:8080 LOG_FORMAT=json
EXPOSE 8080
ENTRYPOINT ["ava"]
CMD ["api"]
