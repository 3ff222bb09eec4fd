//! No space is left where PostgreSQL or the pictures are: what was acknowledged stays, the rest is put off, and with space all
//! is well again.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use infrastructure::scratch_server::ScratchServer;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    database_trouble::{PATIENCE, is_done, rename, rename_at_last, renamings, with_companion},
    running::{RunningAva, ava, data_dir},
};

/// A small file system of its own, which is gone with the test.
struct SmallDisk {
    directory: PathBuf,
}

impl SmallDisk {
    /// None where this user may not mount one.
    fn mount(directory: PathBuf, megabytes: u32) -> Option<Self> {
        fs::create_dir_all(&directory).unwrap();
        let size = format!("size={megabytes}m,mode=755");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&directory)
            .output();
        mounted
            .is_ok_and(|mounted| mounted.status.success())
            .then_some(Self { directory })
    }

    /// Takes all space that is left.
    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        for size in [1 << 20, 4096, 1] {
            while file.write_all(&vec![7; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.directory.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("-l")
            .arg(&self.directory)
            .status();
    }
}

fn up(directory: &Path, database: Option<&ScratchServer>) -> RunningAva {
    let mut command = ava(directory, &["up", "--json"]);
    command.env("RATE_LIMITS", "off");
    if let Some(database) = database {
        command.env("DATABASE_URL", database.url("postgres"));
    }
    RunningAva::start_from(command, directory)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_of_the_database_loses_nothing_that_was_acknowledged() {
    let directory = data_dir();
    let Some(disk) = SmallDisk::mount(directory.path().join("small"), 400) else {
        return println!("skipped: this user may not mount a small file system");
    };
    let mut postgres = ScratchServer::start(&disk.directory.join("server")).unwrap();
    let running = up(directory.path(), Some(&postgres));
    let person = with_companion(&running, "ada@example.com").await;
    rename_at_last(&person, "Ava 1").await.unwrap();

    disk.fill();
    let mut done = 1;
    // WAL that was made before has room for some more; then a new piece of it is needed.
    let operator = PgPool::connect_lazy(&postgres.url("postgres")).unwrap();
    let (key, begun) = loop {
        let _ = sqlx::query("SELECT pg_switch_wal()")
            .execute(&operator)
            .await;
        let (key, name) = (Uuid::now_v7().to_string(), format!("Ava {}", done + 1));
        let begun = Instant::now();
        if !is_done(rename(&person, &key, &name)).await.unwrap() {
            break (key, begun);
        }
        done += 1;
    };
    // As long as there is no space, whoever asks is put off.
    let name = format!("Ava {}", done + 1);
    for _ in 0..3 {
        assert_eq!(is_done(rename(&person, &key, &name)).await, Ok(false));
    }

    disk.make_room();
    // It stops itself when it cannot write; its supervisor starts it again.
    postgres.kill(true);
    postgres.start_again().unwrap();
    while !is_done(rename(&person, &key, &name)).await.unwrap() {
        assert!(begun.elapsed() < PATIENCE, "{}", running.log());
    }
    assert_eq!(person.get("/avatars/me").await["name"], *name);
    let operator = PgPool::connect(&postgres.url("postgres")).await.unwrap();
    assert_eq!(renamings(&operator).await, done + 1);
    running.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_finds_no_space_is_delivered_once_there_is_some() {
    let directory = data_dir();
    let objects = directory.path().join("objects");
    let Some(disk) = SmallDisk::mount(objects.clone(), 16) else {
        return println!("skipped: this user may not mount a small file system");
    };
    fs::set_permissions(&objects, fs::Permissions::from_mode(0o700)).unwrap();
    let running = up(directory.path(), None);
    let person = with_companion(&running, "ada@example.com").await;
    disk.fill();
    let url = format!("{}/avatars/me/reference-image", running.api);
    let wish = person.post(&url, &json!({})).await;
    let photo = format!("/photos/{}", wish["id"].as_str().unwrap());

    let begun = Instant::now();
    while !running.log().contains("cannot be written") {
        assert!(begun.elapsed() < PATIENCE, "{}", running.log());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let ready = person.try_to("GET", "/ready").await;
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["checks"]["storage"], "down");

    disk.make_room();
    let delivered = person.wait_for(&photo, "delivered").await;
    assert_eq!(
        delivered["attempts"], 1,
        "the attempt that was paid for was gone on with"
    );
    let picture = delivered["image"]["url"].as_str().unwrap();
    let picture = person.client.get(format!("{}{picture}", running.api));
    assert_eq!(picture.send().await.unwrap().status(), 200);
    running.terminate();
}
