//! A bundle that somebody changed: what fits no more is named, by ours and by the independent verifier.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use transparency::{
    Place, VerifierKey,
    bundle::{BundleVerified, Files, Maker, NotRead, verify, verify_directory},
};

use crate::test_log::{TestLog, signing_key};

/// How many changes are tried.
const MUTATIONS: u32 = 10_000;

/// A bundle in memory.
#[derive(Clone)]
struct Bundle {
    files: Files,
    events: Vec<u8>,
    key: VerifierKey,
}

/// What was done to a bundle, and where that must be found.
struct Mutation {
    bundle: Bundle,
    what: String,
    places: Vec<Place>,
}

/// Numbers that look random and are the same each time (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

/// A log of 21 events with four checkpoints, as files.
async fn written(parquet: bool) -> (TestLog, tempfile::TempDir) {
    let log = TestLog::start().await;
    for many in [1, 7, 8, 5] {
        log.append(many).await;
        log.grown().await;
    }
    let directory = tempfile::tempdir().unwrap();
    let maker = Maker {
        tree: &log.tree,
        keys: &log.keys,
        program: "ava test",
        parquet,
    };
    let newest = log.tree.newest_checkpoint().await.unwrap().unwrap();
    maker
        .write(&newest, directory.path(), |_, _| {})
        .await
        .unwrap();
    (log, directory)
}

impl Bundle {
    fn read(directory: &Path, key: &VerifierKey) -> Self {
        let read = |name: &str| fs::read(directory.join(name)).unwrap();
        Self {
            files: Files {
                manifest: read("manifest.json"),
                signature: read("manifest.sig"),
                checkpoint: read("checkpoint"),
                proofs: read("proofs.jsonl"),
            },
            events: read("events.jsonl"),
            key: key.clone(),
        }
    }

    fn write(&self, directory: &Path) {
        let Files {
            manifest,
            signature,
            checkpoint,
            proofs,
        } = &self.files;
        for (name, bytes) in [
            ("manifest.json", manifest),
            ("manifest.sig", signature),
            ("checkpoint", checkpoint),
            ("proofs.jsonl", proofs),
            ("events.jsonl", &self.events),
        ] {
            fs::write(directory.join(name), bytes).unwrap();
        }
    }

    fn verify(&self) -> Result<BundleVerified, NotRead> {
        let keys = [self.key.clone()];
        verify(&self.files, self.events.as_slice(), None, &keys, |_, _| {})
    }

    fn lines(&self) -> Vec<Vec<u8>> {
        let lines = self.events.split_inclusive(|byte| *byte == b'\n');
        lines.map(<[u8]>::to_vec).collect()
    }

    /// The position of the event in whose line that byte stands.
    fn position(&self, at: usize) -> Place {
        let ends = self.events[..at].iter().filter(|byte| **byte == b'\n');
        Place::Position(ends.count() as u64 + 1)
    }

    fn mutated(&self, dice: &mut Dice) -> Mutation {
        let mut bundle = self.clone();
        let mut lines = self.lines();
        let (what, place) = match dice.below(6) {
            0 => {
                let at = dice.below(self.events.len());
                let bit = 1 << dice.below(8);
                bundle.events[at] ^= bit;
                (format!("byte {at} ^ {bit}"), self.position(at))
            }
            1 => {
                let at = dice.below(lines.len());
                lines.remove(at);
                bundle.events = lines.concat();
                (format!("line {at} gone"), Place::Position(at as u64 + 1))
            }
            2 => {
                let one = dice.below(lines.len() - 1);
                let other = one + 1 + dice.below(lines.len() - 1 - one);
                lines.swap(one, other);
                bundle.events = lines.concat();
                (
                    format!("lines {one} and {other} changed places"),
                    Place::Position(one as u64 + 1),
                )
            }
            3 => {
                let at = dice.below(self.events.len());
                bundle.events.truncate(at);
                (format!("cut off at {at}"), self.position(at))
            }
            4 => {
                let at = dice.below(lines.len());
                lines.insert(at, lines[at].clone());
                bundle.events = lines.concat();
                (format!("line {at} twice"), Place::Position(at as u64 + 2))
            }
            _ => return self.with_another_file(dice),
        };
        Mutation {
            bundle,
            what,
            places: vec![place],
        }
    }

