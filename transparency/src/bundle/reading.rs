//! Checking a bundle.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    CHECKPOINT, COLUMNS, EVENTS, FORMAT, MANIFEST, PROOFS, SIGNATURE, columns,
    line::Line,
    manifest::{Adding, Manifest, Sum},
};
use crate::{
    checker::Checker,
    checkpoint::Checkpoint,
    finding::{Finding, Place},
    leaf::LAYOUT,
    merkle::Hash,
    note::{NoteError, VerifierKey, signed},
    proof::ConsistencyProof,
};

/// The small files of a bundle, as bytes.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "they have the files' names")]
pub struct Files {
    pub manifest: Vec<u8>,
    pub signature: Vec<u8>,
    pub checkpoint: Vec<u8>,
    pub proofs: Vec<u8>,
}

/// A bundle that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleVerified {
    /// The log's name.
    pub origin: String,
    /// How many events there are.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// How many earlier checkpoints lead to it.
    pub earlier: u64,
    /// Whether the same events are there as Parquet.
    pub parquet: bool,
    /// The keys that count, one of which signed the manifest; worth something only when they are known from elsewhere.
    pub keys: Vec<VerifierKey>,
}

/// Why a bundle was not verified.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    /// Something does not fit.
    #[error(transparent)]
    Found(#[from] Finding),
    /// A file cannot be read.
    #[error("{} cannot be read", file.display())]
    Unreadable {
        /// Which one.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A line of `proofs.jsonl`.
#[derive(Deserialize)]
struct Earlier {
    checkpoint: String,
    #[serde(flatten)]
    proof: ConsistencyProof,
}

/// Checks the bundle in a directory. `keys`: whose signature counts; when there are none, those that the bundle names,
/// which somebody then has to compare with what they know. `progress` hears how many events of how many were looked at.
///
/// # Errors
/// The first thing that does not fit.
pub fn verify_directory(
    directory: &Path,
    keys: &[VerifierKey],
    progress: impl FnMut(u64, u64),
) -> Result<BundleVerified, NotRead> {
    let unreadable = |name: &str| {
        let file = directory.join(name);
        move |source| NotRead::Unreadable { file, source }
    };
    let read = |name: &'static str| match fs::read(directory.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Finding::file(name, "is missing").into())
        }
        read => read.map_err(unreadable(name)),
    };
    let files = Files {
        manifest: read(MANIFEST)?,
        signature: read(SIGNATURE)?,
        checkpoint: read(CHECKPOINT)?,
        proofs: read(PROOFS)?,
    };
    let open = |name: &'static str| match File::open(directory.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some).map_err(unreadable(name)),
    };
    let events = open(EVENTS)?.ok_or_else(|| Finding::file(EVENTS, "is missing"))?;
    let events = BufReader::with_capacity(1 << 20, events);
    verify(&files, events, open(COLUMNS)?, keys, progress).map_err(|error| match error {
        NotRead::Unreadable { file, source } => NotRead::Unreadable {
            file: directory.join(file),
            source,
        },
        found @ NotRead::Found(_) => found,
    })
}

/// The same of a bundle that is somewhere else; `columns` is its Parquet file, when it has one.
///
/// # Errors
/// The first thing that does not fit.
pub fn verify(
    files: &Files,
    events: impl BufRead,
    columns: Option<File>,
    keys: &[VerifierKey],
    mut progress: impl FnMut(u64, u64),
) -> Result<BundleVerified, NotRead> {
    let (manifest, named) = manifest(files)?;
    let keys = trusted(files, &named, keys)?;
    let checkpoint = checkpoint(files, &manifest, &keys)?;
    // Who is trusted with the manifest is trusted with the older keys that it names.
    let mut earlier = earlier(files, &manifest, &checkpoint, &named)?;
    let led = earlier.len() as u64;
    // Both are read to the end, one after the other.
    let passes = if columns.is_some() { 2 } else { 1 };
    let all = passes * checkpoint.size;
    let sum = lines(events, &checkpoint, &mut earlier, |done| {
        progress(done, all)
    })?;
    must_be(EVENTS, sum, &manifest)?;
    let parquet = columns.is_some();
    rows(columns, &checkpoint, &manifest, |done| {
        progress(checkpoint.size + done, all);
    })?;
    progress(all, all);
    Ok(BundleVerified {
        origin: checkpoint.origin,
        size: checkpoint.size,
        root: checkpoint.root,
        earlier: led,
        parquet,
        keys,
    })
}

