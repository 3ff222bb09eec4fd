//! A stand-in for Google Cloud Storage, by its public documentation of the XML API, of self-signed tokens (AIP 4111) and of
//! signed URLs (V4): no server that is to be had gives the headers by which clients tell versions apart. It checks every
//! signature with the public key of the tests' service account.

use std::{collections::HashMap, fs, sync::Mutex};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::{Method, StatusCode, header},
    web::{self, Bytes, Data, PayloadConfig},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use chrono::{NaiveDateTime, TimeDelta, Utc};
use infrastructure::storage::{RemoteStorage, StorageCredentials};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempPath;
use url::Url;

const ACCOUNT: &str = "ava@project.iam.gserviceaccount.com";
const PRIVATE_KEY: &str = include_str!("keys/rsa_2048.pem");

/// The host that signed URLs are signed for, whose part this plays.
const HOST: &str = "storage.googleapis.com";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// What lies in the only bucket, `pictures`.
#[derive(Default)]
struct Bucket {
    objects: Mutex<HashMap<String, Object>>,
}

#[derive(Clone)]
struct Object {
    bytes: Bytes,
    content_type: String,
    generation: usize,
}

/// One with an empty bucket, until the test ends.
pub struct GoogleServer {
    port: u16,
    account: TempPath,
}

impl GoogleServer {
    pub fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let bucket = Data::new(Bucket::default());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(bucket.clone())
                .app_data(PayloadConfig::new(32 * 1024 * 1024))
                .default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let port = server.addrs()[0].port();
        tokio::spawn(server.run());
        let account = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let credentials = json!({
            "type": "service_account", "client_email": ACCOUNT,
            "private_key": PRIVATE_KEY, "private_key_id": "key-1",
        });
        fs::write(&account, credentials.to_string()).unwrap();
        Self { port, account }
    }

    /// How it is reached.
    pub fn credentials(&self) -> StorageCredentials {
        StorageCredentials {
            endpoint: Some(format!("http://127.0.0.1:{}", self.port).parse().unwrap()),
            credentials_file: Some(self.account.to_path_buf()),
            signs_addresses: true,
            allow_http: true,
            ..StorageCredentials::default()
        }
    }

    /// A storage in it.
    pub fn storage(&self, url: &str) -> RemoteStorage {
        RemoteStorage::new(url.parse().unwrap(), &self.credentials()).unwrap()
    }
}

async fn answer(request: HttpRequest, body: Bytes, bucket: Data<Bucket>) -> HttpResponse {
    if !is_allowed(&request) {
        return error(StatusCode::FORBIDDEN, "AccessDenied");
    }
    let path = percent_encoding::percent_decode_str(request.path()).decode_utf8_lossy();
    let Some(name) = path.strip_prefix("/pictures/") else {
        return error(StatusCode::NOT_FOUND, "NoSuchBucket");
    };
    let mut objects = bucket.objects.lock().unwrap();
    match *request.method() {
        Method::PUT => {
            let object = Object {
                bytes: body,
                content_type: text(&request, header::CONTENT_TYPE.as_str()).to_owned(),
                generation: objects.len() + 1,
            };
            let answer = described(&mut HttpResponse::Ok(), &object).finish();
            objects.insert(name.to_owned(), object);
            answer
        }
        Method::GET | Method::HEAD => match objects.get(name) {
            Some(object) => shown(&request, object),
            None => error(StatusCode::NOT_FOUND, "NoSuchKey"),
        },
        Method::DELETE => match objects.remove(name) {
            Some(_) => HttpResponse::NoContent().finish(),
            None => error(StatusCode::NOT_FOUND, "NoSuchKey"),
        },
        _ => error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
    }
}

fn error(status: StatusCode, code: &str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("application/xml")
        .body(format!(
            "<?xml version='1.0'?><Error><Code>{code}</Code></Error>"
        ))
}

