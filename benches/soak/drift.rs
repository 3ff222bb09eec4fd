//! Whether something grows that should not: a straight line through what was seen, and how steep it is.

use crate::{
    processes::Held,
    report::Run,
    samples::{Sample, TableSize},
};

/// What is seen before is not counted: caches fill, pools open, autovacuum has not been there yet.
const WARM_UP: f64 = 0.25;

/// A process may come to hold so many million bytes more an hour: what a cache that is not full yet takes in, not a leak,
/// which under this load shows as hundreds.
const MEMORY_PER_HOUR: f64 = 60.0;
/// Files and threads come and go with connections; they do not pile up.
const FILES_PER_HOUR: f64 = 20.0;
const THREADS_PER_HOUR: f64 = 8.0;
/// Read models are never further behind than a page or two of the log.
const LAG_EVENTS: f64 = 2000.0;
/// The four pools of a process.
const CONNECTIONS: f64 = 80.0;
/// A table of a few rows that are written again and again must be cleaned while it is small.
const FEW_ROWS: i64 = 1000;
const FEW_ROWS_BYTES: i64 = 32 << 20;
/// In any other table, dead rows may be as many as autovacuum waits for (a fifth), and some that came since.
const DEAD_SHARE: f64 = 0.4;
/// The disk that an event takes, with everything made from it, against what it took in the first half.
const BYTES_PER_EVENT: f64 = 1.25;

/// How one figure went.
#[derive(Debug, Clone)]
pub struct Drift {
    pub what: String,
    pub unit: &'static str,
    pub first: f64,
    pub last: f64,
    pub highest: f64,
    pub per_hour: f64,
    /// The bound and what it bounds, in words; none where a figure only tells.
    pub bound: Option<String>,
    pub holds: bool,
}

/// How all of them went.
pub fn drifts(run: &Run) -> Vec<Drift> {
    let seen = warm(&run.samples);
    let mut drifts = of_processes(seen);
    drifts.extend(of_connections(seen));
    let mut lag = Drift::of("read models behind", "events", seen, |sample| sample.lag);
    lag.holds = lag.highest <= LAG_EVENTS && run.caught_up.is_some();
    lag.bound = Some(format!(
        "at most {LAG_EVENTS:.0}, and 0 once nobody asks any more"
    ));
    drifts.push(lag);
    drifts.push(Drift::of("the log", "events", seen, |sample| sample.events));
    drifts.push(Drift::of("the database", "MB", seen, |sample| {
        sample.database
    }));
    drifts.push(bytes_per_event(seen));
    drifts.push(Drift::of(
        "half of the answers within",
        "ms",
        seen,
        |sample| sample.p50_ms,
    ));
    drifts.push(Drift::of(
        "99 of 100 answers within",
        "ms",
        seen,
        |sample| sample.p99_ms,
    ));
    drifts
}

/// Memory, files and threads of each.
fn of_processes(seen: &[Sample]) -> Vec<Drift> {
    let mut drifts = Vec::new();
    for (nth, (name, _)) in seen[0].processes.iter().enumerate() {
        let held = |of: fn(&Held) -> f64| move |sample: &Sample| of(&sample.processes[nth].1);
        let steep = [
            ("memory", "MB", held(|held| held.memory), MEMORY_PER_HOUR),
            ("open files", "", held(|held| held.files), FILES_PER_HOUR),
            ("threads", "", held(|held| held.threads), THREADS_PER_HOUR),
        ];
        for (what, unit, of, bound) in steep {
            let mut drift = Drift::of(format!("{name}: {what}"), unit, seen, of);
            // A few more of something small make a steep line through a short time.
            let grown = drift.per_hour * hours(seen);
            drift.holds = drift.per_hour <= bound || grown <= bound / 4.0;
            drift.bound = Some(format!("at most {bound:.0} more an hour"));
            drifts.push(drift);
        }
    }
    drifts
}

/// How much each takes of the database's connections.
fn of_connections(seen: &[Sample]) -> Vec<Drift> {
    let mut drifts = Vec::new();
    for name in ["api", "worker", "projector"] {
        let of = |sample: &Sample| {
            let mut all = sample.connections.iter();
            let found = all.find(|(process, ..)| process == name);
            found.map_or((0.0, 0.0), |(_, open, active)| (*open, *active))
        };
        let mut open = Drift::of(format!("{name}: connections"), "", seen, |sample| {
            of(sample).0
        });
        open.holds = open.highest <= CONNECTIONS;
        open.bound = Some(format!("at most {CONNECTIONS:.0}"));
        drifts.push(open);
        let what = format!("{name}: connections at work");
        drifts.push(Drift::of(what, "", seen, |sample| of(sample).1));
    }
    drifts
}

/// The looks that count.
pub fn warm(samples: &[Sample]) -> &[Sample] {
    let skipped = (samples.len() as f64 * WARM_UP) as usize;
    &samples[skipped.min(samples.len().saturating_sub(2))..]
}

fn hours(seen: &[Sample]) -> f64 {
    let first = seen.first().map_or(0.0, |sample| sample.at);
    let last = seen.last().map_or(0.0, |sample| sample.at);
    (last - first) / 3600.0
}

/// The disk that an event took in the second half, against the first.
fn bytes_per_event(seen: &[Sample]) -> Drift {
    let (early, late) = seen.split_at(seen.len() / 2);
    let taken = |half: &[Sample]| match (half.first(), half.last()) {
        (Some(first), Some(last)) if last.events > first.events => {
            (last.database - first.database) * 1e6 / (last.events - first.events)
        }
        _ => 0.0,
    };
    let (first, last) = (taken(early), taken(late));
    Drift {
        what: "the disk that an event takes".to_owned(),
        unit: "bytes",
        first,
        last,
        highest: first.max(last),
        per_hour: 0.0,
        bound: Some(format!(
            "in the second half at most {BYTES_PER_EVENT} × the first"
        )),
        holds: first <= 0.0 || last <= first * BYTES_PER_EVENT,
    }
}

/// What is wrong with a table; none when nothing is.
pub fn bloat(table: &TableSize) -> Option<String> {
    if table.live < FEW_ROWS {
        let bytes = table.table_bytes + table.index_bytes;
        return (bytes > FEW_ROWS_BYTES).then(|| {
            format!(
                "{} has {} rows and takes {} MB",
                table.name,
                table.live,
                bytes / 1_000_000
            )
        });
    }
    let share = table.dead as f64 / (table.live + table.dead) as f64;
    (share > DEAD_SHARE).then(|| format!("{:.0} % of {} are dead rows", share * 100.0, table.name))
}

impl Drift {
    fn of(
        what: impl Into<String>,
        unit: &'static str,
        seen: &[Sample],
        figure: impl Fn(&Sample) -> f64,
    ) -> Self {
        let figures: Vec<(f64, f64)> = seen
            .iter()
            .map(|sample| (sample.at / 3600.0, figure(sample)))
            .collect();
        let values = || figures.iter().map(|(_, value)| *value);
        Self {
            what: what.into(),
            unit,
            first: values().next().unwrap_or_default(),
            last: values().next_back().unwrap_or_default(),
            highest: values().fold(f64::MIN, f64::max),
            per_hour: slope(&figures),
            bound: None,
            holds: true,
        }
    }
}

/// The slope of the line that lies closest to points (least squares).
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let (mut rise, mut run) = (0.0, 0.0);
    for (x, y) in points {
        rise += (x - mean_x) * (y - mean_y);
        run += (x - mean_x).powi(2);
    }
    if run > 0.0 { rise / run } else { 0.0 }
}
