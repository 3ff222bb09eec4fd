//! An object store: S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage.

use std::{error::Error, fmt, ops::Range, path::PathBuf, process, sync::Arc, time::Duration};

use application::ports::{ObjectStorage, StorageError, StoredObject};
use async_trait::async_trait;
use bytes::Bytes;
use object_store::{
    Attribute, Attributes, BackoffConfig, ClientOptions, GetOptions, GetRange, ObjectStore,
    ObjectStoreExt as _, PutOptions, RetryConfig, aws::AmazonS3Builder,
    azure::MicrosoftAzureBuilder, gcp::GoogleCloudStorageBuilder, path::Path as Key,
    signer::Signer,
};
use reqwest::Method;
use url::Url;

/// How long a connection may take to be made, and a request with its answer.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How long, and how often, what failed for a moment is tried again before the caller hears of it.
const RETRY_WITHIN: Duration = Duration::from_secs(10);
const RETRIES: usize = 3;

/// `STORAGE_URL`: which store, which bucket in it, and under which prefix.
#[derive(Clone, PartialEq, Eq)]
pub struct StorageUrl {
    kind: Kind,
    bucket: String,
    prefix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    S3,
    Google,
    Azure,
}

impl std::str::FromStr for StorageUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url: Url = text.parse().map_err(|_| "it is no address")?;
        let kind = match url.scheme() {
            "s3" => Kind::S3,
            "gs" => Kind::Google,
            "az" => Kind::Azure,
            _ => return Err("it must begin with s3://, gs:// or az://"),
        };
        let bucket = url.host_str().unwrap_or_default();
        if bucket.is_empty() {
            return Err("it names no bucket");
        }
        if url.query().is_some() || !url.username().is_empty() || url.port().is_some() {
            return Err("it is a bucket and a prefix, and nothing else");
        }
        let prefix = url.path().trim_matches('/');
        if Key::parse(prefix).is_err() {
            return Err("the prefix cannot be a path in a store");
        }
        Ok(Self {
            kind,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

impl fmt::Display for StorageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            Kind::S3 => "s3",
            Kind::Google => "gs",
            Kind::Azure => "az",
        };
        write!(f, "{scheme}://{}", self.bucket)?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        Ok(())
    }
}

impl fmt::Debug for StorageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a store is reached, and who we are there. What is left out, the store's own ways find: the role of a machine or
/// a container, or a workload's identity.
#[derive(Clone, Default)]
pub struct StorageCredentials {
    /// `STORAGE_ENDPOINT`: where a service answers that is not the provider's own.
    pub endpoint: Option<Url>,
    /// `STORAGE_REGION`, for S3.
    pub region: Option<String>,
    /// `STORAGE_ACCESS_KEY_ID`: S3's access key, or the name of Azure's account.
    pub access_key_id: Option<String>,
    /// `STORAGE_SECRET_ACCESS_KEY`: S3's secret key, or the key of Azure's account.
    pub secret_access_key: Option<String>,
    /// `STORAGE_CREDENTIALS_FILE`: Google's service account, as JSON.
    pub credentials_file: Option<PathBuf>,
    /// `STORAGE_REDIRECT`: whether browsers are sent to the store for pictures, and so can reach it.
    pub signs_addresses: bool,
    /// Whether an endpoint may be http: never in production.
    pub allow_http: bool,
}

