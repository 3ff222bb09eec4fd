//! Making a bundle: the log as it is, or nothing when it does not fit.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use chrono::{SecondsFormat, Utc};
use serde_json::json;

use super::{
    CHECKPOINT, COLUMNS, EVENTS, FORMAT, MANIFEST, PROOFS, SIGNATURE, columns,
    line::Line,
    manifest::{Adding, EventVersion, Manifest, Sum},
};
use crate::{
    checker::Checker,
    checkpoint::Checkpoint,
    events::Page,
    finding::Finding,
    leaf::{LAYOUT, Record},
    note::KeyRing,
    store::{ProofError, StoredCheckpoint, Tree},
};

/// How many events are read at once.
const PAGE: u64 = 4096;
/// How many earlier checkpoints go along at the most.
const EARLIER: i64 = 64;

/// What a bundle is made from.
pub struct Maker<'a> {
    /// The tree, in the same database as the log.
    pub tree: &'a Tree,
    /// Who signs it.
    pub keys: &'a KeyRing,
    /// What makes it, as `ava 0.1.0`.
    pub program: &'a str,
    /// Whether the events are written as Parquet, too.
    pub parquet: bool,
}

/// What is known of the events once they are written.
struct Written {
    events: Sum,
    columns: Option<Sum>,
    event_versions: Vec<EventVersion>,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// Something in the log does not fit: `ava audit verify` says more.
    #[error(transparent)]
    Found(#[from] Finding),
    /// A file cannot be written.
    #[error("{} cannot be written", file.display())]
    Unwritable {
        /// Which one.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database is away, or the stored tree is damaged.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl From<sqlx::Error> for NotWritten {
    fn from(error: sqlx::Error) -> Self {
        Self::Proof(error.into())
    }
}

/// Counts the versions of events.
type Versions = BTreeMap<[String; 3], u64>;

impl Maker<'_> {
    /// Writes everything that a checkpoint covers into a directory, which is made when there is none. `progress` hears how
    /// many events of how many were written.
    ///
    /// # Errors
    /// When an event does not fit what was hashed, and as [`NotWritten`] says.
    pub async fn write(
        &self,
        checkpoint: &StoredCheckpoint,
        directory: &Path,
        progress: impl FnMut(u64, u64),
    ) -> Result<(), NotWritten> {
        let directory = &Directory(directory);
        directory.make()?;
        let Written {
            events,
            columns,
            event_versions,
        } = self.events(checkpoint, directory, progress).await?;
        let proofs = self.proofs(checkpoint).await?;
        directory.write(CHECKPOINT, &checkpoint.note)?;
        directory.write(PROOFS, &proofs)?;
        let files = [
            (EVENTS, events),
            (CHECKPOINT, Sum::of(checkpoint.note.as_bytes())),
            (PROOFS, Sum::of(proofs.as_bytes())),
        ];
        let files = files.into_iter().chain(columns.map(|sum| (COLUMNS, sum)));
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            origin: self.keys.origin().to_owned(),
            size: checkpoint.size,
            root: checkpoint.root,
            layout: LAYOUT,
            keys: self
                .keys
                .verifiers()
                .iter()
                .map(ToString::to_string)
                .collect(),
            files: files.map(|(name, sum)| (name.to_owned(), sum)).collect(),
            event_versions,
            schema_version: self.schema_version().await?,
            program: self.program.to_owned(),
            created_at: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        };
        let mut manifest = serde_json::to_string_pretty(&manifest)
            .map_err(|error| directory.unwritable(MANIFEST)(error.into()))?;
        manifest.push('\n');
        directory.write(MANIFEST, &manifest)?;
        directory.write(SIGNATURE, &self.keys.signing().signature(&manifest))
    }