/// Checks `events.jsonl` against all checkpoints; the file's length and hash.
fn lines(
    mut events: impl BufRead,
    checkpoint: &Checkpoint,
    earlier: &mut VecDeque<Checkpoint>,
    mut progress: impl FnMut(u64),
) -> Result<Sum, NotRead> {
    let mut checker = Checker::default();
    let mut adding = Adding::default();
    let mut bytes = Vec::new();
    reached(&mut checker, earlier)?;
    loop {
        bytes.clear();
        let read = events.read_until(b'\n', &mut bytes);
        let read = read.map_err(|source| NotRead::Unreadable {
            file: EVENTS.into(),
            source,
        })?;
        if read == 0 {
            break;
        }
        adding.add(&bytes);
        take(&mut checker, &bytes, checkpoint.size)?;
        reached(&mut checker, earlier)?;
        if checker.size().is_multiple_of(4096) {
            checker.additions();
            progress(checker.size());
        }
    }
    must_end(&mut checker, checkpoint)?;
    Ok(adding.sum())
}

/// Checks that `events.parquet` is there exactly when the manifest names it, and holds the events that were signed.
fn rows(
    file: Option<File>,
    checkpoint: &Checkpoint,
    manifest: &Manifest,
    progress: impl FnMut(u64),
) -> Result<(), NotRead> {
    let Some(file) = file else {
        if manifest.files.contains_key(COLUMNS) {
            return Err(Finding::file(COLUMNS, "is missing").into());
        }
        return Ok(());
    };
    let sum = sum(&file).map_err(|source| NotRead::Unreadable {
        file: COLUMNS.into(),
        source,
    })?;
    must_be(COLUMNS, sum, manifest)?;
    let mut checker = Checker::default();
    columns::take(file, &mut checker, checkpoint.size, progress)?;
    must_end(&mut checker, checkpoint)?;
    Ok(())
}

fn sum(mut file: &File) -> io::Result<Sum> {
    let mut adding = Adding::default();
    let mut bytes = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut bytes)?;
        if read == 0 {
            break;
        }
        adding.add(&bytes[..read]);
    }
    file.rewind()?;
    Ok(adding.sum())
}

/// All events were taken, and have the root that was signed.
fn must_end(checker: &mut Checker, checkpoint: &Checkpoint) -> Result<(), Finding> {
    let size = checkpoint.size;
    if checker.size() < size {
        let what = format!("is missing: there should be {size} events");
        return Err(Finding::position(checker.size() + 1, what));
    }
    checker.must_have(&checkpoint.root, "the checkpoint")
}

/// The manifest, and the keys that it names.
fn manifest(files: &Files) -> Result<(Manifest, Vec<VerifierKey>), Finding> {
    let wrong = |what: String| Finding::file(MANIFEST, what);
    let manifest: Manifest = serde_json::from_slice(&files.manifest)
        .map_err(|error| wrong(format!("cannot be read ({error})")))?;
    let Manifest { format, layout, .. } = &manifest;
    if format != FORMAT || *layout != LAYOUT {
        return Err(wrong(format!(
            "is of the format {format} with records of layout {layout}, which this program does not know"
        )));
    }
    let key = |key: &String| {
        key.parse()
            .map_err(|error| wrong(format!("{key:?} {error}")))
    };
    let named = manifest.keys.iter().map(key).collect::<Result<_, _>>()?;
    Ok((manifest, named))
}