/// An object store does not do what is asked of it.
#[derive(Debug, thiserror::Error)]
#[error("the object storage {storage} cannot be {failed}")]
pub struct UnusableStorage {
    /// Which one.
    pub storage: String,
    /// What could not be done with it, as `written`.
    pub failed: &'static str,
    /// What it says.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

/// An [`ObjectStorage`] in an object store, which keeps what it has confirmed.
pub struct RemoteStorage {
    url: StorageUrl,
    store: Arc<dyn ObjectStore>,
    /// None where only we can read what is in the store.
    signer: Option<Arc<dyn Signer>>,
    origin: Option<Url>,
}

impl RemoteStorage {
    /// Connects when it is first used.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn new(url: StorageUrl, credentials: &StorageCredentials) -> Result<Self, UnusableStorage> {
        let built = match url.kind {
            Kind::S3 => s3(&url, credentials).map(both),
            Kind::Google => google(&url, credentials).map(both),
            Kind::Azure => azure(&url, credentials).map(both),
        };
        match built {
            Ok((store, signer)) => Ok(Self {
                origin: origin(&url, credentials),
                url,
                store,
                signer: credentials.signs_addresses.then_some(signer),
            }),
            Err(error) => Err(UnusableStorage {
                storage: url.to_string(),
                failed: "used as it is configured",
                source: error.into(),
            }),
        }
    }

    /// Where browsers get objects, when the store's addresses are handed out; a part of them, without a path.
    #[must_use]
    pub fn origin(&self) -> Option<&Url> {
        self.origin.as_ref().filter(|_| self.signer.is_some())
    }

    /// Where something lies in the store.
    fn place(&self, key: &str) -> Result<Key, object_store::path::Error> {
        let key = Key::parse(key)?;
        let prefix = Key::parse(&self.url.prefix)?;
        Ok(prefix.parts().chain(key.parts()).collect())
    }

    /// Where there may be something; nothing is ever stored under a key that cannot be a path.
    fn known(&self, key: &str) -> Result<Key, StorageError> {
        let missing = || StorageError::NotFound(key.to_owned());
        if Key::parse(key).map_err(|_| missing())?.is_root() {
            return Err(missing());
        }
        self.place(key).map_err(|_| missing())
    }

    fn unavailable(
        &self,
        failed: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> StorageError {
        StorageError::Unavailable(Box::new(UnusableStorage {
            storage: self.url.to_string(),
            failed,
            source: source.into(),
        }))
    }

    fn failed(&self, failed: &'static str, key: &str, error: object_store::Error) -> StorageError {
        match error {
            object_store::Error::NotFound { .. } => StorageError::NotFound(key.to_owned()),
            other => self.unavailable(failed, other),
        }
    }

    async fn size(&self, key: &str) -> Result<u64, StorageError> {
        let head = self.store.head(&self.known(key)?).await;
        let head = head.map_err(|error| self.failed("read", key, error))?;
        Ok(head.size)
    }
}

#[async_trait]
impl ObjectStorage for RemoteStorage {
    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StorageError> {
        let unwritable = |error| self.unavailable("written", error);
        let place = self
            .place(key)
            .map_err(|error| self.unavailable("written", error))?;
        let options = PutOptions {
            attributes: attributes(key),
            ..PutOptions::default()
        };
        let written = self.store.put_opts(&place, bytes.into(), options).await;
        written.map(drop).map_err(unwritable)
    }

    /// A range that begins behind the end is empty; one that ends there is cut.
    async fn get(
        &self,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<StoredObject, StorageError> {
        let place = self.known(key)?;
        if let Some(range) = &range
            && (range.is_empty() || range.start >= self.size(key).await?)
        {
            // Stores refuse a range that has not a single byte.
            return Ok(StoredObject {
                bytes: Bytes::new(),
                size: self.size(key).await?,
            });
        }
        let failed = |error| self.failed("read", key, error);
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let object = self.store.get_opts(&place, options).await.map_err(failed)?;
        let size = object.meta.size;
        let bytes = object.bytes().await.map_err(failed)?;
        Ok(StoredObject { bytes, size })
    }

    async fn delete(&self, key: &str) -> Result<(), StorageError> {
        let Ok(place) = self.known(key) else {
            return Ok(());
        };
        match self.store.delete(&place).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.unavailable("written", error)),
        }
    }

    async fn check(&self) -> Result<(), StorageError> {
        let probe = format!("probes/{}", process::id());
        self.put(&probe, Bytes::from_static(b"probe")).await?;
        self.delete(&probe).await
    }