    async fn events(
        &self,
        checkpoint: &StoredCheckpoint,
        directory: &Directory<'_>,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Written, NotWritten> {
        let unwritable = |error| directory.unwritable(EVENTS)(error);
        let no_columns = |error| directory.unwritable(COLUMNS)(error);
        let file = File::create(directory.file(EVENTS)).map_err(unwritable)?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        let mut columns = if self.parquet {
            let file = File::create(directory.file(COLUMNS)).map_err(no_columns)?;
            Some(columns::Writing::new(file).map_err(no_columns)?)
        } else {
            None
        };
        let (mut adding, mut versions) = (Adding::default(), Versions::new());
        let (mut checker, mut room, mut line) = (Checker::default(), Vec::new(), Vec::new());
        while checker.size() < checkpoint.size {
            let from = checker.size();
            let page = Page::read(self.tree.pool(), from, PAGE.min(checkpoint.size - from)).await?;
            for record in page.records() {
                let record = record?;
                let leaf = record.leaf_hash(&mut room);
                checker.take(&record, Some(&leaf))?;
                count(&mut versions, &record);
                line.clear();
                serde_json::to_writer(&mut line, &Line::new(&record, leaf))
                    .map_err(|error| unwritable(error.into()))?;
                line.push(b'\n');
                adding.add(&line);
                file.write_all(&line).map_err(unwritable)?;
                if let Some(columns) = &mut columns {
                    columns.add(&record, &leaf).map_err(no_columns)?;
                }
            }
            if checker.size() == from {
                return Err(Finding::position(from + 1, "is missing").into());
            }
            checker.additions();
            progress(checker.size(), checkpoint.size);
        }
        checker.must_have(&checkpoint.root, "the checkpoint")?;
        let file = file
            .into_inner()
            .map_err(|error| unwritable(error.into_error()))?;
        file.sync_all().map_err(unwritable)?;
        let columns = columns.map(columns::Writing::finish).transpose();
        Ok(Written {
            events: adding.sum(),
            columns: columns.map_err(no_columns)?,
            event_versions: counted(versions),
        })
    }

    /// Earlier checkpoints, spread over the log, and how each of them leads to that one.
    async fn proofs(&self, last: &StoredCheckpoint) -> Result<String, NotWritten> {
        let mut lines = String::new();
        let keys = self.keys.verifiers();
        for earlier in self.tree.spread(last.size, EARLIER).await? {
            // What another key signed says nothing to whoever gets the bundle.
            if Checkpoint::open(&earlier.note, &keys).is_err() {
                continue;
            }
            let proof = self.tree.consistency(earlier.size, last.size).await?;
            let hashes: Vec<String> = proof.hashes.iter().map(hex::encode).collect();
            let line = json!({
                "checkpoint": earlier.note,
                "from": proof.from,
                "to": proof.to,
                "hashes": hashes,
            });
            lines.push_str(&format!("{line}\n"));
        }
        Ok(lines)
    }

    async fn schema_version(&self) -> sqlx::Result<i64> {
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(self.tree.pool())
            .await
    }
}

fn count(versions: &mut Versions, record: &Record<'_>) {
    let version = [
        record.aggregate_type.to_owned(),
        record.event_type.to_owned(),
        record.event_version.to_owned(),
    ];
    *versions.entry(version).or_default() += 1;
}

fn counted(versions: Versions) -> Vec<EventVersion> {
    let versions = versions.into_iter();
    versions
        .map(
            |([aggregate_type, event_type, event_version], events)| EventVersion {
                aggregate_type,
                event_type,
                event_version,
                events,
            },
        )
        .collect()
}

/// Where the files go.
struct Directory<'a>(&'a Path);

impl Directory<'_> {
    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn make(&self) -> Result<(), NotWritten> {
        fs::create_dir_all(self.0).map_err(|source| NotWritten::Unwritable {
            file: self.0.to_owned(),
            source,
        })
    }

    fn write(&self, name: &str, text: &str) -> Result<(), NotWritten> {
        fs::write(self.file(name), text).map_err(self.unwritable(name))
    }

    fn unwritable(&self, name: &str) -> impl FnOnce(io::Error) -> NotWritten {
        let file = self.file(name);
        move |source| NotWritten::Unwritable { file, source }
    }
}
