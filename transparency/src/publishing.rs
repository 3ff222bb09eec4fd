//! The second place: the newest checkpoint in a file, where nobody who changes the database reaches it.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// What C2SP tlog-tiles calls the newest checkpoint.
const NAME: &str = "checkpoint";

/// A directory that the newest checkpoint is published to.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    directory: PathBuf,
}

impl Published {
    pub(crate) const fn to(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Where the checkpoint is.
    pub(crate) fn file(&self) -> PathBuf {
        self.directory.join(NAME)
    }

    /// What was published last; none before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn read(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(self.file()) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Publishes a note: whole, or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write(&self, note: &str) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        let unfinished = self
            .directory
            .join(format!(".{NAME}.{}", std::process::id()));
        write(&unfinished, note)?;
        fs::rename(&unfinished, self.file())
    }
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    let mut opened = File::create(file)?;
    opened.write_all(text.as_bytes())?;
    opened.sync_all()
}
