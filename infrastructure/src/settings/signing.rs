//! What pictures are signed with (C2PA), where the program was built to sign.

use std::fs;

use provenance::SigningKeys;

use super::{Environment, reader::Reader};

const CERTIFICATE: &str = "C2PA_CERTIFICATE";
const PRIVATE_KEY: &str = "C2PA_PRIVATE_KEY";

/// Certificate and key; none where nothing is signed, or where a trial's will do.
pub(super) fn keys(
    reader: &mut Reader<'_>,
    environment: Environment,
    signs: bool,
) -> Option<SigningKeys> {
    let (certificate, private_key) = (pem(reader, CERTIFICATE), pem(reader, PRIVATE_KEY));
    if !signs {
        for (name, value) in [(CERTIFICATE, &certificate), (PRIVATE_KEY, &private_key)] {
            if value.is_some() {
                reader.problem(
                    name,
                    "is set, but this program was built without signing: build it with `--features c2pa`, or unset it",
                );
            }
        }
        return None;
    }
    // Half a pair is a mistake anywhere; in production, none is one too.
    let needed = environment == Environment::Production
        || reader.text(CERTIFICATE).is_some()
        || reader.text(PRIVATE_KEY).is_some();
    for name in [CERTIFICATE, PRIVATE_KEY] {
        if needed && reader.text(name).is_none() {
            let why = match environment {
                Environment::Production => {
                    "and APP_ENV is production: a trial's is for development"
                }
                Environment::Development | Environment::Test => {
                    "although the other of the pair is set"
                }
            };
            reader.problem(name, format_args!("is missing, {why}"));
        }
    }
    Some(SigningKeys {
        certificate: certificate?,
        private_key: private_key?,
    })
}

/// PEM, as it stands there or in the file that is named there.
fn pem(reader: &mut Reader<'_>, name: &str) -> Option<String> {
    let text = reader.text(name)?;
    if text.starts_with("-----BEGIN") {
        // One line is all that some places for variables take.
        return Some(text.replace("\\n", "\n"));
    }
    match fs::read_to_string(&text) {
        Ok(pem) => Some(pem),
        Err(error) => {
            reader.problem(
                name,
                format_args!(
                    "names the file {text:?}, which cannot be read ({error}); give a file in PEM, or the PEM itself"
                ),
            );
            None
        }
    }
}