    fn with_another_file(&self, dice: &mut Dice) -> Mutation {
        let mut bundle = self.clone();
        let Files {
            manifest,
            signature,
            checkpoint,
            proofs,
        } = &mut bundle.files;
        // Which of two does not fit the other cannot be told.
        let both = vec![Place::File("manifest.json"), Place::File("manifest.sig")];
        let (bytes, places) = match dice.below(4) {
            0 => (manifest, both),
            1 => (signature, both),
            2 => (checkpoint, vec![Place::File("checkpoint")]),
            _ => (proofs, vec![Place::File("proofs.jsonl")]),
        };
        let at = dice.below(bytes.len());
        let what = if dice.below(2) == 0 {
            bytes[at] ^= 1 << dice.below(8);
            format!("byte {at} of one of {places:?}")
        } else {
            bytes.truncate(at);
            format!("cut off at {at}: one of {places:?}")
        };
        Mutation {
            bundle,
            what,
            places,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_thousand_changes_every_one_is_found_where_it_is() {
    let (log, directory) = written(false).await;
    let bundle = Bundle::read(directory.path(), log.keys.signing().verifier());
    let verified = bundle.verify().unwrap();
    assert_eq!((verified.size, verified.earlier), (21, 3));
    let mut dice = Dice(0x0a7a);
    for nth in 0..MUTATIONS {
        let Mutation {
            bundle,
            what,
            places,
        } = bundle.mutated(&mut dice);
        let found = bundle.verify().expect_err(&what);
        let place = found.place().unwrap();
        assert!(
            places.contains(place),
            "{nth}: {what} in {places:?}, found: {found}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_as_good_as_the_key_that_it_is_held_against() {
    let (log, directory) = written(false).await;
    let own = [log.keys.signing().verifier().clone()];
    let verify = |keys: &[VerifierKey]| verify_directory(directory.path(), keys, |_, _| {});
    assert_eq!(verify(&own).unwrap().keys, own);
    // Without a key, the ones that it names are told, for somebody to compare.
    assert_eq!(verify(&[]).unwrap().keys, own);
    let other = signing_key(9).verifier().clone();
    let found = verify(&[other]).unwrap_err().to_string();
    assert_eq!(
        found,
        "manifest.json: is not signed with a known key, going by manifest.sig"
    );
    fs::remove_file(directory.path().join("proofs.jsonl")).unwrap();
    assert_eq!(
        verify(&[]).unwrap_err().to_string(),
        "proofs.jsonl: is missing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_does_not_fit_makes_no_bundle() {
    let (log, _) = written(false).await;
    log.tamper(&["UPDATE events SET payload = '{}' WHERE position = 12"])
        .await;
    let maker = Maker {
        tree: &log.tree,
        keys: &log.keys,
        program: "ava test",
        parquet: true,
    };
    let directory = tempfile::tempdir().unwrap();
    let newest = log.tree.newest_checkpoint().await.unwrap().unwrap();
    let refused = maker.write(&newest, directory.path(), |_, _| {}).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("do not have the root")
    );
    assert!(!directory.path().join("manifest.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_columns_are_the_lines_and_are_checked_without_them() {
    let (log, directory) = written(true).await;
    let keys = [log.keys.signing().verifier().clone()];
    let path = directory.path().join("events.parquet");
    let verify = || verify_directory(directory.path(), &keys, |_, _| {});
    assert!(verify().unwrap().parquet);

    let sound = fs::read(&path).unwrap();
    let not_the_one = "events.parquet: is not the file that the manifest names";
    let mut dice = Dice(0x0c01);
    for nth in 0..500 {
        let mut bytes = sound.clone();
        let at = dice.below(bytes.len());
        bytes[at] ^= 1 << dice.below(8);
        fs::write(&path, bytes).unwrap();
        assert_eq!(
            verify().unwrap_err().to_string(),
            not_the_one,
            "{nth}: byte {at}"
        );
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(
        verify().unwrap_err().to_string(),
        "events.parquet: is missing"
    );
    fs::write(&path, sound).unwrap();

    let (log, without) = written(false).await;
    let keys = [log.keys.signing().verifier().clone()];
    let verify = || verify_directory(without.path(), &keys, |_, _| {});
    assert!(!verify().unwrap().parquet);
    fs::copy(&path, without.path().join("events.parquet")).unwrap();
    assert_eq!(verify().unwrap_err().to_string(), not_the_one);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_columns_that_say_something_else_is_found_out() {
    let (log, directory) = written(true).await;
    let (other, others) = written(true).await;
    // The other log's columns, named and signed by this one.
    let columns = fs::read(others.path().join("events.parquet")).unwrap();
    fs::write(directory.path().join("events.parquet"), &columns).unwrap();
    let manifest = directory.path().join("manifest.json");
    let own = files_of(&manifest);
    let foreign = files_of(&others.path().join("manifest.json"));
    let mut told: serde_json::Value =
        serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    assert_ne!(own, foreign);
    told["files"]["events.parquet"] = foreign;
    let told = format!("{told:#}\n");
    fs::write(&manifest, &told).unwrap();
    let signature = log.keys.signing().signature(&told);
    fs::write(directory.path().join("manifest.sig"), signature).unwrap();
    let keys = [log.keys.signing().verifier().clone()];
    let found = verify_directory(directory.path(), &keys, |_, _| {}).unwrap_err();
    assert_eq!(found.place(), Some(&Place::Positions(1, 21)), "{found}");
    drop(other);
}

/// What a manifest says of the columns.
fn files_of(manifest: &Path) -> serde_json::Value {
    let told: serde_json::Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
    told["files"]["events.parquet"].clone()
}

/// Runs the verifier that was written from the documentation alone.
fn python(arguments: &[&str]) -> Output {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify_bundle.py");
    let mut command = Command::new("python3");
    command.arg(program).args(arguments);
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_independent_verifier_says_the_same() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3 on this machine");
        return;
    }
    let (log, directory) = written(true).await;
    let key = log.keys.signing().verifier().to_string();
    let path = directory.path().to_str().unwrap();
    for ed25519 in ["own", "any"] {
        let accepted = python(&["--key", &key, "--ed25519", ed25519, path]);
        let said = String::from_utf8_lossy(&accepted.stdout).into_owned();
        let complained = String::from_utf8_lossy(&accepted.stderr).into_owned();
        assert!(accepted.status.success(), "{said}{complained}");
        assert!(said.contains("21 events"), "{said}");
        assert!(said.contains("and the events.parquet"), "{said}");
    }
    let columns = directory.path().join("events.parquet");
    let mut bytes = fs::read(&columns).unwrap();
    bytes[100] ^= 1;
    fs::write(&columns, &bytes).unwrap();
    let said = python(&["--key", &key, path]);
    let told = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(
        told.contains("events.parquet: it is not the file"),
        "{told}"
    );
    fs::remove_file(&columns).unwrap();
    let said = python(&["--key", &key, path]);
    let told = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(told.contains("events.parquet: it is missing"), "{told}");

    let (log, directory) = written(false).await;
    let key = log.keys.signing().verifier().to_string();
    let path = directory.path().to_str().unwrap();
    let other = signing_key(9).verifier().to_string();
    assert_eq!(python(&["--key", &other, path]).status.code(), Some(1));

    let bundle = Bundle::read(directory.path(), log.keys.signing().verifier());
    let mut dice = Dice(0x9714);
    let changed: Vec<(PathBuf, Mutation)> = (0..200)
        .map(|nth| {
            let mutation = bundle.mutated(&mut dice);
            let place = directory.path().join(format!("changed-{nth}"));
            fs::create_dir(&place).unwrap();
            mutation.bundle.write(&place);
            (place, mutation)
        })
        .collect();
    let mut arguments = vec!["--key", &key];
    arguments.extend(changed.iter().map(|(place, _)| place.to_str().unwrap()));
    let rejected = python(&arguments);
    assert_eq!(rejected.status.code(), Some(1));
    let said = String::from_utf8(rejected.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), changed.len(), "{said}");
    for (line, (place, mutation)) in lines.iter().zip(&changed) {
        let Mutation { what, places, .. } = mutation;
        let told = line
            .strip_prefix(&format!("{}: ", place.display()))
            .unwrap();
        let fits = places
            .iter()
            .any(|place| told.starts_with(&format!("{place}: ")));
        assert!(fits, "{what} in {places:?}, found: {told}");
    }
}
