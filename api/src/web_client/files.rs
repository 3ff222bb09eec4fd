//! The built files, in memory.

use std::{collections::HashMap, fs, io, path::Path};

use actix_web::web::Bytes;
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

use super::SignInWays;

/// Every file by its path, as `/assets/index-Bx3.js`.
#[derive(Debug)]
pub(super) struct Files {
    by_path: HashMap<String, File>,
    /// The content security policy of the pages.
    pub(super) policy: String,
}

/// One file, with its compressed copies.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) bytes: Bytes,
    pub(super) brotli: Option<Bytes>,
    pub(super) gzip: Option<Bytes>,
    pub(super) media_type: &'static str,
    /// A fingerprint of the bytes.
    pub(super) version: String,
    /// Whether its name has a fingerprint, so that its bytes never change.
    pub(super) immutable: bool,
}

const INDEX: &str = "/index.html";

impl Files {
    pub(super) fn read(
        directory: &Path,
        ways: &SignInWays,
        pictures_from: Option<&Url>,
    ) -> io::Result<Self> {
        let mut by_path = HashMap::new();
        read_into(&mut by_path, directory, "")?;
        if !by_path.contains_key(INDEX) {
            let missing = format!(
                "there is no index.html in {}; build it with `make web`",
                directory.display()
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, missing));
        }
        let config = json!({ "sign_in": ways }).to_string();
        by_path.insert(
            "/config.json".to_owned(),
            File::new("config.json", config.into_bytes().into()),
        );
        Ok(Self {
            by_path,
            policy: policy(ways, pictures_from),
        })
    }

    pub(super) fn get(&self, path: &str) -> Option<&File> {
        self.by_path.get(path)
    }

    pub(super) fn index(&self) -> &File {
        &self.by_path[INDEX]
    }
}

impl File {
    fn new(name: &str, bytes: Bytes) -> Self {
        Self {
            version: hex::encode(&Sha256::digest(&bytes)[..12]),
            media_type: media_type(name),
            bytes,
            ..Self::default()
        }
    }
}

/// Only what pages are made of; the build's own notes (`.vite`) stay where they are.
fn read_into(files: &mut HashMap<String, File>, directory: &Path, below: &str) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let (file, path) = (entry.path(), format!("{below}/{name}"));
        if name.starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            read_into(files, &file, &path)?;
            continue;
        }
        let bytes = Bytes::from(fs::read(&file)?);
        if let Some(of) = path.strip_suffix(".br") {
            files.entry(of.to_owned()).or_default().brotli = Some(bytes);
        } else if let Some(of) = path.strip_suffix(".gz") {
            files.entry(of.to_owned()).or_default().gzip = Some(bytes);
        } else {
            let known = files.entry(path).or_default();
            *known = File {
                brotli: known.brotli.take(),
                gzip: known.gzip.take(),
                immutable: below == "/assets",
                ..File::new(&name, bytes)
            };
        }
    }
    Ok(())
}

fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Nothing but our own files runs, nothing is sent elsewhere but to where people sign in, and pictures come from us or from
/// where they are stored.
fn policy(ways: &SignInWays, pictures_from: Option<&Url>) -> String {
    let oidc = ways.oidc.as_ref();
    let provider = oidc.map_or(String::new(), |oidc| {
        format!(" {}", oidc.authority.origin().ascii_serialization())
    });
    let storage = pictures_from.map_or(String::new(), |url| {
        format!(" {}", url.origin().ascii_serialization())
    });
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        &format!("img-src 'self' blob:{storage}"),
        &format!("connect-src 'self'{provider}"),
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    .join("; ")
}
