//! Did Ava make this picture? What the evidence allows to say, and no more.

use crate::ports::{ManifestFound, MarksFound};

/// What speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// A picture of ours has exactly these bytes.
    pub known_hash: bool,
    /// What the picture says about itself.
    pub marks: MarksFound,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MadeByAva {
    /// Proven: by the bytes, or by a signature of ours over them.
    Yes,
    /// It looks so, but what speaks for it could be copied onto another picture.
    Likely,
    /// Nothing speaks for it. That proves nothing: marks can be cut off and metadata be stripped.
    Unknown,
}

impl Evidence {
    /// What it amounts to. The XMP alone says "made by a trained model", not whose.
    #[must_use]
    pub fn made_by_ava(&self) -> MadeByAva {
        let signed = matches!(self.marks.manifest, ManifestFound::Ours { .. });
        if self.known_hash || signed {
            return MadeByAva::Yes;
        }
        if self.marks.visible || self.marks.manifest == ManifestFound::OursChanged {
            return MadeByAva::Likely;
        }
        MadeByAva::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(known_hash: bool, visible: bool, manifest: ManifestFound) -> Evidence {
        Evidence {
            known_hash,
            marks: MarksFound {
                sha256: "ab".repeat(32),
                visible,
                xmp: Some("trainedAlgorithmicMedia".to_owned()),
                manifest,
            },
        }
    }

    #[test]
    fn only_bytes_and_signatures_prove_and_metadata_of_others_says_nothing() {
        let ours = || ManifestFound::Ours {
            sha256: "cd".repeat(32),
        };
        for (evidence, answer) in [
            (evidence(true, false, ManifestFound::None), MadeByAva::Yes),
            (evidence(false, false, ours()), MadeByAva::Yes),
            (
                evidence(false, true, ManifestFound::Unread),
                MadeByAva::Likely,
            ),
            (
                evidence(false, false, ManifestFound::OursChanged),
                MadeByAva::Likely,
            ),
            (
                evidence(false, false, ManifestFound::Foreign),
                MadeByAva::Unknown,
            ),
            (
                evidence(false, false, ManifestFound::Unreadable),
                MadeByAva::Unknown,
            ),
            (
                evidence(false, false, ManifestFound::None),
                MadeByAva::Unknown,
            ),
        ] {
            assert_eq!(evidence.made_by_ava(), answer, "{evidence:?}");
        }
    }
}