    async fn address(&self, key: &str, lifetime: Duration) -> Result<Option<String>, StorageError> {
        let Some(signer) = &self.signer else {
            return Ok(None);
        };
        let place = self.known(key)?;
        let signed = signer.signed_url(Method::GET, &place, lifetime).await;
        signed
            .map(|address| Some(address.into()))
            .map_err(|error| self.failed("read", key, error))
    }
}

/// What browsers are told that get an object from the store itself.
fn attributes(key: &str) -> Attributes {
    let mut attributes = Attributes::new();
    if key.ends_with(".jpg") {
        attributes.insert(Attribute::ContentType, "image/jpeg".into());
    }
    attributes
}

/// One store in its two parts.
fn both<S: ObjectStore + Signer>(store: S) -> (Arc<dyn ObjectStore>, Arc<dyn Signer>) {
    let store = Arc::new(store);
    (store.clone(), store)
}

/// Where a store answers; the one who builds it finds the same.
fn origin(url: &StorageUrl, credentials: &StorageCredentials) -> Option<Url> {
    if let Some(endpoint) = &credentials.endpoint {
        return Some(endpoint.clone());
    }
    let host = match url.kind {
        Kind::S3 => format!("{}.s3.{}.amazonaws.com", url.bucket, region(credentials)),
        Kind::Google => "storage.googleapis.com".to_owned(),
        Kind::Azure => format!(
            "{}.blob.core.windows.net",
            credentials.access_key_id.as_deref().unwrap_or_default()
        ),
    };
    format!("https://{host}").parse().ok()
}

fn region(credentials: &StorageCredentials) -> &str {
    credentials.region.as_deref().unwrap_or("us-east-1")
}

fn client(credentials: &StorageCredentials) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(credentials.allow_http)
        .with_connect_timeout(CONNECT_WITHIN)
        .with_timeout(ANSWER_WITHIN)
}

fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: RETRIES,
        retry_timeout: RETRY_WITHIN,
    }
}

fn s3(
    url: &StorageUrl,
    credentials: &StorageCredentials,
) -> object_store::Result<object_store::aws::AmazonS3> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&url.bucket)
        .with_client_options(client(credentials))
        .with_retry(retry())
        .with_region(region(credentials));
    if let Some(endpoint) = &credentials.endpoint {
        // The bucket is a part of the path: a service of one's own seldom has a name for each.
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
    } else {
        builder = builder.with_virtual_hosted_style_request(true);
    }
    if let (Some(id), Some(secret)) = (&credentials.access_key_id, &credentials.secret_access_key) {
        builder = builder
            .with_access_key_id(id)
            .with_secret_access_key(secret);
    }
    builder.build()
}

fn google(
    url: &StorageUrl,
    credentials: &StorageCredentials,
) -> object_store::Result<object_store::gcp::GoogleCloudStorage> {
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(&url.bucket)
        .with_client_options(client(credentials))
        .with_retry(retry());
    if let Some(file) = &credentials.credentials_file {
        builder = builder.with_service_account_path(file.to_string_lossy());
    }
    if let Some(endpoint) = &credentials.endpoint {
        builder = builder.with_base_url(endpoint.as_str().trim_end_matches('/'));
    }
    builder.build()
}

fn azure(
    url: &StorageUrl,
    credentials: &StorageCredentials,
) -> object_store::Result<object_store::azure::MicrosoftAzure> {
    let mut builder = MicrosoftAzureBuilder::new()
        .with_container_name(&url.bucket)
        .with_client_options(client(credentials))
        .with_retry(retry());
    if let Some(account) = &credentials.access_key_id {
        builder = builder.with_account(account);
    }
    if let Some(key) = &credentials.secret_access_key {
        builder = builder.with_access_key(key);
    }
    if let Some(endpoint) = &credentials.endpoint {
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/').to_owned());
    }
    builder.build()
}
