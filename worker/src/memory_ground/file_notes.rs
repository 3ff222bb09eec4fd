//! Notes of files in memory.

use std::time::Duration;

use async_trait::async_trait;
use domain::values::PhotoId;

use super::{MemoryGround, delta};
use crate::file_notes::{FileNote, FileNotes, Looks};

#[async_trait]
impl FileNotes for MemoryGround {
    async fn note_down(&self, note: &FileNote, due_after: Duration) -> sqlx::Result<()> {
        let look_at = self.now() + delta(due_after);
        let mut kept = self.kept();
        let noted = kept.file_notes.entry(note.clone()).or_default();
        noted.writes += 1;
        noted.clear = 0;
        noted.look_at = look_at;
        Ok(())
    }

    async fn settle(&self, note: &FileNote) -> sqlx::Result<()> {
        let mut kept = self.kept();
        if kept
            .file_notes
            .get(note)
            .is_some_and(|noted| noted.writes == 1)
        {
            kept.file_notes.remove(note);
        }
        Ok(())
    }

    async fn take_due(&self, most: u32, due_again: Duration) -> sqlx::Result<Vec<FileNote>> {
        let now = self.now();
        let mut kept = self.kept();
        let notes = kept.file_notes.iter_mut();
        let mut due: Vec<_> = notes.filter(|(_, noted)| noted.look_at <= now).collect();
        due.sort_by_key(|(_, noted)| noted.look_at);
        due.truncate(most as usize);
        let mut taken = Vec::new();
        for (note, noted) in due {
            noted.look_at = now + delta(due_again);
            taken.push(note.clone());
        }
        Ok(taken)
    }

    async fn of_photo(&self, photo_id: PhotoId) -> sqlx::Result<Vec<FileNote>> {
        let kept = self.kept();
        let notes = kept.file_notes.keys();
        Ok(notes
            .filter(|note| note.photo_id == photo_id)
            .cloned()
            .collect())
    }

    async fn naming(&self, keys: [&str; 2]) -> sqlx::Result<Vec<(FileNote, u32)>> {
        let kept = self.kept();
        let names = |note: &FileNote| note.keys().iter().any(|key| keys.contains(key));
        let notes = kept.file_notes.iter().filter(|(note, _)| names(note));
        Ok(notes
            .map(|(note, noted)| (note.clone(), noted.writes))
            .collect())
    }

    async fn found_clear(&self, note: &FileNote, looks: Looks) -> sqlx::Result<()> {
        let now = self.now();
        let mut kept = self.kept();
        let Some(noted) = kept.file_notes.get_mut(note) else {
            return Ok(());
        };
        noted.clear += 1;
        noted.look_at = now + delta(looks.first.saturating_mul(1 << noted.clear.min(20)));
        if noted.clear >= looks.enough {
            kept.file_notes.remove(note);
        }
        Ok(())
    }
}
