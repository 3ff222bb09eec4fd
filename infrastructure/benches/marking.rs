//! Pictures per second on one core: what a provider drew becomes a marked JPEG and its thumbnail. With
//! `--with-sharp`, beside `sharp` (libvips) doing the same. Rounds alternate (A B A B …), medians are printed, by the
//! clock on the wall and by the processor's time, which other work on the machine disturbs less.
//!
//! `npm install --prefix target/bench/sharp sharp@0.35.5`, once, then
//! `cargo bench -p infrastructure --bench marking -- [--with-sharp target/bench/sharp] [--rounds N] [--pictures N] [--json]`
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on has nothing to say"
)]

#[path = "marking/peer.rs"]
mod peer;
#[path = "marking/pictures.rs"]
mod pictures;

use std::{
    env, fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    time::Instant,
};

use provenance as marking;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use peer::Sharp;

/// Where the pictures are written.
const PICTURES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/marking");

/// What one round measured.
#[derive(Clone, Copy)]
struct Round {
    /// Pictures per second of the clock on the wall.
    wall: f64,
    /// Pictures per second of processor time, all threads of the process together.
    cpu: f64,
    /// The size of the full picture's file.
    bytes: u64,
}

/// The medians of one picture's rounds.
struct Row {
    picture: String,
    ava: Round,
    sharp: Option<Round>,
}

struct Options {
    json: bool,
    rounds: usize,
    pictures: u32,
    sharp: Option<PathBuf>,
}

fn main() {
    let options = options();
    let is_pinned = pin_to_one_core();
    let directory = Path::new(PICTURES);
    pictures::write(directory);
    let mut sharp = options
        .sharp
        .as_deref()
        .map(|installed| Sharp::start(installed, directory));

    let rows: Vec<Row> = files(directory)
        .iter()
        .map(|file| measure(file, &options, sharp.as_mut()))
        .collect();

    match options.json {
        true => print_json(&rows, is_pinned, sharp.as_ref()),
        false => print_table(&rows, is_pinned, sharp.as_ref()),
    }
}

/// A directory is taken from where `cargo bench` was called if it is there, else from this crate.
fn options() -> Options {
    let mut options = Options {
        json: false,
        rounds: 5,
        pictures: 10,
        sharp: None,
    };
    let mut given = env::args().skip(1);
    while let Some(option) = given.next() {
        let mut value = || given.next().expect("the option has a value");
        match option.as_str() {
            "--json" => options.json = true,
            "--rounds" => options.rounds = value().parse().unwrap(),
            "--pictures" => options.pictures = value().parse().unwrap(),
            "--with-sharp" => options.sharp = Some(installed(&value())),
            // `cargo bench` adds it.
            "--bench" => {}
            unknown => panic!("{unknown} is no option"),
        }
    }
    options
}

/// Cargo runs this in its crate's directory, but people name files from the workspace's.
fn installed(directory: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let installed = workspace.join(directory).canonicalize();
    installed.expect("sharp is installed in the directory, by `npm install --prefix`")
}

/// This process, and those that it starts, get one core where `taskset` can give it.
fn pin_to_one_core() -> bool {
    let pinned = Command::new("taskset")
        .args(["--cpu-list", "--pid", "0", &process::id().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    pinned.is_ok_and(|status| status.success())
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(directory).unwrap();
    let mut files: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn measure(file: &Path, options: &Options, mut sharp: Option<&mut Sharp>) -> Row {
    let bytes = fs::read(file).unwrap();
    // Both warm up first.
    round(&bytes, 2);
    if let Some(sharp) = sharp.as_mut() {
        sharp.round(file, 2);
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        ours.push(round(&bytes, options.pictures));
        theirs.extend(
            sharp
                .as_mut()
                .map(|sharp| sharp.round(file, options.pictures)),
        );
    }
    Row {
        picture: file.file_name().unwrap().display().to_string(),
        ava: median(&ours).unwrap(),
        sharp: median(&theirs),
    }
}

fn round(bytes: &[u8], pictures: u32) -> Round {
    let (started, cpu) = (Instant::now(), cpu_seconds());
    let mut size = 0;
    for _ in 0..pictures {
        size = black_box(marking::finish(bytes).unwrap()).image.bytes;
    }
    Round {
        wall: f64::from(pictures) / started.elapsed().as_secs_f64(),
        cpu: f64::from(pictures) / (cpu_seconds() - cpu),
        bytes: size,
    }
}

fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

fn median(rounds: &[Round]) -> Option<Round> {
    let middle = |of: fn(&Round) -> f64| {
        let mut sorted: Vec<f64> = rounds.iter().map(of).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    };
    Some(Round {
        wall: middle(|round| round.wall)?,
        cpu: middle(|round| round.cpu)?,
        bytes: rounds.first()?.bytes,
    })
}

fn print_table(rows: &[Row], is_pinned: bool, sharp: Option<&Sharp>) {
    println!(
        "Marking pictures of 1024 × 1024 px, pictures/s on one core (by processor time; by the wall in brackets)"
    );
    if !is_pinned {
        println!("Not pinned to one core: `taskset` cannot do it here.");
    }
    if let Some(sharp) = sharp {
        println!("Beside sharp {}", sharp.versions);
    }
    println!(
        "{:22} {:>16} {:>16} {:>7} {:>10} {:>10}",
        "", "ava", "sharp", "ratio", "ava bytes", "sharp"
    );
    for Row {
        picture,
        ava,
        sharp,
    } in rows
    {
        print!("{picture:22} {:7.1} ({:6.1})", ava.cpu, ava.wall);
        match sharp {
            Some(sharp) => println!(
                " {:7.1} ({:6.1}) {:6.2}× {:10} {:10}",
                sharp.cpu,
                sharp.wall,
                ava.cpu / sharp.cpu,
                ava.bytes,
                sharp.bytes
            ),
            None => println!(" {:>16} {:>7} {:10}", "", "", ava.bytes),
        }
    }
}

fn print_json(rows: &[Row], is_pinned: bool, sharp: Option<&Sharp>) {
    let figures = |round: &Round| json!({ "pictures_per_cpu_second": round.cpu, "pictures_per_second": round.wall, "bytes": round.bytes });
    let rows = rows.iter().map(|row| {
        json!({
            "picture": row.picture,
            "ava": figures(&row.ava),
            "sharp": row.sharp.as_ref().map(figures),
            "ratio_cpu": row.sharp.map(|sharp| row.ava.cpu / sharp.cpu),
            "ratio_wall": row.sharp.map(|sharp| row.ava.wall / sharp.wall),
        })
    });
    println!(
        "{}",
        json!({
            "benchmark": "marking",
            "pinned": is_pinned,
            "sharp_versions": sharp.map(|sharp| &sharp.versions),
            "rows": rows.collect::<Vec<_>>(),
        })
    );
}
