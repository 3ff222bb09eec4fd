//! The object store: nothing lies there that no picture shows.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::run::Run;

/// How long it may take until workers have looked for files that are due for a look.
const LOOKED_FOR_WITHIN: Duration = Duration::from_secs(60);

/// Waits until workers have looked for what was left by those that died, and then looks at every file.
pub async fn look(run: &mut Run) -> anyhow::Result<()> {
    // Now, and not in half a minute.
    sqlx::query("UPDATE file_notes SET look_at = now() WHERE clear = 0")
        .execute(&run.system.pool)
        .await?;
    let begun = Instant::now();
    let noted = loop {
        let (noted, unseen): (i64, i64) =
            sqlx::query_as("SELECT count(*), count(*) FILTER (WHERE clear = 0) FROM file_notes")
                .fetch_one(&run.system.pool)
                .await?;
        if unseen == 0 || begun.elapsed() > LOOKED_FOR_WITHIN {
            break noted;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let shown: Vec<String> = sqlx::query_scalar(
        "SELECT key FROM photos, unnest(ARRAY[image ->> 'key', image ->> 'thumbnail_key']) AS k (key)
          WHERE image IS NOT NULL",
    )
    .fetch_all(&run.system.pool)
    .await?;
    let objects = run.system.objects();
    let shown: HashSet<PathBuf> = shown.iter().map(|key| objects.join(key)).collect();
    let files = files(&objects.join("pictures"))?;
    let left = files.iter().filter(|file| !shown.contains(*file));
    let left: Vec<String> = left.map(|file| file.display().to_string()).collect();
    run.verdicts.no_exception(
        "no file lies in the object store that no picture shows",
        format!(
            "{} files, {noted} notes of processes that died",
            files.len()
        ),
        &left,
    );
    Ok(())
}

fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        match path.is_dir() {
            true => found.extend(files(&path)?),
            false => found.push(path),
        }
    }
    Ok(found)
}
