//! The secrets that development makes for itself.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, sync::Barrier, thread};

use infrastructure::settings::GeneratedSecrets;

#[test]
fn generated_secrets_stay_the_same_and_belong_to_their_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let first = GeneratedSecrets::open(directory.path()).unwrap();
    let second = GeneratedSecrets::open(directory.path()).unwrap();
    assert_eq!(first.jwt_secret, second.jwt_secret);
    assert_ne!(first.jwt_secret, first.url_signing_key);
    let mode = fs::metadata(directory.path().join("secrets.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn processes_that_start_at_once_in_a_new_directory_agree_on_the_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let together = Barrier::new(8);
    let open = || {
        together.wait();
        GeneratedSecrets::open(directory.path()).unwrap().jwt_secret
    };
    let found: BTreeSet<String> = thread::scope(|scope| {
        let opening: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        opening.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(found.len(), 1);
    let files = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(files, 1, "nothing unfinished stays behind");
}

#[test]
fn damaged_secrets_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secrets.json");
    fs::write(&file, "{").unwrap();
    assert!(GeneratedSecrets::open(directory.path()).is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "{");
}
