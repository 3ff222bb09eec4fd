//! Who collects traces, by the names that OpenTelemetry gives these variables.

use url::Url;

use super::{Secret, reader::Reader};

/// Who collects traces.
#[derive(Debug, Clone)]
pub struct TraceSettings {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: a collector that speaks OTLP over HTTP.
    pub endpoint: Url,
    /// `OTEL_EXPORTER_OTLP_HEADERS`: what lets us in there.
    pub headers: Vec<(String, Secret)>,
    /// `OTEL_TRACES_SAMPLER_ARG`: the share of traces that are collected, from 0 to 1.
    pub share: f64,
}

impl TraceSettings {
    /// Where the collector takes traces.
    pub fn address(&self) -> String {
        format!("{}/v1/traces", self.endpoint.as_str().trim_end_matches('/'))
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<TraceSettings> {
    let endpoint = reader.address("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    let headers = headers(reader);
    let share = share(reader);
    Some(TraceSettings {
        endpoint: endpoint?,
        headers,
        share,
    })
}

fn headers(reader: &mut Reader<'_>) -> Vec<(String, Secret)> {
    let mut headers = Vec::new();
    for header in reader.list("OTEL_EXPORTER_OTLP_HEADERS") {
        match header.split_once('=') {
            Some((name, value)) if is_token(name.trim()) && value.is_ascii() => {
                let value = percent_encoding::percent_decode_str(value.trim());
                let value = value.decode_utf8_lossy().into_owned();
                headers.push((name.trim().to_owned(), Secret::new(value)));
            }
            Some(_) | None => reader.problem(
                "OTEL_EXPORTER_OTLP_HEADERS",
                "is not a list like name=value,name2=value2",
            ),
        }
    }
    headers
}

fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn share(reader: &mut Reader<'_>) -> f64 {
    let share = reader.value("OTEL_TRACES_SAMPLER_ARG", "0.1");
    match share {
        Some(share) if !(0.0..=1.0).contains(&share) => {
            reader.problem("OTEL_TRACES_SAMPLER_ARG", "is not a share from 0 to 1");
            1.0
        }
        Some(share) => share,
        None => 1.0,
    }
}