/// Those keys that count, once it is sure that one of them signed the manifest.
fn trusted(
    files: &Files,
    named: &[VerifierKey],
    keys: &[VerifierKey],
) -> Result<Vec<VerifierKey>, Finding> {
    let counts = |key: &&VerifierKey| keys.is_empty() || keys.contains(key);
    let trusted: Vec<VerifierKey> = named.iter().filter(counts).cloned().collect();
    let text = std::str::from_utf8(&files.manifest)
        .map_err(|_| Finding::file(MANIFEST, "is not UTF-8"))?;
    let signature = std::str::from_utf8(&files.signature)
        .map_err(|_| Finding::file(SIGNATURE, "is not UTF-8"))?;
    match signed(text, signature, &trusted) {
        Ok(()) => Ok(trusted),
        Err(error @ NoteError::Malformed(_)) => Err(Finding::file(SIGNATURE, error.to_string())),
        Err(error @ (NoteError::Unsigned | NoteError::Forged)) => {
            let what = format!("{error}, going by {SIGNATURE}");
            Err(Finding::file(MANIFEST, what))
        }
    }
}

fn must_be(name: &'static str, sum: Sum, manifest: &Manifest) -> Result<(), Finding> {
    if manifest.files.get(name) == Some(&sum) {
        Ok(())
    } else {
        Err(Finding::file(
            name,
            "is not the file that the manifest names",
        ))
    }
}

fn checkpoint(
    files: &Files,
    manifest: &Manifest,
    keys: &[VerifierKey],
) -> Result<Checkpoint, Finding> {
    must_be(CHECKPOINT, Sum::of(&files.checkpoint), manifest)?;
    let wrong = |what: String| Finding::file(CHECKPOINT, what);
    let note = std::str::from_utf8(&files.checkpoint).map_err(|error| wrong(error.to_string()))?;
    let checkpoint = Checkpoint::open(note, keys).map_err(|error| wrong(error.to_string()))?;
    let said = (&manifest.origin, manifest.size, manifest.root);
    if (&checkpoint.origin, checkpoint.size, checkpoint.root) != said {
        return Err(wrong("is not the one that the manifest names".to_owned()));
    }
    Ok(checkpoint)
}

/// The earlier checkpoints, the smallest first, each of which leads to that one.
fn earlier(
    files: &Files,
    manifest: &Manifest,
    last: &Checkpoint,
    keys: &[VerifierKey],
) -> Result<VecDeque<Checkpoint>, Finding> {
    must_be(PROOFS, Sum::of(&files.proofs), manifest)?;
    let wrong = |what: String| Finding::file(PROOFS, what);
    let mut all = VecDeque::<Checkpoint>::new();
    for line in serde_json::Deserializer::from_slice(&files.proofs).into_iter::<Earlier>() {
        let Earlier { checkpoint, proof } = line.map_err(|error| wrong(error.to_string()))?;
        let checkpoint =
            Checkpoint::open(&checkpoint, keys).map_err(|error| wrong(error.to_string()))?;
        let leads = (proof.from, proof.to) == (checkpoint.size, last.size)
            && checkpoint.origin == last.origin
            && proof.leads(&checkpoint.root, &last.root);
        if !leads
            || all
                .back()
                .is_some_and(|before| before.size >= checkpoint.size)
        {
            return Err(wrong(format!(
                "does not lead from the checkpoint over {} events",
                checkpoint.size
            )));
        }
        all.push_back(checkpoint);
    }
    Ok(all)
}

/// The next line.
fn take(checker: &mut Checker, bytes: &[u8], size: u64) -> Result<(), Finding> {
    let next = checker.size() + 1;
    if next > size {
        let what = format!("there should be only {size} events");
        return Err(Finding::position(next, what));
    }
    let wrong = |what: String| Finding::position(next, what);
    let text = bytes
        .strip_suffix(b"\n")
        .ok_or_else(|| wrong("its line does not end".to_owned()))?;
    let line = Line::read(text).map_err(wrong)?;
    let record = line.record().map_err(wrong)?;
    checker.take(&record, Some(&line.leaf_hash))
}

/// Holds the events against the earlier checkpoint over so many.
fn reached(checker: &mut Checker, earlier: &mut VecDeque<Checkpoint>) -> Result<(), Finding> {
    if let Some(checkpoint) = earlier.front()
        && checkpoint.size == checker.size()
    {
        checker.must_have(&checkpoint.root, "an earlier checkpoint")?;
        earlier.pop_front();
    }
    Ok(())
}

impl NotRead {
    /// Where something does not fit; none when a file could not be read.
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::Found(finding) => Some(&finding.place),
            Self::Unreadable { .. } => None,
        }
    }
}
