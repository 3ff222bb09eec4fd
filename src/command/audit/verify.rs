//! `ava audit verify`: is the log, or a bundle of it, what was hashed and signed?

use std::{error::Error, fs, io::ErrorKind, path::Path};

use serde_json::{Value, json};
use transparency::{
    Evidence, Finding, NotVerified, Place, Verification, Verified, VerifierKey,
    bundle::{BundleVerified, NotRead, verify_directory},
};

use super::{Answer, Job, VerifyArgs, hex};
use crate::{
    command::{print, progress::Bar},
    failure::Failure,
};

/// Checks the log in its database.
pub async fn log(job: &Job<'_>, against: VerifyArgs) -> Result<Answer, Failure> {
    let keys = match against.key {
        keys if keys.is_empty() => job.secrets.audit.verifiers(),
        keys => keys,
    };
    let published = job.published_to.join("checkpoint");
    let mut evidence = Vec::new();
    for file in &against.checkpoint {
        evidence.push(kept(file).map_err(|error| unreadable(file, error))?);
    }
    match kept(&published) {
        Ok(kept) => evidence.push(kept),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(unreadable(&published, error)),
    }
    let verification = Verification {
        tree: &job.tree,
        keys: &keys,
        evidence: &evidence,
    };
    let mut bar = Bar::new("verifying", "");
    let verified = verification.run(|done, all| bar.show(done, all)).await;
    bar.end();
    match verified {
        Ok(verified) => Ok(told(&verified, evidence.len(), job.json).into()),
        Err(NotVerified::Found(finding)) => Ok(does_not_fit("the log", &finding, job.json)),
        Err(error @ NotVerified::Database(_)) => Err(Failure::try_again(error)),
    }
}

/// Checks a bundle.
pub fn bundle(directory: &Path, keys: &[VerifierKey], json: bool) -> Result<(), Failure> {
    let mut bar = Bar::new("verifying", "");
    let verified = verify_directory(directory, keys, |done, all| bar.show(done, all));
    bar.end();
    let answer = match verified {
        Ok(verified) => told_of_bundle(&verified, keys.is_empty(), json).into(),
        Err(NotRead::Found(finding)) => does_not_fit("the bundle", &finding, json),
        Err(error @ NotRead::Unreadable { .. }) => return Err(Failure::other(error)),
    };
    print(&answer.text)?;
    answer.verdict
}

fn kept(file: &Path) -> std::io::Result<Evidence> {
    Ok(Evidence {
        kept_in: file.display().to_string(),
        note: fs::read_to_string(file)?,
    })
}

fn unreadable(file: &Path, error: impl Error) -> Failure {
    Failure::usage(format!("{} cannot be read: {error}", file.display()))
}

fn told(verified: &Verified, kept: usize, json: bool) -> String {
    let Verified {
        size,
        root,
        checkpoints,
        not_hashed_yet,
    } = verified;
    let root = hex(root);
    if json {
        let told = json!({
            "fits": true,
            "size": size,
            "root": root,
            "checkpoints": checkpoints,
            "kept_checkpoints": kept,
            "not_hashed_yet": not_hashed_yet,
        });
        return format!("{told}\n");
    }
    let mut text = format!(
        "The log is what was hashed and signed: {size} events, {checkpoints} checkpoints in the database and {kept} kept \
         elsewhere.\nRoot {root}\n"
    );
    if *not_hashed_yet > 0 {
        text.push_str(&format!(
            "Nothing vouches yet for the last events, {not_hashed_yet} of them: they are not in the tree.\n"
        ));
    }
    text
}

fn told_of_bundle(verified: &BundleVerified, by_its_own: bool, json: bool) -> String {
    let BundleVerified {
        origin,
        size,
        root,
        earlier,
        parquet,
        keys,
    } = verified;
    let root = hex(root);
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    if json {
        let told = json!({
            "fits": true,
            "origin": origin,
            "size": size,
            "root": root,
            "earlier_checkpoints": earlier,
            "parquet": parquet,
            "keys": keys,
            "keys_are_its_own": by_its_own,
        });
        return format!("{told}\n");
    }
    let mut text = format!(
        "The bundle fits: {size} events of {origin}, and {earlier} earlier checkpoints that lead to it.\nRoot {root}\n"
    );
    if *parquet {
        text.push_str("The same events stand in events.parquet.\n");
    }
    if by_its_own {
        text.push_str("By the keys that it names itself. Compare them with those that you got from elsewhere:\n");
        for key in keys {
            text.push_str(&format!("  {key}\n"));
        }
    }
    text
}

fn does_not_fit(what: &str, finding: &Finding, json: bool) -> Answer {
    let text = if json {
        format!("{}\n", as_json(finding))
    } else {
        String::new()
    };
    Answer {
        text,
        verdict: Err(Failure::other(format!(
            "{what} does not fit, first at {finding}"
        ))),
    }
}

fn as_json(finding: &Finding) -> Value {
    let mut told = json!({ "fits": false, "what": finding.what });
    match &finding.place {
        Place::Position(position) => told["position"] = json!(position),
        Place::Positions(from, to) => told["positions"] = json!([from, to]),
        Place::Checkpoint(size) => told["checkpoint"] = json!(size),
        Place::File(name) => told["file"] = json!(name),
        Place::Kept(file) => told["file"] = json!(file),
    }
    told
}