fn described<'b>(
    answer: &'b mut actix_web::HttpResponseBuilder,
    object: &Object,
) -> &'b mut actix_web::HttpResponseBuilder {
    let tag = hex::encode(&Sha256::digest(&object.bytes)[..16]);
    answer
        .insert_header((header::ETAG, format!("\"{tag}\"")))
        .insert_header((header::LAST_MODIFIED, "Thu, 26 Nov 2026 12:00:00 GMT"))
        .insert_header(("x-goog-generation", object.generation.to_string()))
}

fn shown(request: &HttpRequest, object: &Object) -> HttpResponse {
    let size = object.bytes.len();
    let range = text(request, header::RANGE.as_str())
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
        .map(|(from, to)| (from.parse().unwrap(), to.parse().unwrap_or(usize::MAX)));
    let mut answer = HttpResponse::Ok();
    let bytes = match range {
        Some((from, _)) if from >= size => {
            return error(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
        }
        Some((from, to)) => {
            let to = to.min(size - 1);
            answer
                .status(StatusCode::PARTIAL_CONTENT)
                .insert_header((header::CONTENT_RANGE, format!("bytes {from}-{to}/{size}")));
            object.bytes.slice(from..=to)
        }
        None => object.bytes.clone(),
    };
    described(&mut answer, object).content_type(object.content_type.as_str());
    answer.body(bytes)
}

fn text<'r>(request: &'r HttpRequest, name: &str) -> &'r str {
    let value = request.headers().get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// By a token that the account signed, or by an address that it did.
fn is_allowed(request: &HttpRequest) -> bool {
    match text(request, header::AUTHORIZATION.as_str()).strip_prefix("Bearer ") {
        Some(token) => is_signed_token(token),
        None => is_signed_address(request).unwrap_or(false),
    }
}

fn is_signed_token(token: &str) -> bool {
    let Some((message, signature)) = token.rsplit_once('.') else {
        return false;
    };
    let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
    let claims = message.split('.').nth(1).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&decoded(claims)).unwrap_or_default();
    let now = Utc::now().timestamp();
    is_by_the_account(message, &decoded(signature))
        && claims["iss"] == ACCOUNT
        && claims["sub"] == ACCOUNT
        && claims["scope"] == SCOPE
        && claims["exp"].as_i64().is_some_and(|exp| exp > now)
}

/// The canonical request and the text to sign, as <https://cloud.google.com/storage/docs/authentication/signatures> says.
fn is_signed_address(request: &HttpRequest) -> Option<bool> {
    let address = Url::parse(&format!("https://{HOST}{}", request.uri())).ok()?;
    let told: HashMap<String, String> = address.query_pairs().into_owned().collect();
    let mut canonical: Vec<String> = address
        .query()?
        .split('&')
        .filter(|pair| !pair.starts_with("X-Goog-Signature="))
        .map(str::to_owned)
        .collect();
    canonical.sort_unstable();
    let canonical = format!(
        "{}\n{}\n{}\nhost:{HOST}\n\nhost\nUNSIGNED-PAYLOAD",
        request.method(),
        address.path(),
        canonical.join("&"),
    );
    let (date, credential) = (told.get("X-Goog-Date")?, told.get("X-Goog-Credential")?);
    let scope = credential.strip_prefix(&format!("{ACCOUNT}/"))?;
    let signed = format!(
        "GOOG4-RSA-SHA256\n{date}\n{scope}\n{}",
        hex::encode(Sha256::digest(canonical))
    );
    let begins = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").ok()?;
    let lasts = TimeDelta::seconds(told.get("X-Goog-Expires")?.parse().ok()?);
    let signature = hex::decode(told.get("X-Goog-Signature")?).ok()?;
    Some(
        told.get("X-Goog-Algorithm")? == "GOOG4-RSA-SHA256"
            && Utc::now().naive_utc() < begins + lasts
            && is_by_the_account(&signed, &signature),
    )
}

fn is_by_the_account(message: &str, signature: &[u8]) -> bool {
    let pem: String = PRIVATE_KEY
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let pair = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(pem).unwrap()).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
        .verify(message.as_bytes(), signature)
        .is_ok()
}
