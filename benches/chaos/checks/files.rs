//! The object store: nothing lies there that no picture shows.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::run::Run;

/// How long files may lie there that a process left which died: twice the time until somebody looks for them.
const LOOKED_FOR_WITHIN: Duration = Duration::from_secs(60);

/// Waits until somebody has looked for what was left, and then looks at every file.
pub async fn look(run: &mut Run) -> anyhow::Result<()> {
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
