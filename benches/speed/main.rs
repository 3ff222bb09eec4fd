//! `make bench`: every row of docs/PERFORMANCE.md, on a private PostgreSQL with durability on.
//!
//! `cargo bench --bench speed -- [--quick] [--only SECTION]… [--scale EVENTS] [--write]`
//!
//! Each section's result is kept under target/bench, so that one can be measured again and the document written anew
//! from all of them. What a section's profile shows can be said in `notes/SECTION.md`: it goes into the document below
//! that section's figures. `--quick` says whether the instrument works, in a minute or two; its figures mean nothing,
//! are kept apart, and never get into docs/.

mod cargo;
mod children;
#[path = "../shared/companion.rs"]
mod companion;
mod filling;
mod machine;
#[path = "../shared/person.rs"]
mod person;
mod report;
mod rounds;
mod running;
mod scratch;
mod sections;
mod story;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chrono::Utc;
use clap::Parser;

use children::Child;
use report::Kept;
use scratch::Scratch;
use sections::Section;

/// The program's own: what is measured in this process runs as it is delivered, and so do its peers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Ava.
#[derive(Parser)]
struct Arguments {
    /// Tiny sizes and short rounds: does everything work?
    #[arg(long)]
    quick: bool,
    /// Only these sections; the others keep what they had.
    #[arg(long, value_enum, value_name = "SECTION")]
    only: Vec<Section>,
    /// How many events the largest log of `growth` has; the others have a tenth and a thousandth.
    #[arg(long, value_name = "EVENTS")]
    scale: Option<u64>,
    /// Measure nothing; write the document from what is kept, and from benches/speed/notes.
    #[arg(long, conflicts_with = "only")]
    write: bool,
    /// What `cargo bench` says, and `cargo test` does not.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    child: Option<Child>,
}

/// How much work the sections put into it.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    quick: bool,
    scale: Option<u64>,
}

impl Effort {
    /// How often each subject of a comparison is measured.
    pub const fn rounds(self) -> usize {
        if self.quick { 1 } else { 3 }
    }

    /// How long a round takes that usually takes so many seconds.
    pub const fn round(self, usual: u64) -> Duration {
        if self.quick {
            Duration::from_millis(400)
        } else {
            Duration::from_secs(usual)
        }
    }

    /// The usual number, or a quick one.
    pub const fn or_quick(self, usual: u64, quick: u64) -> u64 {
        if self.quick { quick } else { usual }
    }

    /// How long the machine gets to finish what a section has begun: the databases that it gave back are dropped within
    /// ten seconds.
    const fn rest(self) -> Duration {
        Duration::from_secs(if self.quick { 0 } else { 12 })
    }

    /// How many events the largest log has.
    pub fn scale(self) -> u64 {
        self.scale.unwrap_or(self.or_quick(10_000_000, 20_000))
    }
}

fn main() -> anyhow::Result<()> {
    // Two TLS clients of ours ask rustls for its provider; whoever comes second finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    if let Some(child) = arguments.child {
        return runtime.block_on(child.work());
    }
    if !arguments.bench {
        println!("Nothing is measured without `cargo bench`");
        return Ok(());
    }
    runtime.block_on(measure(&arguments))
}

async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let effort = Effort {
        quick: arguments.quick,
        scale: arguments.scale,
    };
    let shelf = shelf(effort);
    fs::create_dir_all(&shelf)?;
    let mut failed = Vec::new();
    for section in Section::ALL {
        let wanted = arguments.only.is_empty() || arguments.only.contains(&section);
        if arguments.write || !wanted {
            continue;
        }
        tokio::time::sleep(effort.rest()).await;
        eprintln!("Measuring {} …", section.name());
        let begun = Instant::now();
        match section.measure(effort).await {
            Ok(measured) => {
                let kept = Kept {
                    taken: Utc::now().format("%Y-%m-%d %H:%M UTC").to_string(),
                    seconds: begun.elapsed().as_secs_f64(),
                    measured,
                    note: None,
                };
                kept.measured.print();
                let file = shelf.join(format!("{}.json", section.name()));
                fs::write(file, serde_json::to_vec_pretty(&kept)?)?;
            }
            Err(error) => {
                eprintln!("{} could not be measured: {error:#}", section.name());
                failed.push(section.name());
            }
        }
    }
    let file = document(effort);
    report::write(&file, &preface(effort).await?, &all_kept(&shelf)?)?;
    println!("\nWritten to {}", file.display());
    anyhow::ensure!(failed.is_empty(), "not measured: {}", failed.join(", "));
    Ok(())
}

/// Everything that was measured, now or earlier, in the document's order.
fn all_kept(shelf: &Path) -> anyhow::Result<Vec<Kept>> {
    let mut all = Vec::new();
    for section in Section::ALL {
        if let Ok(kept) = fs::read(shelf.join(format!("{}.json", section.name()))) {
            let mut kept: Kept = serde_json::from_slice(&kept)?;
            kept.note = fs::read_to_string(note(section)).ok();
            all.push(kept);
        }
    }
    Ok(all)
}

/// Where somebody may say what a profile of a section shows, for the document.
fn note(section: Section) -> PathBuf {
    let notes = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/speed/notes");
    notes.join(format!("{}.md", section.name()))
}

fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    target.map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    )
}

/// Where results are kept.
fn shelf(effort: Effort) -> PathBuf {
    target().join(if effort.quick { "bench/quick" } else { "bench" })
}

fn document(effort: Effort) -> PathBuf {
    if effort.quick {
        return shelf(effort).join("PERFORMANCE.md");
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PERFORMANCE.md")
}

const TITLE: &str = "# How fast Ava is

<!-- Written by `make bench`: change the program in benches/speed, not this file. -->

`make bench` measures all of it again and writes this file; `cargo bench --bench speed -- --only SECTION` measures one
section. Peers run in the same minutes on the same PostgreSQL, in turns (A B A B …); of several rounds the middle one
counts. Durability is on everywhere: a command is answered when its event is on the disk. Ratios travel from machine to
machine better than amounts do; no test asserts any of them.
";

const QUICK: &str = "
**A trial run: `--quick` only shows that the instrument works. These figures mean nothing.**
";

async fn preface(effort: Effort) -> anyhow::Result<String> {
    let database = Scratch::create().await?;
    let mut text = TITLE.to_owned();
    if effort.quick {
        text += QUICK;
    }
    text += "\n## The machine\n\n";
    for (name, value) in machine::described(&database.pool).await? {
        text += &format!("- {name}: {value}\n");
    }
    Ok(text)
}
