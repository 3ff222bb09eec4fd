//! From time to time: files that were stored and never came to be shown go.

use std::sync::Arc;

use application::figures::LEFT_FILES;
use tokio_util::sync::CancellationToken;

use crate::{
    file_notes::{FileNote, FileNotes},
    parts::{FileSettings, WorkerParts},
    stored_pictures::{Looked, StoredPictures},
};

/// How many notes are taken at a time.
const AT_A_TIME: u32 = 32;

/// Looks at the files of notes that nobody settled.
pub(crate) struct RemoveLeftFiles {
    notes: Arc<dyn FileNotes>,
    pictures: StoredPictures,
    settings: FileSettings,
}

impl RemoveLeftFiles {
    pub(crate) fn new(parts: &WorkerParts) -> Self {
        Self {
            notes: Arc::clone(&parts.ground.file_notes),
            pictures: StoredPictures::new(parts),
            settings: parts.settings.files,
        }
    }

    /// Works until `stop`. What is cut short is due again.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let work = async {
            loop {
                tokio::time::sleep(self.settings.ask_every).await;
                self.look_at_due().await;
            }
        };
        stop.run_until_cancelled(work).await;
    }

    async fn look_at_due(&self) {
        loop {
            let first = self.settings.looks.first;
            let due = match self.notes.take_due(AT_A_TIME, first).await {
                Ok(due) => due,
                Err(error) => {
                    tracing::warn!(%error, "Could not ask which files may be left over");
                    return;
                }
            };
            for note in &due {
                self.look(note).await;
            }
            if due.len() < AT_A_TIME as usize {
                return;
            }
        }
    }

    async fn look(&self, note: &FileNote) {
        let photo_id = note.photo_id;
        match self.pictures.look(note).await {
            Ok(Looked::Awaited | Looked::Clear { removed: 0 }) => {}
            Ok(Looked::Clear { removed }) => {
                for _ in 0..removed {
                    LEFT_FILES.count([]);
                }
                tracing::info!(
                    photo.id = %photo_id,
                    removed,
                    "Removed {removed} files that were stored for photo {photo_id} and that no photo shows"
                );
            }
            Err(error) => {
                tracing::warn!(
                    photo.id = %photo_id,
                    error = &error as &dyn std::error::Error,
                    "Files of photo {photo_id} may be left over; they are looked for again"
                );
            }
        }
    }
}
